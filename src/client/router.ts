/**
 * Which consumer gets a message: every one that accepts and has a filter that matches; where there
 * is none, it waits in the inbox for the client's own loop, or for a subscription that attaches later.
 * Where a server sends a copy for each subscription, the Subscription Identifiers tell them apart.
 *
 * @module
 */
import { matchTopic } from "../topic/filter.ts";
import { TopicTrie } from "../topic/trie.ts";
import type { Backlog } from "./backlog.ts";
import {
  type Consumer,
  IDLE_BYTES_MAX,
  IDLE_MESSAGES_MAX,
} from "./consumer.ts";
import type { Identifiers } from "./identifiers.ts";
import { type Message, part, subscriptionsOf, take } from "./message.ts";

/** How many topics the router remembers the takers of. */
const CACHE_MAX = 4_096;

/** A longer Topic Name is not remembered: thousands of 64 KiB would cost a server little, and us 256 MiB. */
const CACHED_NAME_MAX = 256;

/** A message that waits for somebody to take it. */
interface Waiting {
  readonly message: Message;
  readonly since: number;
}

/** What a router is made from. */
export interface RouterOptions {
  /** The consumer of the client's own loop. */
  readonly client: Consumer;
  /** Under which Subscription Identifier each filter goes. */
  readonly identifiers: Identifiers;
  /** Knows how much is kept in all. */
  readonly backlog: Backlog;
  /** How long a message that no filter matches waits for the client's own loop. */
  readonly unclaimedMs: number;
  /** Told of QoS 0 messages that were dropped because nobody took them. */
  readonly onDropped: (count: number) => void;
  /** Told of a message that nobody claimed in time. */
  readonly onUnclaimed: (message: Message) => void;
}

/** Knows who accepts what. */
export class Router {
  /** Under which Subscription Identifier each filter goes. */
  readonly identifiers: Identifiers;
  readonly #options: RouterOptions;
  readonly #trie = new TopicTrie<Consumer>();
  readonly #filters = new Map<Consumer, Set<string>>();
  readonly #cache = new Map<string, readonly Consumer[]>();
  #lastTopic: string | undefined;
  #lastTakers: readonly Consumer[] = [];
  readonly #inbox = new Set<Waiting>();
  #inboxQos0 = 0;
  #inboxBytes = 0;
  #sweepAt = Infinity;
  /** What was claimed in this macrotask, and by whom: one whose loop begins again has it already. */
  #claimed = new Map<Message, Consumer[]>();

  /** Makes a router that knows the client's own consumer. */
  constructor(options: RouterOptions) {
    this.#options = options;
    this.identifiers = options.identifiers;
  }

  /** When `sweep()` has something to do. */
  get deadline(): number {
    return this.#sweepAt;
  }

  /** How many messages wait in the inbox. */
  get waiting(): number {
    return this.#inbox.size;
  }

  /** Gives a message to its takers, or to the inbox. */
  route(message: Message, now: number): void {
    const takers = this.#takersOf(message);
    if (takers.length === 0) return this.#keep(message, now);
    const isShared = takers.length > 1;
    // A handler may be through with it before the others have it: we hold it until all have.
    if (isShared) take(message);
    for (const consumer of takers) consumer.accept(message);
    if (isShared) part(message, "left");
  }

  /** From now on the consumer has this filter. */
  add(topicFilter: string, consumer: Consumer): void {
    this.#trie.add(topicFilter, consumer);
    const filters = this.#filters.get(consumer) ?? new Set();
    if (!filters.has(topicFilter)) this.identifiers.enter(topicFilter);
    this.#filters.set(consumer, filters.add(topicFilter));
    this.#forgetTakers();
  }

  /** The consumer no longer has this filter. */
  remove(topicFilter: string, consumer: Consumer): void {
    this.#trie.delete(topicFilter, consumer);
    const filters = this.#filters.get(consumer);
    if (filters?.delete(topicFilter)) this.identifiers.leave(topicFilter);
    if (filters?.size === 0) this.#filters.delete(consumer);
    this.#forgetTakers();
  }

  /** Keeps what matches for a consumer whose loop has not begun. */
  reserve(consumer: Consumer): void {
    consumer.setState("reserving");
    this.#forgetTakers();
  }

