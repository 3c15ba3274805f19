/**
 * A queue with an end, read as an async iterator: what is pushed waits for whoever asks next.
 *
 * @module
 */
import { Ring } from "../session/ring.ts";

/** What a stream is made from. */
export interface StreamOptions {
  /** How many values wait at most: the oldest give way. */
  readonly max: number;
  /** Called when the reader has left. */
  readonly onLeave: () => void;
  /** Called when the reader has begun to wait. */
  readonly onAwaited?: () => void;
}

/** Values on their way to one reader. */
export class Stream<Value> implements AsyncIterableIterator<Value, undefined> {
  readonly #values = new Ring<Value>();
  readonly #options: StreamOptions;
  #waiters: PromiseWithResolvers<IteratorResult<Value, undefined>>[] = [];
  #ended = false;
  #error: unknown;

  /** Makes a stream that is empty. */
  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** Whether the reader waits. */
  get isAwaited(): boolean {
    return this.#waiters.length > 0;
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Adds a value. */
  push(value: Value): void {
    if (this.#ended) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) return waiter.resolve({ done: false, value });
    if (this.#values.length === this.#options.max) this.#values.shift();
    this.#values.push(value);
  }

  /** There will be no more. Whoever asks for more than is left gets the error, once, where there is one. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.resolve(this.#last());
  }

  /** The next value, or the end. */
  next(): Promise<IteratorResult<Value, undefined>> {
    const value = this.#values.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#ended) return this.#last();
    const waiter = Promise.withResolvers<IteratorResult<Value, undefined>>();
    this.#waiters.push(waiter);
    this.#options.onAwaited?.();
    return waiter.promise;
  }

  /** Leaves: what waits is dropped. */
  return(): Promise<IteratorResult<Value, undefined>> {
    this.#options.onLeave();
    this.#values.clear();
    this.end();
    this.#error = undefined;
    return this.#last();
  }

  #last(): Promise<IteratorResult<Value, undefined>> {
    const error = this.#error;
    this.#error = undefined;
    return error === undefined
      ? Promise.resolve({ done: true, value: undefined })
      : Promise.reject(error);
  }
}
