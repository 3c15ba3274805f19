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
import type { Delivery, PublishError } from "../errors.ts";
import type { Doors } from "./doors.ts";
import { Flight, type OutgoingMessage, PayloadBlocks } from "./flight.ts";
import { FlightQueue } from "./flight_queue.ts";
import { IdTable } from "./id_table.ts";
import { outOfTurn } from "./misconduct.ts";
import type { PacketIds } from "./packet_ids.ts";
import { refused, unsendable } from "./publish_fault.ts";
import { Ring } from "./ring.ts";
import { checkEncoding, checkLimits, writePublish } from "./send_limits.ts";
import { SendQuota } from "./send_quota.ts";

/** The outgoing half of a session. */
export class Outgoing<Request> {
  readonly #doors: Doors<Request>;
  readonly #ids: PacketIds;

  // valid for the session
  readonly #flights = new IdTable<Flight<Request>>();
  #releases = 0;
  readonly #queue = new FlightQueue<Request>();
  readonly #blocks = new PayloadBlocks();
  #accepted = 0;

  // valid for the connection
  readonly #unsent = new Ring<Flight<Request>>();
  readonly #quota = new SendQuota();

  /** Makes an outgoing half with nothing in flight. */
  constructor(doors: Doors<Request>, ids: PacketIds) {
    this.#doors = doors;
    this.#ids = ids;
  }

  /** How many messages wait for their turn. */
  get queued(): number {
    return this.#queue.length;
  }

  /** How many messages have begun their handshake and not ended it. */
  get inFlight(): number {
    return this.#flights.size;
  }

  /**
   * Takes a message. One of QoS 0 is written at once; one of QoS 1 or 2 is written when the window allows.
   * It throws where the message cannot be sent at all, and then has changed nothing.
   */
  publish(
    message: OutgoingMessage,
    request: Request,
  ): Flight<Request> | undefined {
    checkLimits(this.#doors.limits, message);
    if (message.qos === 0) {
      this.#write(message);
      return undefined;
    }
    const order = this.#accepted + 1;
    const flight = new Flight(message, request, order);
    const isFirst = this.#unsent.length === 0 && this.#queue.length === 0;
    const isSent = isFirst && this.#quota.allows(message.qos) &&
      this.#send(flight);
    if (!isSent) {
      // What cannot be encoded is told to the caller now, not when its turn comes.
      const { writer, protocolVersion } = this.#doors;
      checkEncoding(writer, message, protocolVersion);
      this.#queue.push(flight);
    }
    this.#accepted = order;
    flight.keepPayload(this.#blocks);
    if (this.#doors.records !== undefined) {
      this.#recordAccepted(flight);
      if (isSent) this.#recordSent(flight);
    }
    return flight;
  }

  /**
   * Nobody waits for this one any more: no event tells of it. One that waits for its turn is not sent;
   * the others end their handshake, and until then keep their identifier.
   */
  abort(flight: Flight<Request>): Delivery {
    flight.aborted = true;
    if (flight.state === "queued") {
      this.#end(flight);
      this.#queue.leaveGap();
    }
    return flight.delivery;
  }

  /** PUBACK has come. */
  puback(packet: AckPacket): void {
    const flight = this.#flights.get(packet.packetId);
    if (flight === undefined) return this.#doors.tellStray(packet);
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
    if (flight === undefined) return this.#doors.tellStray(packet);
    if (flight.state !== "released") throw outOfTurn(packet, flight);
    this.#complete(flight, packet);
  }

  /** CONNACK has accepted: what was in flight is to be sent again, or settled where the server has forgotten it. */
  connected(isResumed: boolean): void {
    this.#quota.reset(this.#doors.limits);
    if (isResumed) this.#resume();
    else this.#startAnew();
  }

  /** The connection is gone. */
  lost(): void {
    this.#quota.reset(this.#doors.limits);
    this.#unsent.clear();
  }

  /** Sends what waits, as far as the window and the identifiers allow. */
  send(): void {
    if (this.#sendUnsent()) this.#sendQueued();
  }

  /** Gives up all that is accepted and not settled. */
  abandon(): void {
    for (const flight of this.#released()) this.#abandon(flight);
    for (const flight of this.#published()) this.#abandon(flight);
    for (const flight of this.#queue.takeAll()) this.#abandon(flight);
    this.#unsent.clear();
  }

  #resume(): void {
    for (const flight of this.#released()) {
      flight.holdsQuota = false;
      this.#sendPubrel(flight.message.packetId, ReasonCode.success);
    }
    for (const flight of this.#published()) {
      flight.holdsQuota = false;
      flight.message.dup = true;
      this.#unsent.push(flight);
    }
  }

  #startAnew(): void {
    // After PUBREC the server had the message: only it could say what became of it.
    for (const flight of this.#released()) this.#abandon(flight);
    const anew: Flight<Request>[] = [];
    for (const flight of this.#published()) {
      // To send a QoS 2 message to a server that may have it already would break "exactly once".
      if (flight.message.qos === 2 || flight.aborted) this.#abandon(flight);
      else anew.push(flight);
    }
    for (const flight of anew.reverse()) {
      this.#free(flight);
      flight.message.packetId = 0;
      flight.message.dup = false;
      flight.state = "queued";
      this.#queue.unshift(flight);
    }
  }

  /** What is sent again goes first, in the order of its first time [MQTT-4.6.0-1]. False where the window is full before its end. */
  #sendUnsent(): boolean {
    for (
      let flight = this.#unsent.peek();
      flight !== undefined;
      flight = this.#unsent.peek()
    ) {
      // One that was answered all the same is not sent.
      if (flight.state === "published") {
        if (!this.#quota.allows(flight.message.qos)) return false;
        this.#sendAgain(flight);
      }
      this.#unsent.shift();
    }
    return true;
  }

  #sendQueued(): void {
    for (
      let flight = this.#queue.peek();
      flight !== undefined && this.#quota.allows(flight.message.qos);
      flight = this.#queue.peek()
    ) {
      if (!this.#sendInTurn(flight)) return;
      this.#queue.shift();
    }
  }

  #sendAgain(flight: Flight<Request>): void {
    try {
      const message = flight.unpack();
      checkLimits(this.#doors.limits, message);
      this.#write(message);
      this.#quota.take(flight);
    } catch (error) {
      this.#tellRefused(flight, unsendable(flight, error));
      // Nobody waits any more, but its identifier stays in use: the server may know it.
      flight.aborted = true;
    }
    flight.putAway();
  }

  /** Sends a message whose turn it is; one that cannot be sent is settled, so that it holds up no other. False where it waits on. */
  #sendInTurn(flight: Flight<Request>): boolean {
    try {
      checkLimits(this.#doors.limits, flight.unpack());
      if (this.#send(flight)) this.#recordSent(flight);
    } catch (error) {
      this.#end(flight);
      this.#tellRefused(flight, unsendable(flight, error));
    }
    flight.putAway();
    return flight.state !== "queued";
  }

  /** Gives a message its identifier and writes it. False where no identifier is free. */
  #send(flight: Flight<Request>): boolean {
    const { message } = flight;
    const packetId = this.#ids.take();
    if (packetId === 0) return false;
    message.packetId = packetId;
    try {
      this.#write(message);
    } catch (error) {
      this.#ids.free(packetId);
      throw error;
    }
    this.#quota.take(flight);
    flight.state = "published";
    flight.delivery = "unknown";
    this.#flights.set(packetId, flight);
    return true;
  }

  #write(message: OutgoingPublish): void {
    const { writer, protocolVersion, limits } = this.#doors;
    writePublish(writer, message, protocolVersion, limits);
  }

  /** PUBREC has come, or come again: PUBREL is all that is left to send [MQTT-4.3.3-4]. */
  #release(flight: Flight<Request>): void {
    if (flight.state !== "released") {
      flight.state = "released";
      flight.releaseOrder = ++this.#releases;
      flight.dropPayload();
      this.#doors.records?.push({ type: "released", order: flight.order });
    }
    this.#sendPubrel(flight.message.packetId, ReasonCode.success);
  }

  /** A server that has not refused waits for PUBREL all the same (3.6.2.1). */
  #onStrayPubrec(packet: AckPacket): void {
    if (packet.reasonCode < 0x80) {
      this.#sendPubrel(packet.packetId, ReasonCode.packetIdentifierNotFound);
    }
    this.#doors.tellStray(packet);
  }

  #sendPubrel(packetId: number, reasonCode: number): void {
    this.#doors.writeAck("pubrel", packetId, reasonCode, NO_PROPERTIES);
  }

  /** What waits for PUBACK or PUBREC, in the order in which it first left [MQTT-4.6.0-1]. */
  #published(): Flight<Request>[] {
    return this.#flights.values().filter(({ state }) => state === "published")
      .sort((one, other) => one.order - other.order);
  }

