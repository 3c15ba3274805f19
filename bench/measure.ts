// One row: both sides are started, warmed up, and run in turns.

import type { Row } from "./rows.ts";
import { type Pace, Side } from "./side.ts";
import type { Sink } from "./sink.ts";

/** What a row gave: a figure of each side from each round, messages a second or microseconds. */
export interface Measured {
  readonly midge: readonly number[];
  readonly peer: readonly number[];
}

/** With what a row is measured. */
export interface Bench {
  /** Undefined for rows that need none. */
  readonly sink: Sink | undefined;
  readonly rounds: number;
  readonly pace: Pace;
}

/** Measures a row. Throws where a run fails or its counts are wrong. */
export async function measure(
  row: Row,
  { sink, rounds, pace }: Bench,
): Promise<Measured> {
  await using midge = new Side({ row, contender: row.midge, sink });
  await using peer = new Side({ row, contender: row.peer, sink });
  await midge.settle();
  await peer.settle();
  await midge.warmUp(pace);
  await peer.warmUp(pace);
  const measured: { midge: number[]; peer: number[] } = { midge: [], peer: [] };
  for (let round = 0; round < rounds; round++) {
    measured.midge.push(await midge.figure());
    measured.peer.push(await peer.figure());
  }
  return measured;
}
