// docs/testing.md keeps its word: all of its code is checked and run, and needs no permission.

import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { blocks, deno, withPrograms } from "./support/documentation.ts";

const PAGE = new URL("../docs/testing.md", import.meta.url);

Deno.test("docs/testing.md has TypeScript, and all of it runs without permission", async () => {
  const found = blocks(await Deno.readTextFile(PAGE));
  const tests = found.filter(({ code }) => code.includes("Deno.test("));
  assertNotEquals(tests, []);
  assertEquals(found.filter(({ ignored }) => ignored), []);
  await withPrograms(found, "mqtt://memory.invalid", async (paths) => {
    const { code, said } = await deno([
      ...["test", "--no-prompt", "-c", "deno.json"],
      ...paths,
    ]);
    assertEquals(code, 0, said);
    const passed = new RegExp(`ok \\| ${tests.length} passed \\| 0 failed \\(`);
    assertMatch(said, passed);
  });
});
