/**
 * SUBACK and UNSUBACK (chapters 3.9 and 3.11): a Reason Code for each Topic Filter.
 *
 * @module
 */
import {
  NO_PROPERTIES,
  type ProtocolVersion,
  type SubackPacket,
  type UnsubackPacket,
} from "./packet.ts";
import { Header } from "./packet_type.ts";
import { propertiesOf } from "./property.ts";
import {
  decodeProperties,
  encodeProperties,
  refuseProperties,
} from "./property_list.ts";
import type { PacketReader } from "./reader.ts";
import { decodeReasonCode, encodeReasonCode } from "./reason_code_field.ts";
import { TOPIC_FILTERS_MAX } from "./subscribe.ts";
import type { ByteWriter } from "./writer.ts";

const PROPERTIES = {
  suback: propertiesOf("suback"),
  unsuback: propertiesOf("unsuback"),
};

/** The return codes of a SUBACK of MQTT 3.x: a QoS or failure. */
const RETURN_CODES: readonly number[] = [0x00, 0x01, 0x02, 0x80];

/** The clauses that ask for one Reason Code for each Topic Filter. */
const COUNT_CLAUSES = {
  suback: "MQTT-3.8.4-6",
  unsuback: "MQTT-3.11.3-1",
} as const;

/** Reads a SUBACK. */
export function decodeSuback(reader: PacketReader): SubackPacket {
  const packetId = reader.packetId();
  const isBare = reader.protocolVersion < 5;
  const properties = isBare
    ? NO_PROPERTIES
    : decodeProperties(reader, PROPERTIES.suback);
  const reasonCodes: number[] = [];
  checkCount(reader, "suback");
  do {
    reasonCodes.push(
      isBare ? decodeReturnCode(reader) : decodeReasonCode(reader, "suback"),
    );
  } while (!reader.atEnd);
  return { type: "suback", packetId, reasonCodes, properties };
}

/** Reads an UNSUBACK, which under MQTT 3.x says no more than that it has come. */
export function decodeUnsuback(reader: PacketReader): UnsubackPacket {
  const packetId = reader.packetId();
  const reasonCodes: number[] = [];
  let properties = NO_PROPERTIES;
  if (reader.protocolVersion === 5) {
    properties = decodeProperties(reader, PROPERTIES.unsuback);
    checkCount(reader, "unsuback");
    do {
      reasonCodes.push(decodeReasonCode(reader, "unsuback"));
    } while (!reader.atEnd);
  }
  reader.finish();
  return { type: "unsuback", packetId, reasonCodes, properties };
}

/** Throws where there are more Reason Codes than there can be Topic Filters: each would take eight times its byte. */
function checkCount(
  reader: PacketReader,
  type: SubackPacket["type"] | UnsubackPacket["type"],
): void {
  const count = reader.end - reader.position;
  if (count <= TOPIC_FILTERS_MAX) return;
  throw reader.protocolError(
    `it has ${count} Reason Codes, and no packet asks for more than ${TOPIC_FILTERS_MAX} Topic Filters`,
    COUNT_CLAUSES[type],
  );
}

function decodeReturnCode(reader: PacketReader): number {
  const returnCode = reader.uint8();
  if (!RETURN_CODES.includes(returnCode)) {
    throw reader.protocolError(
      `${returnCode} is not a return code`,
      "MQTT-3.9.3-2",
    );
  }
  return returnCode;
}

/** Writes a SUBACK or an UNSUBACK. */
export function writeSuback(
  writer: ByteWriter,
  packet: SubackPacket | UnsubackPacket,
  protocolVersion: ProtocolVersion,
): void {
  const { type, packetId, reasonCodes, properties } = packet;
  const start = writer.begin(Header[type]);
  writer.packetId(packetId);
  if (protocolVersion === 5) {
    encodeProperties(writer, PROPERTIES[type], properties);
  } else refuseProperties(writer, properties);
  const hasCodes = protocolVersion === 5 || type === "suback";
  if (hasCodes !== reasonCodes.length > 0) {
    throw writer.typeError(
      hasCodes ? "it needs a Reason Code" : "Reason Codes need MQTT 5",
    );
  }
  for (const reasonCode of reasonCodes) {
    if (protocolVersion === 5) encodeReasonCode(writer, reasonCode, type);
    else writeReturnCode(writer, reasonCode);
  }
  writer.closeLength(start);
}

function writeReturnCode(writer: ByteWriter, returnCode: number): void {
  if (!RETURN_CODES.includes(returnCode)) {
    throw writer.rangeError(
      `a return code must be 0, 1, 2 or 128, not ${returnCode}`,
    );
  }
  writer.uint8(returnCode);
}
