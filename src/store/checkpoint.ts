/**
 * How far a program has come, by its own words, kept with the messages that it has published.
 *
 * A checkpoint stands in the value of the message that it came with, so that no store can have one without the
 * other. When that message is removed, the checkpoint is put under a key of its own before.
 *
 * This file computes only.
 *
 * @module
 */

/** What a program has said. */
export interface Checkpoint {
  /** The number of the message that it came with, or of the last one before it: the highest one holds. */
  readonly order: number;
  /** What it is; undefined where there is to be none. */
  readonly text: string | undefined;
}

/** Which of two holds: of one order it is the one that came with no message, since it came later. */
export function laterOf(
  apart: Checkpoint | undefined,
  withMessage: Checkpoint | undefined,
): Checkpoint | undefined {
  if (apart === undefined || withMessage === undefined) {
    return apart ?? withMessage;
  }
  return withMessage.order > apart.order ? withMessage : apart;
}

/** Follows the checkpoints of a ledger. */
export class Checkpoints {
  #lastOrder: number;
  /** That which came last, that which came last of all that was taken, and of all that is kept. */
  #last: Checkpoint | undefined;
  /** Whether that came with no message, so that it has the key. */
  #isLastApart = false;
  #taken: Checkpoint | undefined;
  #kept: Checkpoint | undefined;

  /** Goes on from a checkpoint that is kept, and from the number of the message that was accepted last. */
  constructor(kept: Checkpoint | undefined, lastOrder: number) {
    this.#last = this.#taken = this.#kept = kept;
    this.#lastOrder = lastOrder;
  }

  /** A message was accepted, maybe with a checkpoint. */
  accepted(order: number, text: string | undefined): void {
    this.#lastOrder = order;
    if (text === undefined) return;
    this.#last = { order, text };
    this.#isLastApart = false;
  }

  /** One came without a message: it is to be put under its key. */
  came(text: string | undefined): Checkpoint {
    this.#isLastApart = true;
    return this.#last = { order: this.#lastOrder, text };
  }

  /** A message is about to be removed: what is to be put under its key before, so that it is not lost with it. */
  leaving(order: number): Checkpoint | undefined {
    if (order === this.#last?.order) return this.#last;
    if (order !== this.#kept?.order) return undefined;
    // That which came last may not be kept yet, and never will be where the store fails. But what has the key stays.
    return this.#isLastApart ? this.#last : this.#kept;
  }

  /** All changes were taken. */
  taken(): void {
    this.#taken = this.#last;
  }

  /** The changes that were taken are kept. */
  kept(): void {
    this.#kept = this.#taken;
  }

  /** Nothing is kept that came since: what is to be put under its key; undefined where nothing came. */
  revoked(): Checkpoint | undefined {
    if (this.#last === this.#kept) return undefined;
    this.#last = this.#taken = this.#kept;
    return this.#kept ?? { order: 0, text: undefined };
  }
}
