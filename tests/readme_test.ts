// README.md keeps its word: its code is checked and run, and its commands exist.

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  blocks,
  commands,
  deno,
  program,
  withPrograms,
} from "./support/documentation.ts";
import { address, mosquittoTest } from "./support/mosquitto_tests.ts";
import { mosquittoPub } from "./support/mosquitto_clients.ts";

const ROOT = new URL("../", import.meta.url);

/** What the blocks wait for, kept for them by the server: [topic, payload]. */
const RETAINED = [["sensors/kitchen/temperature", "quit"]] as const;

function readReadme(): Promise<string> {
  return Deno.readTextFile(new URL("README.md", ROOT));
}

Deno.test("README has TypeScript, and all of it passes the type checker", async () => {
  const found = blocks(await readReadme());
  assertNotEquals(found, []);
  await withPrograms(found, "mqtt://localhost", async (paths) => {
    const { code, said } = await deno(["check", "-c", "deno.json", ...paths]);
    assertEquals(code, 0, said);
  });
});

mosquittoTest(
  "README's TypeScript runs against a broker and ends",
  async (broker) => {
    for (const [topic, payload] of RETAINED) {
      await mosquittoPub(broker, 4, ["-t", topic, "-m", payload, "-r"]);
    }
    const found = blocks(await readReadme()).filter(({ ignored }) => !ignored);
    assertNotEquals(found, []);
    await withPrograms(found, address(broker.tcp), async (paths) => {
      for (const path of paths) {
        const { code, said } = await deno([
          "run",
          "-A",
          "-c",
          "deno.json",
          path,
        ]);
        assertEquals(code, 0, `${path} ended with ${code}: ${said}`);
      }
    });
  },
);

Deno.test("README's commands and options are those of the tool", async () => {
  const found = commands(await readReadme());
  assertNotEquals(found, []);
  const helps = new Map<string, string>();
  for (const { text, name, options } of found) {
    const args = name ? [name, "--help"] : ["--help"];
    const key = args.join(" ");
    if (!helps.has(key)) {
      const { code, said } = await deno(["run", "-A", "cli.ts", ...args]);
      assertEquals(code, 0, `${text}: midge ${key} says ${said}`);
      helps.set(key, said);
    }
    for (const option of options) {
      const pattern = new RegExp(`(?<![\\w-])${option}(?![\\w-])`);
      assert(
        pattern.test(helps.get(key) ?? ""),
        `${text}: midge ${key} does not name ${option}`,
      );
    }
  }
});

Deno.test("README's test command is the one that .ci/run runs, also for a machine with npm alone", async () => {
  const readme = await readReadme();
  const ci = await Deno.readTextFile(new URL(".ci/run", ROOT));
  assertStringIncludes(ci, "deno task test --junit-path");
  assertStringIncludes(readme, "\ndeno task test\n");
  const [, version] = /deno_version=(\S+)/.exec(ci) ?? [];
  assertStringIncludes(readme, `\nnpx --yes deno@${version} task test\n`);
});

Deno.test("blocks() and commands() find what a page holds, and program() puts module and server in place", () => {
  const page = [
    "```ts",
    'import { connect } from "./mod.ts";',
    'await connect("mqtt://localhost");',
    "```",
    "```ts ignore",
    "client;",
    "```",
    "```sh",
    "deno run -A cli.ts publish -t a -m 'x -y' --will-qos=1 | grep -v b",
    "npx --yes deno@2.9.6 run -A cli.ts --version # -z",
    "midge test",
    "deno task test",
    "```",
  ].join("\n") + "\n";
  const [first, second] = blocks(page);
  assert(first && second);
  assertEquals([first.line, first.ignored], [2, false]);
  assertEquals(second, { line: 6, code: "client;\n", ignored: true });
  const mod = new URL("mod.ts", ROOT).href;
  assertEquals(program(first, "mqtt://127.0.0.1:7").split("\n"), [
    `import { connect } from "${mod}";`,
    'await connect("mqtt://127.0.0.1:7");',
    "",
  ]);
  assertEquals(program(second, "mqtt://127.0.0.1:7").split("\n"), [
    `import { connect } from "${mod}";`,
    'await using client = await connect("mqtt://127.0.0.1:7");',
    "client;",
    "",
  ]);
  assertEquals(
    commands(page).map(({ name, options }) => [name, ...options]),
    [
      ["publish", "-t", "-m", "--will-qos"],
      [undefined, "--version"],
      ["test"],
    ],
  );
});
