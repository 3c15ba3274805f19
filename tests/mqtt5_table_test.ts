// Keeps docs/MQTT5.md true: each property of MQTT 5 stands there once, with all that may carry it, and each test
// that it names exists.

import { assertEquals } from "@std/assert";
import { PROPERTIES } from "../src/codec/property.ts";
import { testNames } from "./support/conformance.ts";

const MARKDOWN = await Deno.readTextFile(
  new URL("../docs/MQTT5.md", import.meta.url),
);

/** The cells of each row of a table, by the table's heading. */
function rowsOf(heading: string): string[][] {
  const [, section = ""] = MARKDOWN.split(`\n## ${heading}\n`);
  const [table = ""] = section.split("\n## ");
  return table.split("\n").filter((line) => line.startsWith("| ")).slice(2)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** The tests that a cell names: by file and name. */
function testsIn(cell: string): [file: string, name: string][] {
  return Array.from(
    cell.matchAll(/([\w/]+_test\.ts): `(.+?)`(?=<br>|$)/g),
    ([, file, name]) => [`tests/${file}`, name ?? ""],
  );
}

const ROWS = [...rowsOf("Properties"), ...rowsOf("Features")];

Deno.test("docs/MQTT5.md has each property of MQTT 5 once, with all that may carry it", () => {
  assertEquals(
    rowsOf("Properties").map(([name, where]) => `${name}: ${where}`).toSorted(),
    PROPERTIES.map(({ name, carriers }) => `${name}: ${carriers.join(", ")}`)
      .toSorted(),
  );
});

Deno.test("docs/MQTT5.md names a test in each row, and each of them exists", async () => {
  const named = ROWS.map((cells) => testsIn(cells.at(-1) ?? ""));
  const bare = ROWS.filter((_, index) => named[index]?.length === 0);
  assertEquals(bare, []);
  const tests = named.flat();
  const names = await testNames([...new Set(tests.map(([file]) => file))]);
  const missing = tests.filter(([file, name]) => !names.get(file)?.has(name));
  assertEquals(missing, []);
});

Deno.test("docs/MQTT5.md has no feature twice", () => {
  const features = rowsOf("Features").map(([feature]) => feature);
  assertEquals(features, [...new Set(features)]);
});
