/**
 * One sync for all that was written before it began.
 *
 * @module
 */

/** Runs syncs one after the other, each for as many writes as came before it. */
export class GroupSync {
  readonly #sync: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** Makes a group sync of what makes one sync. */
  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** Resolves when all that has been written by now is safe. A sync under way is too early for that. */
  request(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#start();
    this.#next = this.#running.then(() => this.#start());
    return this.#next;
  }

  /** Resolves when no sync is under way; it never rejects. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) {
      await settled(this.#next ?? this.#running);
    }
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const running = this.#sync().finally(() => {
      this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}

async function settled(promise: Promise<void>): Promise<void> {
  await Promise.allSettled([promise]);
}
