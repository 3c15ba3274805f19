// The tables of docs/INTEROP.md: each scenario with each server and version, and the notes below them.

import type { ProtocolVersion } from "../../mod.ts";
import { FINDINGS, type Findings, type Note, noteOn } from "./findings.ts";
import { VERSIONS } from "./run.ts";
import { GROUPS } from "./scenarios/all.ts";
import type { Scenario, ScenarioGroup } from "./scenarios/scenario.ts";

const PAGE = new URL("../../docs/INTEROP.md", import.meta.url);

/** What is between them is written by `deno task interop --write`. */
const MARKS = [
  "<!-- deno-fmt-ignore-start -->",
  "<!-- deno-fmt-ignore-end -->",
];

/** A server under a version. */
interface Column {
  readonly findings: Findings;
  readonly protocolVersion: ProtocolVersion;
}

const COLUMNS: readonly Column[] = Object.values(FINDINGS).flatMap(
  (findings) =>
    findings.versions.map((protocolVersion) => ({ findings, protocolVersion })),
);

/** Every note once, in the order of the servers: its place is its number. */
const NOTES: readonly (readonly [Findings, Note])[] = Object.values(FINDINGS)
  .flatMap((findings) =>
    findings.notes.map((note) => [findings, note] as const)
  );

/** All tables, and the notes. */
export function tables(): string {
  return [...GROUPS.map(table), notes()].join("\n\n");
}

/** The page as it is. */
export function readPage(): Promise<string> {
  return Deno.readTextFile(PAGE);
}

/** The page as it ought to be. */
export function pageWithTables(page: string): string {
  const [start = "", end = ""] = MARKS;
  const [head] = page.split(start);
  const [, tail] = page.split(end);
  return `${head}${start}\n\n${tables()}\n\n${end}${tail}`;
}

/** Writes the tables into the page. */
export async function writePage(): Promise<void> {
  await Deno.writeTextFile(PAGE, pageWithTables(await readPage()));
}

function table({ title, scenarios }: ScenarioGroup): string {
  const heads = COLUMNS.map(({ findings, protocolVersion }) =>
    `${findings.name} ${VERSIONS[protocolVersion]}`
  );
  return [
    `## ${title}`,
    "",
    row(["Scenario", ...heads]),
    row(["Scenario", ...heads].map(() => "---")),
    ...scenarios.map((scenario) =>
      row([scenario.name, ...COLUMNS.map((column) => cell(scenario, column))])
    ),
  ].join("\n");
}

function cell(
  { name, since }: Scenario,
  { findings, protocolVersion }: Column,
): string {
  if (protocolVersion < since) return "";
  const note = noteOn(findings, name, protocolVersion);
  if (note === undefined) return "passed";
  const number = NOTES.findIndex(([owner, one]) =>
    owner === findings && one === note
  );
  return `${note.outcome} [${number + 1}]`;
}

function notes(): string {
  const lines = NOTES.map(([{ name, seen }, { why }], at) =>
    `${at + 1}. ${[name, seen].filter(Boolean).join(" ")}: ${why}`
  );
  return ["## Notes", "", ...lines].join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
