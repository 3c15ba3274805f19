/**
 * The format of a log: a header, then one frame behind the other, each with one change and its checksums.
 *
 * | bytes | a frame's                                                                         |
 * | ----- | --------------------------------------------------------------------------------- |
 * | 4     | size of the value; 0xFFFFFFFF where the key has none any more                     |
 * | 8     | key                                                                               |
 * | 4     | checksum of these 12 bytes, of the log's salt and of the place where they stand   |
 * | n     | value                                                                             |
 * | 4     | checksum of all before it; only where there is a value                            |
 *
 * Numbers stand with their high byte first. Since the salt and the place are in the sum, a frame is one
 * nowhere else: a payload that holds another log, or this one, is never taken for frames.
 *
 * This file computes only.
 *
 * @module
 */
import { crc32c } from "./crc32c.ts";
import type { StoreChange } from "./store.ts";

/** The header has everything twice, so that one broken byte does no harm. */
export const LOG_HEADER_SIZE = 32;

/** The smallest frame: a key that has no value any more. */
export const FRAME_SIZE_MIN = 16;

/** What a frame with a value has besides it. */
const VALUE_FRAME_EXTRA = FRAME_SIZE_MIN + 4;

/** A value above this size is nothing that a client keeps: a PUBLISH has 268,435,460 bytes at most. */
const VALUE_SIZE_MAX = 2 ** 29;

const NO_VALUE = 0xFFFFFFFF;
const KEY_MAX = Number.MAX_SAFE_INTEGER;
const TWO_32 = 2 ** 32;

/** The number of this format. */
export const LOG_VERSION = 1;

// "midg"
const MAGIC = 0x6D696467;
const COPY_SIZE = LOG_HEADER_SIZE / 2;

const CAPACITY_START = 16_384;

/** A buffer above this size was made for a huge change, and is not kept. */
const CAPACITY_KEPT = 1 << 20;

/** What the header of a log says. */
export interface LogHeader {
  /** The number of the format. */
  readonly version: number;
  /** A number of chance that the log's checksums begin with. */
  readonly salt: number;
  /** Whether both copies were right. */
  readonly isWhole: boolean;
}

/** How many bytes the frame of a change takes. */
export function frameSize({ value }: StoreChange): number {
  return value === undefined
    ? FRAME_SIZE_MIN
    : VALUE_FRAME_EXTRA + value.length;
}

/** The bytes that a log begins with. */
export function encodeHeader(salt: number): Uint8Array {
  const bytes = new Uint8Array(LOG_HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, LOG_VERSION);
  view.setUint32(8, salt);
  view.setUint32(12, crc32c(bytes, 0, 12, 0));
  bytes.copyWithin(COPY_SIZE, 0, COPY_SIZE);
  return bytes;
}

/** Reads the header; undefined where the bytes are none. */
export function decodeHeader(bytes: Uint8Array): LogHeader | undefined {
  const [first, second] = [0, COPY_SIZE].map((start) =>
    decodeCopy(bytes.subarray(start, start + COPY_SIZE))
  );
  const right = first ?? second;
  if (right === undefined) return undefined;
  return { ...right, isWhole: first !== undefined && second !== undefined };
}

/** Whether the bytes, fewer than a header has, are the beginning of one. */
export function beginsHeader(bytes: Uint8Array): boolean {
  const whole = encodeHeader(0);
  return bytes.subarray(0, 8).every((byte, index) => byte === whole[index]);
}

function decodeCopy(bytes: Uint8Array): Omit<LogHeader, "isWhole"> | undefined {
  if (bytes.length < COPY_SIZE) return undefined;
  const view = viewOf(bytes);
  const isRight = view.getUint32(0) === MAGIC &&
    view.getUint32(12) === crc32c(bytes, 0, 12, 0);
  if (!isRight) return undefined;
  return { version: view.getUint32(4), salt: view.getUint32(8) };
}

/** Writes frames one behind the other, to be appended at a given place. */
export class FrameWriter {
  readonly #salt: number;
  #bytes = new Uint8Array(0);
  #view = viewOf(this.#bytes);
  #length = 0;
  #position = 0;

  /** Makes a writer for one log. */
  constructor(salt: number) {
    this.#salt = salt;
  }

  /** How many bytes were written since `begin`. */
  get length(): number {
    return this.#length;
  }

