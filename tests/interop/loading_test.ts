// What is loaded: nothing from outside the house with the module, and node:tls by the wires that need it.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { secureMosquittoTest } from "../support/mosquitto_tests.ts";
import { runScript } from "../support/script.ts";
import { WAYS } from "../support/ways.ts";

const ROOT = new URL("../../", import.meta.url);

/** One of the modules that `deno info` tells of, as far as it matters here. */
interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    /** Undefined where types alone are imported. */
    readonly code?: { readonly specifier: string };
    readonly isDynamic?: boolean;
  }[];
}

/** What each module of mod.ts imports: at once, or when it comes to that. */
async function readImports(): Promise<
  { from: string; to: string; isDynamic: boolean }[]
> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL("mod.ts", ROOT).pathname],
    stdin: "null",
  }).output();
  // The words of deno info: a key that changes its name makes these tests fail.
  const { modules }: { modules: readonly ModuleInfo[] } = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  return modules.flatMap(({ specifier: from, dependencies = [] }) =>
    dependencies.flatMap(({ code, isDynamic = false }) =>
      code === undefined ? [] : [{ from, to: code.specifier, isDynamic }]
    )
  );
}

Deno.test("mod.ts loads its own files alone", async () => {
  const imports = await readImports();
  const loaded = new Set([new URL("mod.ts", ROOT).href]);
  for (const file of loaded) {
    for (const { from, to, isDynamic } of imports) {
      if (from === file && !isDynamic) loaded.add(to);
    }
  }
  assert(loaded.has(new URL("src/transport/tcp.ts", ROOT).href));
  assertEquals([...loaded].filter((each) => !each.startsWith(ROOT.href)), []);
});

Deno.test("mod.ts comes to need node:tls and node:stream, in one file, and nothing else from outside", async () => {
  const outside = (await readImports())
    .filter(({ to }) => !to.startsWith(ROOT.href));
  const from = new URL("src/transport/tls_node.ts", ROOT).href;
  assertEquals(outside, [
    { from, to: "node:stream", isDynamic: true },
    { from, to: "node:tls", isDynamic: true },
  ]);
});

/** In place of what is not to be loaded. */
const TRAP =
  "data:text/javascript,throw%20new%20Error('node:tls%20is%20loaded')";
const TRAPS = `data:application/json,${
  encodeURIComponent(
    JSON.stringify({ imports: { "node:tls": TRAP, "node:stream": TRAP } }),
  )
}`;

for (const [wire, way] of Object.entries(WAYS)) {
  const needsNode = /client certificate|self-signed|nothing checked/.test(wire);
  secureMosquittoTest(
    `connect() ${needsNode ? "loads" : "does not load"} node:tls over ${wire}`,
    async (peers) => {
      const said = await runScript(
        ["--allow-all", `--import-map=${TRAPS}`],
        way(peers),
      );
      if (needsNode) assertStringIncludes(said, "node:tls is loaded");
      else assertEquals(said, "done\n");
    },
  );
}