  /** A loop begins: the consumer claims what has waited for it. */
  attach(consumer: Consumer): void {
    consumer.setState("attached");
    this.#forgetTakers();
    const { client } = this.#options;
    if (consumer === client) return this.#claimAll();
    const fits = (message: Message) => this.#isFor(consumer, message);
    const fromLoop = client.extract(fits);
    const claimed = [
      ...fromLoop,
      ...[...this.#inbox].filter(({ message }) => fits(message)).map((
        waiting,
      ) => this.#take(waiting)),
    ];
    // Those who attach in the same macrotask have an equal claim: till then we hold it, whoever is through with it.
    for (const message of claimed) {
      take(message);
      this.#claimed.set(message, []);
    }
    for (const message of fromLoop) part(message, "left");
    const mine: Message[] = [];
    for (const [message, claimants] of this.#claimed) {
      if (claimants.includes(consumer) || !fits(message)) continue;
      claimants.push(consumer);
      mine.push(message);
    }
    consumer.claim(mine);
  }

  /** The macrotask has ended: what was claimed in it is claimed for good. */
  endTurn(now: number): void {
    const claimed = [...this.#claimed.keys()];
    this.#claimed.clear();
    this.#handOn(claimed, now);
  }

  /** A loop was left. Its queue stays with it; that of the client's own loop waits in the inbox again. */
  detach(consumer: Consumer, now: number): void {
    if (consumer.state === "ended") return;
    consumer.setState("detached");
    this.#forgetTakers();
    if (consumer === this.#options.client || consumer.end !== undefined) {
      return this.#release(consumer, now);
    }
    const dropped = consumer.trim();
    if (dropped > 0) this.#options.onDropped(dropped);
  }

  /** The time to begin a loop is over: what was reserved and no other has goes to the inbox. */
  endReservation(consumer: Consumer, now: number): void {
    if (consumer.state !== "reserving") return;
    consumer.setState("detached");
    this.#forgetTakers();
    this.#release(consumer, now);
  }

  /** The consumer is of no more use to the router. What it was not asked for waits in the inbox. */
  end(consumer: Consumer, now: number): void {
    const attached = consumer.state === "attached";
    consumer.setState(attached ? "attached" : "ended");
    for (const topicFilter of [...this.#filters.get(consumer) ?? []]) {
      this.remove(topicFilter, consumer);
    }
    if (!attached) this.#release(consumer, now);
  }

  /** Drops what nobody claimed in time. */
  sweep(now: number): void {
    if (now < this.#sweepAt) return;
    const { unclaimedMs, onUnclaimed } = this.#options;
    this.#sweepAt = Infinity;
    for (const waiting of this.#inbox) {
      const at = waiting.since + unclaimedMs;
      if (at > now) {
        this.#sweepAt = Math.min(this.#sweepAt, at);
        break;
      }
      // A live subscription may yet begin its loop.
      if (this.#trie.match(waiting.message.topic).length > 0) {
        this.#sweepAt = now + unclaimedMs;
        continue;
      }
      const message = this.#take(waiting);
      void message.ack();
      onUnclaimed(message);
    }
  }

  /** A filter of ours that matches a Topic Name; undefined where none does. */
  filterOf(topicName: string): string | undefined {
    for (const filters of this.#filters.values()) {
      for (const topicFilter of filters) {
        if (matchTopic(topicFilter, topicName)) return topicFilter;
      }
    }
    return undefined;
  }

  /** Who gets a message: those by whose filters it came, where they are among those who accept it. */
  #takersOf(message: Message): readonly Consumer[] {
    const takers = this.#takers(message.topic);
    if (takers.length < 2) return takers;
    const topicFilters = this.#filtersOf(message);
    if (topicFilters === undefined) return takers;
    const meant = takers.filter((taker) => this.#hasAny(taker, topicFilters));
    return meant.length > 0 ? meant : takers;
  }

  /**
   * The filters by which a message came, where that is known: an identifier under which none matches stood
   * for another filter in an earlier process.
   */
  #filtersOf(message: Message): readonly string[] | undefined {
    const found: string[] = [];
    for (const topicFilters of subscriptionsOf(message) ?? []) {
      const before = found.length;
      for (const topicFilter of topicFilters) {
        if (matchTopic(topicFilter, message.topic)) found.push(topicFilter);
      }
      if (found.length === before) return undefined;
    }
    return found.length > 0 ? found : undefined;
  }

  #takers(topicName: string): readonly Consumer[] {
    if (topicName === this.#lastTopic) return this.#lastTakers;
    let takers = this.#cache.get(topicName);
    if (takers === undefined) {
      takers = this.#trie.match(topicName).filter((consumer) =>
        consumer.state === "attached" || consumer.state === "reserving"
      );
      if (this.#cache.size >= CACHE_MAX) this.#cache.clear();
      if (topicName.length <= CACHED_NAME_MAX) {
        this.#cache.set(topicName, takers);
      }
    }
    this.#lastTopic = topicName;
    this.#lastTakers = takers;
    return takers;
  }

  #forgetTakers(): void {
    this.#cache.clear();
    this.#lastTopic = undefined;
  }

  /** Whether a consumer claims a message that waits. What came by a filter that is in use waits for those who have it. */
  #isFor(consumer: Consumer, message: Message): boolean {
    const topicFilters = this.#filtersOf(message);
    const isMeant = topicFilters?.some((topicFilter) =>
      this.identifiers.has(topicFilter)
    );
    return topicFilters !== undefined && isMeant
      ? this.#hasAny(consumer, topicFilters)
      : this.#matches(consumer, message.topic);
  }

