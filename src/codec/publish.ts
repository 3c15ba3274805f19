/**
 * PUBLISH (chapter 3.3).
 *
 * @module
 */
import {
  NO_PROPERTIES,
  type OutgoingPublish,
  type Properties,
  type ProtocolVersion,
  type PublishPacket,
  type QoS,
} from "./packet.ts";
import { Header, PublishFlag } from "./packet_type.ts";
import { propertiesOf } from "./property.ts";
import {
  decodeProperties,
  encodeProperties,
  refuseProperties,
} from "./property_list.ts";
import type { PacketReader } from "./reader.ts";
import { decodeSoleIdentifier } from "./sole_identifier.ts";
import type { ByteWriter } from "./writer.ts";

const PROPERTIES = propertiesOf("publish");

/** The identifier of the property (2.2.2.2). */
const TOPIC_ALIAS = 0x23;

/** Reads a PUBLISH; its payload is a view of the block. */
export function decodePublish(reader: PacketReader): PublishPacket {
  const { header } = reader;
  // The framer lets no QoS of 3 pass.
  const qos = ((header >> PublishFlag.qosShift) & PublishFlag.qosMask) as QoS;
  const topicName = reader.topicName();
  const packetId = qos === 0 ? 0 : reader.packetId();
  const properties = reader.protocolVersion < 5
    ? NO_PROPERTIES
    : decodeSoleIdentifier(reader) ?? decodeProperties(reader, PROPERTIES);
  if (topicName === "" && properties.topicAlias === undefined) {
    throw reader.protocolError(
      "it has neither a Topic Name nor a Topic Alias",
      "MQTT-4.7.3-1",
    );
  }
  if (
    properties.subscriptionIdentifiers !== undefined && reader.from === "client"
  ) {
    throw reader.protocolError(
      "a client must not send subscriptionIdentifiers",
      "MQTT-3.3.4-6",
    );
  }
  return {
    type: "publish",
    topicName,
    payload: reader.rest(),
    qos,
    retain: (header & PublishFlag.retain) !== 0,
    dup: (header & PublishFlag.dup) !== 0,
    packetId,
    properties,
  };
}

/** A Topic Alias that the sender has chosen for a Topic Name (3.3.2.3.4). */
export interface TopicAlias {
  /** From 1 to the receiver's Topic Alias Maximum. */
  readonly alias: number;
  /** Whether the receiver knows the name that it stands for, so that the name is left out. */
  readonly isKnown: boolean;
}

/**
 * Writes a PUBLISH, under MQTT 5 with the alias where one is given. Where it throws, the writer is as before.
 */
export function encodePublish(
  writer: ByteWriter,
  packet: OutgoingPublish,
  protocolVersion: ProtocolVersion,
  alias?: TopicAlias,
): void {
  const before = writer.length;
  try {
    writePublish(writer, packet, protocolVersion, alias);
  } catch (error) {
    writer.rewind(before);
    throw error;
  }
}

function writePublish(
  writer: ByteWriter,
  packet: OutgoingPublish,
  protocolVersion: ProtocolVersion,
  alias: TopicAlias | undefined,
): void {
  const { payload, qos, properties } = packet;
  const topicName = alias?.isKnown ? "" : packet.topicName;
  const start = writer.begin(
    Header.publish | flagsOf(packet),
    2 + topicName.length + (qos === 0 ? 0 : 2) + (protocolVersion < 5 ? 0 : 1) +
      payload.length,
  );
  if (packet.topicName === "" && properties.topicAlias === undefined) {
    throw writer.typeError("it needs a Topic Name or a Topic Alias");
  }
  writer.topicName(topicName, "the Topic Name");
  if (qos > 0) writer.packetId(packet.packetId);
  if (protocolVersion < 5) refuseProperties(writer, properties);
  else if (alias === undefined) {
    encodeProperties(writer, PROPERTIES, properties);
  } else writeAliased(writer, properties, alias);
  if (typeof payload === "string") {
    writer.utf8(payload);
    writer.closeLength(start);
  } else {
    writer.closeLength(start, payload.length);
    writer.raw(payload);
  }
}

/** Most messages with an alias have no other property. */
function writeAliased(
  writer: ByteWriter,
  properties: Properties,
  { alias }: TopicAlias,
): void {
  if (properties !== NO_PROPERTIES) {
    const topicAlias = alias;
    encodeProperties(writer, PROPERTIES, { ...properties, topicAlias });
    return;
  }
  writer.variableByteInteger(3);
  writer.uint8(TOPIC_ALIAS);
  writer.uint16(alias);
}

function flagsOf({ qos, retain, dup }: OutgoingPublish): number {
  return (qos << PublishFlag.qosShift) | (retain ? PublishFlag.retain : 0) |
    (dup ? PublishFlag.dup : 0);
}
