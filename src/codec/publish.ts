/**
 * PUBLISH (chapter 3.3).
 *
 * @module
 */
import {
  NO_PROPERTIES,
  type OutgoingPublish,
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
import type { ByteWriter } from "./writer.ts";

const PROPERTIES = propertiesOf("publish");

/** Reads a PUBLISH; its payload is a view of the block. */
export function decodePublish(reader: PacketReader): PublishPacket {
  const { header } = reader;
  // The framer lets no QoS of 3 pass.
  const qos = ((header >> PublishFlag.qosShift) & PublishFlag.qosMask) as QoS;
  const topicName = reader.topicName();
  const packetId = qos === 0 ? 0 : reader.packetId();
  const properties = reader.protocolVersion < 5
    ? NO_PROPERTIES
    : decodeProperties(reader, PROPERTIES);
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

/** Writes a PUBLISH. Where it throws, the writer is as before. */
export function encodePublish(
  writer: ByteWriter,
  packet: OutgoingPublish,
  protocolVersion: ProtocolVersion,
): void {
  const before = writer.length;
  try {
    writePublish(writer, packet, protocolVersion);
  } catch (error) {
    writer.rewind(before);
    throw error;
  }
}

function writePublish(
  writer: ByteWriter,
  packet: OutgoingPublish,
  protocolVersion: ProtocolVersion,
): void {
  const { topicName, payload, qos, properties } = packet;
  const start = writer.begin(
    Header.publish | flagsOf(packet),
    2 + topicName.length + (qos === 0 ? 0 : 2) + (protocolVersion < 5 ? 0 : 1) +
      payload.length,
  );
  if (topicName === "" && properties.topicAlias === undefined) {
    throw writer.typeError("it needs a Topic Name or a Topic Alias");
  }
  writer.topicName(topicName, "the Topic Name");
  if (qos > 0) writer.packetId(packet.packetId);
  if (protocolVersion === 5) encodeProperties(writer, PROPERTIES, properties);
  else refuseProperties(writer, properties);
  if (typeof payload === "string") {
    writer.utf8(payload);
    writer.closeLength(start);
  } else {
    writer.closeLength(start, payload.length);
    writer.raw(payload);
  }
}

function flagsOf({ qos, retain, dup }: OutgoingPublish): number {
  return (qos << PublishFlag.qosShift) | (retain ? PublishFlag.retain : 0) |
    (dup ? PublishFlag.dup : 0);
}
