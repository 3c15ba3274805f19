// What one client does with its Packet Identifiers, and with messages of QoS 2, as the wire shows it.

import type { Packet, PublishPacket, QoS } from "../../src/codec/packet.ts";
import type { PacketWatcher } from "../support/tapped_transport.ts";

/** Below this a Reason Code is a success. */
const FAILURE_MIN = 0x80;

/** A message of ours whose handshake has not ended. */
interface Flight {
  readonly text: string;
  /** The place of its PUBREC among all; 0 while there is none. */
  pubrec: number;
}

/** Watches one client over all its connections. Texts are unique among what it sends. */
export class FlightLedger implements PacketWatcher {
  /** What the client has done that it must not do, a line each. */
  readonly faults: string[] = [];
  /** How many messages were sent that are acknowledged. */
  published = 0;
  readonly #flights = new Map<number, Flight>();
  readonly #sentOnce = new Set<string>();
  /** Identifiers of QoS 2 that the server has begun and not ended. */
  readonly #incoming = new Set<number>();
  readonly #begun = new Map<string, number>();
  readonly #came = new Map<number, string[]>([[1, []], [2, []]]);
  #pubrecs = 0;

  // of the present connection: what was sent last of each QoS, and released last
  readonly #sentLast = new Map<number, number>();
  readonly #releasedHere = new Set<number>();
  #releasedLast = 0;

  /** How often the server has begun to deliver a message of QoS 2; more than once, it has forgotten that it had. */
  begun(text: string): number {
    return this.#begun.get(text) ?? 0;
  }

  /** The texts of what the server has sent at QoS 1 or 2, in the order in which they came first. */
  came(qos: number): string[] {
    return [...new Set(this.#came.get(qos))];
  }

  sent(packet: Packet): void {
    switch (packet.type) {
      case "connect":
        this.#sentLast.clear();
        this.#releasedHere.clear();
        this.#releasedLast = 0;
        return;
      case "pubrel":
        return this.#release(packet.packetId);
      case "publish":
        if (packet.qos > 0) this.#publish(packet);
        return;
      case "subscribe":
      case "unsubscribe":
        return this.#checkFree(packet.packetId, packet.type);
    }
  }

  received(packet: Packet): void {
    switch (packet.type) {
      case "connack":
        if (packet.sessionPresent) return;
        this.#flights.clear();
        this.#incoming.clear();
        return;
      case "puback":
      case "pubcomp":
        this.#flights.delete(packet.packetId);
        return;
      case "pubrec": {
        const flight = this.#flights.get(packet.packetId);
        if (packet.reasonCode >= FAILURE_MIN) {
          this.#flights.delete(packet.packetId);
        } else if (flight !== undefined) flight.pubrec ||= ++this.#pubrecs;
        return;
      }
      case "publish":
        this.#came.get(packet.qos)?.push(textOf(packet));
        if (packet.qos === 2) this.#begin(packet);
        return;
      case "pubrel":
        this.#incoming.delete(packet.packetId);
        return;
    }
  }

  #publish(packet: PublishPacket): void {
    const { packetId, dup, qos } = packet;
    const text = textOf(packet);
    this.#checkOrder(qos, text);
    const flight = this.#flights.get(packetId);
    // What was ready to leave when the connection was lost may come with DUP the first time that it is seen.
    const isAgain = dup && (flight?.text ?? text) === text;
    if (isAgain && flight !== undefined && flight.pubrec > 0) {
      this.faults.push(`sent after PUBREC: ${text}`);
    }
    if (isAgain && flight !== undefined) return;
    this.#checkFree(packetId, text);
    if (qos === 2 && this.#sentOnce.has(text)) {
      this.faults.push(`sent anew at QoS 2: ${text}`);
    }
    this.#sentOnce.add(text);
    this.#flights.set(packetId, { text, pubrec: 0 });
    this.published++;
  }

  /** On each connection messages go in the order of their first time [MQTT-4.6.0-1]. */
  #checkOrder(qos: QoS, text: string): void {
    const order = this.#sentOnce.has(text)
      ? [...this.#sentOnce].indexOf(text)
      : this.#sentOnce.size;
    if (order < (this.#sentLast.get(qos) ?? -1)) {
      this.faults.push(`sent out of order: ${text}`);
    }
    this.#sentLast.set(qos, order);
  }

  /** And PUBRELs in the order in which the PUBRECs came [MQTT-4.6.0-4]. */
  #release(packetId: number): void {
    const flight = this.#flights.get(packetId);
    if (flight === undefined || this.#releasedHere.has(packetId)) return;
    this.#releasedHere.add(packetId);
    if (flight.pubrec < this.#releasedLast) {
      this.faults.push(`released out of order: ${flight.text}`);
    }
    this.#releasedLast = flight.pubrec;
  }

  #checkFree(packetId: number, what: string): void {
    const flight = this.#flights.get(packetId);
    if (flight === undefined) return;
    this.faults.push(
      `identifier ${packetId} is in flight with ${flight.text}, and used for ${what}`,
    );
  }

  #begin(packet: PublishPacket): void {
    const { packetId } = packet;
    if (this.#incoming.has(packetId)) return;
    this.#incoming.add(packetId);
    const text = textOf(packet);
    this.#begun.set(text, this.begun(text) + 1);
  }
}

function textOf({ payload }: PublishPacket): string {
  return new TextDecoder().decode(payload);
}
