// Who may import whom, and what the pure floors must not touch: the rules of the house
// as data, and what breaks them as sentences.

import type { Import, ModuleFacts } from "./module_facts.ts";

/**
 * What a room may import besides its own files: a room, one file of it, or with `type` in front
 * what is gone when the program runs. The client takes the codec's vocabulary, and for its debug
 * lines alone a decoder and the words; it never writes a packet. The store takes from the session the
 * language of what is kept, which is types alone: what a session says, and what it begins with.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  version: [],
  topic: ["errors"],
  codec: ["errors"],
  session: ["codec", "topic", "errors"],
  store: [
    "session/record.ts",
    "session/restored.ts",
    "codec",
    "topic",
    "errors",
  ],
  transport: ["errors"],
  client: [
    "session",
    "store",
    "type codec",
    "codec/packet.ts",
    "codec/reason_code.ts",
    "codec/decoder.ts",
    "codec/describe.ts",
    "topic",
    "transport",
    "errors",
  ],
  broker: ["codec", "topic", "transport", "errors"],
  mod: [
    "client",
    "store",
    "errors",
    "version",
    "type codec",
    "codec/reason_code.ts",
    "topic/filter.ts",
    "type transport",
  ],
  testing: ["broker", "mod", "store/conformance.ts"],
  cli: ["mod", "testing", "version"],
};

/** The one place for each kind of import from outside the house. */
const OUTSIDE: readonly { specifier: RegExp; folder: string }[] = [
  { specifier: /^node:(stream|tls)$/, folder: "src/transport/" },
  { specifier: /^npm:deno-std@\d+\.\d+\.\d+\//, folder: "src/cli/std/" },
];

/** Rooms whose files are plain computation: time and chance come in as arguments. */
const PURE: ReadonlySet<string> = new Set([
  "errors",
  "topic",
  "codec",
  "session",
]);

/** What reaches the world, the clock, chance or the event loop. */
const IMPURE: readonly string[] = [
  "async",
  "await",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "Date",
  "Deno",
  "fetch",
  "globalThis",
  "Math.random",
  "performance",
  "process",
  "Promise",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "Temporal",
];

/** Longer than this, a file has more than one duty. */
const LINES_MAX = 400;

/** Every rule that the modules break, one sentence each; empty where all is well. */
export function violations(modules: readonly ModuleFacts[]): string[] {
  return [
    ...modules.flatMap(wrongImports),
    ...modules.flatMap(impureNames),
    ...modules.filter((module) => module.lines > LINES_MAX).map((module) =>
      `${module.path} has ${module.lines} lines: ${LINES_MAX} are the most`
    ),
    ...circles(modules),
  ];
}

/** The room of a file: `src/topic/name.ts` is in topic, `src/errors.ts` is errors itself. */
export function room(path: string): string {
  return path.replace(/^src\//, "").replace(/\.ts$/, "").split("/")[0] ?? path;
}

/** Where a relative specifier of the file at `path` leads to. */
export function resolve(path: string, specifier: string): string {
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}

function wrongImports({ path, imports }: ModuleFacts): string[] {
  return MAY_IMPORT[room(path)]
    ? imports.flatMap((each) => wrongImport(path, each) ?? [])
    : [`${path} stands in no room of the house`];
}

function wrongImport(
  path: string,
  { specifier, typeOnly }: Import,
): string | undefined {
  if (specifier === undefined) {
    return `${path} computes an import: nobody can tell what it loads`;
  }
  if (!/^\.\.?\//.test(specifier)) {
    const door = OUTSIDE.find((door) => door.specifier.test(specifier));
    return door && path.startsWith(door.folder)
      ? undefined
      : `${path} imports "${specifier}" from outside`;
  }
  const target = resolve(path, specifier);
  const from = room(path);
  const to = room(target);
  const allowed = MAY_IMPORT[from] ?? [];
  return to === from || allowed.includes(to) ||
      allowed.includes(target.replace(/^src\//, "")) ||
      typeOnly && allowed.includes(`type ${to}`)
    ? undefined
    : `${path} imports "${specifier}": ${from} must not import ${to}`;
}

function impureNames({ path, names }: ModuleFacts): string[] {
  if (!PURE.has(room(path))) return [];
  return IMPURE.filter((name) => names.has(name))
    .map((name) => `${path} uses ${name}: ${room(path)} is a pure floor`);
}

/** Each circle once, by a walk that remembers what it is inside of. */
function circles(modules: readonly ModuleFacts[]): string[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, inside: readonly string[]) => {
    if (inside.includes(path)) {
      const circle = [...inside.slice(inside.indexOf(path)), path];
      found.push(`A circle of imports: ${circle.join(" -> ")}`);
      return;
    }
    if (done.has(path)) return;
    for (const { specifier } of byPath.get(path)?.imports ?? []) {
      if (specifier?.startsWith(".")) {
        walk(resolve(path, specifier), [...inside, path]);
      }
    }
    done.add(path);
  };
  for (const { path } of modules) walk(path, []);
  return found;
}
