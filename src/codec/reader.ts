/**
 * The packet in hand while it is read: its bytes, by which version and from whom it came. Whatever
 * reads beyond its end, or finds what must not be there, throws a ProtocolError that names the packet.
 *
 * @module
 */
import type { ProtocolError } from "../errors.ts";
import type { ProtocolVersion, Sender } from "./packet.ts";
import { Header } from "./packet_type.ts";
import { decodeAscii, decodeUtf8 } from "./string.ts";
import { TextCache } from "./text_cache.ts";
import { malformedPacket, protocolError } from "./violation.ts";

const EMPTY_VIEW = new DataView(new ArrayBuffer(0));

// 2 MiB at most, and less as long as there are few names.
const topicNames = new TextCache({ slotCount: 16_384, sizeMax: 128 });

// For content types and the names of User Properties. What is longer is rarely the same again.
const strings = new TextCache({ slotCount: 1_024, sizeMax: 24 });

/** Reads the parts of a packet, one behind the other. */
export class PacketReader {
  /** Whose rules the packet is read by. */
  protocolVersion: ProtocolVersion;
  /** Who sent the packet. */
  readonly from: Sender;
  /** The first byte of the packet. */
  header = 0;
  /** Where the next part begins, in the block that the packet stands in. */
  position = 0;
  /** Where the packet ends; within its properties, where those end. */
  end = 0;
  #view: DataView = EMPTY_VIEW;
  // To ask the view for them, packet by packet, costs as much as all else that a short packet needs.
  #buffer: ArrayBufferLike = EMPTY_VIEW.buffer;
  #byteOffset = 0;

  /** Makes a reader without a packet. */
  constructor(protocolVersion: ProtocolVersion, from: Sender) {
    this.protocolVersion = protocolVersion;
    this.from = from;
  }

  /** Takes the next packet in hand: what follows its Remaining Length, up to `end`. */
  open(header: number, view: DataView, position: number, end: number): void {
    this.header = header;
    if (view !== this.#view) this.#use(view);
    this.position = position;
    this.end = end;
  }

  /** Lets go of the last packet's bytes, which may be many. */
  release(): void {
    this.open(0, EMPTY_VIEW, 0, 0);
  }

  /** Whether nothing is left to read. */
  get atEnd(): boolean {
    return this.position === this.end;
  }

  /** Refuses what stands behind the last part of a packet. */
  finish(): void {
    if (this.position !== this.end) {
      throw this.malformed(
        `${this.end - this.position} bytes follow its last field`,
        "2.1.4",
      );
    }
  }

  /** One byte. */
  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  /** A Two Byte Integer (1.5.2). */
  uint16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  /** A Four Byte Integer (1.5.3). */
  uint32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  /** A Variable Byte Integer (1.5.5). */
  variableByteInteger(): number {
    const first = this.uint8();
    if (first < 0x80) return first;
    let value = first & 0x7F;
    for (let shift = 7; shift <= 21; shift += 7) {
      const byte = this.uint8();
      value |= (byte & 0x7F) << shift;
      if (byte === 0) {
        throw this.malformed(
          "a Variable Byte Integer has more bytes than it needs",
          "MQTT-1.5.5-1",
        );
      }
      if (byte < 0x80) return value;
    }
    throw this.malformed(
      "a Variable Byte Integer has more than four bytes",
      "1.5.5",
    );
  }

  /** A Packet Identifier (2.2.1), which is never 0. */
  packetId(): number {
    const packetId = this.uint16();
    if (packetId === 0) {
      throw this.protocolError(
        "its Packet Identifier is 0",
        packetIdClause(this.header, this.from),
      );
    }
    return packetId;
  }

  /** Binary Data (1.5.6), as a view. */
  binary(): Uint8Array {
    return this.#bytesTo(this.#advance(this.uint16()));
  }

  /** All that is left, as a view. */
  rest(): Uint8Array {
    const start = this.position;
    this.position = this.end;
    return this.#bytesTo(start);
  }

  /** A UTF-8 Encoded String (1.5.4). */
  string(): string {
    const size = this.uint16();
    const start = this.#advance(size);
    const known = strings.find(this.#view, start, size);
    if (known !== undefined) return known;
    const text = this.#decode(start);
    strings.add(text, this.#view, start, size);
    return text;
  }

  /** A Topic Name: a string without wildcards. It may be empty where a Topic Alias stands for it. */
  topicName(wildcardClause = "MQTT-3.3.2-2"): string {
    const size = this.uint16();
    const start = this.#advance(size);
    const known = topicNames.find(this.#view, start, size);
    if (known !== undefined) return known;
    const topicName = this.#decode(start);
    if (topicName.includes("#") || topicName.includes("+")) {
      throw this.malformed("a Topic Name has wildcards", wildcardClause);
    }
    topicNames.add(topicName, this.#view, start, size);
    return topicName;
  }

  /** A ProtocolError: these bytes cannot be read as such a packet. */
  malformed(why: string, clause: string): ProtocolError {
    return malformedPacket(this.header, why, clause);
  }

  /** A ProtocolError: such a packet must not be sent. */
  protocolError(why: string, clause: string): ProtocolError {
    return protocolError(this.header, why, clause);
  }

  /** Goes on by `count` bytes, and returns where they begin. */
  #advance(count: number): number {
    const start = this.position;
    if (count > this.end - start) {
      throw this.malformed("it ends within a field", "2.1.4");
    }
    this.position = start + count;
    return start;
  }

  #use(view: DataView): void {
    this.#view = view;
    this.#buffer = view.buffer;
    this.#byteOffset = view.byteOffset;
  }

  #bytesTo(start: number): Uint8Array {
    const size = this.position - start;
    return new Uint8Array(this.#buffer, this.#byteOffset + start, size);
  }

  /** The string from `start` to where the reader stands. */
  #decode(start: number): string {
    const ascii = decodeAscii(this.#view, start, this.position);
    if (ascii !== undefined) return ascii;
    const text = decodeUtf8(this.#bytesTo(start));
    if (text === undefined) {
      throw this.malformed("a string is not UTF-8", "MQTT-1.5.4-1");
    }
    if (text.includes("\0")) {
      throw this.malformed("a string contains U+0000", "MQTT-1.5.4-2");
    }
    return text;
  }
}

/** The clause that asks for a Packet Identifier: one of its own, or that of what is acknowledged. */
function packetIdClause(header: number, from: Sender): string {
  const type = header & 0xF0;
  if (type === Header.suback || type === Header.unsuback) return "MQTT-2.2.1-6";
  if (type >= Header.puback && type <= Header.pubcomp) return "MQTT-2.2.1-5";
  return from === "client" ? "MQTT-2.2.1-3" : "MQTT-2.2.1-4";
}
