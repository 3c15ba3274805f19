/**
 * Publishes that are under way: how many there are is bounded, and the first failure ends them all.
 *
 * @module
 */

/** Counts promises that have not settled. */
export class UnderWay {
  readonly #failure = new AbortController();
  #count = 0;
  #wake: () => void = () => {};

  /** Fires with the first failure; its reason is the error. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /** One more is under way. */
  add(promise: Promise<unknown>): void {
    this.#count++;
    promise.then(() => {
      this.#count--;
      this.#wake();
    }, (error) => this.fail(error));
  }

  /** Something else makes it useless to go on. */
  fail(error: unknown): void {
    this.#failure.abort(error);
    this.#wake();
  }

  /** Resolves when fewer than so many are under way; rejects with the first failure. One waits at a time. */
  async fewerThan(count: number): Promise<void> {
    this.failed.throwIfAborted();
    while (this.#count >= count) {
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.failed.throwIfAborted();
    }
  }

  /** Resolves after a time; rejects with a failure that has come, or comes before. */
  async pause(timeMs: number): Promise<void> {
    this.failed.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    const over = () => resolve();
    const timer = setTimeout(over, timeMs);
    this.failed.addEventListener("abort", over);
    await promise;
    clearTimeout(timer);
    this.failed.removeEventListener("abort", over);
    this.failed.throwIfAborted();
  }
}
