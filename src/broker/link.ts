/**
 * One wire of the broker from the inside: the bytes that have come and those that wait to go, within the
 * limits of its client. What the packets mean is the business of its handler.
 *
 * @module
 */
import { encodeAck } from "../codec/ack.ts";
import { PacketDecoder } from "../codec/decoder.ts";
import { encodePacket } from "../codec/encoder.ts";
import {
  type AckType,
  type ConnectPacket,
  NO_PROPERTIES,
  type Packet,
  type Properties,
  type ProtocolVersion,
} from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { ByteWriter } from "../codec/writer.ts";
import type { ProtocolError } from "../errors.ts";
import type { BrokerConnection } from "./connection.ts";
import type { Doors } from "./doors.ts";
import { mayExplain, type Reply, withoutExplanation } from "./explanation.ts";
import { FIRST_BYTES } from "./foreign.ts";
import { unanswerable } from "./misconduct.ts";
import type { BrokerDecision, BrokerQuestion } from "./question.ts";

/**
 * How many times `outgoingSizeMax` may wait in replies before a client, which does not read, is not read
 * either. Messages do not count: a client that takes its time for a large one must be heard.
 */
const REPLIES_FACTOR = 4;

/** An acknowledgement without properties has at most so many bytes (3.4.2). */
const ACK_SIZE_MAX = 5;

/**
 * What the packets of a connection mean: one handler up to CONNACK, another one from then on. A
 * ProtocolError that it throws comes back to `failed`.
 */
export interface PacketHandler {
  /** A packet has come. */
  handle(packet: Packet, now: number): void;
  /** The question that was open has its answer. */
  answered(
    question: BrokerQuestion,
    decision: BrokerDecision,
    now: number,
  ): void;
  /** An input has been looked at: there may be room for what waits. */
  flush(now: number): void;
  /** The client has broken the specification: the connection ends. */
  failed(error: ProtocolError, now: number): void;
  /** The wire is gone. */
  lost(now: number): void;
}

/** See {@linkcode BrokerConnection}. */
export class Link implements BrokerConnection {
  readonly peer: string;
  clientId = "";
  connectPacket: ConnectPacket | undefined;
  isConnected = false;
  isEnding = false;
  /** What was asked about this client and is not answered. */
  question: BrokerQuestion | undefined;
  /** Who looks at its packets. */
  handler: PacketHandler | undefined;
  /** The Maximum Packet Size of the client. */
  packetSizeMax: number = Infinity;
  /** Request Problem Information (3.1.2.11.7). */
  explains = true;
  /** How many times bytes were taken: what was written before the last time has left us. */
  takes = 0;
  /** When the last packet came: ms of the driver's clock. */
  heardAt: number;
  /** The first bytes that came: what is no client of MQTT may be told by them. */
  firstBytes: Uint8Array = new Uint8Array(0);
  /** The bytes to be written. */
  readonly writer = new ByteWriter();
  readonly #decoder: PacketDecoder;
  readonly #doors: Doors;
  /** How many bytes were taken and are not known to be written. */
  #unwritten = 0;
  /** How many of them, and of those that wait, are replies. */
  #unwrittenReplies = 0;
  #waitingReplies = 0;
  /** How many bytes have come since it was paused. */
  #held = 0;

