/**
 * What the parts of a session share: the three doors by which things leave it, and what the present
 * server speaks and takes.
 *
 * @module
 */
import { encodeAck } from "../codec/ack.ts";
import { encodePacket } from "../codec/encoder.ts";
import {
  type AckPacket,
  type AckType,
  NO_PROPERTIES,
  type OutgoingPacket,
  type Properties,
  type ProtocolVersion,
  type SubackPacket,
  type UnsubackPacket,
} from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { ByteWriter } from "../codec/writer.ts";
import type { SessionEvent } from "./event.ts";
import type { StoreRecord } from "./record.ts";
import { NO_CONNECTION, type SendLimits } from "./send_limits.ts";

const NOTHING: readonly never[] = [];

/** Bytes, events and records on their way out. */
export class Doors<Request> {
  /** The bytes to be written. */
  writer = new ByteWriter();
  /** How many of them answer what the server sent since bytes were last taken. */
  replySize = 0;
  /** What happened since it was last asked. */
  events: SessionEvent<Request>[] = [];
  /** What must be durable before the bytes leave; undefined where nobody keeps records. */
  records: StoreRecord[] | undefined;
  /** The version spoken on the present connection, or on the last. */
  protocolVersion: ProtocolVersion = 5;
  /** What the present server takes. */
  limits: SendLimits = NO_CONNECTION;

  /** Makes the doors; records are kept only where they are wanted. */
  constructor(options: { recording: boolean }) {
    this.records = options.recording ? [] : undefined;
  }

  /** Writes a packet. */
  write(packet: OutgoingPacket): void {
    encodePacket(this.writer, packet, this.protocolVersion);
  }

  /** Writes an acknowledgement. Under MQTT 3.x it says no more than that it has come. */
  writeAck(
    type: AckType,
    packetId: number,
    reasonCode: number,
    properties: Properties,
  ): void {
    const { writer, protocolVersion, limits } = this;
    if (protocolVersion < 5) {
      reasonCode = ReasonCode.success;
      properties = NO_PROPERTIES;
    }
    const before = writer.length;
    encodeAck(writer, type, packetId, reasonCode, properties, protocolVersion);
    if (
      properties !== NO_PROPERTIES &&
      writer.length - before > limits.packetSizeMax
    ) {
      // What only explains is left out where it is too much for the server [MQTT-3.4.2-2, MQTT-3.4.2-3].
      writer.rewind(before);
      const none = NO_PROPERTIES;
      encodeAck(writer, type, packetId, reasonCode, none, protocolVersion);
    }
    this.replySize += writer.length - before;
  }

  /** Writes DISCONNECT; what only explains is left out where it is too much for the server [MQTT-3.14.2-3, MQTT-3.14.2-4]. */
  writeDisconnect(reasonCode: number, properties: Properties): void {
    const { writer, limits } = this;
    const before = writer.length;
    for (const said of [properties, withoutWords(properties), NO_PROPERTIES]) {
      writer.rewind(before);
      this.write({ type: "disconnect", reasonCode, properties: said });
      if (writer.length - before <= limits.packetSizeMax) return;
    }
  }

  /** The wire is gone. */
  lost(): void {
    // What was not written belongs to the connection that is gone, whose last write may still be
    // reading its buffer.
    this.writer = new ByteWriter();
    this.replySize = 0;
  }

  /** An acknowledgement of nothing that is known has come. */
  tellStray(packet: AckPacket | SubackPacket | UnsubackPacket): void {
    this.events.push({ type: "stray", packet });
  }

  /** Empties the door of bytes: they are valid until it is emptied again. */
  takeBytes(): Uint8Array | undefined {
    this.replySize = 0;
    return this.writer.take();
  }

  /** Empties the door of events. */
  takeEvents(): readonly SessionEvent<Request>[] {
    const { events } = this;
    if (events.length === 0) return NOTHING;
    this.events = [];
    return events;
  }

  /** Empties the door of records. */
  takeRecords(): readonly StoreRecord[] {
    const { records } = this;
    if (records === undefined || records.length === 0) return NOTHING;
    this.records = [];
    return records;
  }
}

function withoutWords({ sessionExpiryInterval }: Properties): Properties {
  return sessionExpiryInterval === undefined
    ? NO_PROPERTIES
    : { sessionExpiryInterval };
}