  /** What was written since `begin`, valid until it is called again. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins anew: what follows is to stand at `position` of the log. */
  begin(position: number): void {
    if (this.#bytes.length > CAPACITY_KEPT) this.#resize(0);
    this.#length = 0;
    this.#position = position;
  }

  /** Writes the frame of one change. It throws a RangeError for a key or a value that is none. */
  add({ key, value }: StoreChange): void {
    checkChange(key, value);
    this.#reserve(VALUE_FRAME_EXTRA + (value?.length ?? 0));
    const start = this.#length;
    const view = this.#view;
    view.setUint32(start, value?.length ?? NO_VALUE);
    view.setUint32(start + 4, key / TWO_32);
    view.setUint32(start + 8, key % TWO_32);
    const sum = crc32c(
      this.#bytes,
      start,
      start + 12,
      seed(this.#salt, this.#position + start),
    );
    view.setUint32(start + 12, sum);
    this.#length += FRAME_SIZE_MIN;
    if (value !== undefined) this.#addValue(value, sum);
  }

  #addValue(value: Uint8Array, sum: number): void {
    const start = this.#length;
    const end = start + value.length;
    this.#bytes.set(value, start);
    this.#view.setUint32(end, crc32c(this.#bytes, start, end, sum));
    this.#length = end + 4;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    this.#resize(Math.max(CAPACITY_START, this.#bytes.length * 2, needed));
  }

  #resize(capacity: number): void {
    const bytes = new Uint8Array(capacity);
    bytes.set(this.#bytes.subarray(0, Math.min(this.#length, capacity)));
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }
}

/** Reads one frame after the other, where the bytes are known to stand in the log. */
export class FrameReader {
  readonly #salt: number;
  #bytes = new Uint8Array(0);
  #view = viewOf(this.#bytes);
  #start = 0;
  #sum = 0;
  /** The key of the frame in hand. */
  key = 0;
  /** The size of the frame in hand. */
  size = 0;
  /** Whether the frame in hand has a value. */
  hasValue = false;

  /** Makes a reader for one log. */
  constructor(salt: number) {
    this.#salt = salt;
  }

  /** Takes the bytes that are to be read from. */
  set bytes(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  /**
   * Takes the frame in hand whose first bytes, 16 at least, begin at `start`, which is `position` of the log.
   * False where there is none.
   */
  open(start: number, position: number): boolean {
    const view = this.#view;
    const size = view.getUint32(start);
    if (size > VALUE_SIZE_MAX && size !== NO_VALUE) return false;
    const sum = crc32c(
      this.#bytes,
      start,
      start + 12,
      seed(this.#salt, position),
    );
    if (view.getUint32(start + 12) !== sum) return false;
    this.#start = start;
    this.#sum = sum;
    this.key = view.getUint32(start + 4) * TWO_32 + view.getUint32(start + 8);
    this.hasValue = size !== NO_VALUE;
    this.size = this.hasValue ? VALUE_FRAME_EXTRA + size : FRAME_SIZE_MIN;
    return true;
  }

  /** Whether the value of the frame in hand, which is here to its end, is what was written. */
  get isRight(): boolean {
    if (!this.hasValue) return true;
    const start = this.#start + FRAME_SIZE_MIN;
    const end = this.#start + this.size - 4;
    return this.#view.getUint32(end) ===
      crc32c(this.#bytes, start, end, this.#sum);
  }

  /** The value of the frame in hand, as a view. */
  get value(): Uint8Array | undefined {
    if (!this.hasValue) return undefined;
    const start = this.#start + FRAME_SIZE_MIN;
    return this.#bytes.subarray(start, this.#start + this.size - 4);
  }
}

function checkChange(key: number, value: Uint8Array | undefined): void {
  if (!Number.isInteger(key) || key < 0 || key > KEY_MAX) {
    throw new RangeError(`A key must be an integer from 0 to 2^53 - 1: ${key}`);
  }
  if (value !== undefined && value.length > VALUE_SIZE_MAX) {
    throw new RangeError(
      `A value must not have more than ${VALUE_SIZE_MAX} bytes: ${value.length}`,
    );
  }
}

/** What the checksum of a frame begins with: the same bytes elsewhere have another sum. */
function seed(salt: number, position: number): number {
  return salt ^ position % TWO_32 ^ position / TWO_32;
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}
