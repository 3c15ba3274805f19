// Keeps the house in order: who may import whom, pure floors, short files. The rules are
// tried on small bad examples first, so that silence about the house means something.

import { assert, assertEquals } from "@std/assert";
import denoJson from "../deno.json" with { type: "json" };
import { VERSION } from "../src/version.ts";
import { resolve, violations } from "./support/house_rules.ts";
import {
  type Import,
  type ModuleFacts,
  readModule,
} from "./support/module_facts.ts";
import { sourcePaths } from "./support/source_paths.ts";

const ROOT = new URL("../", import.meta.url);

async function readHouse(): Promise<ModuleFacts[]> {
  const paths = await sourcePaths();
  return Promise.all(
    paths.map(async (path) =>
      readModule(path, await Deno.readTextFile(new URL(path, ROOT)))
    ),
  );
}

/** What is said about files given as text. */
function judge(files: Record<string, string>): string[] {
  return violations(
    Object.entries(files).map(([path, source]) => readModule(path, source)),
  );
}

Deno.test("The house keeps its rules: no arrow upwards, no circle, pure floors, short files", async () => {
  assertEquals(violations(await readHouse()), []);
});

/** Every file that is loaded, or whose types are read, with the entry; or what imports of some kind alone lead to. */
function reach(
  entry: string,
  modules: readonly ModuleFacts[],
  follows: (each: Import) => boolean = () => true,
): Set<string> {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const reached = new Set([entry]);
  for (const path of reached) {
    for (const each of byPath.get(path)?.imports ?? []) {
      const { specifier } = each;
      if (!specifier?.startsWith(".") || !follows(each)) continue;
      reached.add(resolve(path, specifier));
    }
  }
  return reached;
}

/** What is loaded at once with the entry: each file costs start-up. */
function loadedWith(
  entry: string,
  modules: readonly ModuleFacts[],
): Set<string> {
  return reach(entry, modules, ({ typeOnly, late }) => !typeOnly && !late);
}