  #hasAny(consumer: Consumer, topicFilters: readonly string[]): boolean {
    const filters = this.#filters.get(consumer);
    return topicFilters.some((topicFilter) => filters?.has(topicFilter));
  }

  #matches(consumer: Consumer, topicName: string): boolean {
    for (const topicFilter of this.#filters.get(consumer) ?? []) {
      if (matchTopic(topicFilter, topicName)) return true;
    }
    return false;
  }

  #claimAll(): void {
    const waiting = [...this.#inbox];
    this.#options.client.claim(waiting.map((waiting) => this.#take(waiting)));
  }

  #release(consumer: Consumer, now: number): void {
    this.#handOn(consumer.extract(() => true), now);
  }

  /** What nobody else has goes to those who accept it by now, else to the client's own loop or the inbox. */
  #handOn(messages: readonly Message[], now: number): void {
    const { client } = this.#options;
    const claims = new Map<Consumer, Message[]>();
    const shared: Message[] = [];
    for (const message of messages) {
      if (!part(message, "left")) continue;
      const takers = this.#takersOf(message);
      const heirs = takers.length > 0
        ? takers
        : client.state === "attached"
        ? [client]
        : [];
      if (heirs.length === 0) this.#keep(message, now);
      if (heirs.length > 1) {
        take(message);
        shared.push(message);
      }
      for (const heir of heirs) {
        const claim = claims.get(heir);
        if (claim === undefined) claims.set(heir, [message]);
        else claim.push(message);
      }
    }
    for (const [heir, messages] of claims) heir.claim(messages);
    for (const message of shared) part(message, "left");
  }

  #keep(message: Message, now: number): void {
    const { backlog, client, unclaimedMs } = this.#options;
    if (client.state === "attached") return client.accept(message);
    backlog.keep(message);
    this.#inbox.add({ message, since: now });
    this.#sweepAt = Math.min(this.#sweepAt, now + unclaimedMs);
    if (message.qos > 0) return;
    this.#inboxQos0++;
    this.#inboxBytes += message.payload.length;
    this.#trimInbox();
  }

  #take(waiting: Waiting): Message {
    const { message } = waiting;
    this.#inbox.delete(waiting);
    this.#options.backlog.release(message);
    if (this.#inbox.size === 0) this.#sweepAt = Infinity;
    if (message.qos === 0) {
      this.#inboxQos0--;
      this.#inboxBytes -= message.payload.length;
    }
    return message;
  }

  /** Of the QoS 0 messages that nobody takes the newest are kept, however large the last one is. */
  #trimInbox(): void {
    for (const waiting of this.#inbox) {
      if (this.#inboxQos0 <= IDLE_MESSAGES_MAX) {
        if (this.#inboxBytes <= IDLE_BYTES_MAX || this.#inboxQos0 === 1) return;
      }
      if (waiting.message.qos > 0) continue;
      this.#take(waiting);
      this.#options.onDropped(1);
    }
  }
}
