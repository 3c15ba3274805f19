/**
 * Messages on their way out: QoS 1 and 2 from publish() to the last acknowledgement (4.3.2, 4.3.3),
 * within the window that the server allows (4.9), and again after a loss (4.4).
 *
 * @module
 */
import { encodeAck } from "../codec/ack.ts";
import {
  type AckPacket,
  NO_PROPERTIES,
  type OutgoingPublish,
} from "../codec/packet.ts";
import { ReasonCode, reasonText } from "../codec/reason_code.ts";
import { type Delivery, PublishError } from "../errors.ts";
import type { Doors } from "./doors.ts";
import { Flight, type OutgoingMessage, PayloadBlocks } from "./flight.ts";
import { IdTable } from "./id_table.ts";
import { mismatched } from "./misconduct.ts";
import type { PacketIds } from "./packet_ids.ts";
import { Ring } from "./ring.ts";
import {
  checkEncoding,
  checkLimits,
  NO_CONNECTION,
  type SendLimits,
  writePublish,
} from "./send_limits.ts";

/** The outgoing half of a session. */
export class Outgoing<Request> {
  readonly #doors: Doors<Request>;
  readonly #ids: PacketIds;

  // valid for the session
  readonly #flights = new IdTable<Flight<Request>>();
  #releases = 0;
  readonly #blocks = new PayloadBlocks();
  #queue = new Ring<Flight<Request>>();
  #accepted = 0;

  // valid for the connection
  readonly #unsent = new Ring<Flight<Request>>();
  #limits = NO_CONNECTION;
  #quota = 0;
  #qos2Quota = 0;

  /** Makes an outgoing half with nothing in flight. */
  constructor(doors: Doors<Request>, ids: PacketIds) {
    this.#doors = doors;
    this.#ids = ids;
  }

  /** How many messages wait for their turn. */
  get queued(): number {
    return this.#queue.length + this.#unsent.length;
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
    checkLimits(this.#limits, message);
    if (message.qos === 0) {
      this.#write(message);
      return undefined;
    }
    const order = this.#accepted + 1;
    const flight = new Flight(message, request, order, this.#blocks);
    if (this.queued > 0 || !this.#hasQuota(flight)) {
      // What cannot be encoded is told to the caller now, not when its turn comes.
      checkEncoding(flight, this.#doors.protocolVersion);
      this.#queue.push(flight);
    } else if (!this.#send(flight, message)) this.#queue.push(flight);
    this.#accepted = order;
    if (this.#doors.records !== undefined) this.#recordAccepted(flight);
    return flight;
  }

  /** Nobody waits for this one any more. One that was not sent never will be; the others end their handshake. */
  abort(flight: Flight<Request>): Delivery {
    flight.aborted = true;
    if (flight.state !== "queued") return "unknown";
    this.#end(flight);
    return "not-sent";
  }

  /** PUBACK has come. False where no such message is in flight. */
  puback(packet: AckPacket): boolean {
    const flight = this.#flights.get(packet.packetId);
    if (flight === undefined) return false;
    if (flight.qos !== 1) throw mismatched(packet, flight);
    this.#complete(flight, packet);
    return true;
  }

  /** PUBREC has come. False where no such message is in flight. */
  pubrec(packet: AckPacket): boolean {
    const { packetId } = packet;
    const flight = this.#flights.get(packetId);
    if (flight === undefined || flight.state === "released") {
      // PUBREL is the answer in any case; an identifier that is not known is told (3.6.2.1).
      const known = flight !== undefined;
      this.#sendPubrel(
        packetId,
        known ? ReasonCode.success : ReasonCode.packetIdentifierNotFound,
      );
      return known;
    }
    if (flight.qos !== 2) throw mismatched(packet, flight);
    if (packet.reasonCode >= 0x80) {
      this.#complete(flight, packet);
      return true;
    }
    flight.state = "released";
    flight.releaseOrder = ++this.#releases;
    flight.dropPayload();
    this.#doors.records?.push({ type: "released", order: flight.order });
    this.#sendPubrel(packetId, ReasonCode.success);
    return true;
  }

  /** PUBCOMP has come. False where no such message is in flight. */
  pubcomp(packet: AckPacket): boolean {
    const flight = this.#flights.get(packet.packetId);
    if (flight === undefined) return false;
    if (flight.state !== "released") throw mismatched(packet, flight);
    this.#complete(flight, packet);
    return true;
  }

  /** CONNACK has accepted: what was in flight is sent again, or settled where the server has forgotten it; then the queue. */
  connected(limits: SendLimits, sessionPresent: boolean): void {
    this.#limits = limits;
    // The quota starts anew with each connection (4.9).
    this.#quota = limits.window;
    this.#qos2Quota = limits.qos2Window;
    if (sessionPresent) this.#resume();
    else this.#startAnew();
    this.send();
  }

  /** The connection is gone. */
  lost(): void {
    this.#limits = NO_CONNECTION;
    this.#quota = 0;
    this.#qos2Quota = 0;
    this.#unsent.clear();
  }

  /** Sends what waits, as far as the window and the identifiers allow. */
  send(): void {
    while (this.#quota > 0) {
      const again = this.#unsent.peek();
      const flight = again ?? this.#queue.peek();
      if (flight === undefined) return;
      // What has ended or moved on while it waited is not sent.
      const waits = flight.state === (again ? "published" : "queued");
      if (waits && !this.#hasQuota(flight)) return;
      if (again !== undefined) {
        this.#unsent.shift();
        if (waits) this.#sendAgain(flight);
      } else {
        if (waits && !this.#trySend(flight)) return;
        this.#queue.shift();
      }
    }
  }

  /** Gives up all that is accepted and not settled. */
  abandon(): void {
    for (const flight of [...this.#released(), ...this.#published()]) {
      this.#abandon(flight, "unknown");
    }
    for (const flight of this.#queue) {
      if (flight.state === "queued") this.#abandon(flight, "not-sent");
    }
    this.#queue.clear();
    this.#unsent.clear();
  }

  #resume(): void {
    for (const { packetId } of this.#released()) {
      this.#sendPubrel(packetId, ReasonCode.success);
    }
    for (const flight of this.#published()) {
      flight.dup = true;
      this.#unsent.push(flight);
    }
  }

  #startAnew(): void {
    // After PUBREC the server had the message: only it could say what became of it.
    for (const flight of this.#released()) {
      this.#abandon(flight, "unknown");
    }
    const anew = new Ring<Flight<Request>>();
    for (const flight of this.#published()) {
      // To send a QoS 2 message to a server that may have it already would break "exactly once".
      if (flight.qos === 2 || flight.aborted) {
        this.#abandon(flight, "unknown");
        continue;
      }
      this.#flights.delete(flight.packetId);
      this.#ids.free(flight.packetId);
      flight.packetId = 0;
      flight.dup = false;
      flight.state = "queued";
      anew.push(flight);
    }
    if (anew.length === 0) return;
    for (const flight of this.#queue) anew.push(flight);
    this.#queue = anew;
  }

  /** As #send, but a message that this server cannot take is settled, so that it holds up no other. */
  #trySend(flight: Flight<Request>): boolean {
    try {
      checkLimits(this.#limits, flight);
      return this.#send(flight, flight);
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      this.#end(flight);
      this.#doors.events.push({
        type: "publish-refused",
        request: flight.request,
        error,
      });
      return true;
    }
  }

  #hasQuota(flight: Flight<Request>): boolean {
    return this.#quota > 0 && (flight.qos === 1 || this.#qos2Quota > 0);
  }

  #takeQuota(flight: Flight<Request>): void {
    this.#quota--;
    if (flight.qos === 2) this.#qos2Quota--;
  }

  /** A PUBCOMP for a PUBREL of an earlier connection gives back what this one never took. */
  #giveQuota(flight: Flight<Request>): void {
    const { window, qos2Window } = this.#limits;
    if (this.#quota < window) this.#quota++;
    if (flight.qos === 2 && this.#qos2Quota < qos2Window) this.#qos2Quota++;
  }

  #sendAgain(flight: Flight<Request>): void {
    this.#takeQuota(flight);
    this.#write(flight);
  }

  /** Gives a message its identifier and writes it. False where no identifier is free. */
  #send(flight: Flight<Request>, message: OutgoingMessage): boolean {
    const packetId = this.#ids.take();
    if (packetId === 0) return false;
    message.packetId = packetId;
    try {
      this.#write(message);
    } catch (error) {
      this.#ids.free(packetId);
      throw error;
    }
    this.#takeQuota(flight);
    flight.packetId = packetId;
    flight.state = "published";
    this.#flights.set(packetId, flight);
    this.#doors.records?.push({ type: "sent", order: flight.order, packetId });
    return true;
  }

  #recordAccepted(flight: Flight<Request>): void {
    const { order, topicName, payload, qos, retain, properties } = flight;
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

  #write(message: OutgoingPublish): void {
    const { writer, protocolVersion } = this.#doors;
    writePublish(writer, message, protocolVersion, this.#limits);
  }

  #sendPubrel(packetId: number, reasonCode: number): void {
    const { writer, protocolVersion } = this.#doors;
    encodeAck(
      writer,
      "pubrel",
      packetId,
      reasonCode,
      NO_PROPERTIES,
      protocolVersion,
    );
  }

