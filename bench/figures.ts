// What is made of the figures: medians, ratios, and how far the goal is.

import type { Measured } from "./measure.ts";
import { median } from "./median.ts";
import { isTime, type Row } from "./rows.ts";

/** A row's figures in short. */
export interface Summary {
  readonly midge: number;
  readonly peer: number;
  /** Midge's median by the peer's. */
  readonly ratio: number;
  /** The smallest and the largest ratio of a single round: how far the figures can be trusted. */
  readonly ratioMin: number;
  readonly ratioMax: number;
  /** Undefined where no goal was set. */
  readonly reached: Reached | undefined;
}

/** How far the goal is. */
export type Reached = "goal" | "half" | "below half";

/** Sums a row up. */
export function summarize(row: Row, { midge, peer }: Measured): Summary {
  const ratios = midge.map((figure, round) => figure / (peer[round] ?? NaN));
  const ratio = median(midge) / median(peer);
  return {
    midge: median(midge),
    peer: median(peer),
    ratio,
    ratioMin: Math.min(...ratios),
    ratioMax: Math.max(...ratios),
    reached: row.goal === undefined ? undefined : reach(row, ratio, row.goal),
  };
}

function reach(row: Row, ratio: number, goal: number): Reached {
  const part = isTime(row.job) ? goal / ratio : ratio / goal;
  if (part >= 1) return "goal";
  return part >= 0.5 ? "half" : "below half";
}
