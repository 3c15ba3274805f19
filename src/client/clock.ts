/**
 * The time a client lives by. This is the only file of the client that asks for it.
 *
 * @module
 */

/** Where the client's time comes from; another one makes an hour pass in a millisecond. */
export interface Clock {
  /** Milliseconds of a clock that never jumps. */
  now(): number;
  /** Milliseconds of the wall clock, which goes on while the machine is suspended. */
  wallNow(): number;
  /** Calls back once, `ms` from now. Calling what is returned takes that back. */
  schedule(callback: () => void, ms: number): () => void;
  /** Calls back once this macrotask and its microtasks have ended. */
  afterTurn(callback: () => void): void;
}

/** No timer is longer than this: longer ones overflow the platform's. */
const TIMER_MAX_MS = 0x7fff_ffff;

/** The real time. */
export const realClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  schedule(callback, ms) {
    // The first setTimeout of a process costs it 4 ms; this costs nothing, and holds up the
    // process only while somebody listens.
    const signal = AbortSignal.timeout(
      Math.min(Math.max(Math.ceil(ms), 0), TIMER_MAX_MS),
    );
    signal.addEventListener("abort", callback, { once: true });
    return () => signal.removeEventListener("abort", callback);
  },
  afterTurn(callback) {
    setImmediate(callback);
  },
};