  /** Makes the link of a new wire. */
  constructor(doors: Doors, peer: string, now: number) {
    this.peer = peer;
    this.#doors = doors;
    this.heardAt = now;
    this.#decoder = new PacketDecoder({
      // CONNECT is read by its own version, and nothing else is accepted before it.
      protocolVersion: 4,
      from: "client",
      sizeMax: doors.settings.maximumPacketSize,
    });
  }

  get protocolVersion(): ProtocolVersion | undefined {
    return this.connectPacket?.protocolVersion;
  }

  /** The version that CONNECT has named, even one that is malformed behind it. */
  get versionRead(): ProtocolVersion {
    return this.#decoder.protocolVersion;
  }

  get outgoingSize(): number {
    return this.writer.length + this.#unwritten;
  }

  /** Whether a message may be written; else it waits in its session. */
  get hasRoom(): boolean {
    return this.outgoingSize < this.#doors.settings.outgoingSizeMax;
  }

  get isPaused(): boolean {
    const { outgoingSizeMax } = this.#doors.settings;
    const replies = this.#waitingReplies + this.#unwrittenReplies;
    return this.question !== undefined ||
      replies > outgoingSizeMax * REPLIES_FACTOR;
  }

  /** Bytes have come. False where more wait than may. */
  push(bytes: Uint8Array): boolean {
    if (this.firstBytes.length === 0) {
      this.firstBytes = bytes.slice(0, FIRST_BYTES);
    }
    this.#decoder.push(bytes);
    this.#held = this.isPaused ? this.#held + bytes.length : 0;
    return this.#held <= this.#doors.settings.incomingSizeMax;
  }

  /** The next packet; undefined where more bytes are needed. Throws a ProtocolError. */
  next(): Packet | undefined {
    return this.#decoder.next();
  }

  /** Something is to be decided about the client: until it is, its packets wait. */
  ask(question: BrokerQuestion): void {
    this.question = question;
    this.#doors.ask(question);
  }

  /** The driver is to look at this connection. */
  mark(): void {
    this.#doors.dirty.add(this);
  }

  takeBytes(): Uint8Array | undefined {
    const bytes = this.writer.take();
    if (bytes === undefined) return undefined;
    this.takes++;
    this.#unwritten += bytes.length;
    this.#unwrittenReplies += this.#waitingReplies;
    this.#waitingReplies = 0;
    this.#doors.bytesSent += bytes.length;
    return bytes;
  }

  /** All that was taken is written. */
  written(): void {
    this.#unwritten = 0;
    this.#unwrittenReplies = 0;
    this.mark();
  }

  /** Nothing more is looked at; the wire is to be closed once the bytes that wait are written. */
  end(): void {
    this.isEnding = true;
    this.isConnected = false;
    this.question = undefined;
    this.mark();
  }

  /**
   * Writes a packet that the client must get. What only explains is left out where it is not wanted, or
   * too much for the client [MQTT-3.2.2-19, MQTT-3.4.2-2]. Where the rest is too much as well, the
   * connection cannot go on [MQTT-3.1.2-24]: a ProtocolError is thrown.
   */
  send(packet: Reply): void {
    if (!this.trySend(packet)) throw unanswerable(packet, this.packetSizeMax);
  }

  /** As `send`; false where it is too much for the client. */
  trySend(packet: Reply): boolean {
    return mayExplain(packet, this.explains) && this.#write(packet) ||
      this.#write(withoutExplanation(packet));
  }

  /** Whether a packet, without what only explains, is not too much for the client: nothing is written. */
  accepts(packet: Reply): boolean {
    const { writer } = this;
    const before = writer.length;
    const least = withoutExplanation(packet);
    encodePacket(writer, least, this.protocolVersion ?? 4);
    const size = writer.length - before;
    writer.rewind(before);
    return size <= this.packetSizeMax;
  }

  /** As `send`, for acknowledgements, of which there are many. MQTT 3.x knows no Reason Codes in them. */
  sendAck(
    type: AckType,
    packetId: number,
    reasonCode: number = ReasonCode.success,
    properties: Properties = NO_PROPERTIES,
  ): void {
    const { writer, protocolVersion } = this;
    const before = writer.length;
    if (protocolVersion !== 5) {
      encodeAck(writer, type, packetId, 0, NO_PROPERTIES, 4);
    } else if (
      properties === NO_PROPERTIES && this.packetSizeMax >= ACK_SIZE_MAX
    ) {
      encodeAck(writer, type, packetId, reasonCode, properties, 5);
    } else return this.send({ type, packetId, reasonCode, properties });
    this.#waitingReplies += writer.length - before;
    this.mark();
  }

  /** Writes a packet where it is not too large for the client. */
  #write(packet: Reply): boolean {
    const { writer } = this;
    const before = writer.length;
    encodePacket(writer, packet, this.protocolVersion ?? 4);
    if (writer.length - before > this.packetSizeMax) {
      writer.rewind(before);
      return false;
    }
    this.#waitingReplies += writer.length - before;
    this.mark();
    return true;
  }
}
