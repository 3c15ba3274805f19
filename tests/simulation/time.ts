// The time of a simulation: a queue of what is to happen, and nothing else that passes.

import type { Clock } from "../../src/client/clock.ts";

interface Due {
  readonly at: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** Virtual time. What is due at the same time happens in the order in which it was asked for. */
export class Time {
  #now = 0;
  #asked = 0;
  #holds = 0;
  /** The next last. */
  readonly #queue: Due[] = [];

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  /** Has something happen, `ms` from now. Calling what is returned takes that back. */
  schedule(callback: () => void, ms: number): () => void {
    const due: Due = {
      at: this.#now + Math.max(0, ms),
      order: ++this.#asked,
      callback,
    };
    let low = 0;
    for (let high = this.#queue.length; low < high;) {
      const middle = (low + high) >> 1;
      if ((this.#queue[middle]?.at ?? 0) > due.at) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, due);
    return () => due.callback = undefined;
  }

  /** Resolves `ms` from now. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.schedule(resolve, ms));
  }

  /** Nothing more happens until what is returned is called: what loads a module has more than microtasks to wait for. */
  hold(): () => void {
    let isHeld = true;
    this.#holds++;
    return () => {
      if (isHeld) this.#holds--;
      isHeld = false;
    };
  }

  /** Lets all microtasks come to their end, then the next thing happen. False where nothing is to happen by then. */
  async step(until: number): Promise<boolean> {
    // Wires, clocks and programs of a simulation go on by microtasks alone: one macrotask drains them all.
    do await new Promise((resolve) => setImmediate(resolve)); while (
      this.#holds > 0
    );
    for (let due = this.#queue.at(-1); due !== undefined;) {
      if (due.at > until) break;
      this.#queue.pop();
      if (due.callback !== undefined) {
        this.#now = due.at;
        due.callback();
        return true;
      }
      due = this.#queue.at(-1);
    }
    this.#now = until;
    return false;
  }
}

/** One client's clock, which knows how many of its timers wait. */
export class OwnClock implements Clock {
  /** How many timers wait: none of a client that has ended. */
  timers = 0;
  readonly #time: Time;
  #isStopped = false;

  constructor(time: Time) {
    this.#time = time;
  }

  now(): number {
    return this.#time.now;
  }

  wallNow(): number {
    return this.#time.now;
  }

  /** Nothing that it was asked for happens any more. */
  stop(): void {
    this.#isStopped = true;
  }

  schedule(callback: () => void, ms: number): () => void {
    this.timers++;
    let isWaiting = true;
    const end = () => {
      if (isWaiting) this.timers--;
      isWaiting = false;
    };
    const cancel = this.#time.schedule(() => {
      end();
      if (!this.#isStopped) callback();
    }, ms);
    return () => {
      end();
      cancel();
    };
  }

  afterTurn(callback: () => void): void {
    this.#time.schedule(() => {
      if (!this.#isStopped) callback();
    }, 0);
  }
}
