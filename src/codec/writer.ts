/**
 * The bytes that wait to be sent: packets are written one behind the other into one buffer that
 * grows, so that a packet costs no allocation and many of them leave in one write.
 *
 * What cannot be written is the caller's mistake: a TypeError or a RangeError.
 *
 * @module
 */
import { packetName } from "./packet_type.ts";
import { STRING_SIZE_MAX } from "./string.ts";

/** The most that a Remaining Length, or any Variable Byte Integer, can say (1.5.5). */
export const VARIABLE_BYTE_INTEGER_MAX = 268_435_455;

/** The first size of a buffer: some hundred small packets. */
const CAPACITY_START = 16 * 1024;

/** A buffer above this size was made for a huge packet, and is not kept when it has left. */
const CAPACITY_KEPT = 16 * 1024 * 1024;

/** A buffer that has been nearly empty this many times is too large for what there is to do. */
const IDLE_TAKES_MAX = 64;

// Beyond this many characters encodeInto, with its fixed cost of a call, is quicker than a loop.
const ASCII_LOOP_MAX = 96;

// Up to this many bytes a loop is quicker than set, with its fixed cost of a call.
const COPY_LOOP_MAX = 48;

const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();

// Which characters of ASCII may be copied as they are; all others are looked at more closely.
const IN_TEXT = new Uint8Array(128).fill(1);
const IN_STRING = IN_TEXT.map((_, code) => code === 0 ? 0 : 1);
const IN_TOPIC_NAME = IN_STRING.map((plain, code) =>
  "+#".includes(String.fromCharCode(code)) ? 0 : plain
);

