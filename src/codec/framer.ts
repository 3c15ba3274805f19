/**
 * Cuts what was read into packets. A packet inside one block stays where it is; one that spans blocks
 * is gathered in a buffer that grows with what arrived, never with what its header announces.
 *
 * @module
 */
import { allowedHeaders, headerError } from "./fixed_header.ts";
import type { ProtocolVersion } from "./packet.ts";
import { Header } from "./packet_type.ts";
import type { PacketReader } from "./reader.ts";
import { ReasonCode } from "./reason_code.ts";
import { malformedPacket, violation } from "./violation.ts";

/** The largest packet there can be: five bytes of header and the longest Remaining Length. */
export const PACKET_SIZE_MAX = 268_435_460;

/** A header has a byte for type and flags, and up to four of Remaining Length (2.1). */
const HEADER_SIZE_MAX = 5;

const EMPTY: Uint8Array = new Uint8Array(0);
const EMPTY_VIEW: DataView = new DataView(EMPTY.buffer);

/** Finds the packets in a stream of blocks. */
export class Framer {
  /** The largest packet that is accepted, in bytes, with its header. */
  sizeMax: number;
  readonly #reader: PacketReader;
  /** For each first byte, whether it is allowed. */
  #allowed: Uint8Array;

  /** The block in work: what stands before `#position` has been cut or gathered. */
  #block = EMPTY;
  #view = EMPTY_VIEW;
  #position = 0;
  #end = 0;
  /** The blocks that follow it. */
  #waiting: Uint8Array[] = [];

  /** What has arrived of a packet that spans blocks. */
  #gathered = EMPTY;
  #gatheredView = EMPTY_VIEW;
  #gatheredSize = 0;

  /** The size of the header that was measured last. */
  #headerSize = 0;

  /** Makes a framer that opens each packet it finds in `reader`. */
  constructor(reader: PacketReader, sizeMax: number) {
    this.#reader = reader;
    this.sizeMax = sizeMax;
    this.#allowed = allowedHeaders(reader.protocolVersion, reader.from);
  }

  /** The version whose packets are expected; it may change between packets. */
  set protocolVersion(protocolVersion: ProtocolVersion) {
    this.#reader.protocolVersion = protocolVersion;
    this.#allowed = allowedHeaders(protocolVersion, this.#reader.from);
  }

  /** Takes a block. It is not copied, so it must not change any more. */
  push(block: Uint8Array): void {
    if (block.length > 0) this.#waiting.push(block);
  }

  /** Whether no part of a packet waits. */
  get atBoundary(): boolean {
    return this.#gatheredSize === 0 && this.#waiting.length === 0 &&
      this.#position === this.#end;
  }

