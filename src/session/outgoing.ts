/**
 * Messages on their way out: QoS 1 and 2 from publish() to the last acknowledgement (4.3.2, 4.3.3),
 * and again after a loss (4.4).
 *
 * @module
 */
import {
  type AckPacket,
  NO_PROPERTIES,
  type OutgoingPublish,
} from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import type { Delivery, StoreError } from "../errors.ts";
import type { Doors } from "./doors.ts";
import {
  Flight,
  type OutgoingMessage,
  PayloadBlocks,
  payloadSize,
} from "./flight.ts";
import { Flights } from "./flights.ts";
import { outOfTurn, unconnected } from "./misconduct.ts";
import type { SessionLost, SessionOptions } from "./options.ts";
import { OutgoingAliases } from "./outgoing_aliases.ts";
import { OutgoingQueue } from "./outgoing_queue.ts";
import type { PacketIds } from "./packet_ids.ts";
import { expired, unsendable } from "./publish_fault.ts";
import type { MakeRequest } from "./restoration.ts";
import type { RestoredSession } from "./restored.ts";
import { Ring } from "./ring.ts";
import { checkEncoding, checkLimits, writePublish } from "./send_limits.ts";
import { SendQuota } from "./send_quota.ts";
import { Settlement } from "./settlement.ts";

/** What a lost session means for the messages in flight. */
export interface LostFlights {
  /** How many are sent anew. */
  readonly resent: number;
  /** How many are given up, and may have arrived. */
  readonly unknown: number;
}

/** The outgoing half of a session. */
export class Outgoing<Request> {
  readonly #doors: Doors<Request>;
  readonly #settlement: Settlement<Request>;
  readonly #sessionLost: SessionLost;

  // valid for the session
  readonly #flights: Flights<Request>;
  #releases = 0;
  readonly #queue: OutgoingQueue<Request>;
  readonly #blocks = new PayloadBlocks();
  #accepted = 0;

  // valid for the connection
  readonly #unsent = new Ring<Flight<Request>>();
  readonly #quota = new SendQuota();
  #aliases = new OutgoingAliases(0);

  /** Makes an outgoing half with nothing in flight. */
  constructor(
    doors: Doors<Request>,
    ids: PacketIds,
    options: Pick<SessionOptions, "offline" | "sessionLost">,
  ) {
    this.#doors = doors;
    this.#settlement = new Settlement(doors);
    this.#sessionLost = options.sessionLost;
    this.#flights = new Flights(ids);
    this.#queue = new OutgoingQueue(doors, this.#settlement, options.offline);
  }

  /** How many messages wait for their turn. */
  get queued(): number {
    return this.#queue.length;
  }

  /** How many messages have begun their handshake and not ended it. */
  get inFlight(): number {
    return this.#flights.size;
  }

  /** How many messages that waited for a connection have given way to newer ones. */
  get dropped(): number {
    return this.#queue.dropped;
  }

  /** When `expire()` has something to do. */
  get deadline(): number {
    return this.#queue.deadline;
  }

