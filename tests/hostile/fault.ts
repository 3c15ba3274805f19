// What a row of the table of faults is: what a server sends, and what comes of it.

import { assert } from "@std/assert";
import type { ConnectOptions } from "../../mod.ts";
import type { ProtocolVersion } from "../../src/codec/packet.ts";
import { ALL, bytesOf, type Refusal } from "../codec/golden.ts";

/**
 * When it is sent: in place of CONNACK; in one segment with CONNACK; to a client with nothing but a loop
 * that waits; to one with work of each kind under way, see `work.ts`.
 */
export type Phase =
  | "before CONNACK"
  | "behind CONNACK"
  | "connected"
  | "with work under way";

/** All phases. */
export const PHASES: readonly Phase[] = [
  "before CONNACK",
  "behind CONNACK",
  "connected",
  "with work under way",
];

/** Those in which CONNACK has accepted. */
export const AFTER_CONNACK: readonly Phase[] = PHASES.slice(1);

/** A fault, in each version and phase where it can occur. */
export interface Fault {
  readonly name: string;
  readonly versions: readonly ProtocolVersion[];
  readonly phases: readonly Phase[];
  readonly bytes: Uint8Array;
  /** What our DISCONNECT says under MQTT 5. */
  readonly reasonCode: number;
  /** What the user is told, by the numbers of MQTT 5.0: the clause or the chapter. */
  readonly clause: string;
  readonly options?: ConnectOptions;
  /** How many messages among the bytes are right, and delivered; 0 where it is left out. */
  readonly delivered?: number;
}

/** What the faults of a table have in common. */
export type Common = Partial<
  Pick<Fault, "phases" | "options" | "delivered">
>;

/** A row: one fault in one version and phase. */
export interface Row {
  readonly fault: Fault;
  readonly version: ProtocolVersion;
  readonly phase: Phase;
}

/** The rows of a fault. */
export function rowsOf(fault: Fault): Row[] {
  return fault.versions.flatMap((version) =>
    fault.phases.map((phase) => ({ fault, version, phase }))
  );
}

/**
 * Faults out of a table: the versions, the Reason Code, the clause, the name, the bytes, with bars between;
 * see `bytesOf` for the bytes.
 */
export function faultsOf(table: string, common: Common = {}): Fault[] {
  return cells(table, 5).map(
    ([versions = "", reasonCode = "", clause = "", name = "", bytes = ""]) => ({
      name,
      versions: versionsOf(versions),
      phases: PHASES,
      bytes: bytesOf(bytes),
      reasonCode: parseInt(reasonCode, 16),
      clause,
      ...common,
    }),
  );
}

/**
 * Faults whose bytes stand among the golden refusals: the versions, the Reason Code, the clause, the name.
 * Each refusal of a server must be there in each of its versions, so that none is left out.
 */
export function goldenFaults(
  refusals: readonly Refusal[],
  table: string,
): Fault[] {
  const left = new Set(refusals.filter(({ from }) => from === "server"));
  const faults = cells(table, 4).flatMap(
    ([versions = "", reasonCode = "", clause = "", name = ""]) =>
      versionsOf(versions).map((version) => {
        const refusal = [...left].find((refusal) =>
          refusal.name === name && refusal.version === version
        );
        assert(refusal, `There is no such refusal: ${name}, ${version}`);
        left.delete(refusal);
        const { bytes, reasonCodes } = refusal;
        const code = parseInt(reasonCode, 16);
        assert(reasonCodes.includes(code), `${name}: ${reasonCode}`);
        const phases = PHASES;
        const versions = [version];
        return { name, versions, phases, bytes, reasonCode: code, clause };
      }),
  );
  const missing = [...left].map(({ name, version }) => `${name}, ${version}`);
  assert(missing.length === 0, `Left out: ${missing.join("; ")}`);
  return faults;
}

/** The lines of a table, cut at its bars. */
function cells(table: string, count: number): string[][] {
  return table.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const row = line.split("|").map((cell) => cell.trim());
    assert(row.length === count, `not ${count} cells: ${line}`);
    return row;
  });
}

function versionsOf(text: string): ProtocolVersion[] {
  const words = text.split(" ");
  return ALL.filter((version) => words.includes(`${version}`));
}
