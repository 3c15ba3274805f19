/**
 * A message that has come, and who has it.
 *
 * @module
 */
import type { PublishPacket, QoS } from "../codec/packet.ts";
import type { PublishProperties } from "../codec/property.ts";
import type { IncomingDelivery } from "../session/delivery.ts";

/** Takes a message's acknowledgement to the server. */
export interface Acknowledger {
  /** Sends PUBACK or PUBREC once those before it have left. */
  acknowledge(delivery: IncomingDelivery, reasonCode: number): void;
  /** Throws a TypeError where the protocol version has no refusal. */
  checkReject(reasonCode: number): void;
}

/** What the client knows of the takers of a message; see the functions behind the class. */
interface Holding {
  readonly delivery: IncomingDelivery;
  readonly acknowledger: Acknowledger;
  takers: number;
  asked: boolean;
}

let holdingOf: (message: Message) => Holding | undefined;
let numberOf: (message: Message) => number;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A message that the server has sent (PUBLISH, chapter 3.3).
 *
 * `payload` is a view on the block of 64 KiB that it was read into: whoever keeps many small
 * payloads for long keeps their blocks too, and is better off with `payload.slice()`.
 */
export class Message {
  /** The Topic Name. */
  readonly topic: string;
  /** The payload's bytes. */
  readonly payload: Uint8Array;
  /** The Quality of Service it was sent to us with. */
  readonly qos: QoS;
  /** Whether the server sent it because it had retained it (or, with Retain As Published, the publisher's flag). */
  readonly retain: boolean;
  /** Whether the server may have sent it before. */
  readonly dup: boolean;
  /** The MQTT 5 properties; empty under MQTT 3.x. */
  readonly properties: PublishProperties;
  /** The Packet Identifier; 0 at QoS 0. */
  readonly packetId: number;
  readonly #number: number;
  readonly #holding: Holding | undefined;

  static {
    holdingOf = (message) => message.#holding;
    numberOf = (message) => message.#number;
  }

  /** Made by the client alone. */
  constructor(
    packet: PublishPacket,
    number: number,
    delivery?: IncomingDelivery,
    acknowledger?: Acknowledger,
  ) {
    this.topic = packet.topicName;
    this.payload = packet.payload;
    this.qos = packet.qos;
    this.retain = packet.retain;
    this.dup = packet.dup;
    this.properties = packet.properties;
    this.packetId = packet.packetId;
    this.#number = number;
    this.#holding = delivery === undefined || acknowledger === undefined
      ? undefined
      : { delivery, acknowledger, takers: 0, asked: false };
  }

  /** The payload as UTF-8; bytes that are not well-formed become U+FFFD. */
  text(): string {
    return decoder.decode(this.payload);
  }

  /** The payload as JSON. Throws a SyntaxError where it is none. */
  json<Value = unknown>(): Value {
    return JSON.parse(this.text());
  }

  /**
   * Acknowledges the message now, whatever the `ack` mode and whoever else has it: PUBACK or PUBREC
   * leaves once those of the messages before it have. Nothing happens at QoS 0, or the second time.
   */
  ack(): Promise<void> {
    const holding = this.#holding;
    holding?.acknowledger.acknowledge(holding.delivery, 0);
    return Promise.resolve();
  }

  /**
   * Refuses the message for good: PUBACK or PUBREC carries the Reason Code (128 or more), and the
   * server discards it. Nothing happens at QoS 0 or after an acknowledgement.
   * Rejects with a TypeError under MQTT 3.x, which has no refusal, and with a RangeError for a code
   * that is none.
   */
  reject(reasonCode = 0x83): Promise<void> {
    const holding = this.#holding;
    try {
      holding?.acknowledger.checkReject(reasonCode);
      holding?.acknowledger.acknowledge(holding.delivery, reasonCode);
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

/** Puts messages into the order in which they came. */
export function inOrder(messages: Message[]): Message[] {
  return messages.sort((a, b) => numberOf(a) - numberOf(b));
}

/** One more has the message. */
export function take(message: Message): void {
  const holding = holdingOf(message);
  if (holding !== undefined) holding.takers++;
}

/** How one that had the message is rid of it: it went on to its next, or it left without. */
export type Parting = "asked" | "left";

/**
 * One that had the message is rid of it. When the last one is, and at least one asked for its next,
 * the message is acknowledged. Returns true where nobody has it any more and nobody asked.
 */
export function part(message: Message, parting: Parting): boolean {
  const holding = holdingOf(message);
  if (holding === undefined) return false;
  if (parting === "asked") holding.asked = true;
  if (--holding.takers > 0) return false;
  if (!holding.asked) return true;
  holding.acknowledger.acknowledge(holding.delivery, 0);
  return false;
}

/** Whether the message needs no owner any more: QoS 0, or its acknowledgement is due. */
export function isAcknowledged(message: Message): boolean {
  return holdingOf(message)?.delivery.acknowledged ?? true;
}
