/**
 * A message on its way to one client, and the queue in which it waits.
 *
 * @module
 */
import type { QoS } from "../codec/packet.ts";
import type { Message } from "./message.ts";

/** One message for one session. */
export class Delivery {
  /** What is delivered. */
  readonly message: Message;
  /** As it is delivered: the lower one of the publisher's and the subscription's. */
  readonly qos: QoS;
  /** RETAIN as it is delivered. */
  readonly retain: boolean;
  /** Of all subscriptions that it is delivered for. */
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** The whole Topic Filter of the shared subscription that it is delivered for. */
  readonly sharedFilter: string | undefined;
  /** 0 until it is sent. */
  packetId = 0;
  /** Whether it is sent again [MQTT-3.3.1-1]. */
  dup = false;
  /** Whether the present connection's send quota waits for it. */
  holdsQuota = false;
  /** The number under which the session took it. */
  order = 0;
  /** What waits behind it. */
  next: Delivery | undefined;

  /** Makes a delivery. */
  constructor(
    message: Message,
    qos: QoS,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
    sharedFilter?: string,
  ) {
    this.message = message;
    this.qos = qos;
    this.retain = retain;
    this.subscriptionIdentifiers = subscriptionIdentifiers;
    this.sharedFilter = sharedFilter;
  }
}

/** First in, first out. Each waits in one queue at most: the links are its own. */
export class DeliveryQueue {
  #first: Delivery | undefined;
  #last: Delivery | undefined;
  #length = 0;

  /** How many wait. */
  get length(): number {
    return this.#length;
  }

  /** The first one, which stays. */
  get first(): Delivery | undefined {
    return this.#first;
  }

  /** Adds one behind all others. */
  push(delivery: Delivery): void {
    if (this.#last === undefined) this.#first = delivery;
    else this.#last.next = delivery;
    this.#last = delivery;
    this.#length++;
  }

  /** Takes the first one. */
  shift(): Delivery | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.#first = first.next;
    if (first.next === undefined) this.#last = undefined;
    first.next = undefined;
    this.#length--;
    return first;
  }

  /** Takes all. */
  takeAll(): Delivery[] {
    const all: Delivery[] = [];
    for (
      let delivery = this.shift();
      delivery !== undefined;
      delivery = this.shift()
    ) all.push(delivery);
    return all;
  }
}
