/**
 * The subscribing side of a client: SUBSCRIBE, UNSUBSCRIBE and their answers.
 *
 * @module
 */
import {
  NO_PROPERTIES,
  type ProtocolVersion,
  type SubackPacket,
  type UnsubackPacket,
} from "../codec/packet.ts";
import type { SubscribeError } from "../errors.ts";
import type { SessionEvent } from "../session/event.ts";
import {
  quoted,
  refusal,
  unsubscribeRefusal,
} from "../session/subscribe_fault.ts";
import { checkNames, checkSignal } from "./checks.ts";
import type { Consumer } from "./consumer.ts";
import { Filters } from "./filters.ts";
import type { Life } from "./life.ts";
import type { Link } from "./link.ts";
import type { SubscribeOptions, UnsubscribeOptions } from "./options.ts";
import type { Receiver } from "./receiver.ts";
import { makeReceiveSettings, type Settings } from "./settings.ts";
import { Subscription } from "./subscription.ts";
import {
  listFilters,
  makeRequests,
  shareFilters,
} from "./subscription_request.ts";
import {
  aborted,
  quiet,
  rejected,
  type Request,
  SubscribeWait,
  UnsubscribeWait,
  Wait,
} from "./wait.ts";

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
  /** Whether it goes on with some of its filters. */
  readonly partial: boolean;
  /** Whether its signal has fired. */
  isAborted: boolean;
  /** Lets go of its signal. */
  unhook: (() => void) | undefined;
}

