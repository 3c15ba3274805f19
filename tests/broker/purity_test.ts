// The machine reads no clock, waits for nothing and leaves nothing to chance: all it is made of is looked at.

import { assert, assertEquals } from "@std/assert";
import { resolve } from "../support/house_rules.ts";
import { readModule } from "../support/module_facts.ts";

const ROOT = new URL("../../", import.meta.url);

const IMPURE: readonly string[] = [
  "async",
  "await",
  "console",
  "crypto",
  "Date",
  "Deno",
  "fetch",
  "globalThis",
  "Math.random",
  "performance",
  "Promise",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "Temporal",
];

Deno.test("BrokerMachine is plain computation, with all that it imports", async () => {
  const paths = new Set(["src/broker/machine.ts"]);
  const impure: string[] = [];
  for (const path of paths) {
    const source = await Deno.readTextFile(new URL(path, ROOT));
    const { imports, names } = readModule(path, source);
    for (const name of IMPURE) {
      if (names.has(name)) impure.push(`${path} uses ${name}`);
    }
    for (const { specifier } of imports) {
      if (specifier !== undefined) paths.add(resolve(path, specifier));
    }
  }
  assertEquals(impure, []);
  assert(paths.has("src/broker/outgoing.ts"));
  assert(paths.has("src/codec/decoder.ts"));
});
