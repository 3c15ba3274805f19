/**
 * The parts of the broker that every connection works with.
 *
 * @module
 */
import type { Doors } from "./doors.ts";
import type { Exchange } from "./exchange.ts";
import type { Sessions } from "./sessions.ts";

/** One of each. */
export interface Parts {
  /** Settings, alarms, and the ways out. */
  readonly doors: Doors;
  /** From publishers to subscribers. */
  readonly exchange: Exchange;
  /** What is kept of clients. */
  readonly sessions: Sessions;
}
