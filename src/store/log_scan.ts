/**
 * A walk through a log, frame by frame, that goes on behind what cannot be read.
 *
 * @module
 */
import type { LogFile } from "./files.ts";
import { FRAME_SIZE_MIN, FrameReader } from "./log.ts";

/** How much is read at a time: less costs calls, more costs memory. */
const WINDOW_SIZE = 262_144;

/**
 * What a walk finds: a frame; a frame whose value is broken; bytes that are no frame; a frame that the end
 * of the log has cut off, or zeros behind the last one, which a loss of power leaves; the end.
 */
export type Found = "frame" | "broken-value" | "no-frame" | "torn" | "end";

/** A walk from one place of a log to its end. */
export class LogScan {
  readonly #file: LogFile;
  readonly #reader: FrameReader;
  #window = new Uint8Array(WINDOW_SIZE);
  /** Where in the log the window begins, and how many bytes are in it. */
  #windowStart: number;
  #windowLength = 0;
  #next: number;
  /** Where in the log the log ends; it may be moved while the walk goes on. */
  end: number;
  /** Where what was found begins. */
  position: number;
  /** How many bytes it has. */
  size = 0;

  /** Makes a walk through the frames from `start` to `end`. */
  constructor(
    file: LogFile,
    { salt, start, end }: { salt: number; start: number; end: number },
  ) {
    this.#file = file;
    this.#reader = new FrameReader(salt);
    this.#windowStart = start;
    this.#next = start;
    this.position = start;
    this.end = end;
  }

  /** Whether nothing is left to be found. */
  get atEnd(): boolean {
    return this.#next >= this.end;
  }

  /** The key of the frame that was found. */
  get key(): number {
    return this.#reader.key;
  }

  /** Whether that key has a value from there on. */
  get hasValue(): boolean {
    return this.#reader.hasValue;
  }

  /** The value of the frame that was found, valid until the next step; undefined where the key is to have none. */
  get value(): Uint8Array | undefined {
    return this.#reader.value;
  }

  /** Goes on to what is next. */
  next(): Found {
    this.position = this.#next;
    this.size = 0;
    const found = this.#find();
    this.#next = this.position + this.size;
    return found;
  }

  /** The bytes that were found, whatever they are. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.size);
    return bytes.subarray(0, this.#file.read(bytes, this.position));
  }

  #find(): Found {
    const left = this.end - this.position;
    if (left === 0) return "end";
    if (left < FRAME_SIZE_MIN) return this.#untilEnd("torn");
    const start = this.#load(this.position, FRAME_SIZE_MIN);
    if (!this.#reader.open(start, this.position)) return this.#skip();
    const { size } = this.#reader;
    if (size > left) return this.#untilEnd("torn");
    this.size = size;
    // The frame may have moved within the window, or the window may be a larger one.
    this.#reader.open(this.#load(this.position, size), this.position);
    return this.#reader.isRight ? "frame" : "broken-value";
  }

  /** Goes on, byte by byte, to where a frame begins. */
  #skip(): Found {
    let position = this.position + 1;
    for (; this.end - position >= FRAME_SIZE_MIN; position++) {
      const start = this.#load(position, FRAME_SIZE_MIN);
      if (!this.#reader.open(start, position)) continue;
      this.size = position - this.position;
      return "no-frame";
    }
    return this.#untilEnd(this.#isZeros() ? "torn" : "no-frame");
  }

  #untilEnd(found: Found): Found {
    this.size = this.end - this.position;
    return found;
  }

  #isZeros(): boolean {
    for (let position = this.position; position < this.end; position++) {
      if (this.#window[this.#load(position, 1)] !== 0) return false;
    }
    return true;
  }

  /** Where in the window `size` bytes from `position` of the log on are, once they are there. */
  #load(position: number, size: number): number {
    const start = position - this.#windowStart;
    if (start >= 0 && start + size <= this.#windowLength) return start;
    if (size > this.#window.length) this.#window = new Uint8Array(size);
    this.#windowStart = position;
    const until = Math.min(this.#window.length, this.end - position);
    this.#windowLength = this.#file.read(
      this.#window.subarray(0, until),
      position,
    );
    // A file that became shorter meanwhile has zeros where it had frames.
    this.#window.fill(0, this.#windowLength);
    this.#reader.bytes = this.#window;
    return 0;
  }
}
