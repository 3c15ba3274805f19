// Keeps docs/INTEROP.md true: its tables are those of the scenarios and of what is known of each server, which is
// about scenarios that are there.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { FINDINGS, type Findings } from "./findings.ts";
import { GROUPS } from "./scenarios/all.ts";
import { pageWithTables, readPage } from "./table.ts";

const SCENARIOS = GROUPS.flatMap(({ scenarios }) => scenarios);

/** What notes are about that is no scenario. */
function strangeNotes({ notes }: Findings): string[] {
  return notes.flatMap(({ scenarios }) => scenarios)
    .filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
}

Deno.test("FINDINGS names scenarios that are there, each of them once", () => {
  for (const findings of Object.values(FINDINGS)) {
    assertEquals(strangeNotes(findings), []);
    for (const protocolVersion of findings.versions) {
      const names = findings.notes
        .filter(({ versions }) => versions?.includes(protocolVersion) ?? true)
        .flatMap(({ scenarios }) => scenarios);
      assertEquals(names, [...new Set(names)], findings.name);
    }
  }
  const names = SCENARIOS.map(({ name }) => name);
  assertEquals(names, [...new Set(names)]);
});

Deno.test("docs/INTEROP.md has the tables that `deno task interop --write` writes", async () => {
  const page = await readPage();
  assertEquals(page, pageWithTables(page));
});

Deno.test("docs/INTEROP.md has each scenario once, and each version that was looked at", async () => {
  const page = await readPage();
  for (const { name } of SCENARIOS) {
    assertEquals(page.split(`\n| ${name} |`).length, 2, name);
  }
  for (const { name, seen } of Object.values(FINDINGS)) {
    if (seen !== undefined) assertStringIncludes(page, `${name} ${seen}`);
  }
});
