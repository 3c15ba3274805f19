/**
 * A time that passes when a test says so.
 *
 * @module
 */
import { AbortedError, type Clock } from "../../mod.ts";

/** What `until()` of a clock can be asked for. */
export interface UntilOptions {
  /** How much time may pass, in ms; an hour by default. */
  readonly withinMs?: number;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

const HOUR_MS = 3_600_000;

/**
 * So many macrotasks in a row in which nothing asks for a turn or a timer mean that nothing is going on: a wait that
 * goes on by a macrotask or two of its own comes to its end as well.
 */
const QUIET_TURNS = 3;

/**
 * A clock that stands still until it is advanced: for a {@linkcode Broker} and its clients, and for an application
 * that takes its time from a clock. Real timers, such as `setTimeout()`, do not go by it.
 *
 * @example
 * ```ts ignore
 * import { Broker, VirtualClock } from "./testing.ts";
 *
 * const clock = new VirtualClock();
 * await using broker = new Broker({ clock });
 * await using client = await broker.connect({ keepAlive: 3_600 });
 * await clock.advance(24 * 3_600_000);
 * console.log(client.connected, "after a day");
 * ```
 */
export class VirtualClock implements Clock {
  // No clock of a machine begins at 0: what takes 0 for "never" is found out.
  #now = 1_000_000;
  #wallAhead = 0;
  /** How many times something was asked for: while that goes on, so does the world. */
  #asked = 0;
  #turns = 0;
  #passing: Promise<unknown> = Promise.resolve();
  readonly #timers = new Set<Timer>();

  /** Milliseconds of this clock. */
  now(): number {
    return this.#now;
  }

  /** Milliseconds of the wall clock: it goes on in `suspend()` too. */
  wallNow(): number {
    return this.#now + this.#wallAhead;
  }

  /** Calls back once, `ms` from now. Calling what is returned takes that back. */
  schedule(callback: () => void, ms: number): () => void {
    const timer = { at: this.#now + Math.max(ms, 0), callback };
    this.#asked++;
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Calls back once this macrotask and its microtasks have ended: that takes no time. */
  afterTurn(callback: () => void): void {
    this.#asked++;
    this.#turns++;
    setImmediate(() => {
      this.#turns--;
      callback();
    });
  }

  /** Resolves `ms` from now: for an application that is given its way to wait. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.schedule(resolve, ms));
  }

  /** How many timers wait: none of a client, and none of a broker, that has ended. */
  get timers(): number {
    return this.#timers.size;
  }

  /**
   * Lets time pass. Each timer rings when it is due, in order; what it sets going, programs that await included, is
   * done before the next one. `advance(0)` only lets all that was set going come to its end. A call while time
   * passes already goes on from where that ends. Rejects with a RangeError for what is no time.
   */
  advance(ms: number): Promise<void> {
    return this.#pass(ms, "advance the clock", async (until) => {
      while (await this.#ring(until));
      this.#now = until;
    });
  }

  /**
   * Lets time pass until a promise has settled, and no more, and gives back what comes of it. Rejects with an
   * {@linkcode AbortedError} where the time that may pass does not bring it.
   *
   * @example
   * ```ts ignore
   * import { Broker, VirtualClock } from "./testing.ts";
   *
   * const clock = new VirtualClock();
   * await using broker = new Broker({ clock });
   * await using client = await broker.connect();
   * clock.schedule(() => client.publish("tea", "ready"), 180_000);
   * const [tea] = await clock.until(broker.seen("tea"));
   * console.log(tea?.text());
   * ```
   */
  until<Value>(
    promise: Promise<Value>,
    { withinMs = HOUR_MS }: UntilOptions = {},
  ): Promise<Value> {
    let isSettled = false;
    const settled = () => isSettled = true;
    promise.then(settled, settled);
    return this.#pass(withinMs, "wait", async (until) => {
      while (!isSettled && await this.#ring(until, () => isSettled));
      if (isSettled) return promise;
      this.#now = until;
      throw new AbortedError(
        `Cannot wait any longer: ${withinMs} ms of the virtual clock have not brought it`,
      );
    });
  }

  /** The machine sleeps: the wall clock goes on, this one stands still. */
  suspend(ms: number): void {
    this.#wallAhead += ms;
  }

  /** One passes time at a time. */
  #pass<Value>(
    ms: number,
    what: string,
    pass: (until: number) => Promise<Value>,
  ): Promise<Value> {
    if (!(ms >= 0 && ms < Infinity)) {
      return Promise.reject(
        new RangeError(`Cannot ${what}: ${ms} is no number of milliseconds`),
      );
    }
    const passed = this.#passing.then(() => pass(this.#now + ms));
    this.#passing = passed.catch(() => {});
    return passed;
  }

  /** Waits until nothing moves, and rings the next timer. False where none is due by then, or none is wanted. */
  async #ring(
    until: number,
    isEnough: () => boolean = () => false,
  ): Promise<boolean> {
    await this.#settle();
    if (isEnough()) return false;
    const timer = this.#next(until);
    if (timer === undefined) return false;
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.callback();
    return true;
  }

  async #settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS;) {
      const asked = this.#asked;
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.#turns === 0 && this.#asked === asked ? quiet + 1 : 0;
    }
  }

  #next(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= until && timer.at < (next?.at ?? Infinity)) next = timer;
    }
    return next;
  }
}
