/**
 * The protocol as a plain machine: bytes, wishes and the time come in; bytes, events, records and a
 * deadline come out.
 *
 * It waits for nothing and reads no clock. After each input the driver empties all doors.
 *
 * @module
 */
import type { PacketDecoder } from "../codec/decoder.ts";
import {
  type ConnackPacket,
  type ConnectPacket,
  NO_PROPERTIES,
  type Packet,
  type Properties,
} from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import {
  type Delivery,
  type KeepAliveError,
  ProtocolError,
} from "../errors.ts";
import { agree, type Agreement, decoderFor } from "./agreement.ts";
import { Authentication } from "./authentication.ts";
import type { IncomingDelivery } from "./delivery.ts";
import { Doors } from "./doors.ts";
import type { SessionEvent } from "./event.ts";
import type { Flight, OutgoingMessage } from "./flight.ts";
import { Identity } from "./identity.ts";
import { Incoming } from "./incoming.ts";
import { KeepAlive } from "./keep_alive.ts";
import { Keeping } from "./keeping.ts";
import { checkTerse, silent, tooEarly, unasked } from "./misconduct.ts";
import { Outgoing } from "./outgoing.ts";
import { PacketIds } from "./packet_ids.ts";
import type { SessionOptions } from "./options.ts";
import type { StoreRecord } from "./record.ts";
import type { SubscribeRequest, UnsubscribeRequest } from "./request_packet.ts";
import { Requests } from "./requests.ts";
import { resume, type Work } from "./resumption.ts";
import { NO_CONNECTION } from "./send_limits.ts";

/** Where the connection is; "accepting" while whoever knows the authentication method looks at CONNACK. */
type State = "closed" | "connecting" | "accepting" | "connected" | "ending";

/** One session of a client with a server, over as many connections as it takes. */
export class Session<Request> {
  /** What is said in AUTH packets, where CONNECT names an Authentication Method. */
  readonly authentication: Authentication;
  /** What of it a store keeps, but for `takeRecords()`. */
  readonly keeping: Keeping<Request>;

  // valid for the session
  readonly #work: Work<Request>;
  readonly #doors: Doors<Request>;
  readonly #incoming: Incoming<Request>;
  readonly #outgoing: Outgoing<Request>;
  readonly #requests: Requests<Request>;
  readonly #options: SessionOptions;
  readonly #identity = new Identity();

  // valid for the connection
  #state: State = "closed";
  #decoder: PacketDecoder | undefined;
  #connect: ConnectPacket | undefined;
  #agreed: Agreement | undefined;
  #keepAlive = new KeepAlive(0, 0);

