/**
 * The store in memory.
 *
 * @module
 */
import { StoreError } from "../errors.ts";
import type { Store, StoreChange, StoreEntry } from "./store.ts";

/**
 * A store that lasts as long as the process: one client after the other can go on with the same session,
 * and a test can look at it.
 *
 * A client that is given no store keeps its session in memory as well, and records nothing: that is the
 * default, and costs nothing.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@midge/mqtt";
 *
 * const store = memoryStore();
 * ```
 */
export function memoryStore(): Store {
  return new MemoryStore();
}

class MemoryStore implements Store {
  readonly #values = new Map<number, Uint8Array>();
  #isOpen = false;

  open(take: (entry: StoreEntry) => void): void {
    if (this.#isOpen) {
      const why = "Cannot open the store in memory: another client has it open";
      throw new StoreError(why, { fault: "in-use" });
    }
    for (const [key, value] of this.#values) take({ key, value });
    this.#isOpen = true;
  }

  append(changes: readonly StoreChange[]): void {
    for (const { key, value } of changes) {
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value.slice());
    }
  }

  close(): void {
    this.#isOpen = false;
  }
}
