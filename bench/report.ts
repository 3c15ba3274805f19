// What is said about the figures: a line for each row as soon as it is measured, and all of them as JSON.

import { summarize, type Summary } from "./figures.ts";
import type { Measured } from "./measure.ts";
import { isTime, type Row } from "./rows.ts";
import type { Tools } from "./tools.ts";

/** What became of a row. */
type Entry =
  & { readonly name: string; readonly goal: number | undefined }
  & (
    | { readonly measured: Measured; readonly summary: Summary }
    | { readonly error: string }
    | { readonly missing: true }
  );

const CORES = navigator.hardwareConcurrency;

/** The widths of the columns; negative: to the left. */
const COLUMNS = [-27, 14, 14, 8, 6, -14, -10];

/** Prints as it goes, and remembers. */
export class Report {
  readonly #tools: Tools;
  readonly #entries: Entry[] = [];
  #group = "";

  /** Begins with what is there and what is missing. */
  constructor(tools: Tools) {
    this.#tools = tools;
    const { node, packages } = tools;
    const versions = { deno: Deno.version.deno, node, ...packages };
    const told = Object.entries(versions).filter(([, version]) => version);
    const text = told.map((pair) => pair.join(" ")).join(", ");
    console.log(`${text}, ${CORES} cores`);
    for (const what of tools.missing) {
      console.log(`Missing: ${what}. The rows that need it fall away.`);
    }
  }

  /** How many rows have failed. */
  get failed(): number {
    return this.#entries.filter((entry) => "error" in entry).length;
  }

  /** A row was measured. */
  add(row: Row, measured: Measured): void {
    const summary = summarize(row, measured);
    const { name, goal } = row;
    this.#entries.push({ name, goal, measured, summary });
    const { midge, peer, ratio, ratioMin, ratioMax, reached } = summary;
    this.#head(row);
    line([
      name,
      figure(row, midge),
      figure(row, peer),
      short(ratio),
      goal === undefined ? "" : String(goal),
      reached ?? "",
      `${short(ratioMin)} - ${short(ratioMax)}`,
    ]);
  }

  /** A row has failed. */
  fail(row: Row, error: unknown): void {
    const { name, goal } = row;
    const text = error instanceof Error ? error.message : String(error);
    this.#entries.push({ name, goal, error: text });
    this.#head(row);
    console.log(`${name.padEnd(27)} FAILED: ${text}`);
  }

  /** A row cannot be measured here. */
  skip(row: Row): void {
    const { name, goal } = row;
    this.#entries.push({ name, goal, missing: true });
    this.#head(row);
    console.log(`${name.padEnd(27)} not measured`);
  }

  /** Says how many rows reached what. */
  end(): void {
    const reached = this.#entries.flatMap((entry) =>
      "summary" in entry && entry.summary.reached !== undefined
        ? [entry.summary.reached]
        : []
    );
    const goals = reached.filter((reach) => reach === "goal").length;
    const below = reached.filter((reach) => reach === "below half").length;
    console.log(
      `\nOf ${reached.length} rows with a goal ${goals} reach it, ` +
        `${reached.length - below} reach at least half of it.`,
    );
    if (this.failed > 0) console.log(`${this.failed} rows have failed.`);
  }

  /** Writes all figures to a file. */
  async save(path: string): Promise<void> {
    const { node, packages } = this.#tools;
    const conditions = {
      date: new Date().toISOString(),
      cores: CORES,
      deno: Deno.version.deno,
      node,
      packages,
    };
    const text = JSON.stringify({ conditions, rows: this.#entries }, null, 2);
    await Deno.writeTextFile(path, `${text}\n`);
  }

  #head(row: Row): void {
    const group = `${row.midge.label} against ${row.peer.label}`;
    if (group === this.#group) return;
    this.#group = group;
    console.log(
      `\n${group}: ${isTime(row.job) ? "microseconds" : "messages a second"}`,
    );
    line([
      "",
      row.midge.label,
      row.peer.label,
      "ratio",
      "goal",
      "reached",
      "by round",
    ]);
  }
}

function line(cells: readonly string[]): void {
  const padded = cells.map((cell, index) => {
    const width = COLUMNS[index] ?? 0;
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  });
  console.log(padded.join(" ").trimEnd());
}

function figure(row: Row, value: number): string {
  return isTime(row.job)
    ? value.toFixed(1)
    : Math.round(value).toLocaleString("en");
}

function short(ratio: number): string {
  return ratio.toPrecision(3);
}
