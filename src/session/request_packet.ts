/**
 * SUBSCRIBE and UNSUBSCRIBE (3.8, 3.10) as they are asked for, and as bytes within what the server takes.
 *
 * @module
 */
import { encodePacket } from "../codec/encoder.ts";
import type { Properties, SubscriptionRequest } from "../codec/packet.ts";
import { ReasonCode, reasonText } from "../codec/reason_code.ts";
import { type SubscribeError, UnsubscribeError } from "../errors.ts";
import type { Doors } from "./doors.ts";
import type { SendLimits } from "./send_limits.ts";
import { checkFilters, quoted, unaskable } from "./subscribe_fault.ts";

/** A Topic Filter with its options, and the Subscription Identifier that is its own. */
export interface IdentifiedRequest extends SubscriptionRequest {
  /** It is left out where the server has none, and gives way to one among the properties. */
  readonly identifier?: number | undefined;
}

/** What SUBSCRIBE asks for. */
export interface SubscribeRequest {
  /** The Topic Filters with their options; at least one. */
  readonly subscriptions: readonly IdentifiedRequest[];
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

/**
 * Throws a TypeError, a RangeError or an MqttError where what is asked for cannot be sent, as far as that is
 * known; then nothing of it is. Returns the packets it is sent in.
 */
export function checkRequest(
  doors: Doors<unknown>,
  asked: RequestPacket,
): RequestPacket[] {
  const { limits } = doors;
  if (asked.type === "subscribe") {
    checkFilters(limits, filtersOf(asked), asked.properties);
  }
  return packetsOf(doors, asked).flatMap((packet) =>
    fitting(doors, asked, packet)
  );
}

/** How many Topic Filters a packet has. */
export function sizeOf(packet: RequestPacket): number {
  return packet.type === "subscribe"
    ? packet.subscriptions.length
    : packet.topicFilters.length;
}

/** Writes a packet that was checked; where it throws, nothing is written. */
export function writeRequest(
  { writer, protocolVersion }: Doors<unknown>,
  packet: RequestPacket,
  packetId: number,
): void {
  const { type, properties } = packet;
  encodePacket(
    writer,
    type === "subscribe"
      ? { type, packetId, subscriptions: packet.subscriptions, properties }
      : { type, packetId, topicFilters: packet.topicFilters, properties },
    protocolVersion,
  );
}

/** The Topic Filters of a SUBSCRIBE. */
export function filtersOf({ subscriptions }: SubscribeRequest): string[] {
  return subscriptions.map(({ topicFilter }) => topicFilter);
}

/** Whether the filters go under identifiers of their own, with this server and these properties. */
export function isIdentified(
  { limits, protocolVersion }: Doors<unknown>,
  { subscriptions, properties }: SubscribeRequest,
): boolean {
  return protocolVersion === 5 && limits.identifierAvailable &&
    properties.subscriptionIdentifier === undefined &&
    subscriptions.some(({ identifier }) => identifier !== undefined);
}

/** A SUBSCRIBE carries one Subscription Identifier for all its filters (3.8.2.1.2): each that has its own has a packet. */
function packetsOf(
  doors: Doors<unknown>,
  asked: RequestPacket,
): RequestPacket[] {
  if (asked.type === "unsubscribe" || !isIdentified(doors, asked)) {
    return [asked];
  }
  const { type, subscriptions, properties } = asked;
  return subscriptions.map((subscription) => ({
    type,
    subscriptions: [subscription],
    properties: subscription.identifier === undefined
      ? properties
      : { ...properties, subscriptionIdentifier: subscription.identifier },
  }));
}

/** What was subscribed to in several packets is left in as many as the server's Maximum Packet Size asks for. */
function fitting(
  doors: Doors<unknown>,
  asked: RequestPacket,
  packet: RequestPacket,
): RequestPacket[] {
  const { limits, writer } = doors;
  const before = writer.length;
  writeRequest(doors, packet, 1);
  const size = writer.length - before;
  writer.rewind(before);
  if (size <= limits.packetSizeMax) return [packet];
  if (packet.type === "subscribe" || packet.topicFilters.length === 1) {
    throw tooLarge(asked, size, limits);
  }
  const { topicFilters } = packet;
  const half = topicFilters.length >> 1;
  return [topicFilters.slice(0, half), topicFilters.slice(half)].flatMap(
    (topicFilters) => fitting(doors, asked, { ...packet, topicFilters }),
  );
}

function tooLarge(
  asked: RequestPacket,
  size: number,
  { packetSizeMax }: SendLimits,
): SubscribeError | UnsubscribeError {
  const why =
    `the packet has ${size} bytes, and the server takes at most ${packetSizeMax}`;
  return asked.type === "subscribe"
    ? unaskable(filtersOf(asked), why, ReasonCode.packetTooLarge)
    : new UnsubscribeError(
      `Cannot unsubscribe from ${quoted(asked.topicFilters)}: ${why}`,
      {
        reasonCodes: asked.topicFilters.map(() => ReasonCode.packetTooLarge),
        reasonName: reasonText(ReasonCode.packetTooLarge),
      },
    );
}
