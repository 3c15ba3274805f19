// A store in memory whose appends wait or fail as a test says, and that can be looked at as the next process
// would find it.

import type { Store, StoreChange, StoreEntry } from "../../mod.ts";
import { CHECKPOINT_KEY, MESSAGE_KEYS } from "../../src/store/record_codec.ts";

/** A store in the hands of a test. */
export class HeldStore implements Store {
  /** What is kept. */
  readonly values: Map<number, Uint8Array>;
  /** How many appends there were. */
  appends = 0;
  /** How many of them are under way. */
  underWay = 0;
  /** What an append throws, or rejects with where it waits. */
  failure: Error | undefined;
  isOpen = false;
  #held: PromiseWithResolvers<void> | undefined;

  constructor(values: Iterable<readonly [number, Uint8Array]> = []) {
    this.values = new Map(values);
  }

  /** What the next process finds where this one is killed now. */
  afterKill(): HeldStore {
    return new HeldStore(this.values);
  }

  /** The keys of what is kept, without whose session it is; messages by their order. */
  get kept(): string[] {
    return [...this.values.keys()].filter((key) => key > 0)
      .sort((one, other) => one - other)
      .map((key) =>
        key > MESSAGE_KEYS
          ? `message ${key - MESSAGE_KEYS}`
          : key === CHECKPOINT_KEY
          ? "checkpoint"
          : key > 65_536
          ? `flight ${key - 65_536}`
          : `owned ${key}`
      );
  }

  /** From now on appends wait until `release`. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  /** What waits is done, or fails where `failure` is set. */
  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  open(take: (entry: StoreEntry) => void): void {
    this.isOpen = true;
    for (const [key, value] of this.values) take({ key, value });
  }

  append(changes: readonly StoreChange[]): void | Promise<void> {
    this.appends++;
    if (this.underWay > 0) throw new Error("One append at a time");
    if (this.#held === undefined) return this.#append(changes);
    this.underWay++;
    return this.#held.promise.then(() => {
      this.underWay--;
      this.#append(changes);
    });
  }

  close(): void {
    this.isOpen = false;
  }

  #append(changes: readonly StoreChange[]): void {
    if (this.failure !== undefined) throw this.failure;
    for (const { key, value } of changes) {
      if (value === undefined) this.values.delete(key);
      else this.values.set(key, value.slice());
    }
  }
}
