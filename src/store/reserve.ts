/**
 * Room on the disk that is held for the day when it is full: without some of it a log could not be written anew,
 * and so not be rid of what is of no more use.
 *
 * @module
 */
import type { Files, LogFile } from "./files.ts";

/** What a call takes at most of which the system makes random bytes. */
const RANDOM_MAX = 65_536;

/** Holds some room, as bytes of a file that is there anyway. */
export class Reserve {
  readonly #file: LogFile;
  readonly #size: number;

  /** Holds `size` bytes in the file at `path`, if there is room for them; at most 65,536. */
  constructor(files: Files, path: string, size: number) {
    this.#file = files.open(path);
    this.#size = Math.min(size, RANDOM_MAX);
    this.fill();
  }

  /** Gives the room up: whoever writes next has it. */
  give(): void {
    try {
      this.#file.truncate(0);
    } catch {
      // Then it is as if there had been none.
    }
  }

  /** Takes the room again: all of it, or none. */
  fill(): void {
    try {
      const missing = this.#size - this.#file.size;
      if (missing <= 0) return;
      // Zeros would take no room on a disk that compresses.
      this.#file.append(crypto.getRandomValues(new Uint8Array(missing)));
    } catch {
      this.give();
    }
  }

  /** Lets go of the file, which keeps its room. */
  close(): void {
    this.#file.close();
  }
}