  /**
   * Takes a message while there is a connection. One of QoS 0 is written at once; one of QoS 1 or 2 is
   * written when the window allows. It throws where the message cannot be sent at all, and then has
   * changed nothing.
   */
  publish(
    message: OutgoingMessage,
    request: Request,
  ): Flight<Request> | undefined {
    checkLimits(this.#doors.limits, message);
    const { qos } = message;
    if (qos === 0 && !this.#queue.hasQos0) {
      this.#write(message);
      return undefined;
    }
    const order = this.#accepted + 1;
    const flight = new Flight(message, request, order);
    const isFirst = this.#unsent.length === 0 && this.#queue.length === 0;
    const isSent = isFirst && this.#quota.allows(qos) && this.#send(flight);
    if (!isSent) this.#checkEncoding(message);
    this.#accepted = order;
    flight.keepPayload(this.#blocks);
    if (!isSent) this.#queue.push(flight);
    else if (this.#doors.records !== undefined) {
      this.#settlement.accepted(flight);
      this.#settlement.sent(flight);
    }
    return flight;
  }

  /**
   * Takes a message while there is no connection: it waits for the next one. It throws where the message
   * cannot be sent at all, or has no room.
   */
  keep(message: OutgoingMessage, request: Request): Flight<Request> {
    if (message.qos === 0 && !this.#queue.takesQos0) throw unconnected(message);
    this.#checkEncoding(message);
    const { topicName, payload } = message;
    this.#queue.makeRoom(topicName, topicName.length + payloadSize(payload));
    const flight = new Flight(message, request, ++this.#accepted);
    flight.encodePayload(this.#blocks);
    this.#queue.keep(flight);
    return flight;
  }

  /**
   * Nobody waits for this one any more: no event tells of it. One that waits for its turn is not sent;
   * the others end their handshake, and until then keep their identifier.
   */
  abort(flight: Flight<Request>): Delivery {
    flight.aborted = true;
    if (flight.state === "queued" || flight.state === "outside") {
      this.#queue.remove(flight);
    }
    return flight.delivery;
  }

  /** PUBACK has come. */
  puback(packet: AckPacket): void {
    const flight = this.#flights.get(packet.packetId);
    if (flight === undefined) return this.#tellStray(packet);
    if (flight.message.qos !== 1) throw outOfTurn(packet, flight);
    this.#complete(flight, packet);
  }

  /** PUBREC has come. */
  pubrec(packet: AckPacket): void {
    const flight = this.#flights.get(packet.packetId);
    if (flight === undefined) return this.#onStrayPubrec(packet);
    if (flight.message.qos !== 2) throw outOfTurn(packet, flight);
    if (packet.reasonCode < 0x80) this.#release(flight);
    else if (flight.state === "released") this.#doors.tellStray(packet);
    else this.#complete(flight, packet);
  }

  /** PUBCOMP has come. */
  pubcomp(packet: AckPacket): void {
    const flight = this.#flights.get(packet.packetId);
    if (flight === undefined) return this.#tellStray(packet);
    if (flight.state !== "released") throw outOfTurn(packet, flight);
    this.#complete(flight, packet);
  }

  /** CONNACK has accepted, and the server has kept the session: what was in flight is sent again. */
  resume(): void {
    this.#begin();
    for (const flight of this.#flights.released()) {
      flight.holdsQuota = false;
      this.#sendPubrel(flight.message.packetId, ReasonCode.success);
    }
    for (const flight of this.#flights.published()) {
      flight.holdsQuota = false;
      flight.message.dup = true;
      this.#unsent.push(flight);
    }
  }

  /** CONNACK has accepted, and the server knows nothing of what was in flight: it is sent anew, or settled. */
  startAnew(): LostFlights {
    this.#begin();
    const published = this.#flights.published();
    const anew = published.filter((flight) => this.#isSentAnew(flight));
    const lost = [
      // After PUBREC the server had the message: only it could say what became of it.
      ...this.#flights.released(),
      ...published.filter((flight) => !this.#isSentAnew(flight)),
    ];
    for (const flight of lost) this.#abandon(flight);
    for (const flight of anew.reverse()) {
      this.#flights.delete(flight);
      flight.message.packetId = 0;
      flight.message.dup = false;
      flight.state = "queued";
      this.#queue.unshift(flight);
    }
    const unknown = lost.filter(({ aborted }) => !aborted).length;
    return { resent: anew.length, unknown };
  }

  /** The connection is gone. */
  lost(): void {
    this.#quota.reset(this.#doors.limits);
    this.#unsent.clear();
  }

  /** Sends what waits, as far as the window and the identifiers allow. */
  send(now: number): void {
    if (this.#sendUnsent(now)) this.#sendQueued(now);
  }

  /** Settles what has expired before it was sent. */
  expire(now: number): void {
    this.#queue.expire(now);
  }

  /** Begins with what an earlier process has left, before anything is published. */
  restore(from: RestoredSession, makeRequest: MakeRequest<Request>): void {
    this.#flights.restore(from, makeRequest);
    this.#queue.restore(from.queue, makeRequest);
    this.#releases = from.released.length;
    this.#accepted = from.lastOrder;
  }

  /** A store could not keep what was accepted after the message with this order: it is refused. */
  refuseAfter(order: number, cause: StoreError): void {
    const refuse = (flight: Flight<Request>) =>
      this.#settlement.refuseUnkept(flight, cause);
    this.#flights.refuseAfter(order, refuse);
    this.#queue.refuseAfter(order, refuse);
  }

  /** Gives up all that is accepted and not settled. */
  abandon(): void {
    for (const flight of this.#flights.released()) this.#abandon(flight);
    for (const flight of this.#flights.published()) this.#abandon(flight);
    for (const flight of this.#queue.takeAll()) {
      this.#settlement.abandon(flight);
    }
    this.#unsent.clear();
  }

  #begin(): void {
    this.#aliases = new OutgoingAliases(this.#doors.limits.topicAliasMax);
    this.#quota.reset(this.#doors.limits);
    this.#queue.connected();
  }

  #isSentAnew({ message, aborted }: Flight<Request>): boolean {
    const { qos1, qos2 } = this.#sessionLost;
    return !aborted && (message.qos === 1 ? qos1 : qos2) === "resend";
  }

  /** What is sent again goes first, in the order of its first time [MQTT-4.6.0-1]. False where the window is full before its end. */
  #sendUnsent(now: number): boolean {
    for (
      let flight = this.#unsent.peek();
      flight !== undefined;
      flight = this.#unsent.peek()
    ) {
      // One that was answered all the same is not sent.
      if (flight.state === "published") {
        if (!this.#quota.allows(flight.message.qos)) return false;
        this.#sendAgain(flight, now);
      }
      this.#unsent.shift();
    }
    return true;
  }

  #sendQueued(now: number): void {
    for (
      let flight = this.#queue.peek();
      flight !== undefined && this.#quota.allows(flight.message.qos);
      flight = this.#queue.peek()
    ) {
      if (!this.#sendInTurn(flight, now)) return;
      this.#queue.shift();
    }
  }

  #sendAgain(flight: Flight<Request>, now: number): void {
    try {
      const message = flight.unpack(now);
      checkLimits(this.#doors.limits, message);
      this.#write(message);
      this.#quota.take(flight);
    } catch (error) {
      this.#settlement.tellRefused(flight, unsendable(flight, error));
      // Nobody waits any more, but its identifier stays in use: the server may know it.
      flight.aborted = true;
    }
    flight.putAway();
  }

  /** Sends a message whose turn it is; one that cannot be sent is settled, so that it holds up no other. False where it waits on. */
  #sendInTurn(flight: Flight<Request>, now: number): boolean {
    if (flight.hasExpired(now)) {
      this.#settlement.refuse(flight, expired(flight));
      return true;
    }
    try {
      const message = flight.unpack(now);
      checkLimits(this.#doors.limits, message);
      if (message.qos === 0) {
        this.#write(message);
        this.#settlement.end(flight);
      } else if (this.#send(flight)) this.#settlement.sent(flight);
    } catch (error) {
      this.#settlement.refuse(flight, unsendable(flight, error));
    }
    flight.putAway();
    return flight.state !== "queued";
  }

  /** Gives a message its identifier and writes it. False where no identifier is free. */
  #send(flight: Flight<Request>): boolean {
    if (!this.#flights.add(flight)) return false;
    try {
      this.#write(flight.message);
    } catch (error) {
      this.#flights.delete(flight);
      throw error;
    }
    this.#quota.take(flight);
    flight.state = "published";
    flight.delivery = "unknown";
    return true;
  }

  #write(message: OutgoingPublish): void {
    const { writer, protocolVersion, limits } = this.#doors;
    const { topicName, properties } = message;
    if (properties.topicAlias !== undefined) this.#aliases.yield();
    const alias = this.#aliases.find(topicName);
    writePublish(writer, message, { protocolVersion, limits, alias });
    if (alias !== undefined) this.#aliases.wrote(topicName);
  }

  /** What cannot be encoded is told to the caller now, not when its turn comes. */
  #checkEncoding(message: OutgoingMessage): void {
    const { writer, protocolVersion } = this.#doors;
    checkEncoding(writer, message, protocolVersion);
  }

  /** PUBREC has come, or come again: PUBREL is all that is left to send [MQTT-4.3.3-4]. */
  #release(flight: Flight<Request>): void {
    if (flight.state !== "released") {
      flight.state = "released";
      flight.releaseOrder = ++this.#releases;
      flight.dropPayload();
      this.#settlement.released(flight);
    }
    this.#sendPubrel(flight.message.packetId, ReasonCode.success);
  }

  /** Harmless, but where a request of ours has the identifier. */
  #tellStray(packet: AckPacket): void {
    this.#flights.checkStray(packet);
    this.#doors.tellStray(packet);
  }

  /** A server that has not refused waits for PUBREL all the same (3.6.2.1). */
  #onStrayPubrec(packet: AckPacket): void {
    this.#flights.checkStray(packet);
    if (packet.reasonCode < 0x80) {
      this.#sendPubrel(packet.packetId, ReasonCode.packetIdentifierNotFound);
    }
    this.#doors.tellStray(packet);
  }

  #sendPubrel(packetId: number, reasonCode: number): void {
    this.#doors.writeAck("pubrel", packetId, reasonCode, NO_PROPERTIES);
  }

  #complete(flight: Flight<Request>, packet: AckPacket): void {
    this.#quota.give(flight);
    this.#flights.delete(flight);
    this.#settlement.complete(flight, packet);
  }

  #abandon(flight: Flight<Request>): void {
    this.#flights.delete(flight);
    this.#settlement.abandon(flight);
  }
}
