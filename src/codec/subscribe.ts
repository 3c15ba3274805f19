/**
 * SUBSCRIBE and UNSUBSCRIBE (chapters 3.8 and 3.10).
 *
 * @module
 */
import {
  NO_PROPERTIES,
  type ProtocolVersion,
  type QoS,
  type RetainHandling,
  type SubscribePacket,
  type SubscriptionRequest,
  type UnsubscribePacket,
} from "./packet.ts";
import { Header } from "./packet_type.ts";
import { propertiesOf } from "./property.ts";
import {
  decodeProperties,
  encodeProperties,
  refuseProperties,
} from "./property_list.ts";
import type { PacketReader } from "./reader.ts";
import { ReasonCode } from "./reason_code.ts";
import { violation } from "./violation.ts";
import type { ByteWriter } from "./writer.ts";

const SUBSCRIBE_PROPERTIES = propertiesOf("subscribe");
const UNSUBSCRIBE_PROPERTIES = propertiesOf("unsubscribe");

/**
 * The most Topic Filters of one SUBSCRIBE or UNSUBSCRIBE. One can be three bytes long, and then takes some
 * thirty times as much memory; whoever has more asks in several packets.
 */
export const TOPIC_FILTERS_MAX = 65_535;

/** The Subscription Options (3.8.3.1). Under MQTT 3.x there is the QoS alone. */
const Option = {
  qosMask: 0x03,
  noLocal: 0x04,
  retainAsPublished: 0x08,
  retainHandlingShift: 4,
  retainHandlingMask: 0x03,
  reserved: 0xC0,
  reservedIn3: 0xFC,
} as const;

/** Reads a SUBSCRIBE. */
export function decodeSubscribe(reader: PacketReader): SubscribePacket {
  const packetId = reader.packetId();
  const properties = reader.protocolVersion < 5
    ? NO_PROPERTIES
    : decodeProperties(reader, SUBSCRIBE_PROPERTIES);
  if (reader.atEnd) {
    throw reader.protocolError("it has no Topic Filter", "MQTT-3.8.3-2");
  }
  const subscriptions: SubscriptionRequest[] = [];
  while (!reader.atEnd) {
    checkCount(reader, subscriptions.length);
    subscriptions.push(decodeRequest(reader));
  }
  return { type: "subscribe", packetId, subscriptions, properties };
}

function decodeRequest(reader: PacketReader): SubscriptionRequest {
  const topicFilter = decodeTopicFilter(reader);
  const options = reader.uint8();
  checkOptions(reader, options);
  const noLocal = (options & Option.noLocal) !== 0;
  if (noLocal && topicFilter.startsWith("$share/")) {
    throw reader.protocolError(
      "No Local is set on a shared subscription",
      "MQTT-3.8.3-4",
    );
  }
  return {
    topicFilter,
    // The value 3 has been refused for both.
    qos: (options & Option.qosMask) as QoS,
    noLocal,
    retainAsPublished: (options & Option.retainAsPublished) !== 0,
    retainHandling: ((options >> Option.retainHandlingShift) &
      Option.retainHandlingMask) as RetainHandling,
  };
}

function checkOptions(reader: PacketReader, options: number): void {
  const reserved = reader.protocolVersion < 5
    ? Option.reservedIn3
    : Option.reserved;
  if ((options & reserved) !== 0) {
    throw reader.malformed(
      "reserved bits of its Subscription Options are set",
      "MQTT-3.8.3-5",
    );
  }
  if ((options & Option.qosMask) === 3) {
    throw reader.protocolError("it asks for a QoS of 3", "3.8.3.1");
  }
  if (options >> Option.retainHandlingShift === 3) {
    throw reader.protocolError("its Retain Handling is 3", "3.8.3.1");
  }
}

