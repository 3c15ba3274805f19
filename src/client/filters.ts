/**
 * Which Topic Filters the client has at the server, and who of the client's own uses each.
 *
 * @module
 */
import {
  NO_PROPERTIES,
  type Properties,
  type QoS,
  type SubscriptionRequest,
} from "../codec/packet.ts";
import type { IdentifiedRequest } from "../session/request_packet.ts";
import type { Identifiers } from "./identifiers.ts";
import type { Subscription } from "./subscription.ts";

interface Filter {
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** Whether the server has it, by its latest answer to any user that says so. */
  isGranted: boolean;
  /** Who uses it, with the QoS each asked for. */
  readonly users: Map<Subscription, QoS>;
}

/** The filters of a client. */
export class Filters {
  readonly #filters = new Map<string, Filter>();
  readonly #identifiers: Identifiers;

  /** Makes the filters of a client: none. */
  constructor(identifiers: Identifiers) {
    this.#identifiers = identifiers;
  }

  /** How many there are. */
  get size(): number {
    return this.#filters.size;
  }

  /**
   * Enters a subscription, and returns what SUBSCRIBE is to ask for: a filter that is in use already
   * goes out with the higher QoS. Throws a TypeError where two users want different things of one filter.
   */
  join(
    requests: readonly SubscriptionRequest[],
    subscription: Subscription,
  ): IdentifiedRequest[] {
    for (const request of requests) this.#checkJoin(request);
    return requests.map((request) => {
      const { topicFilter, qos, noLocal, retainAsPublished } = request;
      const filter = this.#filters.get(topicFilter) ??
        { noLocal, retainAsPublished, isGranted: false, users: new Map() };
      this.#filters.set(topicFilter, filter);
      filter.users.set(subscription, qos);
      return {
        ...request,
        qos: highest(filter.users.values()),
        identifier: this.#identifiers.of(topicFilter),
      };
    });
  }

  /** A program may have its filters go under a Subscription Identifier of its own. */
  identify(topicFilters: readonly string[], properties?: Properties): void {
    const { subscriptionIdentifier } = properties ?? NO_PROPERTIES;
    if (subscriptionIdentifier === undefined) return;
    this.#identifiers.give(topicFilters, subscriptionIdentifier);
  }

  /** The server has these filters now, or has lost them: that one user is refused takes none from another. */
  mark(topicFilters: readonly string[], isGranted: boolean): void {
    for (const topicFilter of topicFilters) {
      const filter = this.#filters.get(topicFilter);
      if (filter !== undefined) filter.isGranted = isGranted;
    }
  }

  /** Whether a subscription uses any of these filters. */
  has(topicFilters: readonly string[], subscription: Subscription): boolean {
    return topicFilters.some((topicFilter) =>
      this.#filters.get(topicFilter)?.users.has(subscription)
    );
  }

  /** Who uses a filter. */
  usersOf(topicFilter: string): Subscription[] {
    return [...this.#filters.get(topicFilter)?.users.keys() ?? []];
  }

  /** Which of these filters nobody but this subscription uses, each once. */
  soleOf(
    topicFilters: readonly string[],
    subscription: Subscription,
  ): string[] {
    return [...new Set(topicFilters)].filter((topicFilter) => {
      const users = this.#filters.get(topicFilter)?.users;
      return users?.size === 1 && users.has(subscription);
    });
  }

  /** Takes a subscription off these filters, and returns those of the server's that have no user any more. */
  leave(
    topicFilters: readonly string[],
    subscription: Subscription,
  ): string[] {
    const free = this.soleOf(topicFilters, subscription);
    const held = free.filter((topicFilter) =>
      this.#filters.get(topicFilter)?.isGranted
    );
    for (const topicFilter of topicFilters) {
      this.#filters.get(topicFilter)?.users.delete(subscription);
    }
    for (const topicFilter of free) this.#filters.delete(topicFilter);
    return held;
  }

  #checkJoin(request: SubscriptionRequest): void {
    const { topicFilter, noLocal, retainAsPublished } = request;
    const filter = this.#filters.get(topicFilter);
    if (
      filter === undefined ||
      (filter.noLocal === noLocal &&
        filter.retainAsPublished === retainAsPublished)
    ) return;
    throw new TypeError(
      `Cannot subscribe to "${topicFilter}": another subscription has it with a different noLocal or retainAsPublished`,
    );
  }
}

function highest(levels: Iterable<QoS>): QoS {
  let highest: QoS = 0;
  for (const qos of levels) if (qos > highest) highest = qos;
  return highest;
}