  /** Makes a session that holds nothing and has no connection. */
  constructor(options: SessionOptions) {
    const ids = new PacketIds();
    const doors = this.#doors = new Doors({ recording: options.recording });
    const incoming = this.#incoming = new Incoming(doors);
    const outgoing = this.#outgoing = new Outgoing(doors, ids, options);
    const requests = this.#requests = new Requests(doors, ids);
    this.#work = { doors, incoming, outgoing, requests };
    this.authentication = new Authentication(doors);
    this.keeping = new Keeping(this.#work, this.#identity);
    this.#options = options;
  }

  /** Whether CONNACK has accepted and nothing has ended the connection since. */
  get connected(): boolean {
    return this.#state === "connected";
  }

  /** When `wake()` is due, in ms of the driver's clock; Infinity where it is not. */
  get deadline(): number {
    return Math.min(this.#keepAlive.deadline, this.#outgoing.deadline);
  }

  /** How many bytes wait to be written. */
  get outgoingSize(): number {
    return this.#doors.writer.length;
  }

  /** How many of them answer what the server sent: a server that does not read them makes them grow. */
  get replySize(): number {
    return this.#doors.replySize;
  }

  /** The Client Identifier of the session: that of our CONNECT, or the one that the server gave. */
  get clientId(): string {
    return this.#identity.clientId;
  }

  /** How many outgoing messages of QoS 1 and 2 have begun their handshake and not ended it. */
  get inFlight(): number {
    return this.#outgoing.inFlight;
  }

  /** How many outgoing messages wait for their turn. */
  get queued(): number {
    return this.#outgoing.queued;
  }

  /** How many outgoing messages that waited for a connection have given way to newer ones. */
  get dropped(): number {
    return this.#outgoing.dropped;
  }

  /** How many SUBSCRIBE and UNSUBSCRIBE packets are unanswered. */
  get unanswered(): number {
    return this.#requests.unanswered;
  }

  /** How many Topic Filters the server has granted, or is asked for again. */
  get subscriptions(): number {
    return this.#requests.subscriptions;
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
    this.#doors.write(this.#identity.open(connect));
    this.#doors.protocolVersion = protocolVersion;
    this.#connect = connect;
    this.#state = "connecting";
    this.#decoder = decoderFor(connect);
    this.#keepAlive = new KeepAlive(0, now);
    this.authentication.open(connect);
    this.#incoming.open(properties.topicAliasMaximum ?? 0);
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
      this.#sendWaiting(now);
    }
    return false;
  }

  /** CONNACK is accepted, by whoever knows the authentication method where there is one: the connection begins. */
  accept(now: number): void {
    const agreed = this.#agreed;
    if (this.#state !== "accepting" || agreed === undefined) return;
    const { packet } = agreed;
    // A server that answers in the form of MQTT 3.1.1 speaks that.
    this.#doors.protocolVersion = packet.protocolVersion;
    if (this.#decoder) this.#decoder.protocolVersion = packet.protocolVersion;
    this.#doors.limits = agreed.limits;
    this.#state = "connected";
    this.#keepAlive = new KeepAlive(agreed.keepAlive, now);
    this.#doors.events.push({ type: "connected", packet });
    this.#incoming.connected(agreed.receiveMaximum);
    resume(this.#work, agreed, this.#identity.accepted(packet));
  }

  /**
   * Publishes. A message of QoS 1 or 2, and one that waits, comes back as a flight, for `abort()`; its end
   * is told by an event. It throws where the message cannot be sent at all, or has no room to wait: a
   * TypeError, a RangeError, a PublishError or a ConnectionLostError.
   */
  publish(
    message: OutgoingMessage,
    request: Request,
  ): Flight<Request> | undefined {
    return this.#state === "connected"
      ? this.#outgoing.publish(message, request)
      : this.#outgoing.keep(message, request);
  }

  /** Nobody waits for this message any more. What is known of it comes back. */
  abort(flight: Flight<Request>): Delivery {
    return this.#outgoing.abort(flight);
  }

  /** Sends SUBSCRIBE, now or on the next connection. */
  subscribe(subscribe: SubscribeRequest, request: Request): void {
    this.#requests.ask({ type: "subscribe", ...subscribe }, request);
  }

  /** Sends UNSUBSCRIBE, now or on the next connection. */
  unsubscribe(unsubscribe: UnsubscribeRequest, request: Request): void {
    this.#requests.ask({ type: "unsubscribe", ...unsubscribe }, request);
  }

  /** Nobody waits for a SUBSCRIBE or UNSUBSCRIBE any more. True where it was not sent yet: it never will be. */
  withdraw(request: Request): boolean {
    return this.#requests.withdraw(request);
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
    this.#incoming.acknowledge(delivery, reasonCode, properties);
  }

  /** Bytes that were taken have been written: all of them, or a part. */
  written(now: number, all: "all" | "part"): void {
    if (all === "all") this.#keepAlive.written(now);
    else this.#keepAlive.progressed(now);
  }

  /** Whether `wake()` would take the server for dead. */
  isOverdue(now: number): boolean {
    return this.#keepAlive.isOverdue(now);
  }

  /** The deadline has come, or it may have. */
  wake(now: number): void {
    this.#outgoing.expire(now);
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
   * Ends the connection: DISCONNECT is the last packet, even before CONNACK (3.1.4). It throws where
   * DISCONNECT cannot be encoded: under MQTT 3.x it has neither Reason Code nor properties.
   */
  disconnect(
    reasonCode: number = ReasonCode.normalDisconnection,
    properties: Properties = NO_PROPERTIES,
  ): void {
    if (this.#state === "closed" || this.#state === "ending") return;
    this.#doors.writeDisconnect(reasonCode, properties);
    this.#end();
  }

  /** The wire is gone. What was in flight is kept for the next connection. */
  lost(): void {
    this.#end();
    this.#state = "closed";
    this.#decoder = undefined;
    this.#doors.lost();
  }

  /** There will be no further connection: every request is settled. */
  abandon(): void {
    this.#outgoing.abandon();
    this.#requests.abandon();
  }

  /** The bytes to be written, valid until they are asked for again. */
  takeBytes(): Uint8Array | undefined {
    this.#keepAlive.taken();
    return this.#doors.takeBytes();
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
    checkTerse(packet, this.#connect);
    if (this.#state === "connecting") {
      if (packet.type === "connack") return this.#onConnack(packet, now);
      if (packet.type !== "auth") throw tooEarly(packet);
      return this.authentication.receive(packet, "connecting");
    }
    switch (packet.type) {
      case "publish":
        return this.#incoming.receive(packet, now);
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
      case "auth":
        return this.authentication.receive(packet, "connected");
      default:
        throw unasked(packet);
    }
  }

  #onConnack(packet: ConnackPacket, now: number): void {
    if (packet.reasonCode !== 0) {
      this.#end();
      this.#doors.events.push({ type: "refused", packet });
      return;
    }
    if (this.#connect === undefined) return;
    this.#agreed = agree(this.#connect, packet, this.#options.inflight);
    this.#state = "accepting";
    if (!this.authentication.isToJudge(packet)) this.accept(now);
  }

  /** An input may have made room for what waits. Requests go first: they are few, and may wait for an identifier. */
  #sendWaiting(now: number): void {
    if (this.#state !== "connected") return;
    this.#requests.send();
    this.#outgoing.send(now);
  }

  #sendPingreq(now: number): void {
    this.#doors.write({ type: "pingreq" });
    this.#keepAlive.asked(now);
  }

  /** Ends the connection; under MQTT 5 the server is told what it did wrong, even before CONNACK (4.13.1). */
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
    this.#keepAlive = new KeepAlive(0, 0);
    this.#doors.limits = NO_CONNECTION;
    this.authentication.lost();
    this.#incoming.lost();
    this.#outgoing.lost();
    this.#requests.lost();
  }
}
