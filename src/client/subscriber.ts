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
import {
  aborted,
  quiet,
  rejected,
  SubscribeWait,
  UnsubscribeWait,
} from "./wait.ts";

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

/** What stands behind a subscription. */
interface Member {
  readonly consumer: Consumer;
  /** Lets go of its signal. */
  unhook: (() => void) | undefined;
}

/** Takes wishes for messages to the session, and its answers to those who wait. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #filters = new Filters();
  readonly #members = new Map<Subscription, Member>();

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
    try {
      const topicFilters = listFilters("subscribe", filters);
      const what = `subscribe to ${quoted(topicFilters)}`;
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
        this.#filters.leave(topicFilters, subscription);
        this.#end(subscription);
        throw error;
      }
      wait.abortWith(signal, what);
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
    try {
      const topicFilters = listFilters("unsubscribe", filters);
      const what = `unsubscribe from ${quoted(topicFilters)}`;
      this.#options.life.check(what);
      return this.#unsubscribe(what, topicFilters, options);
    } catch (error) {
      return rejected(error);
    }
  }

  /** SUBACK has come. */
  subscribed(wait: SubscribeWait, packet: SubackPacket): void {
    const { subscription, partial } = wait;
    const { reasonCodes } = packet;
    const granted = subscription.filters.filter((_, i) =>
      (reasonCodes[i] ?? 0x80) < 0x80
    );
    const isRefused = granted.length < subscription.filters.length;
    if (wait.settled || (isRefused && !partial)) {
      return this.#leaveGranted(wait, packet, granted);
    }
    subscription.granted = reasonCodes;
    this.#leaveRefused(subscription, granted);
    wait.resolve(subscription);
    this.#follow(subscription, wait.signal);
  }

  /** UNSUBACK has come. What follows it in the same segment is no longer for the one that has left. */
  unsubscribed(wait: UnsubscribeWait, packet: UnsubackPacket): void {
    wait.onAnswer();
    const { reasonCodes } = packet;
    if (reasonCodes.every((code) => code < 0x80)) {
      return wait.resolve(reasonCodes);
    }
    const what = `unsubscribe from ${quoted(wait.topicFilters)}`;
    wait.reject(this.#refusal(what, packet));
  }

  /** No answer will come: the client has ended, or `cause` keeps it from being asked of this server. */
  abandoned(wait: SubscribeWait | UnsubscribeWait, cause: unknown): void {
    const { life } = this.#options;
    if (wait.type === "unsubscribe") wait.onAnswer();
    const what = wait.type === "subscribe"
      ? wait.what
      : `unsubscribe from ${quoted(wait.topicFilters)}`;
    wait.reject(cause ?? life.error(what));
  }

  /** The client has ended: no signal of a subscription is of interest any more. */
  end(): void {
    for (const { unhook } of this.#members.values()) unhook?.();
    this.#members.clear();
  }

  /** A subscription wants no more: its loop gets what came before UNSUBACK, then ends. */
  leave(
    subscription: Subscription,
    options: UnsubscribeOptions,
  ): Promise<void> {
    if (!this.#members.has(subscription)) return Promise.resolve();
    const { filters } = subscription;
    try {
      const free = this.#filters.soleOf(filters, subscription);
      const end = () => this.#end(subscription);
      if (free.length === 0 || this.#options.life.end !== undefined) {
        this.#filters.leave(filters, subscription);
        end();
        return Promise.resolve();
      }
      const what = `unsubscribe from ${quoted(free)}`;
      const left = this.#unsubscribe(what, free, options, end);
      // Only what has been asked for is left.
      this.#filters.leave(filters, subscription);
      return quiet(left);
    } catch (error) {
      return rejected(error);
    }
  }

  /** Nobody waits for the subscription any more, or not for a part of it: what was granted is left, then that is told. */
  #leaveGranted(
    wait: SubscribeWait,
    packet: SubackPacket,
    granted: readonly string[],
  ): void {
    const { subscription } = wait;
    const free = this.#filters.leave(subscription.filters, subscription)
      .filter((topicFilter) => granted.includes(topicFilter));
    this.#end(subscription);
    const tell = () => wait.reject(this.#refusal(wait.what, packet));
    if (free.length === 0) return tell();
    const what = `unsubscribe from ${quoted(free)}`;
    quiet(this.#unsubscribe(what, free, {}, tell));
  }

  #leaveRefused(subscription: Subscription, granted: readonly string[]): void {
    const consumer = this.#members.get(subscription)?.consumer;
    for (const topicFilter of subscription.filters) {
      if (granted.includes(topicFilter)) continue;
      this.#filters.leave([topicFilter], subscription);
      if (consumer === undefined) continue;
      this.#options.receiver.router.remove(topicFilter, consumer);
    }
  }

  /** What was reserved is handed on; a signal that fires later ends the subscription. */
  #follow(subscription: Subscription, signal: AbortSignal | undefined): void {
    const { settings: { clock }, receiver, link } = this.#options;
    const member = this.#members.get(subscription);
    if (member === undefined) return;
    // A handler takes its messages from here on; a loop may begin until this macrotask ends.
    if (member.consumer.receiver !== undefined) {
      receiver.attach(member.consumer);
    }
    clock.afterTurn(() => {
      receiver.router.endReservation(member.consumer, clock.now());
      link.arm();
    });
    if (signal === undefined) return;
    const end = () => void subscription.unsubscribe();
    signal.addEventListener("abort", end, { once: true });
    member.unhook = () => signal.removeEventListener("abort", end);
  }

  #end(subscription: Subscription): void {
    const { life, receiver } = this.#options;
    const member = this.#members.get(subscription);
    if (member === undefined) return;
    this.#members.delete(subscription);
    member.unhook?.();
    if (life.end === undefined) receiver.leave(member.consumer);
  }

  #begin(
    what: string,
    topicFilters: readonly string[],
    options: SubscribeOptions,
  ): { subscription: Subscription; wait: SubscribeWait } {
    const { receiver } = this.#options;
    const receive = makeReceiveSettings(what, options);
    const consumer = receiver.addConsumer(receive);
    const subscription: Subscription = new Subscription({
      filters: topicFilters,
      consumer,
      owner: {
        attach: (consumer) => receiver.attach(consumer),
        detach: (consumer) => receiver.detach(consumer),
        hasLeft: ({ filters }) => !this.#filters.has(filters, subscription),
        leave: (subscription, options) => this.leave(subscription, options),
      },
    });
    this.#members.set(subscription, { consumer, unhook: undefined });
    for (const topicFilter of topicFilters) {
      receiver.router.add(topicFilter, consumer);
    }
    receiver.router.reserve(consumer);
    const wait = new SubscribeWait(subscription, what, options);
    return { subscription, wait };
  }

  #unsubscribe(
    what: string,
    topicFilters: readonly string[],
    options: UnsubscribeOptions,
    onAnswer: () => void = () => {},
  ): Promise<readonly number[]> {
    const { link } = this.#options;
    checkNames(what, options, UNSUBSCRIBE_OPTIONS);
    const { signal, properties = NO_PROPERTIES } = options;
    if (signal?.aborted) throw aborted(what, signal);
    const wait = new UnsubscribeWait(topicFilters, onAnswer);
    link.session.unsubscribe({ topicFilters, properties }, wait);
    wait.abortWith(signal, what);
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

  #refusal(
    what: string,
    { type, reasonCodes, properties }: SubackPacket | UnsubackPacket,
  ): SubscribeError {
    const { reasonString, userProperties } = properties;
    const code = reasonCodes.find((code) => code >= 0x80) ?? 0x80;
    const why = this.#version < 5
      ? `without saying why (${code})`
      : `${reasonText(code, type)} (${code})`;
    return new SubscribeError(`Cannot ${what}: the server refused, ${why}`, {
      reasonCodes,
      reasonString,
      userProperties,
    });
  }

  get #version(): ProtocolVersion {
    return this.#options.link.connack?.protocolVersion ?? 5;
  }
}

function listFilters(verb: string, filters: unknown): string[] {
  const list: unknown[] = Array.isArray(filters) ? filters : [filters];
  if (list.length === 0) {
    throw new TypeError(`Cannot ${verb}: there must be at least one filter`);
  }
  return list.map((topicFilter) => {
    if (typeof topicFilter !== "string") {
      throw new TypeError(`Cannot ${verb}: a Topic Filter must be a string`);
    }
    const fault = topicFilterFault(topicFilter);
    if (fault === undefined) return topicFilter;
    const preposition = verb === "subscribe" ? "to" : "from";
    throw new TypeError(
      `Cannot ${verb} ${preposition} "${topicFilter}": ${fault}`,
    );
  });
}

function quoted(topicFilters: readonly string[]): string {
  const shown = topicFilters.slice(0, 3).map((filter) => `"${filter}"`);
  const more = topicFilters.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
