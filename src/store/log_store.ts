/**
 * A store in a log.
 *
 * @module
 */
import type { Files } from "./files.ts";
import { copyPath } from "./log_copy.ts";
import { LogKeeper, type LogOptions } from "./log_keeper.ts";
import { giveEntries, openLog } from "./open_log.ts";
import { quarantine } from "./quarantine.ts";
import { Reserve } from "./reserve.ts";
import type { Store, StoreChange, StoreDamage, StoreEntry } from "./store.ts";
import { storeError, storeFault } from "./store_fault.ts";

/** What is there while the store is open. */
interface Opened {
  readonly keeper: LogKeeper;
  readonly damages: readonly StoreDamage[];
  /** Lets another have it. */
  readonly unlock: () => void;
}

/** The store whose log is at one path. */
export class LogStore implements Store {
  readonly #files: Files;
  #path: string;
  readonly #options: LogOptions;
  #opened: Opened | undefined;

  /** Makes a store that is not open. */
  constructor(files: Files, path: string, options: LogOptions) {
    this.#files = files;
    this.#path = path;
    this.#options = options;
  }

  /** See `Store.open`. */
  async open(
    take: (entry: StoreEntry) => void,
  ): Promise<readonly StoreDamage[]> {
    try {
      // A link, or another folder to work in, must not lead to another lock, nor the copy to another place.
      this.#path = this.#files.resolve(this.#path);
      const unlock = this.#lock();
      try {
        this.#opened = { ...await this.#open(take), unlock };
      } catch (error) {
        unlock();
        throw error;
      }
    } catch (error) {
      throw storeError("open", this.#path, error);
    }
    return this.#opened.damages;
  }

  /** See `Store.append`. */
  append(changes: readonly StoreChange[]): void | Promise<void> {
    if (this.#opened === undefined) {
      throw storeFault("write to", this.#path, "closed", "it is not open");
    }
    if (changes.length > 0) return this.#opened.keeper.append(changes);
  }

  /** See `Store.close`. */
  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.keeper.close();
    opened?.unlock();
  }

  get #lockPath(): string {
    return `${this.#path}.lock`;
  }

  /** The lock has a file of its own: the log's own file is another one after each time it was written anew. */
  #lock(): () => void {
    const lock = this.#files.lock(this.#lockPath);
    if (lock === undefined) {
      const why = "another client has it open";
      throw storeFault("open", this.#path, "in-use", why);
    }
    return () => lock.release();
  }

  async #open(
    take: (entry: StoreEntry) => void,
  ): Promise<Omit<Opened, "unlock">> {
    const opened = await openLog(this.#files, this.#path);
    let reserve: Reserve | undefined;
    try {
      // What a process that ended in the middle of a copy has left.
      this.#files.remove(copyPath(this.#path));
      if (this.#options.durability === "sync") {
        await this.#files.syncFolder(this.#path);
      }
      await giveEntries(opened, take);
      const damages = quarantine(this.#files, this.#path, opened);
      reserve = this.#makeReserve();
      const keeper = new LogKeeper(opened.log, {
        files: this.#files,
        path: this.#path,
        options: this.#options,
        reserve,
      });
      if (opened.badBytes.length > 0) await keeper.rewrite();
      return { keeper, damages };
    } catch (error) {
      opened.log.file.close();
      reserve?.close();
      throw error;
    }
  }

  /** The lock's file is there all the while, and has nothing in it. */
  #makeReserve(): Reserve | undefined {
    const { reserve: size = 0 } = this.#options;
    return size === 0
      ? undefined
      : new Reserve(this.#files, this.#lockPath, size);
  }
}
