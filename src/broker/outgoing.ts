/**
 * The messages for one client: QoS 0 to what is read, QoS 1 and 2 to the last acknowledgement (4.3), and
 * again after a loss (4.4).
 *
 * What is sent again goes first, in its original order; what waits follows in the order in which it came:
 * so the messages of each topic and QoS stay in order [MQTT-4.6.0-1, MQTT-4.6.0-5].
 *
 * @module
 */
import type { AckPacket } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { type Delivery, DeliveryQueue } from "./delivery.ts";
import { writeDelivery } from "./departure.ts";
import type { Doors } from "./doors.ts";
import type { DropCause } from "./event.ts";
import type { Link } from "./link.ts";
import { outOfTurn } from "./misconduct.ts";
import { OutgoingAliases } from "./topic_aliases.ts";

const PACKET_ID_MAX = 65_535;

const NO_ALIASES = new OutgoingAliases(0);

/** What a client takes on one connection. */
export interface ClientLimits {
  /** How many messages of QoS 1 and 2 may be unacknowledged: its Receive Maximum. */
  readonly window: number;
  /** How many Topic Aliases may be used. */
  readonly topicAliasMax: number;
}

/** The outgoing half of a session. */
export class Outgoing {
  readonly #doors: Doors;
  readonly #clientId: string;

  // valid for the session
  /** What waits for PUBACK or PUBREC. A Map remembers the order in which it was first sent. */
  readonly #published = new Map<number, Delivery>();
  /** What waits for PUBCOMP, in the order in which the PUBRECs came; true where it holds quota. */
  readonly #released = new Map<number, boolean>();
  /** QoS 1 and 2 that has not been sent. */
  readonly #waiting = new DeliveryQueue();
  #bytes = 0;
  #accepted = 0;
  #lastId = 0;

  // valid for the connection
  #link: Link | undefined;
  #aliases = NO_ALIASES;
  /** How many more may be sent before one is acknowledged. */
  #quota = 0;
  /** Published on an earlier connection, and not sent again yet. */
  readonly #unsent = new DeliveryQueue();
  /** QoS 0 that waits for the client to read. */
  readonly #fleeting = new DeliveryQueue();

  /** Makes the outgoing half of a client that has no connection. */
  constructor(doors: Doors, clientId: string) {
    this.#doors = doors;
    this.#clientId = clientId;
  }

  /** How many messages have not been sent. */
  get queued(): number {
    return this.#waiting.length + this.#fleeting.length;
  }

  /** How many messages have begun their handshake and not ended it. */
  get inFlight(): number {
    return this.#published.size + this.#released.size;
  }

  /** Whether a message that is no larger than most would be dropped. */
  get isFull(): boolean {
    return this.#exceeds(0);
  }

