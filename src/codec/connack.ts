/**
 * CONNACK (chapter 3.2).
 *
 * @module
 */
import { type ConnackPacket, NO_PROPERTIES } from "./packet.ts";
import { Header } from "./packet_type.ts";
import { propertiesOf } from "./property.ts";
import {
  decodeProperties,
  encodeProperties,
  refuseProperties,
} from "./property_list.ts";
import type { PacketReader } from "./reader.ts";
import { decodeReasonCode, encodeReasonCode } from "./reason_code_field.ts";
import type { ByteWriter } from "./writer.ts";

const PROPERTIES = propertiesOf("connack");

/** The highest return code of MQTT 3.x: not authorized (3.1.1, 3.2.2.3). */
const RETURN_CODE_MAX = 5;

/**
 * Reads a CONNACK. Where one of two bytes answers a CONNECT of MQTT 5, a server of MQTT 3.x speaks:
 * that of MQTT 5 has three at least.
 */
export function decodeConnack(reader: PacketReader): ConnackPacket {
  const isShort = reader.end - reader.position === 2;
  const protocolVersion = isShort && reader.protocolVersion === 5
    ? 4
    : reader.protocolVersion;
  const flags = reader.uint8();
  // MQTT 3.1 has a byte here that is not used, and says nothing of its value.
  const usedFlags = protocolVersion === 3 ? 0 : flags;
  if (usedFlags > 1) {
    throw reader.malformed("its reserved flags are set", "MQTT-3.2.2-1");
  }
  const sessionPresent = usedFlags === 1;
  const reasonCode = protocolVersion < 5
    ? decodeReturnCode(reader)
    : decodeReasonCode(reader, "connack");
  if (sessionPresent && reasonCode !== 0) {
    throw reader.protocolError(
      "a refusal has Session Present set",
      protocolVersion < 5 ? "MQTT-3.2.2-4" : "MQTT-3.2.2-6",
    );
  }
  const properties = protocolVersion < 5
    ? NO_PROPERTIES
    : decodeProperties(reader, PROPERTIES);
  reader.finish();
  return {
    type: "connack",
    protocolVersion,
    sessionPresent,
    reasonCode,
    properties,
  };
}

function decodeReturnCode(reader: PacketReader): number {
  const returnCode = reader.uint8();
  if (returnCode > RETURN_CODE_MAX) {
    throw reader.protocolError(
      `its return code is ${returnCode}, and the last is ${RETURN_CODE_MAX}`,
      "3.2.2.3",
    );
  }
  return returnCode;
}

/**
 * Writes a CONNACK in the version that it names itself: a CONNECT of MQTT 5 may be answered in the form
 * of MQTT 3.1.1.
 */
export function writeConnack(writer: ByteWriter, packet: ConnackPacket): void {
  const { protocolVersion, sessionPresent, reasonCode, properties } = packet;
  const start = writer.begin(Header.connack);
  if (sessionPresent && reasonCode !== 0) {
    throw writer.typeError("a refusal cannot have sessionPresent");
  }
  writer.uint8(sessionPresent ? 1 : 0);
  if (protocolVersion === 5) {
    encodeReasonCode(writer, reasonCode, "connack");
    encodeProperties(writer, PROPERTIES, properties);
  } else {
    writeReturnCode(writer, reasonCode);
    refuseProperties(writer, properties);
  }
  writer.closeLength(start);
}

function writeReturnCode(writer: ByteWriter, returnCode: number): void {
  if (!(returnCode >= 0 && returnCode <= RETURN_CODE_MAX)) {
    throw writer.rangeError(
      `the return code must be 0 to ${RETURN_CODE_MAX}, not ${returnCode}`,
    );
  }
  writer.uint8(returnCode);
}
