/**
 * Why a Topic Filter is not subscribed to: the server has refused it, or has announced that it would.
 *
 * @module
 */
import type {
  Properties,
  ProtocolVersion,
  SubackPacket,
  UnsubackPacket,
} from "../codec/packet.ts";
import { ReasonCode, reasonText } from "../codec/reason_code.ts";
import {
  SubscribeError,
  type SubscribeErrorOptions,
  UnsubscribeError,
} from "../errors.ts";
import { parseFilter } from "../topic/filter.ts";
import type { SendLimits } from "./send_limits.ts";

/** Throws a SubscribeError where the server takes no such filters (3.2.2.3.11 - 3.2.2.3.13): none of them is asked for. */
export function checkFilters(
  limits: SendLimits,
  topicFilters: readonly string[],
  { subscriptionIdentifier }: Properties,
): void {
  const { wildcardAvailable, sharedAvailable, identifierAvailable } = limits;
  if (subscriptionIdentifier !== undefined && !identifierAvailable) {
    throw unaskable(
      topicFilters,
      "the server has no Subscription Identifiers",
      ReasonCode.subscriptionIdentifiersNotSupported,
    );
  }
  if (!sharedAvailable && topicFilters.some(isShared)) {
    throw unaskable(
      topicFilters,
      "the server has no shared subscriptions",
      ReasonCode.sharedSubscriptionsNotSupported,
    );
  }
  if (!wildcardAvailable && topicFilters.some(hasWildcard)) {
    throw unaskable(
      topicFilters,
      "the server has no wildcards in subscriptions",
      ReasonCode.wildcardSubscriptionsNotSupported,
    );
  }
}

/** The error of filters that were not asked for, since the server would not take it. */
export function unaskable(
  topicFilters: readonly string[],
  why: string,
  reasonCode: number,
  cause?: unknown,
): SubscribeError {
  return new SubscribeError(
    `Cannot subscribe to ${quoted(topicFilters)}: ${why}`,
    {
      reasonCodes: topicFilters.map(() => reasonCode),
      reasonName: reasonText(reasonCode),
      cause,
    },
  );
}

/** The error of what the server has refused of a SUBSCRIBE. */
export function refusal(
  what: string,
  packet: SubackPacket,
  protocolVersion: ProtocolVersion,
): SubscribeError {
  const refused = refusalOf(what, packet, protocolVersion);
  return new SubscribeError(refused.message, refused);
}

/** The same of an UNSUBSCRIBE. */
export function unsubscribeRefusal(
  what: string,
  packet: UnsubackPacket,
): UnsubscribeError {
  const refused = refusalOf(what, packet, 5);
  return new UnsubscribeError(refused.message, refused);
}

function refusalOf(
  what: string,
  { type, reasonCodes, properties }: SubackPacket | UnsubackPacket,
  protocolVersion: ProtocolVersion,
): SubscribeErrorOptions & { message: string } {
  const { reasonString, userProperties } = properties;
  const code = reasonCodes.find((code) => code >= 0x80) ?? 0x80;
  const reasonName = protocolVersion < 5 ? undefined : reasonText(code, type);
  const why = `${reasonName ?? "without saying why"} (${code})`;
  const message = `Cannot ${what}: the server refused, ${why}`;
  return { message, reasonCodes, reasonName, reasonString, userProperties };
}

/** Topic Filters for a message: some of them, and how many more there are. */
export function quoted(topicFilters: readonly string[]): string {
  const shown = topicFilters.slice(0, 3).map((filter) => `"${filter}"`);
  const more = topicFilters.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function isShared(topicFilter: string): boolean {
  return parseFilter(topicFilter).shareName !== undefined;
}

function hasWildcard(topicFilter: string): boolean {
  return topicFilter.includes("+") || topicFilter.includes("#");
}
