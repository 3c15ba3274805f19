/**
 * Who waits for a broker to be in some state.
 *
 * @module
 */
import { AbortedError } from "../../mod.ts";

interface Waiter {
  readonly look: () => void;
  readonly end: () => void;
}

/** Looks at conditions each time that something may have changed. */
export class Conditions {
  readonly #waiters = new Set<Waiter>();
  #isEnded = false;

  /** Something may have changed. */
  look(): void {
    for (const { look } of this.#waiters) look();
  }

  /** Resolves as soon as the condition holds. Rejects with what it throws. */
  async wait(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (why: string, cause?: unknown) =>
      reject(new AbortedError(`Cannot wait for the broker: ${why}`, { cause }));
    const look = () => {
      try {
        if (condition()) resolve();
      } catch (error) {
        reject(error);
      }
    };
    const waiter = { look, end: () => fail("it is closed") };
    const abort = () => fail("the signal was aborted", signal?.reason);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    this.#waiters.add(waiter);
    look();
    if (this.#isEnded) waiter.end();
    try {
      await promise;
    } finally {
      this.#waiters.delete(waiter);
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Nothing more will happen. */
  end(): void {
    this.#isEnded = true;
    for (const { end } of this.#waiters) end();
  }
}