Deno.test("mod.ts reaches nothing of the tool, and every file is reached by an entry", async () => {
  const modules = await readHouse();
  const paths = modules.map(({ path }) => path);
  const reached = reach("mod.ts", modules);
  assertEquals([...reached].filter((path) => !paths.includes(path)), []);
  assertEquals([...reached].filter((path) => /^cli|\/cli\//.test(path)), []);
  const all = new Set(
    ["mod.ts", "cli.ts", "testing.ts"].flatMap((entry) => [
      ...reach(entry, modules),
    ]),
  );
  assertEquals(paths.filter((path) => !all.has(path)), []);
});

Deno.test("What an entry loads at once is what a publish over TCP needs", async () => {
  const modules = await readHouse();
  const late = [
    /^src\/transport\/(tls|tls_fault|tls_node|unix|websocket|websocket_wire)\.ts$/,
    /^src\/store\/(log|log_store|deno_files|ledger|stored_session)\.ts$/,
    /^src\/client\/keeper\.ts$/,
    /^src\/(broker|testing)\/|^testing\.ts$/,
    /^src\/cli\/(subscribe|request|test|broker|help|embedded)\.ts$/,
    /^src\/cli\/(publish_stream|failure|json|password|pem)\.ts$/,
  ];
  const paths = modules.map(({ path }) => path);
  for (const pattern of late) assert(paths.some((path) => pattern.test(path)));
  for (const entry of ["mod.ts", "cli.ts"]) {
    const loaded = [...loadedWith(entry, modules)];
    assertEquals(
      loaded.filter((path) => late.some((pattern) => pattern.test(path))),
      [],
    );
  }
  assert(loadedWith("mod.ts", modules).has("src/transport/tcp.ts"));
  assert(reach("mod.ts", modules).has("src/transport/tls.ts"));
});

Deno.test("VERSION is the version that deno.json has", () => {
  assertEquals(VERSION, denoJson.version);
});

Deno.test("The rules see an arrow upwards, in each way an import is written", () => {
  const said = (source: string) => judge({ "src/topic/name.ts": source });
  const upwards = [
    'src/topic/name.ts imports "../session/session.ts": topic must not import session',
  ];
  assertEquals(said('import { a } from "../session/session.ts"; a;'), upwards);
  assertEquals(said('import "../session/session.ts";'), upwards);
  assertEquals(said('export * from "../session/session.ts";'), upwards);
  assertEquals(said('export { a } from "../session/session.ts";'), upwards);
  assertEquals(
    said('import type { A } from "../session/session.ts"; export type B = A;'),
    upwards,
  );
  assertEquals(
    said('export type B = import("../session/session.ts").A;'),
    upwards,
  );
  assertEquals(
    said('export const load = () => import("../session/session.ts");'),
    upwards,
  );
  assertEquals(said('export { a } from "./filter.ts";'), []);
  assertEquals(said('export { a } from "../errors.ts";'), []);
});

Deno.test("The rules let client take types and vocabulary from codec, but nothing that writes", () => {
  const said = (source: string) => judge({ "src/client/client.ts": source });
  assertEquals(said('export type { QoS } from "../codec/packet.ts";'), []);
  assertEquals(said('import { type QoS } from "../codec/packet.ts";'), []);
  assertEquals(
    said('import { ReasonCode } from "../codec/reason_code.ts";'),
    [],
  );
  assertEquals(said('import { encode } from "../codec/encoder.ts";'), [
    'src/client/client.ts imports "../codec/encoder.ts": client must not import codec',
  ]);
});

Deno.test("The rules see what comes from outside, and its one door", () => {
  const parser = 'export { parseArgs } from "npm:deno-std@1.4.0/cli/mod.js";';
  assertEquals(judge({ "src/cli/std/flags.ts": parser }), []);
  assertEquals(judge({ "src/cli/main.ts": parser }), [
    'src/cli/main.ts imports "npm:deno-std@1.4.0/cli/mod.js" from outside',
  ]);
  const tls = 'export const tls = () => import("node:tls");';
  assertEquals(judge({ "src/transport/tls.ts": tls }), []);
  assertEquals(judge({ "src/client/client.ts": tls }), [
    'src/client/client.ts imports "node:tls" from outside',
  ]);
  assertEquals(judge({ "mod.ts": 'import "@std/assert";' }), [
    'mod.ts imports "@std/assert" from outside',
  ]);
  assertEquals(judge({ "cli.ts": "await import(Deno.args[0]);" }), [
    "cli.ts computes an import: nobody can tell what it loads",
  ]);
});

Deno.test("The rules see a circle, also one of types", () => {
  assertEquals(
    judge({
      "src/topic/a.ts": 'export * from "./b.ts";',
      "src/topic/b.ts": 'import type { C } from "./c.ts"; export type B = C;',
      "src/topic/c.ts": 'import { a } from "./a.ts"; export type C = typeof a;',
    }),
    [
      "A circle of imports: src/topic/a.ts -> src/topic/b.ts -> src/topic/c.ts -> src/topic/a.ts",
    ],
  );
});

Deno.test("The rules see each impure name on a pure floor, and none in words", () => {
  const impure: Record<string, string> = {
    async: "export async function f() {}",
    await: "for await (const x of []) x;",
    console: "console.log(1);",
    crypto: "crypto.randomUUID();",
    Date: "export const now = () => Date.now();",
    Deno: "export type Conn = Deno.Conn;",
    globalThis: "globalThis.name;",
    "Math.random": "Math.random();",
    performance: "performance.now();",
    Promise: "export type P = Promise<void>;",
    queueMicrotask: "queueMicrotask(() => {});",
    setTimeout: "setTimeout(() => {}, 1);",
  };
  for (const [name, source] of Object.entries(impure)) {
    assertEquals(judge({ "src/session/x.ts": source }), [
      `src/session/x.ts uses ${name}: session is a pure floor`,
    ]);
    assertEquals(judge({ "src/client/x.ts": source }), []);
  }
  const words = '/** Deno waits: await Date. */ export const a = "Promise";';
  assertEquals(judge({ "src/session/x.ts": words }), []);
});

Deno.test("The rules see a long file and a room that is not in the plan", () => {
  assertEquals(judge({ "src/topic/x.ts": "export {};\n".repeat(401) }), [
    "src/topic/x.ts has 401 lines: 400 are the most",
  ]);
  assertEquals(judge({ "src/utils/x.ts": "export {};" }), [
    "src/utils/x.ts stands in no room of the house",
  ]);
});
