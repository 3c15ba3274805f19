// The examples in doc comments that need a server, which `deno test --doc` cannot give them:
// they are fenced as `ts ignore`, and checked and run here. It runs all others.

import { assertEquals, assertNotEquals } from "@std/assert";
import {
  type Block,
  deno,
  docBlocks,
  withPrograms,
} from "./support/documentation.ts";
import { address, mosquittoTest } from "./support/mosquitto_tests.ts";
import { sourcePaths } from "./support/source_paths.ts";

const ROOT = new URL("../", import.meta.url);

async function examples(): Promise<Block[]> {
  const found: Block[] = [];
  for (const path of await sourcePaths()) {
    const source = await Deno.readTextFile(new URL(path, ROOT));
    found.push(...docBlocks(source).filter(({ ignored }) => ignored));
  }
  return found;
}

Deno.test("Examples that need a server pass the type checker", async () => {
  const found = await examples();
  assertNotEquals(found, []);
  await withPrograms(found, "mqtt://localhost", async (paths) => {
    const { code, said } = await deno(["check", "-c", "deno.json", ...paths]);
    assertEquals(code, 0, said);
  });
});

mosquittoTest(
  "Examples that need a server run against one, but for endless loops",
  async (broker) => {
    const ending = (await examples()).filter(({ code }) =>
      !/for await/.test(code) || /\bbreak\b/.test(code)
    );
    assertNotEquals(ending, []);
    await withPrograms(ending, address(broker.tcp), async (paths) => {
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

Deno.test("docBlocks() finds the code in doc comments, and its line", () => {
  const source = [
    "const a = `",
    "```ts",
    "no",
    "```",
    "`;",
    "/**",
    " * Words.",
    " *",
    " * ```ts ignore",
    " * if (a) {",
    " *   await b();",
    " * }",
    " * ```",
    " */",
    "const c = 1;",
  ].join("\n");
  assertEquals(docBlocks(source), [
    { line: 10, code: "if (a) {\n  await b();\n}\n", ignored: true },
  ]);
});