  /** Takes a message: it is written, waits, or is dropped where there is no space. */
  take(delivery: Delivery, now: number): void {
    const link = this.#link;
    const isFleeting = delivery.qos === 0;
    // QoS 0 is not kept for one who is away (4.3.1).
    if (isFleeting && link === undefined) return;
    delivery.order = ++this.#accepted;
    if (isFleeting && link?.hasRoom && this.#fleeting.length === 0) {
      return this.#writeFleeting(link, delivery, now);
    }
    if (!this.#makeSpace(delivery.message.keep(), now)) {
      return this.#tellDrop(delivery, "queue-full");
    }
    this.#hold(delivery);
    if (isFleeting) this.#fleeting.push(delivery);
    else if (link?.hasRoom && this.#isReady) this.#publish(link, delivery, now);
    else this.#waiting.push(delivery);
  }

  /** PUBACK has come. One of nothing that is known is not looked at. */
  puback(packet: AckPacket): void {
    const delivery = this.#published.get(packet.packetId);
    if (delivery?.qos === 1) return this.#complete(delivery);
    if (delivery !== undefined) throw outOfTurn(packet, "PUBREC");
    if (this.#released.has(packet.packetId)) throw outOfTurn(packet, "PUBCOMP");
  }

  /** PUBREC has come: PUBREL is its answer, but for one that refuses [MQTT-4.3.3-4]. */
  pubrec(link: Link, packet: AckPacket): void {
    const { packetId } = packet;
    const isRefused = packet.reasonCode >= 0x80;
    const delivery = this.#published.get(packetId);
    if (delivery?.qos === 1) throw outOfTurn(packet, "PUBACK");
    if (delivery === undefined) {
      const isKnown = this.#released.has(packetId);
      if (isRefused && isKnown) throw outOfTurn(packet, "PUBCOMP");
      if (isRefused) return;
      return link.sendAck(
        "pubrel",
        packetId,
        isKnown ? ReasonCode.success : ReasonCode.packetIdentifierNotFound,
      );
    }
    if (isRefused) return this.#complete(delivery);
    this.#forget(delivery);
    this.#published.delete(packetId);
    this.#released.set(packetId, delivery.holdsQuota);
    link.sendAck("pubrel", packetId);
  }

  /** PUBCOMP has come. One of nothing that is known is not looked at. */
  pubcomp(packet: AckPacket): void {
    const { packetId } = packet;
    const delivery = this.#published.get(packetId);
    if (delivery !== undefined) {
      throw outOfTurn(packet, delivery.qos === 1 ? "PUBACK" : "PUBREC");
    }
    // A PUBREL that was sent again took no quota: its PUBCOMP gives none (4.9).
    if (this.#released.get(packetId)) this.#quota++;
    this.#released.delete(packetId);
  }

  /** CONNACK has been written: what the client has not acknowledged to the end is sent again [MQTT-4.4.0-1]. */
  connected(link: Link, limits: ClientLimits): void {
    this.#link = link;
    this.#quota = limits.window;
    this.#aliases = new OutgoingAliases(limits.topicAliasMax);
    for (const packetId of this.#released.keys()) {
      this.#released.set(packetId, false);
      link.sendAck("pubrel", packetId);
    }
    for (const delivery of this.#published.values()) {
      delivery.holdsQuota = false;
      delivery.dup = true;
      this.#unsent.push(delivery);
    }
  }

  /** The connection is gone, and QoS 0 with it. */
  disconnected(): void {
    this.#link = undefined;
    this.#aliases = NO_ALIASES;
    this.#unsent.takeAll();
    for (const delivery of this.#fleeting.takeAll()) this.#forget(delivery);
  }

  /** Writes what waits, as far as the client reads and its window allows. */
  flush(now: number): void {
    const link = this.#link;
    if (link === undefined) return;
    while (link.hasRoom) {
      const delivery = this.#next();
      if (delivery === undefined) return;
      if (delivery.qos === 0) this.#flushFleeting(link, now);
      else if (delivery.dup) this.#publishAgain(link, now);
      else this.#flushWaiting(link, now);
    }
  }

  /**
   * The session has ended. Returns what was for a shared subscription and was not delivered: another of its
   * clients may have it, unless its delivery at QoS 2 has begun [MQTT-4.8.2-5].
   */
  end(): Delivery[] {
    this.disconnected();
    const published = [...this.#published.values()];
    const waiting = this.#waiting.takeAll();
    for (const delivery of published) this.#forget(delivery);
    for (const delivery of waiting) this.#forget(delivery);
    this.#published.clear();
    this.#released.clear();
    return [...published.filter(({ qos }) => qos === 1), ...waiting]
      .filter(({ sharedFilter }) => sharedFilter !== undefined);
  }

  /** Whether one more may begin its handshake now, before all that waits. */
  get #isReady(): boolean {
    return this.#quota > 0 && this.#unsent.length === 0 &&
      this.#waiting.length === 0 && this.inFlight < PACKET_ID_MAX;
  }

  /** What is written next: of QoS 0 and the others that which came first; undefined where nothing may be. */
  #next(): Delivery | undefined {
    const fleeting = this.#fleeting.first;
    const other = this.#nextAcknowledged();
    if (fleeting === undefined || other === undefined) return fleeting ?? other;
    return fleeting.order < other.order ? fleeting : other;
  }

  #nextAcknowledged(): Delivery | undefined {
    if (this.#quota === 0) return undefined;
    // One that was acknowledged before it was sent again needs no sending.
    let again = this.#unsent.first;
    while (
      again !== undefined && this.#published.get(again.packetId) !== again
    ) {
      this.#unsent.shift();
      again = this.#unsent.first;
    }
    if (again !== undefined) return again;
    return this.inFlight < PACKET_ID_MAX ? this.#waiting.first : undefined;
  }

  #flushFleeting(link: Link, now: number): void {
    const delivery = this.#fleeting.shift();
    if (delivery === undefined) return;
    this.#forget(delivery);
    if (isExpired(delivery, now)) return this.#tellDrop(delivery, "expired");
    this.#writeFleeting(link, delivery, now);
  }

  #flushWaiting(link: Link, now: number): void {
    const delivery = this.#waiting.shift();
    if (delivery === undefined) return;
    if (!isExpired(delivery, now)) return this.#publish(link, delivery, now);
    this.#forget(delivery);
    this.#tellDrop(delivery, "expired");
  }

  #writeFleeting(link: Link, delivery: Delivery, now: number): void {
    if (!this.#write(link, delivery, now)) {
      this.#tellDrop(delivery, "too-large");
    }
  }

