/**
 * Messages on their way in: QoS 1 and 2 from PUBLISH to the last acknowledgement (4.3.2, 4.3.3).
 *
 * An acknowledgement belongs to the connection its PUBLISH came on. PUBACKs leave in the order in
 * which QoS 1 messages came, PUBRECs in that of QoS 2 [MQTT-4.6.0-2, MQTT-4.6.0-3]: two queues.
 *
 * @module
 */
import { encodeAck } from "../codec/ack.ts";
import { NO_PROPERTIES } from "../codec/packet.ts";
import type { AckPacket, Properties, PublishPacket } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { ProtocolError } from "../errors.ts";
import { IncomingDelivery } from "./delivery.ts";
import type { Doors } from "./doors.ts";
import { IdTable } from "./id_table.ts";
import { Ring } from "./ring.ts";

/** What a QoS 2 id stands for once its PUBREC has left, until PUBREL comes. */
const OWNED = "owned";

/** The incoming half of a session. */
export class Incoming<Request> {
  readonly #doors: Doors<Request>;

  // valid for the session
  /** QoS 2 ids that the server has not released yet. */
  readonly #qos2Ids = new IdTable<IncomingDelivery | typeof OWNED>();
  /** QoS 1 messages of connections that were lost before they were acknowledged. */
  readonly #suspended = new Map<number, IncomingDelivery>();

  // valid for the connection
  readonly #qos1 = new Ring<IncomingDelivery>();
  readonly #qos2 = new Ring<IncomingDelivery>();
  #connection = 0;
  #unfinished = 0;
  #receiveMaximum = Infinity;

  /** Makes an incoming half that knows of no message. */
  constructor(doors: Doors<Request>) {
    this.#doors = doors;
  }

  /** How many messages are not acknowledged on the present connection. */
  get unacknowledged(): number {
    return this.#qos1.length + this.#qos2.length;
  }

  /** The messages that head the two acknowledgement queues. */
  get heads(): IncomingDelivery[] {
    return [this.#qos1.peek(), this.#qos2.peek()].filter((head) =>
      head !== undefined
    );
  }

  /** A connection begins. */
  open(): void {
    this.#connection++;
    this.#unfinished = 0;
  }

  /** CONNACK has accepted. `receiveMaximum` is what our CONNECT announced; Infinity under MQTT 3.x. */
  connected(receiveMaximum: number): void {
    this.#receiveMaximum = receiveMaximum;
  }

  /** CONNACK said Session Present 0: what the server knew of us is gone. */
  forget(): void {
    this.#qos2Ids.clear();
    this.#suspended.clear();
  }

  /** The connection is gone: what is not acknowledged waits to be delivered again. */
  lost(): void {
    for (const delivery of this.#qos1) {
      this.#suspended.set(delivery.packet.packetId, delivery);
    }
    this.#qos1.clear();
    this.#qos2.clear();
  }

  /** A PUBLISH of QoS 1 or 2 has come. */
  receive(packet: PublishPacket, now: number): void {
    if (packet.qos === 1) this.#receiveQos1(packet, now);
    else this.#receiveQos2(packet, now);
  }

  /** The message is owned, or refused for good: its acknowledgement leaves once those before it have. */
  acknowledge(
    delivery: IncomingDelivery,
    reasonCode: number,
    properties: Properties,
  ): void {
    if (delivery.acknowledged) return;
    delivery.acknowledged = true;
    delivery.reasonCode = reasonCode;
    delivery.properties = properties;
    if (delivery.connection !== this.#connection) return;
    this.#drain(delivery.packet.qos);
  }

  /** PUBREL has come: the id is free, and PUBCOMP says so, even for one that is not known (4.3.3). */
  release(packet: AckPacket): void {
    const { packetId } = packet;
    const known = this.#qos2Ids.get(packetId);
    if (
      known !== undefined && known !== OWNED &&
      known.connection === this.#connection
    ) {
      throw new ProtocolError(
        `The server sent PUBREL ${packetId} before PUBREC was sent for it`,
        ReasonCode.protocolError,
        "MQTT-4.3.3-6",
      );
    }
    this.#qos2Ids.delete(packetId);
    this.#finish();
    this.#doors.records?.push({ type: "completed", packetId });
    encodeAck(
      this.#doors.writer,
      "pubcomp",
      packetId,
      known === undefined
        ? ReasonCode.packetIdentifierNotFound
        : ReasonCode.success,
      NO_PROPERTIES,
      this.#doors.protocolVersion,
    );
  }

  #receiveQos1(packet: PublishPacket, now: number): void {
    if (packet.dup) {
      const waiting = this.#findQos1(packet.packetId);
      if (waiting !== undefined) return;
    }
    const suspended = this.#suspended.get(packet.packetId);
    if (suspended !== undefined) {
      this.#suspended.delete(packet.packetId);
      // Without DUP the server has given the id to another message.
      if (packet.dup) return this.#rejoin(this.#qos1, suspended, now);
    }
    this.#deliver(this.#qos1, packet, now);
  }

