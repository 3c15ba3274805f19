/**
 * SUBSCRIBE and UNSUBSCRIBE (3.8, 3.10) as they are asked for, and as bytes within what the server takes.
 *
 * @module
 */
import { encodePacket } from "../codec/encoder.ts";
import type { Properties, SubscriptionRequest } from "../codec/packet.ts";
import { ReasonCode, reasonText } from "../codec/reason_code.ts";
import { UnsubscribeError } from "../errors.ts";
import type { Doors } from "./doors.ts";
import { checkFilters, quoted, unaskable } from "./subscribe_fault.ts";

/** What SUBSCRIBE asks for. */
export interface SubscribeRequest {
  /** The Topic Filters with their options; at least one. */
  readonly subscriptions: readonly SubscriptionRequest[];
  /** MQTT 5 properties. */
  readonly properties: Properties;
}

/** What UNSUBSCRIBE asks for. */
export interface UnsubscribeRequest {
  /** The Topic Filters; at least one. */
  readonly topicFilters: readonly string[];
  /** MQTT 5 properties. */
  readonly properties: Properties;
}

/** Either of the two. */
export type RequestPacket =
  | ({ readonly type: "subscribe" } & SubscribeRequest)
  | ({ readonly type: "unsubscribe" } & UnsubscribeRequest);

/** Throws a TypeError, a RangeError or an MqttError where the packet cannot be sent, as far as that is known. */
export function checkRequest(
  doors: Doors<unknown>,
  packet: RequestPacket,
): void {
  const before = doors.writer.length;
  writeRequest(doors, packet, 1);
  doors.writer.rewind(before);
}

/** Writes a packet; where it throws, as `checkRequest` does, nothing is written. */
export function writeRequest(
  { writer, limits, protocolVersion }: Doors<unknown>,
  packet: RequestPacket,
  packetId: number,
): void {
  const { type, properties } = packet;
  if (type === "subscribe") {
    checkFilters(limits, filtersOf(packet), properties);
  }
  const before = writer.length;
  encodePacket(
    writer,
    type === "subscribe"
      ? { type, packetId, subscriptions: packet.subscriptions, properties }
      : { type, packetId, topicFilters: packet.topicFilters, properties },
    protocolVersion,
  );
  const size = writer.length - before;
  if (size <= limits.packetSizeMax) return;
  writer.rewind(before);
  const why =
    `the packet has ${size} bytes, and the server takes at most ${limits.packetSizeMax}`;
  throw type === "subscribe"
    ? unaskable(filtersOf(packet), why, ReasonCode.packetTooLarge)
    : new UnsubscribeError(
      `Cannot unsubscribe from ${quoted(packet.topicFilters)}: ${why}`,
      {
        reasonCodes: packet.topicFilters.map(() => ReasonCode.packetTooLarge),
        reasonName: reasonText(ReasonCode.packetTooLarge),
      },
    );
}

/** The Topic Filters of a SUBSCRIBE. */
export function filtersOf({ subscriptions }: SubscribeRequest): string[] {
  return subscriptions.map(({ topicFilter }) => topicFilter);
}
