/**
 * A process that appends to a store and says after each append how many it were, until somebody kills it.
 * Run as `endless_writer.ts PATH DURABILITY`.
 *
 * @module
 */
import { denoFiles } from "../../src/store/deno_files.ts";
import { LogStore } from "../../src/store/log_store.ts";
import type { StoreChange } from "../../src/store/store.ts";
import { put, remove, turn } from "./log_bench.ts";

/** The changes of one append: a few of 50 keys, with values of up to 3,000 bytes. */
export function groupOf(number: number): StoreChange[] {
  return Array.from({ length: 1 + number % 5 }, (_, index) => {
    const key = (number * 7 + index * 13) % 50;
    if ((number + index) % 3 === 0) return remove(key);
    return put(key, `${number}.${index} `.repeat((number * index * 31) % 300));
  });
}

if (import.meta.main) {
  const [path = "", durability] = Deno.args;
  // It is written anew all the time: most of its life the process is in a copy.
  const store = new LogStore(denoFiles, path, {
    durability: durability === "sync" ? "sync" : "flush",
    garbageMax: 20_000,
  });
  const encoder = new TextEncoder();
  await store.open(() => {});
  for (let number = 0;; number++) {
    await store.append(groupOf(number));
    // Not through a buffer: a number that waits there would be lost with the process.
    Deno.stdout.writeSync(encoder.encode(`${number + 1}\n`));
    await turn();
  }
}