  #receiveQos2(packet: PublishPacket, now: number): void {
    const { packetId } = packet;
    const known = this.#qos2Ids.get(packetId);
    if (known === undefined) {
      const delivery = this.#deliver(this.#qos2, packet, now);
      this.#qos2Ids.set(packetId, delivery);
      return;
    }
    if (known === OWNED) {
      this.#count();
      return this.#sendPubrec(packetId, ReasonCode.success, NO_PROPERTIES);
    }
    // A copy of what waits here already is joined to it: one PUBREC answers both.
    if (known.connection !== this.#connection) {
      this.#rejoin(this.#qos2, known, now);
    }
  }

  #deliver(
    queue: Ring<IncomingDelivery>,
    packet: PublishPacket,
    now: number,
  ): IncomingDelivery {
    this.#count();
    const delivery = new IncomingDelivery(packet, now, this.#connection);
    queue.push(delivery);
    this.#doors.events.push(delivery);
    return delivery;
  }

  /** The message is with the application since an earlier connection: it is due on this one, not delivered again. */
  #rejoin(
    queue: Ring<IncomingDelivery>,
    delivery: IncomingDelivery,
    now: number,
  ): void {
    this.#count();
    delivery.connection = this.#connection;
    delivery.arrivedAt = now;
    queue.push(delivery);
    this.#drain(delivery.packet.qos);
  }

  #drain(qos: number): void {
    const queue = qos === 1 ? this.#qos1 : this.#qos2;
    for (
      let head = queue.peek();
      head?.acknowledged;
      queue.shift(), head = queue.peek()
    ) {
      const { packetId } = head.packet;
      if (qos === 2) {
        this.#sendPubrec(packetId, head.reasonCode, head.properties);
      } else {
        this.#finish();
        encodeAck(
          this.#doors.writer,
          "puback",
          packetId,
          head.reasonCode,
          head.properties,
          this.#doors.protocolVersion,
        );
      }
    }
  }

  #sendPubrec(
    packetId: number,
    reasonCode: number,
    properties: Properties,
  ): void {
    if (reasonCode < 0x80) {
      this.#qos2Ids.set(packetId, OWNED);
      this.#doors.records?.push({ type: "owned", packetId });
    } else {
      // A PUBREC that refuses ends the flow: no PUBREL follows (4.3.3).
      this.#qos2Ids.delete(packetId);
      this.#finish();
    }
    encodeAck(
      this.#doors.writer,
      "pubrec",
      packetId,
      reasonCode,
      properties,
      this.#doors.protocolVersion,
    );
  }

  #findQos1(packetId: number): IncomingDelivery | undefined {
    for (const delivery of this.#qos1) {
      if (delivery.packet.packetId === packetId) return delivery;
    }
    return undefined;
  }

  #count(): void {
    if (++this.#unfinished > this.#receiveMaximum) {
      throw new ProtocolError(
        `The server sent more than ${this.#receiveMaximum} messages of QoS 1 and 2 before they were acknowledged`,
        ReasonCode.receiveMaximumExceeded,
        "MQTT-3.3.4-9",
      );
    }
  }

  #finish(): void {
    // A PUBREL of an earlier connection's message was never counted on this one.
    if (this.#unfinished > 0) this.#unfinished--;
  }
}
