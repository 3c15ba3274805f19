/**
 * Subscription Identifiers (3.8.2.1.2): under which one each Topic Filter of the client goes, and what those
 * that come back with a message say of it.
 *
 * A filter has one identifier, whoever uses it. The client counts: what is left is not given to another
 * filter while a copy under it may still come. A program may give its own, and sees those alone. For a
 * session may know identifiers of an earlier process, the client's are told by their size, and each process
 * begins to count elsewhere.
 *
 * @module
 */
import { NO_PROPERTIES } from "../codec/packet.ts";
import type { PublishProperties } from "../codec/property.ts";
import type { ConnectionInfo } from "./connection_info.ts";

/** The smallest identifier of the client's choice: programs like to give smaller ones. */
export const OWN_MIN = 1_000_000;

/** The largest of them: all have three bytes. */
export const OWN_MAX = 1_999_999;

const OWN_COUNT = OWN_MAX - OWN_MIN + 1;

/** What the Subscription Identifiers of a message say of it. */
export interface Origin {
  /** For each identifier the Topic Filters that go under it; undefined where they are not all known. */
  readonly subscriptions: readonly ReadonlySet<string>[] | undefined;
  /** The properties of the message, without the identifiers of the client's choice. */
  readonly properties: PublishProperties;
}

/** A Topic Filter in use. */
interface Use {
  readonly identifier: number;
  readonly consumers: number;
}

/** An identifier in use. */
interface Mark {
  /** What goes under it: one filter, or several that a program gave it to. */
  readonly topicFilters: Set<string>;
  /** Whether a program gave it. */
  isGiven: boolean;
  /** The origin of a message that has it for its only property. */
  readonly origin: Origin;
}

/** Knows the identifiers of the filters in use. */
export class Identifiers {
  readonly #uses = new Map<string, Use>();
  readonly #marks = new Map<number, Mark>();
  #count: number;
  #areWhole = true;
  // The decoder gives messages with one identifier and nothing else the same properties.
  #lastRead: PublishProperties | undefined;
  #lastOrigin: Origin | undefined;

  /** Begins at a place that two processes hardly share: the milliseconds of the wall clock, say. */
  constructor(start: number) {
    this.#count = Math.floor(start);
  }

  /**
   * CONNACK has come. A server without identifiers has filters without them, and one that goes on with its
   * session as well: what it then says of a message is not all there is to say.
   */
  connected(connection: ConnectionInfo): void {
    if (!connection.subscriptionIdentifiersAvailable) this.#areWhole = false;
    else if (!connection.sessionPresent) this.#areWhole = true;
    this.#lastRead = undefined;
  }

  /** Whether a consumer has this filter. */
  has(topicFilter: string): boolean {
    return this.#uses.has(topicFilter);
  }

  /** The identifier of a filter in use. */
  of(topicFilter: string): number | undefined {
    return this.#uses.get(topicFilter)?.identifier;
  }

  /** One more consumer has this filter. */
  enter(topicFilter: string): void {
    const { identifier, consumers } = this.#uses.get(topicFilter) ??
      { identifier: this.#choose(topicFilter), consumers: 0 };
    this.#uses.set(topicFilter, { identifier, consumers: consumers + 1 });
  }

  /** One consumer less has it. */
  leave(topicFilter: string): void {
    const use = this.#uses.get(topicFilter);
    if (use === undefined) return;
    const { identifier, consumers } = use;
    if (consumers > 1) {
      this.#uses.set(topicFilter, { identifier, consumers: consumers - 1 });
    } else {
      this.#uses.delete(topicFilter);
      this.#unmark(identifier, topicFilter);
    }
  }

  /** A program has these filters go under an identifier of its own. */
  give(topicFilters: readonly string[], identifier: number): void {
    for (const topicFilter of topicFilters) {
      const use = this.#uses.get(topicFilter);
      if (use === undefined) continue;
      this.#unmark(use.identifier, topicFilter);
      this.#mark(identifier, topicFilter, true);
      this.#uses.set(topicFilter, { ...use, identifier });
    }
  }

  /** What the properties of a message say of it; undefined where they have no Subscription Identifier. */
  read(properties: PublishProperties): Origin | undefined {
    if (properties === this.#lastRead) return this.#lastOrigin;
    const { subscriptionIdentifiers } = properties;
    if (subscriptionIdentifiers === undefined) return undefined;
    const [first = 0] = subscriptionIdentifiers;
    if (subscriptionIdentifiers.length === 1 && isSole(properties)) {
      const mark = this.#marks.get(first);
      if (mark?.isGiven === false && this.#areWhole) {
        this.#lastRead = properties;
        return this.#lastOrigin = mark.origin;
      }
    }
    return {
      subscriptions: this.#subscriptionsOf(subscriptionIdentifiers),
      properties: this.#shown(properties, subscriptionIdentifiers),
    };
  }

  #choose(topicFilter: string): number {
    let identifier: number;
    do identifier = OWN_MIN + this.#count++ % OWN_COUNT; while (
      this.#marks.has(identifier)
    );
    this.#mark(identifier, topicFilter, false);
    return identifier;
  }

  #mark(identifier: number, topicFilter: string, isGiven: boolean): void {
    const mark = this.#marks.get(identifier);
    if (mark !== undefined) {
      mark.topicFilters.add(topicFilter);
      mark.isGiven = isGiven;
      return;
    }
    const topicFilters = new Set([topicFilter]);
    const origin = { subscriptions: [topicFilters], properties: NO_PROPERTIES };
    this.#marks.set(identifier, { topicFilters, isGiven, origin });
  }

  #unmark(identifier: number, topicFilter: string): void {
    const mark = this.#marks.get(identifier);
    if (mark === undefined) return;
    this.#lastRead = undefined;
    // A message that waits may have come by the last one: it goes on to say so.
    if (mark.topicFilters.size > 1) mark.topicFilters.delete(topicFilter);
    else this.#marks.delete(identifier);
  }

  /** A session that an earlier process has begun knows identifiers that we do not: where one is among them, none says anything. */
  #subscriptionsOf(
    identifiers: readonly number[],
  ): Origin["subscriptions"] {
    if (!this.#areWhole) return undefined;
    const subscriptions: ReadonlySet<string>[] = [];
    for (const identifier of identifiers) {
      const mark = this.#marks.get(identifier);
      if (mark === undefined) return undefined;
      subscriptions.push(mark.topicFilters);
    }
    return subscriptions;
  }

  #shown(
    { subscriptionIdentifiers: _, ...properties }: PublishProperties,
    identifiers: readonly number[],
  ): PublishProperties {
    const given = identifiers.filter((identifier) => this.#isGiven(identifier));
    return given.length === 0
      ? properties
      : { ...properties, subscriptionIdentifiers: given };
  }

  #isGiven(identifier: number): boolean {
    return identifier < OWN_MIN || identifier > OWN_MAX ||
      (this.#marks.get(identifier)?.isGiven ?? false);
  }
}

/** Whether there is no property but the Subscription Identifiers. */
function isSole(properties: PublishProperties): boolean {
  for (const name in properties) {
    if (name !== "subscriptionIdentifiers") return false;
  }
  return true;
}
