// The flags that README.md names for each wire.

import { assert } from "@std/assert";

/** The text of README.md. */
export const README: string = await Deno.readTextFile(
  new URL("../../README.md", import.meta.url),
);

/** What the row of README for the URL's scheme says, with the URL's own host and port, or path. */
export function flagsFor({ protocol, host, pathname }: URL): string {
  const row = README.split("\n")
    .find((line) => line.startsWith("| `") && line.includes(`\`${protocol}`));
  const flags = /\| `(--allow-net[^`]*)`/.exec(row ?? "")?.[1];
  assert(flags, `README has no flags for ${protocol}`);
  return flags.replaceAll("HOST:PORT", host).replaceAll("PATH", pathname);
}
