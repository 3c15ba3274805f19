/**
 * The protocol as a plain machine: bytes, wishes and the time come in; bytes, events, records and a
 * deadline come out.
 *
 * It waits for nothing and reads no clock. After each input the driver empties all doors.
 *
 * @module
 */
import type { PacketDecoder } from "../codec/decoder.ts";
import { NO_PROPERTIES } from "../codec/packet.ts";
import type {
  ConnackPacket,
  ConnectPacket,
  Packet,
  Properties,
  PublishPacket,
} from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { ByteWriter } from "../codec/writer.ts";
import {
  type Delivery,
  type KeepAliveError,
  ProtocolError,
} from "../errors.ts";
import { agree, decoderFor } from "./agreement.ts";
import type { IncomingDelivery } from "./delivery.ts";
import { Doors } from "./doors.ts";
import type { SessionEvent } from "./event.ts";
import type { Flight, OutgoingMessage } from "./flight.ts";
import { Incoming } from "./incoming.ts";
import { KeepAlive } from "./keep_alive.ts";
import { silent, tooEarly, unasked, unconnected } from "./misconduct.ts";
import { Outgoing } from "./outgoing.ts";
import { PacketIds } from "./packet_ids.ts";
import type { StoreRecord } from "./record.ts";
import {
  Requests,
  type SubscribeRequest,
  type UnsubscribeRequest,
} from "./requests.ts";
import { type Inflight, NO_CONNECTION } from "./send_limits.ts";
import { TopicAliases } from "./topic_aliases.ts";

/** What a session is made from. */
export interface SessionOptions {
  /** How many messages may be unacknowledged under MQTT 3.x. */
  readonly inflight: Inflight;
  /** Whether `takeRecords()` is of use to anybody. */
  readonly recording: boolean;
}

/** Where the connection is. */
type State = "closed" | "connecting" | "connected" | "ending";

/** One session of a client with a server, over as many connections as it takes. */
export class Session<Request> {
  // valid for the session
  readonly #doors: Doors<Request>;
  readonly #ids = new PacketIds();
  readonly #incoming: Incoming<Request>;
  readonly #outgoing: Outgoing<Request>;
  readonly #requests: Requests<Request>;
  readonly #inflight: Inflight;
  #assignedClientId = "";

  // valid for the connection
  #state: State = "closed";
  #decoder: PacketDecoder | undefined;
  #connect: ConnectPacket | undefined;
  #keepAlive = new KeepAlive(0, 0);
  #topicAliases = new TopicAliases(0);
  #replySize = 0;

  /** Makes a session that holds nothing and has no connection. */
  constructor(options: SessionOptions) {
    this.#doors = new Doors({ recording: options.recording });
    this.#incoming = new Incoming(this.#doors);
    this.#outgoing = new Outgoing(this.#doors, this.#ids);
    this.#requests = new Requests(this.#doors, this.#ids);
    this.#inflight = options.inflight;
  }

  /** Whether CONNACK has accepted and nothing has ended the connection since. */
  get connected(): boolean {
    return this.#state === "connected";
  }

  /** When `wake()` is due, in ms of the driver's clock; Infinity where it is not. */
  get deadline(): number {
    return this.#state === "connected" ? this.#keepAlive.deadline : Infinity;
  }

  /** How many bytes wait to be written. */
  get outgoingSize(): number {
    return this.#doors.writer.length;
  }

  /** How many of them answer what the server sent: a server that does not read them makes them grow. */
  get replySize(): number {
    return this.#replySize;
  }

  /** The Client Identifier of the session: that of our CONNECT, or the one that the server gave. */
  get clientId(): string {
    return this.#connect?.clientId || this.#assignedClientId;
  }

  /** How many outgoing messages of QoS 1 and 2 have begun their handshake and not ended it. */
  get inFlight(): number {
    return this.#outgoing.inFlight;
  }

  /** How many outgoing messages of QoS 1 and 2 wait for their turn. */
  get queued(): number {
    return this.#outgoing.queued;
  }

  /** How many SUBSCRIBE and UNSUBSCRIBE packets are unanswered. */
  get unanswered(): number {
    return this.#requests.unanswered;
  }

  /** How many incoming messages of QoS 1 and 2 are not acknowledged. */
  get unacknowledged(): number {
    return this.#incoming.unacknowledged;
  }

  /** The messages that head the acknowledgement queues: what the server's window waits for. */
  get waitingHeads(): readonly IncomingDelivery[] {
    return this.#incoming.heads;
  }

