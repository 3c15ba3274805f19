// A time that passes when a test says so, and the end of a macrotask.

import type { Clock } from "../../src/client/clock.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * Resolves when all that bytes have set going is done. Wires in memory and the virtual clock go on by
 * microtasks alone, and what the client does at the end of a macrotask was scheduled before this.
 */
export async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Whether a promise is undecided when all that was set going is done. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let isDecided = false;
  const decided = () => isDecided = true;
  promise.then(decided, decided);
  await settled();
  return !isDecided;
}

/** A clock that stands still until it is advanced. */
export class VirtualClock implements Clock {
  #now = 1_000_000;
  #wallAhead = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#now + this.#wallAhead;
  }

  schedule(callback: () => void, ms: number): () => void {
    const timer = { at: this.#now + Math.max(ms, 0), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  afterTurn(callback: () => void): void {
    setImmediate(callback);
  }

  /** How many timers wait: none of a client that has ended. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass: each timer rings when it is due, and what it sets going is done before the next. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (
      let timer = this.#next(until);
      timer !== undefined;
      timer = this.#next(until)
    ) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      await settled();
    }
    this.#now = until;
  }

  /** The machine sleeps: the wall clock goes on, the monotonic one stands still. */
  suspend(ms: number): void {
    this.#wallAhead += ms;
  }

  #next(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= until && timer.at < (next?.at ?? Infinity)) next = timer;
    }
    return next;
  }
}
