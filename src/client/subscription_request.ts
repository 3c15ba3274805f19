/**
 * What `subscribe()` and `unsubscribe()` are asked for, checked.
 *
 * @module
 */
import type { ProtocolVersion, SubscriptionRequest } from "../codec/packet.ts";
import { parseFilter, topicFilterFault } from "../topic/filter.ts";
import { checkInteger, checkNames } from "./checks.ts";
import type { SubscribeOptions } from "./options.ts";

const SUBSCRIBE_OPTIONS: ReadonlySet<string> = new Set([
  "qos",
  "shared",
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

/** The Topic Filters of a subscription that is shared by an option, as they are subscribed to (4.8.2). */
export function shareFilters(
  topicFilters: readonly string[],
  { shared }: SubscribeOptions,
): readonly string[] {
  if (shared === undefined) return topicFilters;
  if (typeof shared !== "string" || shared.includes("/")) {
    throw new TypeError(
      'Cannot subscribe: shared must be the name of a group, without "/"',
    );
  }
  for (const topicFilter of topicFilters) {
    if (!topicFilter.startsWith("$share/")) continue;
    throw new TypeError(
      `Cannot subscribe to "${topicFilter}": it is shared already, and shared names another group`,
    );
  }
  return listFilters(
    "subscribe",
    topicFilters.map((topicFilter) => `$share/${shared}/${topicFilter}`),
  );
}

/** The Topic Filters that were asked for. Throws a TypeError where one is none. */
export function listFilters(verb: string, filters: unknown): string[] {
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

/** What SUBSCRIBE is to ask for. Throws a TypeError or a RangeError where a version cannot carry it. */
export function makeRequests(
  topicFilters: readonly string[],
  options: SubscribeOptions,
  { what, protocolVersion }: { what: string; protocolVersion: ProtocolVersion },
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
  const newer = options.shared !== undefined
    ? "shared"
    : noLocal
    ? "noLocal"
    : retainAsPublished
    ? "retainAsPublished"
    : retainHandling > 0
    ? "retainHandling"
    : options.onError === "reject"
    ? 'onError "reject"'
    : undefined;
  if (newer !== undefined && protocolVersion < 5) {
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