/** Collects packets until they are taken. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer> = EMPTY;
  /** The other buffer: while what it held is on its way out, the next packets go into `#bytes`. */
  #spare: Uint8Array<ArrayBuffer> = EMPTY;
  #length = 0;
  #idleTakes = 0;
  /** The first byte of the packet in work; errors are named by it. */
  #header = 0;
  /** The Topic Name that was written last, found right, and its bytes with their length. */
  #lastTopicName = "";
  #lastTopicBytes: Uint8Array | undefined;

  /** How many bytes wait. */
  get length(): number {
    return this.#length;
  }

  /**
   * All that waits, or undefined where nothing does. The view is valid until the next call: the two
   * buffers take turns.
   */
  take(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#length === 0) return undefined;
    const taken = this.#bytes.subarray(0, this.#length);
    const next = this.#spare;
    this.#spare = this.#isTooLarge() ? EMPTY : this.#bytes;
    this.#bytes = next;
    this.#length = 0;
    return taken;
  }

  /** Takes back all that was written since there were `length` bytes. */
  rewind(length: number): void {
    this.#length = length;
  }

  /**
   * Begins a packet: its first byte, and the place of its Remaining Length. The nearer the estimate,
   * the less must be moved when the length is known.
   */
  begin(header: number, estimate = 0): number {
    this.uint8(header);
    this.#header = header;
    return this.openLength(estimate);
  }

  /**
   * Keeps the place of a Variable Byte Integer that is to say how much follows it. Returns what
   * {@linkcode closeLength} must be given.
   */
  openLength(estimate = 0): number {
    const reserved = variableByteIntegerSize(estimate);
    this.#reserve(reserved);
    this.#length += reserved;
    // The last byte of the place says how long the place is.
    this.#bytes[this.#length - 1] = reserved;
    return this.#length;
  }

  /** Writes how much follows: what was written since `start`, and `more` that is going to be. */
  closeLength(start: number, more = 0): void {
    const length = this.#length - start + more;
    if (length > VARIABLE_BYTE_INTEGER_MAX) {
      throw this.rangeError(
        `it would have ${length} bytes, and more than ${VARIABLE_BYTE_INTEGER_MAX} cannot be told`,
      );
    }
    const reserved = this.#bytes[start - 1] ?? 0;
    const shift = variableByteIntegerSize(length) - reserved;
    if (shift !== 0) {
      this.#reserve(shift);
      this.#bytes.copyWithin(start + shift, start, this.#length);
      this.#length += shift;
    }
    this.#put(start - reserved, length);
  }

  /** One byte. */
  uint8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A Two Byte Integer (1.5.2). */
  uint16(value: number): void {
    this.#reserve(2);
    this.#bytes[this.#length++] = value >> 8;
    this.#bytes[this.#length++] = value;
  }

  /** A Four Byte Integer (1.5.3). */
  uint32(value: number): void {
    this.#reserve(4);
    this.#bytes[this.#length++] = value >> 24;
    this.#bytes[this.#length++] = value >> 16;
    this.#bytes[this.#length++] = value >> 8;
    this.#bytes[this.#length++] = value;
  }

  /** A Variable Byte Integer (1.5.5). */
  variableByteInteger(value: number): void {
    this.#reserve(4);
    this.#length = this.#put(this.#length, value);
  }

  /** A Packet Identifier (2.2.1), which is never 0. */
  packetId(packetId: number): void {
    if (
      !(packetId >= 1 && packetId <= 65_535) || !Number.isInteger(packetId)
    ) {
      throw this.rangeError(
        `the Packet Identifier must be 1 to 65,535, not ${packetId}`,
      );
    }
    this.uint16(packetId);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    const size = bytes.length;
    this.#reserve(size);
    if (size > COPY_LOOP_MAX) this.#bytes.set(bytes, this.#length);
    else {
      const target = this.#bytes;
      const start = this.#length;
      for (let index = 0; index < size; index++) {
        target[start + index] = bytes[index] ?? 0;
      }
    }
    this.#length += size;
  }

  /** Binary Data (1.5.6). */
  binary(bytes: Uint8Array, name: string): void {
    this.#checkSize(bytes.length, name);
    this.uint16(bytes.length);
    this.raw(bytes);
  }

  /** A UTF-8 Encoded String (1.5.4). */
  string(text: string, name: string): void {
    const start = this.#openString();
    if (!this.#ascii(text, IN_STRING)) this.#anyString(text, name);
    this.#closeString(start);
  }

  /** A Topic Name: a string without wildcards. The same one again is copied, not checked again. */
  topicName(topicName: string, name: string): void {
    const isLast = topicName === this.#lastTopicName;
    if (isLast && this.#lastTopicBytes !== undefined) {
      return this.raw(this.#lastTopicBytes);
    }
    const start = this.#openString();
    if (!this.#ascii(topicName, IN_TOPIC_NAME)) {
      if (topicName.includes("#") || topicName.includes("+")) {
        throw this.typeError(`${name} must not contain wildcards`);
      }
      this.#anyString(topicName, name);
    }
    this.#closeString(start);
    this.#lastTopicName = topicName;
    // To keep the bytes costs more than to write them: it pays from the third time on.
    this.#lastTopicBytes = isLast
      ? this.#bytes.slice(start, this.#length)
      : undefined;
  }

  /** A text as UTF-8, with no length before it and no rule for it: a lone surrogate becomes U+FFFD. */
  utf8(text: string): void {
    this.#reserve(Math.max(text.length, ASCII_LOOP_MAX));
    if (!this.#ascii(text, IN_TEXT)) this.#encode(text);
  }

  /** A TypeError about the packet in work. */
  typeError(why: string): TypeError {
    return new TypeError(`Cannot encode ${packetName(this.#header)}: ${why}`);
  }

  /** A RangeError about the packet in work. */
  rangeError(why: string): RangeError {
    return new RangeError(`Cannot encode ${packetName(this.#header)}: ${why}`);
  }

  /** Writes a short text of plain characters alone; anything else it leaves. */
  #ascii(text: string, plain: Uint8Array): boolean {
    const size = text.length;
    if (size > ASCII_LOOP_MAX) return false;
    const bytes = this.#bytes;
    let position = this.#length;
    for (let index = 0; index < size; index++) {
      const code = text.charCodeAt(index);
      if (plain[code] !== 1) return false;
      bytes[position++] = code;
    }
    this.#length = position;
    return true;
  }

  #openString(): number {
    this.#reserve(2 + ASCII_LOOP_MAX);
    this.#length += 2;
    return this.#length - 2;
  }

  #closeString(start: number): void {
    const size = this.#length - start - 2;
    this.#bytes[start] = size >> 8;
    this.#bytes[start + 1] = size;
  }

  #anyString(text: string, name: string): void {
    this.#checkSize(text.length, name);
    if (text.includes("\0")) {
      throw this.typeError(`${name} must not contain U+0000`);
    }
    if (!text.isWellFormed()) {
      throw this.typeError(`${name} must not contain a lone surrogate`);
    }
    const start = this.#length;
    this.#encode(text);
    this.#checkSize(this.#length - start, name);
  }

  #encode(text: string): void {
    let rest = text;
    while (true) {
      // Room for one more code point than can be left over, lest nothing fits and it never ends.
      this.#reserve(rest.length + 3);
      const { read, written } = encoder.encodeInto(
        rest,
        this.#bytes.subarray(this.#length),
      );
      this.#length += written;
      if (read === rest.length) return;
      rest = rest.slice(read);
    }
  }

  #checkSize(size: number, name: string): void {
    if (size > STRING_SIZE_MAX) {
      throw this.rangeError(
        `${name} must not have more than ${STRING_SIZE_MAX} bytes`,
      );
    }
  }

  /** Writes a Variable Byte Integer at `position`, where there is room, and returns where it ends. */
  #put(position: number, value: number): number {
    let rest = value;
    while (rest > 0x7F) {
      this.#bytes[position++] = rest | 0x80;
      rest >>>= 7;
    }
    this.#bytes[position++] = rest;
    return position;
  }

  /** Makes room for `count` more bytes. */
  #reserve(count: number): void {
    if (this.#length + count > this.#bytes.length) this.#grow(count);
  }

  #isTooLarge(): boolean {
    const capacity = this.#bytes.length;
    const isIdle = capacity > CAPACITY_START && this.#length < capacity / 16;
    this.#idleTakes = isIdle ? this.#idleTakes + 1 : 0;
    return capacity > CAPACITY_KEPT || this.#idleTakes > IDLE_TAKES_MAX;
  }

  #grow(count: number): void {
    const bytes = new Uint8Array(
      Math.max(
        CAPACITY_START,
        this.#bytes.length * 2,
        this.#length + count,
      ),
    );
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}

/** How many bytes a Variable Byte Integer takes: 1 to 4. */
function variableByteIntegerSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x200000 ? 3 : 4;
}
