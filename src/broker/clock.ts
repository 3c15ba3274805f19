/**
 * The time a broker lives by. This is the only file of the broker that asks for it.
 *
 * @module
 */

/** Where a broker's time comes from; another one makes an hour pass in a millisecond. A client's clock is one. */
export interface BrokerClock {
  /** Milliseconds of a clock that never jumps. */
  now(): number;
  /** Calls back once, `ms` from now. Calling what is returned takes that back. */
  schedule(callback: () => void, ms: number): () => void;
}

/** No timer is longer than this: longer ones overflow the platform's. */
const TIMER_MAX_MS = 0x7fff_ffff;

/** The real time. */
export const realClock: BrokerClock = {
  now: () => performance.now(),
  schedule(callback, ms) {
    const timer = setTimeout(
      callback,
      Math.min(Math.max(Math.ceil(ms), 0), TIMER_MAX_MS),
    );
    return () => clearTimeout(timer);
  },
};