  /** Opens the next whole packet in the reader; false where more bytes are needed. */
  next(): boolean {
    if (this.#gatheredSize > 0) return this.#gather();
    if (!this.#hasBytes()) return false;
    const start = this.#position;
    const end = this.#end;
    const size = this.#measure(this.#view, start, end);
    if (size > 0 && start + size <= end) {
      this.#position = start + size;
      this.#open(this.#view, start, this.#position);
      return true;
    }
    // What has come of the packet stays in its block until the next block is there.
    if (this.#waiting.length === 0) return false;
    this.#append(end - start, size);
    return this.#gather();
  }

  /** Lets go of all bytes. */
  release(): void {
    this.#waiting = [];
    this.#use(EMPTY);
    this.#forgetGathered();
    this.#reader.release();
  }

  /** Goes on with a packet that spans blocks. */
  #gather(): boolean {
    let size = this.#measureGathered();
    while (size === 0 || this.#gatheredSize < size) {
      if (!this.#hasBytes()) return false;
      if (size === 0) {
        this.#append(1, size);
        size = this.#measureGathered();
      } else {
        const available = this.#end - this.#position;
        this.#append(Math.min(size - this.#gatheredSize, available), size);
      }
    }
    this.#open(this.#gatheredView, 0, size);
    this.#forgetGathered();
    return true;
  }

  #open(view: DataView, start: number, end: number): void {
    const body = start + this.#headerSize;
    this.#reader.open(view.getUint8(start), view, body, end);
  }

  #measureGathered(): number {
    return this.#measure(this.#gatheredView, 0, this.#gatheredSize);
  }

  /** The size of the packet that begins at `start`, or 0 while its header is not all there. */
  #measure(view: DataView, start: number, end: number): number {
    const header = view.getUint8(start);
    if (this.#allowed[header] === 0) throw this.#headerError(header);
    let length = 0;
    for (let index = 1; index < HEADER_SIZE_MAX; index++) {
      if (start + index >= end) return 0;
      const byte = view.getUint8(start + index);
      length |= (byte & 0x7F) << (7 * (index - 1));
      if (byte < 0x80) {
        if (byte === 0 && index > 1) this.#checkMinimal(header);
        this.#headerSize = index + 1;
        const size = this.#headerSize + length;
        if (size > this.sizeMax) throw this.#sizeError(header, size);
        return size;
      }
    }
    throw malformedPacket(
      header,
      "its Remaining Length has more than four bytes",
      "2.1.4",
    );
  }

  // MQTT 3.x asks for no minimum, and of a CONNECT the version is not yet known.
  #checkMinimal(header: number): void {
    if (this.#reader.protocolVersion < 5 || header === Header.connect) return;
    throw malformedPacket(
      header,
      "its Remaining Length has more bytes than it needs",
      "MQTT-1.5.5-1",
    );
  }

  #headerError(header: number): Error | undefined {
    const { protocolVersion, from } = this.#reader;
    return headerError(header, protocolVersion, from);
  }

  #sizeError(header: number, size: number): Error {
    return violation(
      header,
      `it has ${size} bytes, more than the ${this.sizeMax} accepted`,
      ReasonCode.packetTooLarge,
      this.#reader.from === "server" ? "MQTT-3.1.2-24" : "MQTT-3.2.2-15",
    );
  }

  /** Whether the block in work has bytes left; if not, the next one is taken. */
  #hasBytes(): boolean {
    if (this.#position < this.#end) return true;
    const next = this.#waiting.shift();
    this.#use(next ?? EMPTY); // A block that is done with is let go at once.
    return next !== undefined;
  }

  #use(block: Uint8Array): void {
    this.#block = block;
    this.#view = block === EMPTY
      ? EMPTY_VIEW
      : new DataView(block.buffer, block.byteOffset, block.length);
    this.#position = 0;
    this.#end = block.length;
  }

  /** Moves `count` bytes of the block in work behind those gathered of a packet of `size` bytes (0: unknown). */
  #append(count: number, size: number): void {
    const gatheredSize = this.#gatheredSize + count;
    if (gatheredSize > this.#gathered.length) {
      const limit = size === 0 ? HEADER_SIZE_MAX : size;
      this.#growGathered(limit);
    }
    this.#gathered.set(
      this.#block.subarray(this.#position, this.#position + count),
      this.#gatheredSize,
    );
    this.#gatheredSize = gatheredSize;
    this.#position += count;
  }

  // Twice as large each time, so that each byte is copied a few times at most, however small the
  // blocks are; but with room for what has arrived, so that two blocks are joined in one go.
  #growGathered(limit: number): void {
    const arrived = this.#gatheredSize + this.#end - this.#position +
      (this.#waiting[0]?.length ?? 0);
    const grown = new Uint8Array(
      Math.min(limit, Math.max(arrived, 2 * this.#gathered.length)),
    );
    grown.set(this.#gathered.subarray(0, this.#gatheredSize));
    this.#gathered = grown;
    this.#gatheredView = new DataView(grown.buffer);
  }

  #forgetGathered(): void {
    this.#gathered = EMPTY;
    this.#gatheredView = EMPTY_VIEW;
    this.#gatheredSize = 0;
  }
}
