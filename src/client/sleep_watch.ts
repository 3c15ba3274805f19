/**
 * Notices that the machine was suspended: the wall clock went on meanwhile, and the monotonic one did not.
 *
 * @module
 */
import type { Clock } from "./clock.ts";

/** How far the wall clock must run ahead of the monotonic one to mean that the machine was suspended. */
export const SUSPEND_MS = 5_000;

/** Compares the two clocks from time to time. */
export class SleepWatch {
  readonly #clock: Clock;
  #wallAhead: number;

  /** Begins to compare. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wallAhead = clock.wallNow() - clock.now();
  }

  /** Whether the machine has slept since the last look. */
  hasSlept(now: number): boolean {
    const wallAhead = this.#clock.wallNow() - now;
    const hasSlept = wallAhead - this.#wallAhead >= SUSPEND_MS;
    this.#wallAhead = wallAhead;
    return hasSlept;
  }
}