  /** Begins the handshake of a message. */
  #publish(link: Link, delivery: Delivery, now: number): void {
    delivery.packetId = this.#freeId();
    if (!this.#write(link, delivery, now)) {
      this.#forget(delivery);
      return this.#tellDrop(delivery, "too-large");
    }
    this.#lastId = delivery.packetId;
    this.#published.set(delivery.packetId, delivery);
    delivery.holdsQuota = true;
    this.#quota--;
  }

  /** Its expiry does not matter any more: its delivery has begun (3.3.2.3.3). */
  #publishAgain(link: Link, now: number): void {
    const delivery = this.#unsent.shift();
    if (delivery === undefined) return;
    if (this.#write(link, delivery, now)) {
      delivery.holdsQuota = true;
      this.#quota--;
    } else {
      // This connection takes less than the one before: as if it had been delivered [MQTT-3.1.2-25].
      this.#complete(delivery);
      this.#tellDrop(delivery, "too-large");
    }
  }

  #write(link: Link, delivery: Delivery, now: number): boolean {
    const isWritten = writeDelivery(link, this.#aliases, delivery, now);
    if (isWritten) this.#doors.messagesSent++;
    return isWritten;
  }

  /** The handshake has ended: identifier, quota and space are free. */
  #complete(delivery: Delivery): void {
    this.#published.delete(delivery.packetId);
    this.#forget(delivery);
    if (delivery.holdsQuota) this.#quota++;
    delivery.holdsQuota = false;
  }

  /** The identifier after the last one that is not in use [MQTT-2.2.1-4]; there is one. */
  #freeId(): number {
    let packetId = this.#lastId;
    do packetId = packetId % PACKET_ID_MAX + 1; while (
      this.#published.has(packetId) || this.#released.has(packetId)
    );
    return packetId;
  }

  #exceeds(size: number): boolean {
    const { settings, queuedBytes } = this.#doors;
    return this.queued >= settings.queuedMessagesMax ||
      this.#bytes + size > settings.queuedBytesMax ||
      queuedBytes + size > settings.allQueuedBytesMax;
  }

  /** Makes space: QoS 0 goes first, then what has expired. False where there is none for this one. */
  #makeSpace(size: number, now: number): boolean {
    while (this.#exceeds(size)) {
      const fleeting = this.#fleeting.shift();
      const first = this.#waiting.first;
      if (fleeting !== undefined) {
        this.#forget(fleeting);
        this.#tellDrop(fleeting, "queue-full");
      } else if (first !== undefined && isExpired(first, now)) {
        this.#waiting.shift();
        this.#forget(first);
        this.#tellDrop(first, "expired");
      } else return false;
    }
    return true;
  }

  #hold({ message }: Delivery): void {
    const size = message.keep();
    this.#bytes += size;
    this.#doors.queuedBytes += size;
    this.#doors.queuedMessages++;
  }

  #forget({ message }: Delivery): void {
    const size = message.keep();
    this.#bytes -= size;
    this.#doors.queuedBytes -= size;
    this.#doors.queuedMessages--;
  }

  #tellDrop({ message }: Delivery, cause: DropCause): void {
    this.#doors.drop(message, this.#clientId, cause);
  }
}

function isExpired({ message }: Delivery, now: number): boolean {
  return now >= message.expiresAt;
}
