// Keeps docs/CONFORMANCE.md true: each test that it names exists, no statement stands there twice, and the
// numbers at its top are right.

import { assert, assertEquals } from "@std/assert";
import { counts, faults, sections, testNames } from "./support/conformance.ts";

const MARKDOWN = await Deno.readTextFile(
  new URL("../docs/CONFORMANCE.md", import.meta.url),
);

Deno.test("docs/CONFORMANCE.md names tests that exist, each statement once, and counts them", async () => {
  const tests = sections(MARKDOWN).flatMap(({ statements }) =>
    statements.flatMap(({ tests }) => tests)
  );
  const files = new Set(tests.map(({ file }) => file));
  assertEquals(faults(MARKDOWN, await testNames([...files])), []);
});

Deno.test("docs/CONFORMANCE.md has a table for each version, in the order of the standard", () => {
  assertEquals(counts(MARKDOWN).map(({ title }) => title), [
    "MQTT 3.1.1",
    "MQTT 5.0",
  ]);
  for (const { title, statements } of sections(MARKDOWN)) {
    const ids = statements.map(({ id }) => id);
    assertEquals(ids, ids.toSorted(inOrder), title);
    for (const id of ids) assert(/^MQTT-\d(\.\d+){2}-\d+$/.test(id), id);
  }
});

Deno.test("The rules of the table see what is wrong with one", () => {
  const table = `
- MQTT 5.0: 4 statements apply to a client, 2 are shown by tests, 1 not.

## MQTT 5.0

| Statement | What it asks | Shown by |
| --- | --- | --- |
| MQTT-1.1.1-1 | One. | a_test.ts: \`A does\`<br>b/b_test.ts: \`B does \${not}\` |
| MQTT-1.1.1-1 | The same. | a_test.ts: \`A does\` |
| MQTT-1.1.1-2 | Two. | Not met: nobody has time. |
| MQTT-1.1.1-3 | Three. | one day |
`;
  const names = new Map([["tests/a_test.ts", new Set(["A does"])]]);
  assertEquals(faults(table, names), [
    "MQTT 5.0: MQTT-1.1.1-1 stands there twice",
    "MQTT 5.0: MQTT-1.1.1-3 has neither a test nor a reason",
    "MQTT 5.0: MQTT-1.1.1-1 names a test that is not in tests/b/b_test.ts: B does ${not}",
    "MQTT 5.0 has 4 statements, and 2 are shown",
  ]);
});

/** By chapter, then by number. */
function inOrder(one: string, other: string): number {
  const [a, b] = [one, other].map((id) => id.match(/\d+/g)?.map(Number) ?? []);
  const at = a?.findIndex((number, index) => number !== b?.[index]) ?? 0;
  return (a?.[at] ?? 0) - (b?.[at] ?? 0);
}
