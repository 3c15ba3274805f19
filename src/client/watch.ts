/**
 * Waiting until something holds that others bring about.
 *
 * @module
 */
import type { Clock } from "./clock.ts";

/** Has those who wait look again whenever something may have changed. */
export class Watch {
  readonly #clock: Clock;
  #waiters: (() => void)[] = [];

  /** Makes a watch that nobody waits at. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something may have changed. */
  look(): void {
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  /** Resolves when something holds, or the time is over. */
  async until(holds: () => boolean, ms: number): Promise<void> {
    if (holds()) return;
    let over = ms === 0;
    const cancel = this.#clock.schedule(() => {
      over = true;
      this.look();
    }, ms);
    while (!over && !holds()) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    cancel();
  }
}
