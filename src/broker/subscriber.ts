/**
 * SUBSCRIBE and UNSUBSCRIBE of one client, filter by filter, and their answers (3.8 - 3.11).
 *
 * @module
 */
import {
  NO_PROPERTIES,
  type Properties,
  type QoS,
  type SubscribePacket,
  type SubscriptionRequest,
  type UnsubscribePacket,
} from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { parseFilter, topicFilterFault } from "../topic/filter.ts";
import { getsRetained } from "./exchange.ts";
import type { Link } from "./link.ts";
import { filterInvalid, unavailable } from "./misconduct.ts";
import type { Parts } from "./parts.ts";
import type { BrokerDecision } from "./question.ts";
import type { BrokerSession } from "./session.ts";
import type { Subscription } from "./subscription.ts";
import { isShared } from "./subscriptions.ts";

/** One Topic Filter of a SUBSCRIBE, and what is known of its answer. */
interface Asked {
  readonly request: SubscriptionRequest;
  /** The highest QoS that may be granted, or the refusal. */
  reasonCode: number;
}

/** A SUBSCRIBE that is looked at. */
interface Subscribing {
  readonly packet: SubscribePacket;
  readonly asked: readonly Asked[];
}

/** What a client subscribes to on one connection. */
export class Subscriber {
  readonly #parts: Parts;
  readonly #link: Link;
  readonly #session: BrokerSession;
  /** What is being decided about. */
  #undecided: Subscribing | undefined;

  /** Makes the subscriber of a connection that CONNACK has accepted. */
  constructor(parts: Parts, link: Link, session: BrokerSession) {
    this.#parts = parts;
    this.#link = link;
    this.#session = session;
  }

