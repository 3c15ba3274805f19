/**
 * From the publisher to the subscribers: what is published is retained, and goes to all that match.
 *
 * @module
 */
import type { QoS } from "../codec/packet.ts";
import { Delivery } from "./delivery.ts";
import type { Doors } from "./doors.ts";
import type { Message } from "./message.ts";
import { Retained } from "./retained.ts";
import type { Target } from "./route.ts";
import type { BrokerSession } from "./session.ts";
import type { ShareGroup } from "./share_group.ts";
import type { Subscription } from "./subscription.ts";
import { isShared, Subscriptions } from "./subscriptions.ts";

/** Where messages come to, and leave from. */
export class Exchange {
  /** Who gets what. */
  readonly subscriptions = new Subscriptions();
  /** What those get who come later. */
  readonly retained: Retained;
  readonly #doors: Doors;

  /** Makes an exchange without subscribers. */
  constructor(doors: Doors) {
    this.#doors = doors;
    this.retained = new Retained(doors);
  }

  /** Publishes a message. Whether anybody has subscribed to it. */
  publish(message: Message, now: number): boolean {
    this.#doors.messagesReceived++;
    this.#doors.tell(message);
    if (message.retain) this.retained.store(message);
    const { targets, groups } = this.subscriptions.route(message.topicName);
    let isWanted = false;
    for (const target of targets) {
      if (this.#sendTo(target, message, now)) isWanted = true;
    }
    for (const group of groups) {
      if (this.#sendToOne(group, message, now)) isWanted = true;
    }
    return isWanted;
  }

  /** Sends the retained messages that a new subscription matches, as retained ones [MQTT-3.3.1-8]. */
  sendRetained(subscription: Subscription, now: number): void {
    const { session, topicFilter, qos, noLocal } = subscription;
    const identifiers = identifiersOf(subscription);
    for (const message of this.retained.match(topicFilter, now)) {
      if (noLocal && message.clientId === session.clientId) continue;
      session.outgoing.take(
        new Delivery(message, lower(message.qos, qos), true, identifiers),
        now,
      );
    }
  }

  /** A session has ended: what it had for shared subscriptions goes to others of them. */
  forget(session: BrokerSession, now: number): void {
    this.subscriptions.deleteAll(session);
    for (const { message, sharedFilter = "" } of session.outgoing.end()) {
      const group = this.subscriptions.group(sharedFilter);
      if (group !== undefined && now < message.expiresAt) {
        this.#sendToOne(group, message, now);
      }
    }
  }

  #sendTo(target: Target, message: Message, now: number): boolean {
    const actual = target.for(message.clientId);
    if (actual === undefined) return false;
    const { session, qos, retainAsPublished, subscriptionIdentifiers } = actual;
    session.outgoing.take(
      new Delivery(
        message,
        lower(message.qos, qos),
        // RETAIN says "this is old" to those who do not want it as published [MQTT-3.3.1-12].
        message.retain && retainAsPublished,
        subscriptionIdentifiers,
      ),
      now,
    );
    return true;
  }

  /** The QoS is that of the subscription of whom it goes to [MQTT-4.8.2-3]. */
  #sendToOne(group: ShareGroup, message: Message, now: number): boolean {
    const subscription = group.next(message.qos);
    if (subscription === undefined) return false;
    subscription.session.outgoing.take(
      new Delivery(
        message,
        lower(message.qos, subscription.qos),
        message.retain && subscription.retainAsPublished,
        identifiersOf(subscription),
        group.topicFilter,
      ),
      now,
    );
    return true;
  }
}

/** Whether retained messages are sent for a subscription: never for a shared one (4.8.2). */
export function getsRetained(
  { topicFilter }: Subscription,
  retainHandling: number,
  isNew: boolean,
): boolean {
  if (isShared(topicFilter)) return false;
  return retainHandling === 0 || (retainHandling === 1 && isNew);
}

function identifiersOf(
  { subscriptionIdentifier }: Subscription,
): readonly number[] | undefined {
  return subscriptionIdentifier === undefined
    ? undefined
    : [subscriptionIdentifier];
}

function lower(one: QoS, other: QoS): QoS {
  return one < other ? one : other;
}
