/**
 * A log in use: it is appended to, and changes places with a copy of itself when most of it is of no
 * more use.
 *
 * @module
 */
import { StoreError } from "../errors.ts";
import { breathe } from "./breath.ts";
import type { Files } from "./files.ts";
import { GroupSync } from "./group_sync.ts";
import { copyPath, LogCopy } from "./log_copy.ts";
import type { Log } from "./log_file.ts";
import type { Reserve } from "./reserve.ts";
import type { StoreChange } from "./store.ts";
import { storeError, storeFault } from "./store_fault.ts";

/** How a log is kept. */
export interface LogOptions {
  /** See `FileStoreOptions.durability`. */
  readonly durability: "flush" | "sync";
  /** The log is written anew when it has this many bytes of no more use, and as many as of use. */
  readonly garbageMax: number;
  /** How many bytes of the disk are held for the copy that is to be made when it is full: none where left out. */
  readonly reserve?: number;
}

/** Where a log is, and what belongs to it. */
export interface LogPlace {
  readonly files: Files;
  readonly path: string;
  readonly options: LogOptions;
  readonly reserve: Reserve | undefined;
}

/** How often it is looked whether the file is still there. */
const LOOK_MS = 1_000;

/** An append that waits until the log has changed places with its copy. */
interface Waiting {
  readonly changes: readonly StoreChange[];
  readonly done: PromiseWithResolvers<void>;
}

/** Keeps one log, from its opening to its end. */
export class LogKeeper {
  readonly #files: Files;
  readonly #path: string;
  readonly #options: LogOptions;
  readonly #reserve: Reserve | undefined;
  #log: Log;
  readonly #sync = new GroupSync(() => this.#syncLog());
  #garbageMax: number;
  #copying: Promise<void> | undefined;
  /** Appends wait while this is there. */
  #waiting: Waiting[] | undefined;
  #failure: unknown;
  #isClosing = false;
  #lookedAt = -Infinity;
  #isLinked = true;

  /** Keeps the log at a path, which is open. */
  constructor(log: Log, place: LogPlace) {
    this.#log = log;
    this.#files = place.files;
    this.#path = place.path;
    this.#options = place.options;
    this.#reserve = place.reserve;
    this.#garbageMax = place.options.garbageMax;
  }

  /** See `Store.append`. */
  append(changes: readonly StoreChange[]): void | Promise<void> {
    if (this.#waiting !== undefined) return this.#wait(changes, this.#waiting);
    try {
      return this.#append(changes);
    } catch (error) {
      if (!this.#mayMakeRoom(error)) throw error;
      void this.rewrite();
      return this.#wait(changes, this.#waiting ??= []);
    }
  }

  /** Resolves when the log has been written anew, or that could not be done: then it stays as it is. */
  rewrite(): Promise<void> {
    return this.#copying ??= this.#rewrite().finally(() => {
      this.#copying = undefined;
      this.#reserve?.fill();
      this.#goOn();
    });
  }

  /** Resolves when all that is under way is done, and closes the file. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#copying;
    await this.#sync.idle();
    this.#log.file.close();
    this.#reserve?.close();
  }

  #append(changes: readonly StoreChange[]): void | Promise<void> {
    this.#checkFailure();
    this.#look();
    try {
      this.#log.append(changes);
    } catch (error) {
      throw storeError("write to", this.#path, error);
    }
    const { garbage, index } = this.#log;
    if (garbage >= this.#garbageMax && garbage >= index.size) {
      void this.rewrite();
    }
    if (this.#options.durability === "sync") return this.#sync.request();
  }

  /** Whether the disk is full, and the log written anew would leave room. */
  #mayMakeRoom(error: unknown): boolean {
    const { garbage, index } = this.#log;
    const { reserve = 0 } = this.#options;
    return error instanceof StoreError && error.fault === "full" &&
      garbage > 0 && (garbage > index.size || index.size <= reserve);
  }

  /** What is not known to be on the disk is written anew to another place, where that will be known. */
  #checkFailure(): void {
    if (this.#failure === undefined) return;
    void this.rewrite();
    throw this.#failure;
  }

  #wait(changes: readonly StoreChange[], waiting: Waiting[]): Promise<void> {
    const done = Promise.withResolvers<void>();
    waiting.push({ changes, done });
    return done.promise;
  }

  /** What is written to a file that was removed is gone with the process: it is written anew in its place. */
  #look(): void {
    const now = performance.now();
    if (this.#isLinked && now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    this.#isLinked = this.#log.file.isLinked;
    if (this.#isLinked) return;
    void this.rewrite();
    const why = "its file was removed; it is about to be written anew";
    throw storeFault("write to", this.#path, "removed", why);
  }

  async #syncLog(): Promise<void> {
    try {
      await this.#log.file.sync();
    } catch (error) {
      // After this nobody knows what of the file is on the disk, and to sync it once more would not tell.
      this.#failure = storeError("write to", this.#path, error);
      throw this.#failure;
    }
  }

  async #rewrite(): Promise<void> {
    let copy: LogCopy | undefined;
    this.#reserve?.give();
    try {
      copy = new LogCopy(this.#files, this.#path, this.#log);
      await this.#copyAll(copy);
      await this.#changePlaces(copy);
      this.#garbageMax = this.#options.garbageMax;
    } catch {
      // The log goes on as it is, and grows; if that is because the disk is full, the next append says so.
      this.#garbageMax = Math.max(
        this.#options.garbageMax,
        2 * this.#log.garbage,
      );
      if (copy !== undefined && copy.log !== this.#log) this.#discard(copy);
    }
  }

  /** Copies nearly all, and has it on the disk: else a loss of power might leave a new log that is empty. */
  async #copyAll(copy: LogCopy): Promise<void> {
    while (copy.step()) {
      await breathe();
      if (this.#isClosing) throw new Error("The store is about to be closed");
    }
    await copy.log.file.sync();
  }

  /** Copies the rest, and puts the copy in the log's place. With "flush" all that is one turn. */
  async #changePlaces(copy: LogCopy): Promise<void> {
    const isSynced = this.#options.durability === "sync";
    this.#waiting ??= [];
    while (copy.step());
    if (!copy.isWhole) throw new Error("A part of the log cannot be read");
    if (isSynced) {
      await copy.log.file.sync();
      await this.#sync.idle();
    }
    this.#files.rename(copyPath(this.#path), this.#path);
    const old = this.#log;
    this.#log = copy.log;
    this.#failure = undefined;
    old.file.close();
    if (isSynced) await this.#syncFolder();
  }

  async #syncFolder(): Promise<void> {
    try {
      await this.#files.syncFolder(this.#path);
    } catch (error) {
      this.#failure = storeError("write to", this.#path, error);
    }
  }

  #discard(copy: LogCopy): void {
    copy.log.file.close();
    try {
      this.#files.remove(copyPath(this.#path));
    } catch {
      // It is removed when the next copy begins.
    }
  }

  /** Appends what has waited, in its order. */
  #goOn(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const { changes, done } of waiting) {
      try {
        done.resolve(this.#append(changes));
      } catch (error) {
        done.reject(error);
      }
    }
  }
}
