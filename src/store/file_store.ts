/**
 * The store in a file.
 *
 * @module
 */
import { StoreError } from "../errors.ts";
import type { LogStore } from "./log_store.ts";
import type { Store, StoreChange, StoreEntry, StoreFinding } from "./store.ts";

/** What `fileStore()` can be asked for. */
export interface FileStoreOptions {
  /**
   * What an append outlives. `"flush"`, the default: the end of the process, be it by `kill -9`, as what was
   * written is with the operating system; a loss of power may take back what was appended last, and QoS 2
   * is at least once then. `"sync"`: a loss of power too; each append then waits for the disk, and those
   * that come while it is at work share the next turn.
   */
  readonly durability?: "flush" | "sync";
}

/** Below this a file is not worth writing anew: 8 MiB are some 50,000 messages that have come through. */
const GARBAGE_MAX = 8 * 1024 * 1024;

/** Some 150 small messages that are on their way: what a log on a full disk must have room for to go on. */
const RESERVE = 32 * 1024;

const DURABILITIES: readonly unknown[] = ["flush", "sync", undefined];

/**
 * A store in a file: an append-only log with checksums, written anew in the background when most of it
 * is of no more use.
 *
 * Beside it stand `path.lock`, which keeps other clients out while it is open, for a while `path.new`, and
 * `path.corrupt-…` where bytes could not be read: Deno must be permitted to read and write the folder. An
 * unfinished write at its end is cut off. What is broken in its middle is put aside and told, and all the
 * rest is there.
 *
 * `path.lock` has 32 KiB of no meaning, which it gives up when the disk is full: with them the log can be
 * written anew, and goes on where what is of use has room.
 *
 * Nothing is opened before the client opens it. Throws a TypeError for an option that is none.
 *
 * @example
 * ```ts
 * import { fileStore } from "@midge/mqtt";
 *
 * const store = fileStore("state.log", { durability: "sync" });
 * ```
 */
export function fileStore(path: string, options: FileStoreOptions = {}): Store {
  const { durability, ...unknown } = options;
  for (const name in unknown) {
    throw new TypeError(`Cannot make a file store: there is no option ${name}`);
  }
  if (!DURABILITIES.includes(durability)) {
    throw new TypeError(
      `Cannot make a file store: durability must be "flush" or "sync"`,
    );
  }
  if (typeof path !== "string" || path === "") {
    throw new TypeError("Cannot make a file store: the path must be a string");
  }
  return new FileStore(path, durability ?? "flush");
}

/** Loads the log and all that belongs to it when it is opened, not before. */
class FileStore implements Store {
  readonly #path: string;
  readonly #durability: "flush" | "sync";
  #store: LogStore | undefined;

  constructor(path: string, durability: "flush" | "sync") {
    this.#path = path;
    this.#durability = durability;
  }

  async open(take: (entry: StoreEntry) => void): Promise<StoreFinding> {
    const [{ LogStore }, { denoFiles }] = await Promise.all([
      import("./log_store.ts"),
      import("./deno_files.ts"),
    ]);
    const store = new LogStore(denoFiles, this.#path, {
      durability: this.#durability,
      garbageMax: GARBAGE_MAX,
      reserve: RESERVE,
    });
    const damages = await store.open(take);
    this.#store = store;
    return damages;
  }

  append(changes: readonly StoreChange[]): void | Promise<void> {
    if (this.#store === undefined) {
      const why = `Cannot write to the store ${this.#path}: it is not open`;
      throw new StoreError(why, { fault: "closed" });
    }
    return this.#store.append(changes);
  }

  async close(): Promise<void> {
    await this.#store?.close();
    this.#store = undefined;
  }
}
