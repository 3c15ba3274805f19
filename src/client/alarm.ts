/**
 * The one timer of a client.
 *
 * @module
 */
import type { Clock } from "./clock.ts";

/**
 * Rings when the earliest time has come that it was set to. A deadline that moves to later leaves it as it
 * is: it rings too early then, and whoever set it looks again. So it is never set anew for each packet.
 */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #at = Infinity;
  #cancel: (() => void) | undefined;

  /** Makes an alarm that is not set. */
  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Has it ring at `at` at the latest; Infinity asks for nothing. */
  set(at: number, now: number): void {
    if (at >= this.#at) return;
    this.#cancel?.();
    this.#at = at;
    this.#cancel = this.#clock.schedule(() => {
      this.#at = Infinity;
      this.#ring();
    }, at - now);
  }

  /** Has it ring no more. */
  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#at = Infinity;
  }
}
