/**
 * What a store keeps of a session: under which key, and as which bytes.
 *
 * | key            | value                                                                  |
 * | -------------- | ---------------------------------------------------------------------- |
 * | 0              | whose session it is                                                    |
 * | 1 - 65,535     | the incoming QoS 2 message with this packet id is owned: nothing       |
 * | 65,536 + id    | the outgoing message with this packet id is in flight: which, how far  |
 * | 131,072 + n    | the n-th message that was accepted: whether and when it expires, and its PUBLISH |
 *
 * @module
 */
import { PacketDecoder } from "../codec/decoder.ts";
import type {
  OutgoingPublish,
  Properties,
  PublishPacket,
} from "../codec/packet.ts";
import { encodePublish } from "../codec/publish.ts";
import type { ByteWriter } from "../codec/writer.ts";
import { StoreError } from "../errors.ts";
import type { StoreRecord } from "../session/record.ts";
import type { SessionBinding } from "./binding.ts";

/** Whose session it is. */
export const SESSION_KEY = 0;

/** Where the keys of flights begin. */
export const FLIGHT_KEYS = 65_536;

/** Where the keys of messages begin. */
export const MESSAGE_KEYS = 131_072;

/** What the values here are, as a number: a later version may have others. */
const FORMAT = 1;

const TWO_32 = 2 ** 32;

// MQTT 5 can say all that the others can. The identifier is that of the flight; 1 keeps its place.
const VERSION = 5;
const PLACEHOLDER_ID = 1;

/** A message in flight. */
export interface FlightValue {
  /** The number under which it was accepted. */
  readonly order: number;
  /** 0 while PUBACK or PUBREC is awaited; then the number under which PUBREC came. */
  readonly releaseOrder: number;
}

/** A message that was accepted. */
export interface MessageValue {
  /** What is to be sent. */
  readonly packet: PublishPacket;
  /** When it expires, in ms of the wall clock; 0 where it does not. */
  readonly expiresAt: number;
}

type Accepted = Extract<StoreRecord, { type: "accepted" }>;

/** Writes a message. `expiresAt` is the wall clock's. */
export function encodeMessage(
  writer: ByteWriter,
  record: Accepted,
  expiresAt: number,
): void {
  writer.uint8(expiresAt === 0 ? 0 : 1);
  if (expiresAt > 0) encodeNumber(writer, expiresAt);
  encodePublish(writer, publishOf(record), VERSION);
}

/** Reads messages, whose payloads are views. */
export class MessageDecoder {
  #decoder = newDecoder();

  /** Reads one. Throws where the bytes are none. */
  decode(bytes: Uint8Array): MessageValue {
    const expiresAt = bytes[0] === 0 ? 0 : decodeNumber(bytes, 1);
    try {
      this.#decoder.push(bytes.subarray(expiresAt === 0 ? 1 : 9));
      const packet = this.#decoder.next();
      if (packet?.type === "publish" && this.#decoder.atBoundary) {
        return { packet, expiresAt };
      }
    } catch {
      // A ProtocolError names a clause that nobody has broken.
    }
    this.#decoder = newDecoder();
    throw unreadable("a message");
  }
}

/** Writes what is known of a flight. */
export function encodeFlight(writer: ByteWriter, flight: FlightValue): void {
  encodeNumber(writer, flight.order);
  encodeNumber(writer, flight.releaseOrder);
}

/** Reads what is known of a flight. */
export function decodeFlight(bytes: Uint8Array): FlightValue {
  return {
    order: decodeNumber(bytes, 0),
    releaseOrder: decodeNumber(bytes, 8),
  };
}

/** Writes whose session it is. */
export function encodeBinding(
  writer: ByteWriter,
  binding: SessionBinding,
): void {
  writer.utf8(JSON.stringify({ format: FORMAT, ...binding }));
}

/** Reads whose session it is. Throws a StoreError where a later version has written it. */
export function decodeBinding(bytes: Uint8Array): SessionBinding {
  const { format, ...binding } = JSON.parse(new TextDecoder().decode(bytes));
  if (format === FORMAT) return binding;
  throw new StoreError(
    `Cannot go on with the session: it is kept in format ${format}, and this version of midge knows ${FORMAT}`,
    { fault: "not-a-store" },
  );
}

function newDecoder(): PacketDecoder {
  return new PacketDecoder({ protocolVersion: VERSION, from: "server" });
}

function publishOf(record: Accepted): OutgoingPublish {
  const { topicName, payload, qos, retain, properties } = record;
  return {
    type: "publish",
    topicName,
    payload,
    qos,
    retain,
    dup: false,
    packetId: qos === 0 ? 0 : PLACEHOLDER_ID,
    properties: lasting(topicName, properties),
  };
}

/** A Topic Alias is of no meaning on another connection (3.3.2.3.4). */
function lasting(topicName: string, properties: Properties): Properties {
  if (properties.topicAlias === undefined || topicName === "") {
    return properties;
  }
  const { topicAlias: _, ...others } = properties;
  return others;
}

function encodeNumber(writer: ByteWriter, value: number): void {
  writer.uint32(value / TWO_32);
  writer.uint32(value % TWO_32);
}

function decodeNumber(bytes: Uint8Array, start: number): number {
  if (bytes.length < start + 8) throw unreadable("a number");
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, 8);
  return view.getUint32(0) * TWO_32 + view.getUint32(4);
}

function unreadable(what: string): StoreError {
  const message = `Cannot go on with the session: ${what} cannot be read`;
  return new StoreError(message, { fault: "failed" });
}
