/**
 * The subscribing side of a client: SUBSCRIBE, UNSUBSCRIBE and their answers.
 *
 * @module
 */
import {
  NO_PROPERTIES,
  type ProtocolVersion,
  type SubackPacket,
  type SubscriptionRequest,
  type UnsubackPacket,
} from "../codec/packet.ts";
import { reasonText } from "../codec/reason_code.ts";
import { SubscribeError } from "../errors.ts";
import { parseFilter, topicFilterFault } from "../topic/filter.ts";
import { checkInteger, checkNames } from "./checks.ts";
import type { Consumer } from "./consumer.ts";
import { Filters } from "./filters.ts";
import type { Life } from "./life.ts";
import type { Link } from "./link.ts";
import type { SubscribeOptions, UnsubscribeOptions } from "./options.ts";
import type { Receiver } from "./receiver.ts";
import { makeReceiveSettings, type Settings } from "./settings.ts";
import { Subscription } from "./subscription.ts";
import { aborted, rejected, SubscribeWait, UnsubscribeWait } from "./wait.ts";

const SUBSCRIBE_OPTIONS: ReadonlySet<string> = new Set([
  "qos",
  "noLocal",
  "retainAsPublished",
  "retainHandling",
  "properties",
  "partial",
  "signal",
  "onMessage",
  "concurrency",
  "onError",
  "ack",
]);

const UNSUBSCRIBE_OPTIONS: ReadonlySet<string> = new Set([
  "properties",
  "signal",
]);

/** What a subscriber is made from. */
export interface SubscriberOptions {
  readonly settings: Settings;
  readonly life: Life;
  readonly link: Link;
  readonly receiver: Receiver;
}