  /** SUBSCRIBE has come. Throws a ProtocolError for what CONNACK says is not there. */
  subscribe(packet: SubscribePacket, now: number): void {
    const { doors } = this.#parts;
    this.#checkIdentifier(packet.properties);
    const inUse = this.#isInUse(packet.packetId);
    const asked = packet.subscriptions.map((request, index) => ({
      request,
      reasonCode: this.#check(request.topicFilter) ??
        (inUse ? ReasonCode.packetIdentifierInUse : this.#limitAt(index)),
    }));
    const subscribing = { packet, asked };
    const open = openRequests(subscribing);
    if (!doors.settings.questions.subscribe || open.length === 0) {
      return this.#complete(subscribing, now);
    }
    this.#undecided = subscribing;
    this.#link.ask({
      type: "subscribe",
      connection: this.#link,
      subscriptions: open.map(({ request }) => request),
    });
  }

  /** Which Topic Filters may be subscribed to was decided. */
  decided(decision: BrokerDecision, now: number): void {
    const subscribing = this.#undecided;
    this.#undecided = undefined;
    if (subscribing === undefined) return;
    const { reasonCode, reasonCodes = [], properties } = decision;
    for (const [index, asked] of openRequests(subscribing).entries()) {
      asked.reasonCode = reasonCodes[index] ?? reasonCode;
    }
    this.#complete(subscribing, now, properties);
  }

  /** UNSUBSCRIBE has come: it is answered even where there is nothing to leave [MQTT-3.10.4-4, MQTT-3.10.4-5]. */
  unsubscribe({ packetId, topicFilters }: UnsubscribePacket): void {
    for (const topicFilter of topicFilters) checkFilter(topicFilter);
    const inUse = this.#isInUse(packetId);
    const reasonCodes = topicFilters.map((topicFilter) =>
      inUse ? ReasonCode.packetIdentifierInUse : this.#leave(topicFilter)
    );
    this.#link.send({
      type: "unsuback",
      packetId,
      reasonCodes: this.#link.protocolVersion === 5 ? reasonCodes : [],
      properties: NO_PROPERTIES,
    });
  }

  /** Makes the subscriptions one by one, as if each had come alone [MQTT-3.8.4-5], and answers. */
  #complete(
    { packet, asked }: Subscribing,
    now: number,
    properties: Properties = NO_PROPERTIES,
  ): void {
    const { packetId } = packet;
    const identifier = packet.properties.subscriptionIdentifier;
    const welcome: Subscription[] = [];
    const reasonCodes = asked.map((each) =>
      this.#subscribe(each, identifier, welcome)
    );
    const isNew = this.#link.protocolVersion === 5;
    this.#link.send({
      type: "suback",
      packetId,
      reasonCodes: isNew ? reasonCodes : reasonCodes.map(returnCode),
      properties: isNew ? properties : NO_PROPERTIES,
    });
    for (const subscription of welcome) {
      this.#parts.exchange.sendRetained(subscription, now);
    }
  }

  /** Makes one subscription. Returns the QoS that is granted, or the refusal. */
  #subscribe(
    { request, reasonCode }: Asked,
    subscriptionIdentifier: number | undefined,
    welcome: Subscription[],
  ): number {
    const { topicFilter, qos: wanted, noLocal, retainAsPublished } = request;
    const session = this.#session;
    const { settings } = this.#parts.doors;
    if (reasonCode < 0x80 && this.#isOneTooMany(topicFilter)) {
      reasonCode = ReasonCode.quotaExceeded;
    }
    if (reasonCode >= 0x80) return this.#tell(topicFilter, reasonCode);
    const qos = lowest(wanted, settings.maximumQoS, reasonCode);
    const subscription = {
      session,
      topicFilter,
      qos,
      noLocal,
      retainAsPublished,
      subscriptionIdentifier,
    };
    const replaced = this.#parts.exchange.subscriptions.add(subscription);
    const isNew = replaced === undefined;
    if (getsRetained(subscription, request.retainHandling, isNew)) {
      welcome.push(subscription);
    }
    return this.#tell(topicFilter, qos);
  }

  #leave(topicFilter: string): number {
    const { clientId } = this.#session;
    const { doors, exchange } = this.#parts;
    const existed = exchange.subscriptions.delete(this.#session, topicFilter);
    const reasonCode = existed
      ? ReasonCode.success
      : ReasonCode.noSubscriptionExisted;
    doors.tell({ type: "unsubscribed", clientId, topicFilter, reasonCode });
    return reasonCode;
  }

  #tell(topicFilter: string, reasonCode: number): number {
    const { clientId } = this.#session;
    this.#parts.doors.tell({
      type: "subscribed",
      clientId,
      topicFilter,
      reasonCode,
    });
    return reasonCode;
  }

  /**
   * Why a Topic Filter is refused. Throws where it is none or, under MQTT 5, asks for what CONNACK says is
   * not there.
   */
  #check(topicFilter: string): number | undefined {
    checkFilter(topicFilter);
    const { settings } = this.#parts.doors;
    if (levelCount(topicFilter) > settings.topicLevelsMax) {
      return ReasonCode.topicFilterInvalid;
    }
    if (!settings.sharedSubscriptionAvailable && isShared(topicFilter)) {
      return this.#refuse(
        "shared subscriptions",
        ReasonCode.sharedSubscriptionsNotSupported,
      );
    }
    if (!settings.wildcardSubscriptionAvailable && hasWildcard(topicFilter)) {
      return this.#refuse(
        "wildcards",
        ReasonCode.wildcardSubscriptionsNotSupported,
      );
    }
    return undefined;
  }

  #checkIdentifier({ subscriptionIdentifier }: Properties): void {
    const { settings } = this.#parts.doors;
    if (settings.subscriptionIdentifiersAvailable) return;
    if (subscriptionIdentifier === undefined) return;
    throw unavailable(
      "a Subscription Identifier",
      ReasonCode.subscriptionIdentifiersNotSupported,
    );
  }

  /** A client of MQTT 5 knows by CONNACK; one of MQTT 3.x is refused. */
  #refuse(what: string, reasonCode: number): number {
    if (this.#link.protocolVersion === 5) throw unavailable(what, reasonCode);
    return reasonCode;
  }

  /** Whether a Packet Identifier stands for a message. MQTT 3.x has no word for it. */
  #isInUse(packetId: number): boolean {
    return this.#link.protocolVersion === 5 &&
      this.#session.received.has(packetId);
  }

  /** One SUBSCRIBE with more Topic Filters than a session may have is not looked at to its end. */
  #limitAt(index: number): number {
    const { subscriptionsMax } = this.#parts.doors.settings;
    return index < subscriptionsMax ? 2 : ReasonCode.quotaExceeded;
  }

  #isOneTooMany(topicFilter: string): boolean {
    const { doors, exchange } = this.#parts;
    const own = exchange.subscriptions.of(this.#session);
    return own.size >= doors.settings.subscriptionsMax && !own.has(topicFilter);
  }
}

function openRequests({ asked }: Subscribing): Asked[] {
  return asked.filter(({ reasonCode }) => reasonCode < 0x80);
}

function checkFilter(topicFilter: string): void {
  const fault = topicFilterFault(topicFilter);
  if (fault !== undefined) throw filterInvalid(topicFilter, fault);
}

function hasWildcard(topicFilter: string): boolean {
  return /[+#]/.test(parseFilter(topicFilter).topicFilter);
}

function levelCount(topicFilter: string): number {
  return parseFilter(topicFilter).topicFilter.split("/").length;
}

function lowest(wanted: QoS, maximum: QoS, granted: number): QoS {
  const qos = wanted < maximum ? wanted : maximum;
  if (granted >= qos) return qos;
  return granted === 0 ? 0 : 1;
}

/** MQTT 3.x has one word for all refusals (3.1.1, 3.9.3). */
function returnCode(reasonCode: number): number {
  return reasonCode < 0x80 ? reasonCode : ReasonCode.unspecifiedError;
}
