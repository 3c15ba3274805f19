/**
 * A log written anew beside the old one, with nothing in it that nobody needs, piece by piece while the
 * old one is appended to.
 *
 * @module
 */
import { PIECE_SIZE } from "./breath.ts";
import type { Files } from "./files.ts";
import { LOG_HEADER_SIZE } from "./log.ts";
import { Log } from "./log_file.ts";
import { LogScan } from "./log_scan.ts";

/** The file that the new log has until it is whole. */
export function copyPath(path: string): string {
  return `${path}.new`;
}

/** A copy in work. */
export class LogCopy {
  /** The new log. */
  readonly log: Log;
  readonly #source: Log;
  readonly #scan: LogScan;
  /** Where the source ended when the copy began. */
  readonly #began: number;

  /** Begins a copy of the log whose path is given. */
  constructor(files: Files, path: string, source: Log) {
    const { file, salt, end } = source;
    this.#source = source;
    this.#scan = new LogScan(file, { salt, start: LOG_HEADER_SIZE, end });
    this.#began = end;
    this.log = Log.create(files, copyPath(path));
  }

  /** Copies a piece, also of what was appended since the last one. True where there is more. */
  step(): boolean {
    const scan = this.#scan;
    scan.end = this.#source.end;
    const pieceEnd = scan.position + PIECE_SIZE;
    while (!scan.atEnd && scan.position < pieceEnd) this.#copyNext();
    this.log.write();
    return !scan.atEnd;
  }

  /** Whether the copy, which has come to the end, holds what the source holds: a disk may have lost some of it. */
  get isWhole(): boolean {
    const copied = this.log.index;
    const { index } = this.#source;
    return copied.count === index.count && copied.size === index.size;
  }

  /** What was overwritten or removed is left out; where that happens later, its own frame follows. */
  #copyNext(): void {
    if (this.#scan.next() !== "frame") return;
    const { key, position, value } = this.#scan;
    const isNeeded = value === undefined
      ? position >= this.#began
      : this.#source.index.positionOf(key) === position;
    if (isNeeded) this.log.stage({ key, value });
  }
}
