// A server of the scenarios that somebody starts by hand, to look at it: it runs until it is interrupted.

import { endAll, untilInterrupted } from "./program.ts";
import type { ServerKind } from "./server.ts";

/** Starts it, says where it is, and stops it at SIGINT or SIGTERM. */
export async function runByHand(kind: ServerKind): Promise<void> {
  const interrupted = untilInterrupted();
  const isThere = await Promise.race([say(kind), interrupted]);
  if (isThere !== false) await interrupted;
  await endAll();
  Deno.exit(isThere === false ? 1 : 0);
}

async function say(kind: ServerKind): Promise<boolean> {
  const server = await kind.start();
  if (server === undefined) {
    console.error(`${kind.name} is not installed: apt install ${kind.package}`);
    return false;
  }
  const { name, version, url, websocketUrl, limitedUrl } = server;
  console.log(`${name} ${version}`);
  console.log([url, websocketUrl, limitedUrl].filter(Boolean).join("\n"));
  return true;
}
