/**
 * CONNECT (chapter 3.1).
 *
 * @module
 */
import {
  type ConnectPacket,
  NO_PROPERTIES,
  type ProtocolVersion,
  type QoS,
  type WillPacket,
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

const PROPERTIES = propertiesOf("connect");
const WILL_PROPERTIES = propertiesOf("will");

/** The Connect Flags (3.1.2.3), and where the will's QoS stands. */
const Flag = {
  reserved: 0x01,
  cleanStart: 0x02,
  will: 0x04,
  willQosShift: 3,
  willQosMask: 0x03,
  willRetain: 0x20,
  password: 0x40,
  username: 0x80,
} as const;

/** Reads a CONNECT, which says itself by which version it is to be read: the reader takes it over. */
export function decodeConnect(reader: PacketReader): ConnectPacket {
  const protocolVersion = decodeVersion(reader);
  reader.protocolVersion = protocolVersion;
  const flags = reader.uint8();
  checkFlags(reader, flags);
  const keepAlive = reader.uint16();
  const properties = protocolVersion < 5
    ? NO_PROPERTIES
    : decodeProperties(reader, PROPERTIES);
  const clientId = reader.string();
  const will = (flags & Flag.will) === 0
    ? undefined
    : decodeWill(reader, flags);
  const username = isThere(reader, flags, Flag.username)
    ? reader.string()
    : undefined;
  const password = isThere(reader, flags, Flag.password)
    ? reader.binary()
    : undefined;
  reader.finish();
  if (
    properties.authenticationData !== undefined &&
    properties.authenticationMethod === undefined
  ) {
    throw reader.protocolError(
      "it has authenticationData without authenticationMethod",
      "3.1.2.11.10",
    );
  }
  return {
    type: "connect",
    protocolVersion,
    cleanStart: (flags & Flag.cleanStart) !== 0,
    keepAlive,
    clientId,
    username,
    password,
    will,
    properties,
  };
}

function decodeVersion(reader: PacketReader): ProtocolVersion {
  const name = reader.string();
  const level = reader.uint8();
  if (name === "MQTT" && (level === 4 || level === 5)) return level;
  if (name === "MQIsdp" && level === 3) return level;
  throw violation(
    reader.header,
    `protocol ${JSON.stringify(name)} of level ${level} is not supported`,
    ReasonCode.unsupportedProtocolVersion,
    name === "MQTT" || name === "MQIsdp" ? "MQTT-3.1.2-2" : "MQTT-3.1.2-1",
  );
}

function checkFlags(reader: PacketReader, flags: number): void {
  if ((flags & Flag.reserved) !== 0) {
    throw reader.malformed("its reserved flag is set", "MQTT-3.1.2-3");
  }
  const willQos = (flags >> Flag.willQosShift) & Flag.willQosMask;
  if (willQos === 3) {
    throw reader.malformed("the will has a QoS of 3", "MQTT-3.1.2-12");
  }
  if ((flags & Flag.will) === 0) {
    if (willQos !== 0) {
      throw reader.malformed("a QoS, but no will", "MQTT-3.1.2-11");
    }
    if ((flags & Flag.willRetain) !== 0) {
      throw reader.malformed("Will Retain, but no will", "MQTT-3.1.2-13");
    }
  }
  // MQTT 5 has done away with this rule.
  if (
    reader.protocolVersion < 5 &&
    (flags & (Flag.username | Flag.password)) === Flag.password
  ) {
    throw reader.malformed("a password, but no user name", "MQTT-3.1.2-22");
  }
}

// In MQTT 3.1 the end of the packet takes precedence over the flag: the user name and the password
// that it promises may be missing.
function isThere(reader: PacketReader, flags: number, flag: number): boolean {
  return (flags & flag) !== 0 &&
    !(reader.protocolVersion === 3 && reader.atEnd);
}

function decodeWill(reader: PacketReader, flags: number): WillPacket {
  const properties = reader.protocolVersion < 5
    ? NO_PROPERTIES
    : decodeProperties(reader, WILL_PROPERTIES);
  const topicName = reader.topicName("MQTT-4.7.0-1");
  if (topicName === "") {
    throw reader.malformed("the will has no Topic Name", "MQTT-4.7.3-1");
  }
  return {
    topicName,
    payload: reader.binary(),
    // A QoS of 3 has been refused.
    qos: ((flags >> Flag.willQosShift) & Flag.willQosMask) as QoS,
    retain: (flags & Flag.willRetain) !== 0,
    properties,
  };
}

/** Writes a CONNECT, in the version that it names itself. */
export function writeConnect(writer: ByteWriter, packet: ConnectPacket): void {
  const { protocolVersion, username, password, will, properties } = packet;
  const start = writer.begin(Header.connect);
  writer.string(protocolVersion === 3 ? "MQIsdp" : "MQTT", "the protocol");
  writer.uint8(protocolVersion);
  writer.uint8(flagsOf(packet));
  writeKeepAlive(writer, packet.keepAlive);
  if (protocolVersion === 5) {
    encodeProperties(writer, PROPERTIES, properties);
  } else {
    refuseProperties(writer, properties);
    if (password !== undefined && username === undefined) {
      throw writer.typeError("a password without a user name needs MQTT 5");
    }
  }
  writer.string(packet.clientId, "clientId");
  if (will !== undefined) writeWill(writer, will, protocolVersion);
  if (username !== undefined) writer.string(username, "username");
  if (password !== undefined) writer.binary(password, "password");
  writer.closeLength(start);
}

function flagsOf(packet: ConnectPacket): number {
  const { cleanStart, username, password, will } = packet;
  return (cleanStart ? Flag.cleanStart : 0) |
    (will === undefined ? 0 : Flag.will) |
    ((will?.qos ?? 0) << Flag.willQosShift) |
    (will?.retain ? Flag.willRetain : 0) |
    (password === undefined ? 0 : Flag.password) |
    (username === undefined ? 0 : Flag.username);
}

function writeKeepAlive(writer: ByteWriter, keepAlive: number): void {
  if (!Number.isInteger(keepAlive) || keepAlive < 0 || keepAlive > 65_535) {
    throw writer.rangeError(
      `keepAlive must be 0 to 65535, not ${keepAlive}`,
    );
  }
  writer.uint16(keepAlive);
}

function writeWill(
  writer: ByteWriter,
  will: WillPacket,
  protocolVersion: ProtocolVersion,
): void {
  if (protocolVersion === 5) {
    encodeProperties(writer, WILL_PROPERTIES, will.properties);
  } else refuseProperties(writer, will.properties);
  if (will.topicName === "") {
    throw writer.typeError("the will needs a Topic Name");
  }
  writer.topicName(will.topicName, "the will's Topic Name");
  writer.binary(will.payload, "the will's payload");
}
