/**
 * What a store keeps of a session: under which key, and as which bytes.
 *
 * | key            | value                                                                  |
 * | -------------- | ---------------------------------------------------------------------- |
 * | 0              | whose session it is                                                    |
 * | 1 - 65,535     | the incoming QoS 2 message with this packet id is owned: nothing       |
 * | 65,536         | how far the program has come, where no message says it: when that was, and what |
 * | 65,536 + id    | the outgoing message with this packet id is in flight: which, how far  |
 * | 131,072 + n    | the n-th message that was accepted: whether and when it expires, whether and how far |
 * |                | the program has come with it, and its PUBLISH                          |
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
import type { Checkpoint } from "./checkpoint.ts";

/** Whose session it is. */
export const SESSION_KEY = 0;

/** Where the keys of flights begin. */
export const FLIGHT_KEYS = 65_536;

/** The last checkpoint, where it goes with no message: no packet has the id 0. */
export const CHECKPOINT_KEY = FLIGHT_KEYS;

/** Where the keys of messages begin. */
export const MESSAGE_KEYS = 131_072;

/** What the values here are, as a number: a later version may have others. 1 is 2 without checkpoints. */
const FORMAT = 2;
const FORMATS_KNOWN: readonly unknown[] = [1, FORMAT];

// What a message's value has before its PUBLISH, as bits of its first byte.
const EXPIRES = 1;
const HAS_CHECKPOINT = 2;

const NUMBER_SIZE = 8;

const encoder = new TextEncoder();

// A leading U+FEFF belongs to the text.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

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
  /** How far the program has come with it, by its own words. */
  readonly checkpoint: string | undefined;
}

type Accepted = Extract<StoreRecord, { type: "accepted" }>;

/** Writes a message. `expiresAt` is the wall clock's. */
export function encodeMessage(
  writer: ByteWriter,
  record: Accepted,
  expiresAt: number,
): void {
  const { checkpoint } = record;
  writer.uint8(
    (expiresAt > 0 ? EXPIRES : 0) |
      (checkpoint === undefined ? 0 : HAS_CHECKPOINT),
  );
  if (expiresAt > 0) encodeNumber(writer, expiresAt);
  if (checkpoint !== undefined) {
    writer.binary(encoder.encode(checkpoint), "the checkpoint");
  }
  encodePublish(writer, publishOf(record), VERSION);
}

/** Reads messages, whose payloads are views. */
export class MessageDecoder {
  #decoder = newDecoder();

  /** Reads one. Throws where the bytes are none. */
  decode(bytes: Uint8Array): MessageValue {
    const head = decodeHead(bytes);
    try {
      this.#decoder.push(bytes.subarray(head.size));
      const packet = this.#decoder.next();
      if (packet?.type === "publish" && this.#decoder.atBoundary) {
        const { expiresAt, checkpoint } = head;
        return { packet, expiresAt, checkpoint };
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

/** Writes a checkpoint that goes with no message. */
export function encodeCheckpoint(
  writer: ByteWriter,
  { order, text }: Checkpoint,
): void {
  encodeNumber(writer, order);
  if (text !== undefined) {
    writer.binary(encoder.encode(text), "the checkpoint");
  }
}

/** Reads a checkpoint that goes with no message. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const order = decodeNumber(bytes, 0);
  const isThere = bytes.length > NUMBER_SIZE;
  return { order, text: isThere ? decodeText(bytes, NUMBER_SIZE) : undefined };
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
  if (FORMATS_KNOWN.includes(format)) return binding;
  throw new StoreError(
    `Cannot go on with the session: it is kept in format ${format}, and this version of midge knows ${FORMAT}`,
    { fault: "not-a-store" },
  );
}

/** What stands before the PUBLISH of a message. */
function decodeHead(bytes: Uint8Array) {
  const [flags = 0] = bytes;
  let size = 1;
  let expiresAt = 0;
  let checkpoint: string | undefined;
  if (flags & EXPIRES) {
    expiresAt = decodeNumber(bytes, size);
    size += NUMBER_SIZE;
  }
  if (flags & HAS_CHECKPOINT) {
    checkpoint = decodeText(bytes, size);
    size += 2 + textSize(bytes, size);
  }
  return { size, expiresAt, checkpoint };
}

function decodeText(bytes: Uint8Array, start: number): string {
  const from = start + 2;
  const end = from + textSize(bytes, start);
  if (end > bytes.length) throw unreadable("a checkpoint");
  return decoder.decode(bytes.subarray(from, end));
}

/** How many bytes a text has: two bytes before it say so. */
function textSize(bytes: Uint8Array, start: number): number {
  return (bytes[start] ?? 0) * 256 + (bytes[start + 1] ?? 0);
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
  if (bytes.length < start + NUMBER_SIZE) throw unreadable("a number");
  const view = new DataView(
    bytes.buffer,
    bytes.byteOffset + start,
    NUMBER_SIZE,
  );
  return view.getUint32(0) * TWO_32 + view.getUint32(4);
}

function unreadable(what: string): StoreError {
  const message = `Cannot go on with the session: ${what} cannot be read`;
  return new StoreError(message, { fault: "failed" });
}