  /** What waits for PUBCOMP, in the order in which the PUBRECs came [MQTT-4.6.0-4]. */
  #released(): Flight<Request>[] {
    return this.#flights.values().filter(({ state }) => state === "released")
      .sort((one, other) => one.releaseOrder - other.releaseOrder);
  }

  #complete(flight: Flight<Request>, packet: AckPacket): void {
    this.#quota.give(flight);
    this.#end(flight);
    const { request, message, aborted } = flight;
    // A PUBCOMP ends the handshake well whatever it says: the server does not know the id any more.
    if (packet.reasonCode >= 0x80 && packet.type !== "pubcomp") {
      this.#tellRefused(flight, refused(message.topicName, packet));
    } else if (!aborted) {
      this.#doors.events.push({ type: "published", request, packet });
    }
  }

  #tellRefused({ request, aborted }: Flight<Request>, error: PublishError) {
    if (aborted) return;
    this.#doors.events.push({ type: "publish-refused", request, error });
  }

  #abandon(flight: Flight<Request>): void {
    this.#end(flight);
    const { request, delivery, aborted } = flight;
    if (aborted) return;
    const cause = undefined;
    this.#doors.events.push({ type: "abandoned", request, delivery, cause });
  }

  #end(flight: Flight<Request>): void {
    if (flight.state !== "queued") this.#free(flight);
    flight.state = "ended";
    flight.dropPayload();
    this.#doors.records?.push({ type: "settled", order: flight.order });
  }

  #free({ message }: Flight<Request>): void {
    this.#flights.delete(message.packetId);
    this.#ids.free(message.packetId);
  }

  #recordAccepted({ order, message, payload }: Flight<Request>): void {
    const { topicName, qos, retain, properties } = message;
    this.#doors.records?.push({
      type: "accepted",
      order,
      topicName,
      payload,
      qos,
      retain,
      properties,
    });
  }

  #recordSent({ order, message }: Flight<Request>): void {
    const { packetId } = message;
    this.#doors.records?.push({ type: "sent", order, packetId });
  }
}