/** Reads an UNSUBSCRIBE. */
export function decodeUnsubscribe(reader: PacketReader): UnsubscribePacket {
  const packetId = reader.packetId();
  const properties = reader.protocolVersion < 5
    ? NO_PROPERTIES
    : decodeProperties(reader, UNSUBSCRIBE_PROPERTIES);
  if (reader.atEnd) {
    throw reader.protocolError("it has no Topic Filter", "MQTT-3.10.3-2");
  }
  const topicFilters: string[] = [];
  while (!reader.atEnd) {
    checkCount(reader, topicFilters.length);
    topicFilters.push(decodeTopicFilter(reader));
  }
  return { type: "unsubscribe", packetId, topicFilters, properties };
}

/** Throws where one more Topic Filter is one too many. */
function checkCount(reader: PacketReader, count: number): void {
  if (count < TOPIC_FILTERS_MAX) return;
  throw violation(
    reader.header,
    `it has more than ${TOPIC_FILTERS_MAX} Topic Filters`,
    ReasonCode.quotaExceeded,
    "4.13",
  );
}

// Whether a filter's wildcards are right is left to the one who keeps subscriptions: the answer
// to a wrong one is a Reason Code of its own.
function decodeTopicFilter(reader: PacketReader): string {
  const topicFilter = reader.string();
  if (topicFilter === "") {
    throw reader.protocolError("a Topic Filter is empty", "MQTT-4.7.3-1");
  }
  return topicFilter;
}

/** Writes a SUBSCRIBE. */
export function writeSubscribe(
  writer: ByteWriter,
  { packetId, subscriptions, properties }: SubscribePacket,
  protocolVersion: ProtocolVersion,
): void {
  const start = writer.begin(Header.subscribe);
  writer.packetId(packetId);
  if (protocolVersion === 5) {
    encodeProperties(writer, SUBSCRIBE_PROPERTIES, properties);
  } else refuseProperties(writer, properties);
  refuseCount(writer, subscriptions.length);
  for (const request of subscriptions) {
    writeRequest(writer, request, protocolVersion);
  }
  writer.closeLength(start);
}

function writeRequest(
  writer: ByteWriter,
  request: SubscriptionRequest,
  protocolVersion: ProtocolVersion,
): void {
  const { topicFilter, noLocal } = request;
  const options = optionsOf(request);
  if (protocolVersion < 5 && options > Option.qosMask) {
    throw writer.typeError("Subscription Options but the QoS need MQTT 5");
  }
  if (noLocal && topicFilter.startsWith("$share/")) {
    throw writer.typeError("No Local is not for shared subscriptions");
  }
  writeTopicFilter(writer, topicFilter);
  writer.uint8(options);
}

function optionsOf(request: SubscriptionRequest): number {
  return request.qos |
    (request.noLocal ? Option.noLocal : 0) |
    (request.retainAsPublished ? Option.retainAsPublished : 0) |
    (request.retainHandling << Option.retainHandlingShift);
}

/** Writes an UNSUBSCRIBE. */
export function writeUnsubscribe(
  writer: ByteWriter,
  { packetId, topicFilters, properties }: UnsubscribePacket,
  protocolVersion: ProtocolVersion,
): void {
  const start = writer.begin(Header.unsubscribe);
  writer.packetId(packetId);
  if (protocolVersion === 5) {
    encodeProperties(writer, UNSUBSCRIBE_PROPERTIES, properties);
  } else refuseProperties(writer, properties);
  refuseCount(writer, topicFilters.length);
  for (const topicFilter of topicFilters) {
    writeTopicFilter(writer, topicFilter);
  }
  writer.closeLength(start);
}

function refuseCount(writer: ByteWriter, count: number): void {
  if (count === 0) throw writer.typeError("it needs a Topic Filter");
  if (count <= TOPIC_FILTERS_MAX) return;
  throw writer.rangeError(
    `it would have ${count} Topic Filters, and ${TOPIC_FILTERS_MAX} are the most`,
  );
}

function writeTopicFilter(writer: ByteWriter, topicFilter: string): void {
  if (topicFilter === "") {
    throw writer.typeError("a Topic Filter must not be empty");
  }
  writer.string(topicFilter, "a Topic Filter");
}
