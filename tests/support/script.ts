// A script of a user's, run by a Deno of its own with the flags that a test gives it.

import type { Way } from "./ways.ts";

const MOD = new URL("../../mod.ts", import.meta.url);

/** It is given where to connect as JSON. */
const SCRIPT = `data:text/javascript,${
  encodeURIComponent(`
const { connect } = await import(${JSON.stringify(MOD)});
const { url, options } = JSON.parse(Deno.args[0]);
try {
  await using client = await connect(url, options);
  await client.publish("script", "x", { qos: 1 });
  console.log("done");
} catch (error) {
  console.log(error.name + ": " + error.message);
}
`)
}`;

/** Connects and publishes: what the script has printed, which is "done" where all went well. */
export async function runScript(
  flags: readonly string[],
  way: Way,
): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--no-config", "--no-check", ...flags],
      ...[SCRIPT, JSON.stringify(way)],
    ],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) || decoder.decode(stderr);
}