  #complete(flight: Flight<Request>, packet: AckPacket): void {
    this.#end(flight);
    this.#giveQuota(flight);
    const { request } = flight;
    if (packet.reasonCode < 0x80 || packet.type === "pubcomp") {
      this.#doors.events.push({ type: "published", request, packet });
    } else {
      const error = refused(flight.topicName, packet);
      this.#doors.events.push({ type: "publish-refused", request, error });
    }
    this.send();
  }

  #abandon(flight: Flight<Request>, delivery: Delivery): void {
    this.#end(flight);
    const { request } = flight;
    this.#doors.events.push({ type: "abandoned", request, delivery });
  }

  #end(flight: Flight<Request>): void {
    if (flight.state !== "queued") {
      this.#flights.delete(flight.packetId);
      this.#ids.free(flight.packetId);
    }
    flight.state = "ended";
    flight.dropPayload();
    this.#doors.records?.push({ type: "settled", order: flight.order });
  }

  /** What waits for PUBACK or PUBREC, in the order in which it first left [MQTT-4.6.0-1]. */
  #published(): Flight<Request>[] {
    return this.#flights.values().filter(({ state }) => state === "published")
      .sort((a, b) => a.order - b.order);
  }

  /** What waits for PUBCOMP, in the order in which the PUBRECs came [MQTT-4.6.0-4]. */
  #released(): Flight<Request>[] {
    return this.#flights.values().filter(({ state }) => state === "released")
      .sort((a, b) => a.releaseOrder - b.releaseOrder);
  }
}

function refused(topicName: string, packet: AckPacket): PublishError {
  const { reasonCode, properties } = packet;
  const { reasonString, userProperties } = properties;
  const why = reasonString === undefined ? "" : ` "${reasonString}"`;
  return new PublishError(
    `Cannot publish to "${topicName}": the server refused it, ${
      reasonText(reasonCode, packet.type)
    } (${reasonCode})${why}`,
    { delivery: "refused", reasonCode, reasonString, userProperties },
  );
}
