/**
 * What the one who drives the broker may give it.
 *
 * @module
 */
import { encodePublish } from "../codec/publish.ts";
import { ByteWriter } from "../codec/writer.ts";
import { topicNameFault } from "../topic/name.ts";
import type { BrokerMessage } from "./message.ts";
import { type BrokerSettings, PACKET_SIZE_LIMIT } from "./settings.ts";

const NOTHING = new Uint8Array(0);

/** Each setting that is a number, and the least and the most it may be. */
const RANGES: readonly (readonly [keyof BrokerSettings, number, number])[] = [
  ["maximumQoS", 0, 2],
  ["receiveMaximum", 1, 65_535],
  ["maximumPacketSize", 1, PACKET_SIZE_LIMIT],
  ["topicAliasMaximum", 0, 65_535],
  ["outgoingTopicAliasMaximum", 0, 65_535],
  ["serverKeepAlive", 1, 65_535],
  ["sessionExpiryIntervalMax", 0, 0xFFFFFFFF],
  ["connectTimeoutMs", 1, Infinity],
  ["connectionsMax", 1, Infinity],
  ["sessionsMax", 1, Infinity],
  ["subscriptionsMax", 1, Infinity],
  ["topicLevelsMax", 1, Infinity],
  ["inflightMax", 1, 65_535],
  ["outgoingSizeMax", 1, Infinity],
  ["incomingSizeMax", 1, Infinity],
  ["queuedMessagesMax", 1, Infinity],
  ["queuedBytesMax", 0, Infinity],
  ["allQueuedBytesMax", 0, Infinity],
  ["retainedMessagesMax", 0, Infinity],
  ["retainedBytesMax", 0, Infinity],
];

/** Throws a RangeError for a setting that is out of its range. */
export function checkSettings(settings: BrokerSettings): void {
  for (const [name, min, max] of RANGES) {
    const value = settings[name];
    if (value === undefined) continue; // Those that must be there are by their type.
    if (isIn(value, min, max)) continue;
    throw new RangeError(
      `Cannot make a broker: ${name} must be ${min} to ${max}, not ${value}`,
    );
  }
}

/** Throws a TypeError or a RangeError for a message that cannot be forwarded. */
export function checkMessage(message: BrokerMessage): void {
  const { topicName, qos, retain, properties } = message;
  const fault = topicNameFault(topicName);
  if (fault !== undefined) throw unpublishable(topicName, fault);
  for (const name of ["topicAlias", "subscriptionIdentifiers"] as const) {
    if (properties[name] === undefined) continue;
    throw unpublishable(topicName, `${name} is for the broker to give`);
  }
  if (message.payload.length > PACKET_SIZE_LIMIT) {
    throw new RangeError(
      `Cannot publish to ${
        JSON.stringify(topicName)
      }: the payload has more than ${PACKET_SIZE_LIMIT} bytes`,
    );
  }
  encodePublish(new ByteWriter(), {
    type: "publish",
    topicName,
    payload: NOTHING,
    qos,
    retain,
    dup: false,
    packetId: qos === 0 ? 0 : 1,
    properties,
  }, 5);
}

function isIn(value: unknown, min: number, max: number): boolean {
  return typeof value === "number" && value >= min && value <= max &&
    (value === Infinity || Number.isInteger(value));
}

function unpublishable(topicName: string, why: string): TypeError {
  return new TypeError(
    `Cannot publish to ${JSON.stringify(topicName)}: ${why}`,
  );
}
