/**
 * A message that has come, and who has it.
 *
 * @module
 */
import type { PublishPacket, QoS } from "../codec/packet.ts";
import type { AckProperties, PublishProperties } from "../codec/property.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import type { IncomingDelivery } from "../session/delivery.ts";
import type { Origin } from "./identifiers.ts";

/** Takes a message's acknowledgement to the server. */
export interface Acknowledger {
  /** Sends PUBACK or PUBREC once those before it have left. */
  acknowledge(
    delivery: IncomingDelivery,
    reasonCode: number,
    properties?: AckProperties,
  ): void;
  /** Throws a TypeError where the protocol version has no refusal. */
  checkReject(reasonCode: number): void;
}

/** What the client knows of a message besides what the program sees; the functions behind the class use it. */
interface Hold {
  number(message: Message): number;
  subscriptions(message: Message): Origin["subscriptions"];
  take(message: Message): void;
  part(message: Message, parting: Parting): boolean;
  isAcknowledged(message: Message): boolean;
}

let hold: Hold;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A message that the server has sent (PUBLISH, chapter 3.3).
 *
 * `payload` is a view on the block of 64 KiB, on a busy wire 256 KiB, that it was read into: whoever
 * keeps many small payloads for long keeps their blocks too, and is better off with `payload.slice()`.
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
  /**
   * The MQTT 5 properties; empty under MQTT 3.x. Of the Subscription Identifiers those that `subscribe()` was
   * given are there; the client keeps its own to itself.
   */
  readonly properties: PublishProperties;
  /** The Packet Identifier; 0 at QoS 0. */
  readonly packetId: number;
  readonly #number: number;
  readonly #delivery: IncomingDelivery | undefined;
  readonly #acknowledger: Acknowledger | undefined;
  readonly #subscriptions: Origin["subscriptions"];
  #takers = 0;
  #asked = false;

  static {
    hold = {
      number: (message) => message.#number,
      subscriptions: (message) => message.#subscriptions,
      take: (message) => void message.#takers++,
      part: (message, parting) => message.#part(parting),
      isAcknowledged: (message) => message.#delivery?.acknowledged ?? true,
    };
  }

  /** Made by the client alone, which numbers its messages as they come. */
  constructor(
    packet: PublishPacket,
    number: number,
    delivery?: IncomingDelivery,
    acknowledger?: Acknowledger,
    origin?: Origin,
  ) {
    this.topic = packet.topicName;
    this.payload = packet.payload;
    this.qos = packet.qos;
    this.retain = packet.retain;
    this.dup = packet.dup;
    this.properties = origin === undefined
      ? packet.properties
      : origin.properties;
    this.packetId = packet.packetId;
    this.#number = number;
    this.#delivery = delivery;
    this.#acknowledger = acknowledger;
    this.#subscriptions = origin?.subscriptions;
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
    this.#acknowledge(ReasonCode.success);
    return Promise.resolve();
  }

  /**
   * Refuses the message for good: PUBACK or PUBREC carries the Reason Code (128 or more), and the
   * server discards it. Reason String and User Properties may say more. Nothing happens at QoS 0 or after an
   * acknowledgement.
   * Rejects with a TypeError under MQTT 3.x, which has no refusal, and with a RangeError for a code
   * that is none.
   */
  reject(
    reasonCode: number = ReasonCode.implementationSpecificError,
    properties?: AckProperties,
  ): Promise<void> {
    try {
      if (this.#delivery !== undefined) {
        this.#acknowledger?.checkReject(reasonCode);
        this.#acknowledge(reasonCode, properties);
      }
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #acknowledge(reasonCode: number, properties?: AckProperties): void {
    if (this.#delivery === undefined) return;
    this.#acknowledger?.acknowledge(this.#delivery, reasonCode, properties);
  }

  #part(parting: Parting): boolean {
    if (parting === "asked") this.#asked = true;
    if (--this.#takers > 0) return false;
    if (!this.#asked) return true;
    this.#acknowledge(ReasonCode.success);
    return false;
  }
}

/** What the message's Subscription Identifiers said of it when it came. */
export function subscriptionsOf(message: Message): Origin["subscriptions"] {
  return hold.subscriptions(message);
}

/** Puts messages into the order in which they came. */
export function inOrder(messages: Message[]): Message[] {
  return messages.sort((a, b) => hold.number(a) - hold.number(b));
}

/** One more has the message. */
export function take(message: Message): void {
  hold.take(message);
}

/** How one that had the message is rid of it: it went on to its next, or it left without. */
export type Parting = "asked" | "left";

/**
 * One that had the message is rid of it. When the last one is, and at least one asked for its next,
 * the message is acknowledged. Returns true where nobody has it any more and nobody asked.
 */
export function part(message: Message, parting: Parting): boolean {
  return hold.part(message, parting);
}

/** Whether the message needs no owner any more: QoS 0, or its acknowledgement is due. */
export function isAcknowledged(message: Message): boolean {
  return hold.isAcknowledged(message);
}