  /**
   * A new wire is there: CONNECT is written. An empty clientId gives way to the one that the server gave
   * before: else its session would be lost. It throws where CONNECT cannot be encoded.
   */
  open(now: number, connect: ConnectPacket): void {
    const { protocolVersion, properties } = connect;
    const clientId = connect.clientId || this.#assignedClientId;
    this.#doors.write({ ...connect, clientId });
    this.#doors.protocolVersion = protocolVersion;
    this.#connect = connect;
    this.#state = "connecting";
    this.#decoder = decoderFor(connect);
    this.#keepAlive = new KeepAlive(0, now);
    this.#topicAliases = new TopicAliases(properties.topicAliasMaximum ?? 0);
  }

  /** Bytes have come, and all packets in them are looked at; see `feed` and `proceed`. */
  receive(bytes: Uint8Array, now: number): void {
    this.feed(bytes, now);
    this.proceed(now, Infinity);
  }

  /** Bytes have come. They are kept as views where a packet lies in them, and must not be rewritten. */
  feed(bytes: Uint8Array, now: number): void {
    this.#keepAlive.received(now);
    this.#decoder?.push(bytes);
  }

  /** Looks at some of the packets that have come. True where there may be more. */
  proceed(now: number, packetsMax: number): boolean {
    const before = this.#doors.writer.length;
    let left = packetsMax;
    try {
      // What follows the end of a connection is not looked at.
      while (this.#state === "connecting" || this.#state === "connected") {
        if (left-- === 0) return true;
        const packet = this.#decoder?.next();
        if (packet === undefined) break;
        this.#handle(packet, now);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(error);
    } finally {
      this.#replySize += this.#doors.writer.length - before;
      this.#sendWaiting();
    }
    return false;
  }

  /**
   * Publishes. A message of QoS 1 or 2 comes back as a flight, for `abort()`; its end is told by an event.
   * It throws where the message cannot be sent at all: a TypeError, a RangeError or a PublishError.
   */
  publish(
    message: OutgoingMessage,
    request: Request,
  ): Flight<Request> | undefined {
    if (message.qos === 0 && this.#state !== "connected") {
      throw unconnected(message);
    }
    return this.#outgoing.publish(message, request);
  }

  /** Nobody waits for this message any more. What is known of it comes back. */
  abort(flight: Flight<Request>): Delivery {
    return this.#outgoing.abort(flight);
  }

  /** Sends SUBSCRIBE, now or on the next connection. */
  subscribe(subscribe: SubscribeRequest, request: Request): void {
    this.#requests.ask({ type: "subscribe", ...subscribe, request });
  }

  /** Sends UNSUBSCRIBE, now or on the next connection. */
  unsubscribe(unsubscribe: UnsubscribeRequest, request: Request): void {
    this.#requests.ask({ type: "unsubscribe", ...unsubscribe, request });
  }

  /**
   * The message is owned: PUBACK or PUBREC leaves once those before it have. A code of 128 or more refuses
   * it for good. It throws a TypeError or a RangeError where that cannot be said, under MQTT 3.x above all.
   */
  acknowledge(
    delivery: IncomingDelivery,
    reasonCode: number = ReasonCode.success,
    properties: Properties = NO_PROPERTIES,
  ): void {
    const before = this.#doors.writer.length;
    this.#incoming.acknowledge(delivery, reasonCode, properties);
    this.#replySize += this.#doors.writer.length - before;
  }

  /** Bytes that were taken have been written: all of them, or a part. */
  written(now: number, all: "all" | "part"): void {
    if (all === "all") this.#keepAlive.written(now);
    else this.#keepAlive.progressed(now);
  }

  /** Whether `wake()` would take the server for dead. */
  isOverdue(now: number): boolean {
    return this.#state === "connected" && this.#keepAlive.isOverdue(now);
  }

  /** The deadline has come, or it may have. */
  wake(now: number): void {
    if (this.#state !== "connected") return;
    const step = this.#keepAlive.step(now);
    if (step === "ping") this.#sendPingreq(now);
    else if (step === "dead") this.#fail(silent());
  }

  /** Asks for a sign of life at once, where none is awaited: after a suspend, say. */
  ping(now: number): void {
    if (this.#state !== "connected" || this.#keepAlive.isAsked) return;
    this.#sendPingreq(now);
  }

  /**
   * Ends the connection in order: DISCONNECT is the last packet. It throws where DISCONNECT cannot be
   * encoded: under MQTT 3.x it has neither Reason Code nor properties.
   */
  disconnect(
    reasonCode: number = ReasonCode.normalDisconnection,
    properties: Properties = NO_PROPERTIES,
  ): void {
    if (this.#state !== "connected") return;
    this.#doors.write({ type: "disconnect", reasonCode, properties });
    this.#end();
  }

  /** The wire is gone. What was in flight is kept for the next connection. */
  lost(): void {
    this.#end();
    this.#state = "closed";
    this.#decoder = undefined;
    // What was not written belongs to the connection that is gone, whose last write may still be
    // reading its buffer.
    this.#doors.writer = new ByteWriter();
    this.#replySize = 0;
  }

  /** There will be no further connection: every request is settled. */
  abandon(): void {
    this.#outgoing.abandon();
    this.#requests.abandon();
  }

  /** The bytes to be written, valid until they are asked for again. */
  takeBytes(): Uint8Array | undefined {
    this.#keepAlive.taken();
    this.#replySize = 0;
    return this.#doors.writer.take();
  }

  /** What has happened. */
  takeEvents(): readonly SessionEvent<Request>[] {
    return this.#doors.takeEvents();
  }

  /** What must be durable before the bytes of this turn leave. */
  takeRecords(): readonly StoreRecord[] {
    return this.#doors.takeRecords();
  }

  #handle(packet: Packet, now: number): void {
    if (this.#state === "connecting") {
      if (packet.type !== "connack") throw tooEarly(packet);
      return this.#onConnack(packet, now);
    }
    switch (packet.type) {
      case "publish":
        return this.#onPublish(packet, now);
      case "puback":
        return this.#outgoing.puback(packet);
      case "pubrec":
        return this.#outgoing.pubrec(packet);
      case "pubcomp":
        return this.#outgoing.pubcomp(packet);
      case "pubrel":
        return this.#incoming.release(packet);
      case "suback":
      case "unsuback":
        return this.#requests.answer(packet);
      case "pingresp":
        return this.#keepAlive.answered();
      case "disconnect":
        this.#end();
        this.#doors.events.push({ type: "disconnected", packet });
        return;
      default:
        throw unasked(packet);
    }
  }

  #onPublish(packet: PublishPacket, now: number): void {
    const named = this.#topicAliases.resolve(packet);
    if (named.qos === 0) this.#doors.events.push(named);
    else this.#incoming.receive(named, now);
  }

  #onConnack(packet: ConnackPacket, now: number): void {
    const { protocolVersion, reasonCode, properties } = packet;
    const connect = this.#connect;
    const decoder = this.#decoder;
    if (connect === undefined || decoder === undefined) return;
    if (reasonCode !== 0) {
      this.#end();
      this.#doors.events.push({ type: "refused", packet });
      return;
    }
    const { isResumed, keepAlive, receiveMaximum, limits } = agree(
      connect,
      packet,
      this.#inflight,
    );
    // A server that answers in the form of MQTT 3.1.1 speaks that.
    this.#doors.protocolVersion = protocolVersion;
    decoder.protocolVersion = protocolVersion;
    this.#doors.limits = limits;
    this.#state = "connected";
    this.#assignedClientId = properties.assignedClientIdentifier ??
      this.#assignedClientId;
    this.#keepAlive = new KeepAlive(keepAlive, now);
    // The driver asks its lost subscriptions again while it handles this event, in the same write.
    this.#doors.events.push({ type: "connected", packet });
    if (!isResumed) {
      this.#incoming.forget();
      this.#doors.records?.push({ type: "session-lost" });
    }
    this.#incoming.connected(receiveMaximum);
    this.#requests.connected();
    this.#outgoing.connected(isResumed);
  }

  /** An input may have made room for what waits. Requests go first: they are few, and may wait for an identifier. */
  #sendWaiting(): void {
    if (this.#state !== "connected") return;
    this.#requests.send();
    this.#outgoing.send();
  }

  #sendPingreq(now: number): void {
    this.#doors.write({ type: "pingreq" });
    this.#keepAlive.asked(now);
  }

  /** Ends the connection; under MQTT 5 the server is told what it did wrong, once there is a connection to tell it on. */
  #fail(error: ProtocolError | KeepAliveError): void {
    // For a server's silence DISCONNECT has no Reason Code that a client may send (3.14.2.1).
    if (error instanceof ProtocolError && this.#doors.protocolVersion === 5) {
      this.disconnect(error.reasonCode);
    }
    this.#end();
    this.#doors.events.push({ type: "failed", error });
  }

  /** Nothing more is sent or looked at on this connection [MQTT-3.14.4-1]. */
  #end(): void {
    this.#state = "ending";
    this.#doors.limits = NO_CONNECTION;
    this.#incoming.lost();
    this.#outgoing.lost();
    this.#requests.lost();
  }
}
