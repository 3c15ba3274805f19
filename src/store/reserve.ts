/**
 * Room on the disk that is held for the day when it is full: without some of it a log could not be written anew,
 * and so not be rid of what is of no more use.
 *
 * @module
 */
import type { Files, LogFile } from "./files.ts";

/** What a call takes at most of which the system makes random bytes. */
const RANDOM_MAX = 65_536;

/** What its bytes begin with: a file that has others is not ours, and is left alone. */
const MARK = new TextEncoder().encode("midge\n");

/** Holds some room, as bytes of a file that is there anyway. */
export class Reserve {
  readonly #file: LogFile;
  readonly #size: number;

  /** Holds `size` bytes in the file at `path`, if there is room for them; at most 65,536. */
  constructor(files: Files, path: string, size: number) {
    this.#file = files.open(path);
    this.#size = isOurs(this.#file) ? Math.min(size, RANDOM_MAX) : 0;
    this.fill();
  }

  /** Gives the room up: whoever writes next has it. */
  give(): void {
    if (this.#size === 0) return;
    try {
      this.#file.truncate(0);
    } catch {
      // Then it is as if there had been none.
    }
  }

  /** Takes the room again: all of it, or none. */
  fill(): void {
    try {
      const held = this.#file.size;
      if (held >= this.#size) return;
      // Zeros would take no room on a disk that compresses.
      const bytes = crypto.getRandomValues(new Uint8Array(this.#size - held));
      if (held === 0) bytes.set(MARK.subarray(0, bytes.length));
      this.#file.append(bytes);
    } catch {
      this.give();
    }
  }

  /** Lets go of the file, which keeps its room. */
  close(): void {
    this.#file.close();
  }
}

function isOurs(file: LogFile): boolean {
  const start = new Uint8Array(Math.min(MARK.length, file.size));
  file.read(start, 0);
  return start.every((byte, index) => byte === MARK[index]);
}