/** Takes wishes for messages to the session, and its answers to those who wait. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #filters: Filters;
  readonly #members = new Map<Subscription, Member>();
  readonly #disposing = new Set<Wait<void>>();

  /** Makes the subscribing side. */
  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.#filters = new Filters(options.receiver.router.identifiers);
  }

  /** See `Client.subscribe`. */
  subscribe(
    filters: string | readonly string[],
    options: SubscribeOptions,
  ): Promise<Subscription> {
    const { life, link } = this.#options;
    try {
      const topicFilters = shareFilters(
        listFilters("subscribe", filters),
        options,
      );
      const what = `subscribe to ${quoted(topicFilters)}`;
      const requests = makeRequests(topicFilters, options, {
        what,
        protocolVersion: this.#version,
      });
      life.check(what);
      const { signal } = options;
      checkSignal(what, signal);
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
      this.#filters.identify(topicFilters, options.properties);
      wait.abortWith(signal, what, () => this.#withdraw(wait));
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
    this.#filters.mark(granted, true);
    if (wait.settled || (isRefused && !partial)) {
      return this.#leaveGranted(wait, packet);
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
    wait.reject(unsubscribeRefusal(what, packet));
  }

  /** The server, which had lost the session, has answered for a filter that was asked for again. */
  resubscribed(
    { topicFilter, reasonCode, error }: SessionEvent<Request> & {
      readonly type: "resubscribed";
    },
  ): void {
    const users = this.#filters.usersOf(topicFilter).filter(({ granted }) =>
      granted.length > 0
    );
    for (const subscription of users) {
      const { filters, granted } = subscription;
      subscription.granted = granted.map((code, index) =>
        filters[index] === topicFilter ? reasonCode : code
      );
    }
    if (error === undefined) return;
    this.#filters.mark([topicFilter], false);
    for (const subscription of users) this.#lose(subscription, error);
    const { status } = this.#options.life;
    status.tell({ type: "subscription-refused", filter: topicFilter, error });
  }

  /** No answer will come: the client has ended, or `cause` keeps it from being asked of this server. */
  abandoned(wait: SubscribeWait | UnsubscribeWait, cause: unknown): void {
    const { life } = this.#options;
    if (wait.type === "unsubscribe") wait.onAnswer();
    const what = wait.type === "subscribe"
      ? wait.what
      : `unsubscribe from ${quoted(wait.topicFilters)}`;
    wait.reject(cause ?? life.error(what));
    if (wait.type === "unsubscribe" || life.end !== undefined) return;
    this.#forget(wait.subscription);
  }

  /** The connection is gone: whoever disposes of a subscription, or has given it up, does not wait for the next one. */
  away(): void {
    for (const wait of this.#disposing) wait.resolve();
    for (const [subscription, { isAborted }] of this.#members) {
      if (isAborted) this.#end(subscription);
    }
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
  #leaveGranted(wait: SubscribeWait, packet: SubackPacket): void {
    this.#forget(
      wait.subscription,
      () => wait.reject(refusal(wait.what, packet, this.#version)),
    );
  }

  /** Waits until a subscription is left, or there is no connection on which it could be. */
  async #dispose(left: Promise<void>): Promise<void> {
    if (!this.#options.link.isConnected) return;
    const wait = new Wait<void>();
    this.#disposing.add(wait);
    left.then(() => wait.resolve(), (error) => wait.reject(error));
    try {
      await wait.promise;
    } finally {
      this.#disposing.delete(wait);
    }
  }

  /** Leaves filters that nobody has any more. */
  #leaveFree(free: readonly string[], onAnswer: () => void = () => {}): void {
    if (free.length === 0) return onAnswer();
    const what = `unsubscribe from ${quoted(free)}`;
    try {
      quiet(this.#unsubscribe(what, free, {}, onAnswer));
    } catch {
      // It is too much for this server's Maximum Packet Size: what it goes on to send is told as unclaimed.
      onAnswer();
    }
  }

  /** Nobody waits for SUBACK any more. What was sent is left when it comes; what was not is never sent. */
  #withdraw(wait: SubscribeWait): undefined {
    if (this.#options.link.session.withdraw(wait)) {
      this.#forget(wait.subscription);
    }
  }

  /** A subscription that nobody waits for. What the server has of it is left, be it that another user had it first. */
  #forget(subscription: Subscription, onAnswer?: () => void): void {
    const free = this.#filters.leave(subscription.filters, subscription);
    this.#end(subscription);
    this.#leaveFree(free, onAnswer);
  }

  /** One of its filters, or more, cannot be had again: it goes on without them where it may, else its loop ends. */
  #lose(subscription: Subscription, error: SubscribeError): void {
    const { filters, granted } = subscription;
    const rest = filters.filter((_, index) => (granted[index] ?? 0x80) < 0x80);
    this.#leaveRefused(subscription, rest);
    const isPartial = this.#members.get(subscription)?.partial ?? false;
    if (isPartial && rest.length > 0) return;
    const free = this.#filters.leave(filters, subscription);
    this.#end(subscription, error);
    this.#leaveFree(free);
  }

  #leaveRefused(subscription: Subscription, granted: readonly string[]): void {
    const consumer = this.#members.get(subscription)?.consumer;
    const refused = subscription.filters.filter((topicFilter) =>
      !granted.includes(topicFilter)
    );
    for (const topicFilter of refused) {
      if (consumer === undefined) break;
      this.#options.receiver.router.remove(topicFilter, consumer);
    }
    this.#leaveFree(this.#filters.leave(refused, subscription));
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
    const end = () => {
      member.isAborted = true;
      void subscription.unsubscribe();
      if (!link.isConnected) this.#end(subscription);
    };
    signal.addEventListener("abort", end, { once: true });
    member.unhook = () => signal.removeEventListener("abort", end);
  }

  #end(subscription: Subscription, error?: SubscribeError): void {
    const { life, receiver } = this.#options;
    const member = this.#members.get(subscription);
    if (member === undefined) return;
    this.#members.delete(subscription);
    member.unhook?.();
    if (life.end === undefined) receiver.leave(member.consumer, error);
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
        dispose: (left) => this.#dispose(left),
      },
    });
    const { partial = false } = options;
    this.#members.set(subscription, {
      consumer,
      partial,
      isAborted: false,
      unhook: undefined,
    });
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
    checkSignal(what, signal);
    if (signal?.aborted) throw aborted(what, signal);
    const wait = new UnsubscribeWait(topicFilters, onAnswer);
    link.session.unsubscribe({ topicFilters, properties }, wait);
    wait.abortWith(signal, what);
    link.scheduleFlush();
    link.resume();
    return wait.promise;
  }

  get #version(): ProtocolVersion {
    return this.#options.link.connack?.protocolVersion ?? 5;
  }
}
