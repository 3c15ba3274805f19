/**
 * Messages on their way in, those of QoS 1 and 2 from PUBLISH to the last acknowledgement (4.3.2, 4.3.3).
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
import { reused } from "./misconduct.ts";
import { Ring } from "./ring.ts";
import { TopicAliases } from "./topic_aliases.ts";

/**
 * How many times our Receive Maximum a server may send before we have acknowledged them. To the letter it
 * is once, and a QoS 2 message counts until PUBCOMP (4.9); Mosquitto 2.0.11 sends twice as many in a burst,
 * counts to PUBREC, and does no harm with it.
 */
const TOLERANCE = 4;

/** The incoming half of a session. */
export class Incoming<Request> {
  readonly #doors: Doors<Request>;

  // valid for the session
  /** Messages whose PUBACK or PUBREC has not left, of this connection and of those that were lost. */
  readonly #waiting = new IdTable<IncomingDelivery>();
  /** QoS 2 ids between PUBREC and PUBREL, each with the connection its PUBLISH came on last: 0 in an earlier process. */
  readonly #owned = new IdTable<number>();

  // valid for the connection
  #topicAliases = new TopicAliases(0);
  readonly #qos1 = new Ring<IncomingDelivery>();
  readonly #qos2 = new Ring<IncomingDelivery>();
  #connection = 0;
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

  /** A new wire is there. `topicAliasMax` is what our CONNECT announces. */
  open(topicAliasMax: number): void {
    this.#topicAliases = new TopicAliases(topicAliasMax);
  }

  /** CONNACK has accepted. `receiveMaximum` is what our CONNECT announced; Infinity under MQTT 3.x. */
  connected(receiveMaximum: number): void {
    this.#connection++;
    this.#receiveMaximum = receiveMaximum;
  }

  /** Begins with the QoS 2 ids that an earlier process has owned. */
  restore(owned: readonly number[]): void {
    for (const packetId of owned) this.#owned.set(packetId, 0);
  }

  /** The server has no session for us: what is not acknowledged never will be, and no id is known. */
  forget(): void {
    this.#waiting.clear();
    this.#owned.clear();
  }

  /** The connection is gone: what is not acknowledged waits to be delivered again. */
  lost(): void {
    this.#qos1.clear();
    this.#qos2.clear();
  }

  /** A PUBLISH has come. */
  receive(publish: PublishPacket, now: number): void {
    const packet = this.#topicAliases.resolve(publish);
    const { qos, packetId } = packet;
    if (qos === 0) return void this.#doors.events.push(packet);
    if (qos === 2 && this.#isOwned(packet)) return this.#ownAgain(packet, now);
    if (qos === 1 && this.#owned.get(packetId) === this.#connection) {
      throw reused(packetId);
    }
    const waiting = this.#waiting.get(packetId);
    if (waiting === undefined) return this.#deliver(packet, now);
    if (waiting.dropped) {
      // What had no room has none on this connection: a server may not fill memory with copies of it.
      if (waiting.connection === this.#connection) return;
      return this.#deliver(packet, now);
    }
    if (waiting.connection !== this.#connection) {
      if (packet.dup && isSame(packet, waiting.packet)) {
        return this.#rejoin(waiting, now);
      }
      this.#drop(waiting);
    } else {
      const isCopy = (packet.dup || qos === 2) && waiting.packet.qos === qos;
      // A copy of what waits here is joined to it: one acknowledgement answers both.
      if (isCopy) return;
      throw reused(packetId);
    }
    this.#deliver(packet, now);
  }

  /**
   * The message is owned, or refused for good: its acknowledgement leaves once those before it have.
   * It throws, and changes nothing, where the acknowledgement cannot be encoded.
   */
  acknowledge(
    delivery: IncomingDelivery,
    reasonCode: number,
    properties: Properties,
  ): void {
    if (delivery.acknowledged) return;
    this.#checkEncoding(reasonCode, properties);
    delivery.acknowledged = true;
    delivery.reasonCode = reasonCode;
    delivery.properties = properties;
    const { qos, packetId } = delivery.packet;
    const isHere = delivery.connection === this.#connection;
    // The session it came in is gone, or its id stands for another message by now.
    if (!isHere && this.#waiting.get(packetId) !== delivery) return;
    if (qos === 2 && reasonCode < 0x80) {
      this.#doors.records?.push({ type: "owned", packetId });
    }
    this.#drain(qos);
  }

  /** PUBREL has come: the id is free, and PUBCOMP says so, even for one that is not known [MQTT-4.3.3-11]. */
  release(packet: AckPacket): void {
    const { packetId } = packet;
    const waiting = this.#waiting.get(packetId);
    if (waiting?.connection === this.#connection) {
      throw new ProtocolError(
        `The server sent PUBREL ${packetId} before PUBREC was sent for it`,
        ReasonCode.protocolError,
        "MQTT-4.3.3-4",
      );
    }
    const isKnown = this.#complete(packetId);
    this.#doors.writeAck(
      "pubcomp",
      packetId,
      isKnown ? ReasonCode.success : ReasonCode.packetIdentifierNotFound,
      NO_PROPERTIES,
    );
  }

  #deliver(packet: PublishPacket, now: number): void {
    this.#checkWindow();
    const delivery = new IncomingDelivery(packet, now, this.#connection);
    this.#waiting.set(packet.packetId, delivery);
    this.#queue(packet.qos).push(delivery);
    this.#doors.events.push(delivery);
  }

  /** The message is with the application since an earlier connection: it is due on this one, not delivered again. */
  #rejoin(delivery: IncomingDelivery, now: number): void {
    this.#checkWindow();
    const { qos } = delivery.packet;
    delivery.connection = this.#connection;
    delivery.arrivedAt = now;
    this.#queue(qos).push(delivery);
    this.#drain(qos);
  }

  /** The server has dropped a message of an earlier connection, and given its id to another. */
  #drop({ packet, acknowledged, reasonCode }: IncomingDelivery): void {
    const { qos, packetId } = packet;
    if (qos === 1 || !acknowledged || reasonCode >= 0x80) return;
    this.#doors.records?.push({ type: "completed", packetId });
  }

