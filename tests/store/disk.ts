/**
 * A disk in memory that can be stopped between any two operations and in the middle of a write, be full,
 * fail, and lose its power.
 *
 * @module
 */
import type { FileLock, Files, LogFile } from "../../src/store/files.ts";

/** What a file has, now and on the disk itself. */
interface Content {
  bytes: Uint8Array;
  synced: Uint8Array;
}

/** The process has ended: nothing it does reaches the disk any more. */
export class Stopped extends Error {}

/** An error as the system has them. */
export class SystemError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`${code}: as the disk was told to say`);
    this.code = code;
  }
}

const NOTHING = new Uint8Array(0);

/** Files in memory. */
export class Disk implements Files {
  #names = new Map<string, Content>();
  #syncedNames = new Map<string, Content>();
  #locked = new Set<string>();
  /** How many operations have been done. */
  operations = 0;
  /** After how many operations the process ends. */
  stopAfter = Infinity;
  /** The part of a write that is done when the process ends in the middle of it. */
  partOfWrite = 0.5;
  /** Called when the process ends. */
  onStopped: () => void = () => {};
  /** How many bytes all files may have. */
  capacity = Infinity;
  /** What an operation throws in place of being done, by its name. */
  readonly failures = new Map<"sync" | "truncate" | "rename", SystemError>();
  /** Called when a sync begins; it is over when what this returns resolves. */
  onSync: () => Promise<void> = () => Promise.resolve();
  /** How many syncs of files there were. */
  syncs = 0;

  /** The names of all files. */
  get names(): string[] {
    return [...this.#names.keys()].sort();
  }

  /** What a file has. */
  read(path: string): Uint8Array {
    return this.#names.get(path)?.bytes ?? NOTHING;
  }

  /** Gives a file other bytes, which are on the disk itself. */
  write(path: string, bytes: Uint8Array): void {
    const content = { bytes, synced: bytes };
    this.#names.set(path, content);
    this.#syncedNames.set(path, content);
  }

  /** The disk as the next process finds it when this one was killed. */
  afterKill(): Disk {
    const next = new Disk();
    for (const [path, { bytes }] of this.#names) next.write(path, bytes);
    return next;
  }

  /**
   * The disk as it is after a loss of power, at its worst: no byte is there that was not synced, or a `part` of
   * them. What was renamed since the folder was synced may have its old name or its new one.
   */
  afterPowerLoss(
    names: "old names" | "new names" = "old names",
    part = 0,
  ): Disk {
    const next = new Disk();
    const files = names === "old names" ? this.#syncedNames : this.#names;
    for (const [path, { bytes, synced }] of files) {
      // What was cut off in between is not added to.
      const isLonger = synced.every((byte, index) => byte === bytes[index]);
      const behind = isLonger ? bytes.subarray(synced.length) : NOTHING;
      const kept = behind.subarray(0, Math.floor(behind.length * part));
      next.write(path, joined(synced, kept));
    }
    return next;
  }

  resolve(path: string): string {
    return path;
  }

  open(path: string): LogFile {
    this.#step();
    let content = this.#names.get(path);
    if (content === undefined) {
      content = { bytes: NOTHING, synced: NOTHING };
      this.#names.set(path, content);
    }
    return this.#file(content);
  }

  rename(from: string, to: string): void {
    this.#step("rename");
    const content = this.#names.get(from);
    if (content === undefined) throw new SystemError("ENOENT");
    this.#names.delete(from);
    this.#names.set(to, content);
  }

  remove(path: string): void {
    if (!this.#names.has(path)) return;
    this.#step();
    this.#names.delete(path);
  }

  syncFolder(): Promise<void> {
    this.#step();
    this.#syncedNames = new Map(this.#names);
    return Promise.resolve();
  }

  lock(path: string): FileLock | undefined {
    this.#step();
    if (this.#locked.has(path)) return undefined;
    this.#locked.add(path);
    return { release: () => this.#locked.delete(path) };
  }

  #file(content: Content): LogFile {
    const linked = () => [...this.#names.values()].includes(content);
    let isClosed = false;
    return {
      get size() {
        return content.bytes.length;
      },
      get isLinked() {
        return linked();
      },
      read: (into, position) => {
        const part = content.bytes.subarray(position, position + into.length);
        into.set(part);
        return part.length;
      },
      append: (bytes) => this.#append(content, bytes),
      truncate: (size) => {
        this.#step("truncate");
        content.bytes = content.bytes.slice(0, size);
      },
      sync: async () => {
        this.#step("sync");
        this.syncs++;
        const { bytes } = content;
        await this.onSync();
        if (isClosed) throw new SystemError("EBADF");
        this.#step();
        content.synced = bytes;
      },
      close: () => {
        isClosed = true;
      },
    };
  }

  #append(content: Content, bytes: Uint8Array): void {
    const used = [...this.#names.values()].reduce(
      (sum, { bytes }) => sum + bytes.length,
      0,
    );
    const room = Math.max(0, this.capacity - used);
    if (bytes.length > room) {
      content.bytes = joined(content.bytes, bytes.subarray(0, room));
      throw new SystemError("ENOSPC");
    }
    const isLast = this.operations === this.stopAfter;
    const part = Math.floor(bytes.length * this.partOfWrite);
    if (isLast) content.bytes = joined(content.bytes, bytes.subarray(0, part));
    this.#step();
    content.bytes = joined(content.bytes, bytes);
  }

  #step(name?: "sync" | "truncate" | "rename"): void {
    if (this.operations >= this.stopAfter) {
      // It ends once: what comes after it must not write the part of a write again.
      if (this.operations < Infinity) {
        this.operations = Infinity;
        this.onStopped();
      }
      throw new Stopped("The process has ended");
    }
    const failure = name && this.failures.get(name);
    if (failure) throw failure;
    this.operations++;
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}
