/**
 * Who gets the messages of one Topic Name.
 *
 * @module
 */
import type { QoS } from "../codec/packet.ts";
import type { BrokerSession } from "./session.ts";
import { ShareGroup } from "./share_group.ts";
import type { Subscription } from "./subscription.ts";

/** One session with all its subscriptions that match: it gets one copy for all of them [MQTT-3.3.4-2]. */
export class Target {
  /** Who gets it. */
  readonly session: BrokerSession;
  /** The highest QoS among the subscriptions. */
  readonly qos: QoS;
  /** Whether one of them wants RETAIN as published. */
  readonly retainAsPublished: boolean;
  /** Those that the subscriptions have [MQTT-3.3.4-4]; undefined where none has one. */
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  readonly #subscriptions: readonly Subscription[];

  /** Makes a target of one subscription or more. */
  constructor(session: BrokerSession, subscriptions: readonly Subscription[]) {
    this.session = session;
    this.#subscriptions = subscriptions;
    let qos: QoS = 0;
    let retainAsPublished = false;
    const identifiers: number[] = [];
    for (const subscription of subscriptions) {
      const { subscriptionIdentifier } = subscription;
      if (subscription.qos > qos) qos = subscription.qos;
      if (subscription.retainAsPublished) retainAsPublished = true;
      if (subscriptionIdentifier !== undefined) {
        identifiers.push(subscriptionIdentifier);
      }
    }
    this.qos = qos;
    this.retainAsPublished = retainAsPublished;
    this.subscriptionIdentifiers = identifiers.length === 0
      ? undefined
      : identifiers;
  }

  /** The target for what this client has published, where it is one at all [MQTT-3.8.3-3]. */
  for(publisher: string | undefined): Target | undefined {
    if (publisher !== this.session.clientId) return this;
    const others = this.#subscriptions.filter(({ noLocal }) => !noLocal);
    if (others.length === this.#subscriptions.length) return this;
    return others.length === 0 ? undefined : new Target(this.session, others);
  }
}

/** All who get the messages of one Topic Name, as long as no subscription changes. */
export class Route {
  /** Each of them gets a copy. */
  readonly targets: readonly Target[];
  /** Of each of them, one client gets a copy. */
  readonly groups: readonly ShareGroup[];

  /** Makes the route out of all that matches. */
  constructor(matches: readonly (Subscription | ShareGroup)[]) {
    const groups: ShareGroup[] = [];
    const bySession = new Map<BrokerSession, Subscription[]>();
    for (const match of matches) {
      if (match instanceof ShareGroup) groups.push(match);
      else {
        const others = bySession.get(match.session);
        if (others === undefined) bySession.set(match.session, [match]);
        else others.push(match);
      }
    }
    this.groups = groups;
    this.targets = Array.from(
      bySession,
      ([session, subscriptions]) => new Target(session, subscriptions),
    );
  }
}
