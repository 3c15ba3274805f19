/**
 * A log that is open: its file, where it ends, and which of its frames hold.
 *
 * @module
 */
import type { Files, LogFile } from "./files.ts";
import { LiveIndex } from "./live_index.ts";
import {
  encodeHeader,
  FRAME_SIZE_MIN,
  frameSize,
  FrameWriter,
  LOG_HEADER_SIZE,
} from "./log.ts";
import type { StoreChange } from "./store.ts";

/** What a log is made from. */
export interface LogParts {
  /** Its file. */
  readonly file: LogFile;
  /** What its checksums begin with. */
  readonly salt: number;
  /** The frames that hold. */
  readonly index: LiveIndex;
  /** Where the last frame ends. */
  readonly end: number;
}

/** A log that can be appended to. */
export class Log {
  /** Its file. */
  readonly file: LogFile;
  /** What its checksums begin with. */
  readonly salt: number;
  /** The frames that hold. */
  readonly index: LiveIndex;
  readonly #writer: FrameWriter;
  #end: number;
  // What the writer has, until it is in the file. A size of 0 says that the key has no value any more.
  readonly #keys: number[] = [];
  readonly #sizes: number[] = [];
  /** Whether a part of a write may stand behind the end. */
  #isTorn = false;

  /** Opens a log that is known. */
  constructor({ file, salt, index, end }: LogParts) {
    this.file = file;
    this.salt = salt;
    this.index = index;
    this.#end = end;
    this.#writer = new FrameWriter(salt);
    this.#clear();
  }

  /** Begins a log in an empty file. */
  static begin(file: LogFile): Log {
    const [salt = 0] = crypto.getRandomValues(new Uint32Array(1));
    file.append(encodeHeader(salt));
    return new Log({
      file,
      salt,
      index: new LiveIndex(),
      end: LOG_HEADER_SIZE,
    });
  }

  /** Begins a log in a file of its own, in place of what may be there. */
  static create(files: Files, path: string): Log {
    files.remove(path);
    const file = files.open(path);
    try {
      return Log.begin(file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Where the last frame ends. */
  get end(): number {
    return this.#end;
  }

  /** How many bytes of it nobody needs any more. */
  get garbage(): number {
    return this.#end - LOG_HEADER_SIZE - this.index.size;
  }

  /** How many bytes wait for `write`. */
  get staged(): number {
    return this.#writer.length;
  }

  /** Writes all changes at once, or none. */
  append(changes: readonly StoreChange[]): void {
    try {
      for (const change of changes) this.stage(change);
    } catch (error) {
      this.#clear();
      throw error;
    }
    this.write();
  }

  /** Takes a change, to be written with others. Its value is copied. */
  stage(change: StoreChange): void {
    this.#writer.add(change);
    this.#keys.push(change.key);
    this.#sizes.push(change.value === undefined ? 0 : frameSize(change));
  }

  /** Writes what was staged, all of it or nothing. */
  write(): void {
    try {
      // What a failed write has left would stand between the frames.
      this.#repair();
      this.#isTorn = true;
      this.file.append(this.#writer.written);
      this.#isTorn = false;
      this.#settle();
    } finally {
      this.#clear();
      this.#tryRepair();
    }
  }

  #settle(): void {
    let position = this.#end;
    for (let number = 0; number < this.#keys.length; number++) {
      const key = this.#keys[number] ?? 0;
      const size = this.#sizes[number] ?? 0;
      if (size > 0) this.index.set(key, position, size);
      else this.index.delete(key);
      position += size || FRAME_SIZE_MIN;
    }
    this.#end = position;
  }

  #clear(): void {
    this.#keys.length = 0;
    this.#sizes.length = 0;
    this.#writer.begin(this.#end);
  }

  #repair(): void {
    if (!this.#isTorn) return;
    this.file.truncate(this.#end);
    this.#isTorn = false;
  }

  /** The sooner a torn write is gone the better: the process may end before the next one. */
  #tryRepair(): void {
    try {
      this.#repair();
    } catch {
      // It is tried again before the next write, which fails with it.
    }
  }
}
