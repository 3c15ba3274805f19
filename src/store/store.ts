/**
 * What a store is: the place where a client's session outlives its process.
 *
 * A store knows nothing of MQTT. It keeps bytes by number, as a table does or a hash; what the numbers
 * and the bytes mean is the client's, and may be more in a later version without any store being changed.
 *
 * @module
 */

/** What is kept under one key. */
export interface StoreEntry {
  /** An integer from 0 to 2^53 - 1. */
  readonly key: number;
  /** Of any length, also none. The client copies what it needs before `take` returns. */
  readonly value: Uint8Array;
  /**
   * True where a later change of it may be lost: what is kept may be older than what was appended. A
   * store that cannot be damaged in its middle leaves it out.
   */
  readonly doubtful?: boolean;
}

/** What is to be kept under a key from now on. */
export interface StoreChange {
  /** An integer from 0 to 2^53 - 1. */
  readonly key: number;
  /** It takes the place of what was there; undefined where nothing is to be kept any more. */
  readonly value: Uint8Array | undefined;
}

/** A part of what was kept that cannot be read any more. */
export interface StoreDamage {
  /** What was found and where, for people. */
  readonly message: string;
  /** How many changes are lost with it, at most. 0 where none is that `append` had promised to keep. */
  readonly changesMax: number;
  /** The key, where only its value is lost and nothing else. */
  readonly key?: number;
}

/** What `open` has found. */
export type StoreFinding = readonly StoreDamage[] | void;

/**
 * Where a client keeps its session: what it has accepted and not delivered, and what it must remember
 * for "exactly once". Implement it to keep that in a database; `fileStore` and `memoryStore` are there.
 *
 * The client calls `open` once, then `append` time and again, and `close` in the end. It never calls
 * `append` before the last one has settled. Nothing that is said in an append leaves for the network before
 * that append has resolved.
 *
 * @example
 * ```ts
 * import type { Store, StoreChange, StoreEntry } from "@midge/mqtt";
 *
 * class MapStore implements Store {
 *   readonly #values = new Map<number, Uint8Array>();
 *
 *   open(take: (entry: StoreEntry) => void): void {
 *     for (const [key, value] of this.#values) take({ key, value });
 *   }
 *
 *   append(changes: readonly StoreChange[]): void {
 *     for (const { key, value } of changes) {
 *       if (value === undefined) this.#values.delete(key);
 *       else this.#values.set(key, value.slice());
 *     }
 *   }
 *
 *   close(): void {}
 * }
 * ```
 */
export interface Store {
  /**
   * Opens the store for this client alone, and gives `take` all that is kept, in any order. It throws or
   * rejects where the store cannot be had, because another client has it open, say.
   */
  open(take: (entry: StoreEntry) => void): StoreFinding | Promise<StoreFinding>;
  /**
   * Keeps the changes, which hold in their order, and returns when they are safe, or a promise that says
   * so. The values are the client's, and rewritten afterwards: copy them. Where it throws or rejects, some
   * may be kept and some not; the client appends them again before it appends others, but for those that
   * later ones in the same append replace.
   */
  append(changes: readonly StoreChange[]): void | Promise<void>;
  /** Lets go of the store; what was appended stays. It may be opened again. */
  close(): void | Promise<void>;
}