/** Takes wishes for messages to the session, and its answers to those who wait. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #filters = new Filters();
  readonly #consumers = new Map<Subscription, Consumer>();

  /** Makes the subscribing side. */
  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  /** See `Client.subscribe`. */
  subscribe(
    filters: string | readonly string[],
    options: SubscribeOptions,
  ): Promise<Subscription> {
    const { life, link } = this.#options;
    const topicFilters = typeof filters === "string" ? [filters] : [...filters];
    const what = `subscribe to ${quoted(topicFilters)}`;
    try {
      const requests = this.#makeRequests(what, topicFilters, options);
      life.check(what);
      const { signal } = options;
      if (signal?.aborted) throw aborted(what, signal);
      const { subscription, wait } = this.#begin(what, topicFilters, options);
      try {
        link.session.subscribe({
          subscriptions: this.#filters.join(requests, subscription),
          properties: options.properties ?? NO_PROPERTIES,
        }, wait);
      } catch (error) {
        this.#drop(subscription, topicFilters);
        throw error;
      }
      link.scheduleFlush();
      link.resume();
      return wait.promise;
    } catch (error) {
      return rejected(error);
    }
  }

  /** See `Client.unsubscribe`. */
  unsubscribe(
    filters: string | readonly string[],
    options: UnsubscribeOptions,
  ): Promise<readonly number[]> {
    const topicFilters = typeof filters === "string" ? [filters] : [...filters];
    const what = `unsubscribe from ${quoted(topicFilters)}`;
    try {
      checkNames(what, options, UNSUBSCRIBE_OPTIONS);
      checkFilters(what, topicFilters);
      this.#options.life.check(what);
      if (options.signal?.aborted) throw aborted(what, options.signal);
      return this.#unsubscribe(what, topicFilters, options);
    } catch (error) {
      return rejected(error);
    }
  }

  /** SUBACK has come. */
  subscribed(wait: SubscribeWait, packet: SubackPacket): void {
    const { settings, receiver } = this.#options;
    const { subscription, partial, what } = wait;
    const { reasonCodes, properties } = packet;
    const refused = subscription.filters.filter((_, i) =>
      (reasonCodes[i] ?? 0x80) >= 0x80
    );
    // Nobody waits for it any more, or not for a part of it: what was granted is left.
    if (wait.settled || (refused.length > 0 && !partial)) {
      void this.leave(subscription, {});
      wait.reject(
        new SubscribeError(
          `Cannot ${what}: the server refused ${quoted(refused)}, ${
            this.#refusalText(reasonCodes)
          }`,
          {
            reasonCodes,
            reasonString: properties.reasonString,
            userProperties: properties.userProperties,
          },
        ),
      );
      return;
    }
    subscription.granted = reasonCodes;
    const consumer = this.#consumers.get(subscription);
    for (const topicFilter of refused) {
      this.#filters.leave([topicFilter], subscription);
      if (consumer !== undefined) receiver.router.remove(topicFilter, consumer);
    }
    wait.resolve(subscription);
    wait.signal?.addEventListener("abort", () => {
      subscription.unsubscribe().catch(() => {});
    }, { once: true });
    // A loop that begins in this macrotask misses nothing.
    settings.clock.afterTurn(() => {
      if (consumer === undefined) return;
      receiver.router.endReservation(consumer, settings.clock.now());
      this.#options.link.arm();
    });
  }

  /** UNSUBACK has come. */
  unsubscribed(wait: UnsubscribeWait, packet: UnsubackPacket): void {
    const { reasonCodes, properties } = packet;
    const refused = reasonCodes.some((code) => code >= 0x80);
    if (!refused) return wait.resolve(reasonCodes);
    wait.reject(
      new SubscribeError(
        `Cannot unsubscribe from ${quoted(wait.topicFilters)}: ${
          this.#refusalText(reasonCodes)
        }`,
        {
          reasonCodes,
          reasonString: properties.reasonString,
          userProperties: properties.userProperties,
        },
      ),
    );
  }

  /** No answer will come. */
  abandoned(wait: SubscribeWait | UnsubscribeWait): void {
    const what = wait.type === "subscribe"
      ? wait.what
      : `unsubscribe from ${quoted(wait.topicFilters)}`;
    wait.reject(this.#options.life.error(what));
  }

  /** A subscription wants no more: its loop gets what came before UNSUBACK, then ends. */
  async leave(
    subscription: Subscription,
    options: UnsubscribeOptions,
  ): Promise<void> {
    const { life, receiver } = this.#options;
    const consumer = this.#consumers.get(subscription);
    if (consumer === undefined) return;
    const free = this.#filters.leave(subscription.filters, subscription);
    try {
      if (free.length > 0 && life.end === undefined) {
        const what = `unsubscribe from ${quoted(free)}`;
        await this.#unsubscribe(what, free, options);
      }
    } finally {
      this.#consumers.delete(subscription);
      if (life.end === undefined) receiver.leave(consumer);
    }
  }

  #begin(
    what: string,
    topicFilters: readonly string[],
    options: SubscribeOptions,
  ): { subscription: Subscription; wait: SubscribeWait } {
    const { receiver } = this.#options;
    const receive = makeReceiveSettings(what, options);
    const consumer = receiver.addConsumer(receive);
    const subscription = new Subscription({
      filters: topicFilters,
      consumer,
      owner: {
        attach: (consumer) => receiver.attach(consumer),
        detach: (consumer) => receiver.detach(consumer),
        leave: (subscription, options) => this.leave(subscription, options),
      },
    });
    this.#consumers.set(subscription, consumer);
    for (const topicFilter of topicFilters) {
      receiver.router.add(topicFilter, consumer);
    }
    if (receive.onMessage === undefined) receiver.router.reserve(consumer);
    const wait = new SubscribeWait(subscription, what, options);
    wait.abortWith(options.signal, what);
    return { subscription, wait };
  }

  #drop(subscription: Subscription, topicFilters: readonly string[]): void {
    const consumer = this.#consumers.get(subscription);
    this.#filters.leave(topicFilters, subscription);
    this.#consumers.delete(subscription);
    if (consumer !== undefined) this.#options.receiver.leave(consumer);
  }

  #unsubscribe(
    what: string,
    topicFilters: readonly string[],
    options: UnsubscribeOptions,
  ): Promise<readonly number[]> {
    const { link } = this.#options;
    const wait = new UnsubscribeWait(topicFilters);
    wait.abortWith(options.signal, what);
    link.session.unsubscribe({
      topicFilters,
      properties: options.properties ?? NO_PROPERTIES,
    }, wait);
    link.scheduleFlush();
    link.resume();
    return wait.promise;
  }

  #makeRequests(
    what: string,
    topicFilters: readonly string[],
    options: SubscribeOptions,
  ): SubscriptionRequest[] {
    checkNames(what, options, SUBSCRIBE_OPTIONS);
    checkFilters(what, topicFilters);
    const {
      qos = 0,
      noLocal = false,
      retainAsPublished = false,
      retainHandling = 0,
    } = options;
    checkInteger(what, "qos", qos, 0, 2);
    checkInteger(what, "retainHandling", retainHandling, 0, 2);
    const newer = noLocal
      ? "noLocal"
      : retainAsPublished
      ? "retainAsPublished"
      : retainHandling > 0
      ? "retainHandling"
      : options.onError === "reject"
      ? 'onError "reject"'
      : undefined;
    if (newer !== undefined && this.#version < 5) {
      throw new TypeError(
        `Cannot ${what}: ${newer} needs MQTT 5, and the server speaks less`,
      );
    }
    for (const topicFilter of topicFilters) {
      // [MQTT-3.8.3-4]
      if (noLocal && parseFilter(topicFilter).shareName !== undefined) {
        throw new TypeError(
          `Cannot ${what}: noLocal is not allowed in a shared subscription`,
        );
      }
    }
    return topicFilters.map((topicFilter) => ({
      topicFilter,
      qos,
      noLocal,
      retainAsPublished,
      retainHandling,
    }));
  }

  #refusalText(reasonCodes: readonly number[]): string {
    const code = reasonCodes.find((code) => code >= 0x80) ?? 0x80;
    return this.#version < 5
      ? `without saying why (${code})`
      : `${reasonText(code, "suback")} (${code})`;
  }

  get #version(): ProtocolVersion {
    return this.#options.link.connack?.protocolVersion ?? 5;
  }
}

function checkFilters(what: string, topicFilters: readonly string[]): void {
  if (topicFilters.length === 0) {
    throw new TypeError(`Cannot ${what}: there must be at least one`);
  }
  for (const topicFilter of topicFilters) {
    const fault = topicFilterFault(topicFilter);
    if (fault !== undefined) throw new TypeError(`Cannot ${what}: ${fault}`);
  }
}

function quoted(topicFilters: readonly string[]): string {
  const shown = topicFilters.slice(0, 3).map((filter) => `"${filter}"`);
  const more = topicFilters.length - shown.length;
  return (shown.join(", ") || "no Topic Filter") +
    (more > 0 ? ` and ${more} more` : "");
}