  #queue(qos: number): Ring<IncomingDelivery> {
    return qos === 1 ? this.#qos1 : this.#qos2;
  }

  /** Whether PUBREC is all there is to say to this one [MQTT-4.3.3-10]. */
  #isOwned({ packetId, dup }: PublishPacket): boolean {
    const connection = this.#owned.get(packetId);
    if (connection === undefined) return false;
    // MQTT 3.1 cannot say that it has lost the session; and a process may have ended after it was told so,
    // before its store was. What comes without DUP is a new message then [MQTT-3.3.1-1].
    if (dup || connection > 0 && this.#doors.protocolVersion > 3) return true;
    this.#complete(packetId);
    return false;
  }

  /** PUBREC leaves once more, when its turn comes. */
  #ownAgain(packet: PublishPacket, now: number): void {
    if (this.#owned.get(packet.packetId) !== this.#connection) {
      this.#checkWindow();
    }
    this.#owned.delete(packet.packetId);
    const delivery = new IncomingDelivery(packet, now, this.#connection);
    delivery.acknowledged = true;
    this.#waiting.set(packet.packetId, delivery);
    this.#qos2.push(delivery);
    this.#drain(2);
  }

  /** The id of an owned message is free again. False where it is none. */
  #complete(packetId: number): boolean {
    if (this.#owned.get(packetId) === undefined) return false;
    this.#owned.delete(packetId);
    this.#doors.records?.push({ type: "completed", packetId });
    return true;
  }

  #drain(qos: number): void {
    const queue = this.#queue(qos);
    for (
      let head = queue.peek();
      head !== undefined && head.acknowledged;
      head = queue.peek()
    ) {
      queue.shift();
      this.#answer(head);
    }
  }

  #answer({ packet, reasonCode, properties }: IncomingDelivery): void {
    const { qos, packetId } = packet;
    this.#waiting.delete(packetId);
    // A PUBREC that refuses ends the flow, and no PUBREL follows [MQTT-4.3.3-4]; MQTT 3.x has none.
    const isRefused = reasonCode >= 0x80 && this.#doors.protocolVersion === 5;
    if (qos === 2 && !isRefused) this.#owned.set(packetId, this.#connection);
    const type = qos === 1 ? "puback" : "pubrec";
    this.#doors.writeAck(type, packetId, reasonCode, properties);
  }

  /** What cannot be said is told to the caller now, not when its turn comes. */
  #checkEncoding(reasonCode: number, properties: Properties): void {
    if (reasonCode === ReasonCode.success && properties === NO_PROPERTIES) {
      return;
    }
    const { writer, protocolVersion } = this.#doors;
    const before = writer.length;
    encodeAck(writer, "pubrec", 1, reasonCode, properties, protocolVersion);
    writer.rewind(before);
  }

  #checkWindow(): void {
    const { unacknowledged } = this;
    if (unacknowledged < this.#receiveMaximum * TOLERANCE) return;
    throw new ProtocolError(
      `The server sent more than ${unacknowledged} messages of QoS 1 and 2 before they were acknowledged, and our Receive Maximum is ${this.#receiveMaximum}`,
      ReasonCode.receiveMaximumExceeded,
      "MQTT-3.3.4-9",
    );
  }
}

/** Whether a message is one that came before: its id alone may stand for another by now. */
function isSame(one: PublishPacket, other: PublishPacket): boolean {
  return one.qos === other.qos && one.topicName === other.topicName &&
    isSamePayload(one.payload, other.payload);
}

function isSamePayload(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) {
    if (one[index] !== other[index]) return false;
  }
  return true;
}
