/**
 * PUBACK, PUBREC, PUBREL and PUBCOMP, which share one form (chapters 3.4 - 3.7).
 *
 * @module
 */
import {
  type AckPacket,
  type AckType,
  NO_PROPERTIES,
  type Properties,
  type ProtocolVersion,
} from "./packet.ts";
import { Header } from "./packet_type.ts";
import { propertiesOf, type PropertySet } from "./property.ts";
import {
  decodeProperties,
  encodeProperties,
  isEmpty,
  refuseProperties,
} from "./property_list.ts";
import type { PacketReader } from "./reader.ts";
import { ReasonCode } from "./reason_code.ts";
import { decodeReasonCode, encodeReasonCode } from "./reason_code_field.ts";
import type { ByteWriter } from "./writer.ts";

const PROPERTIES: Record<AckType, PropertySet> = {
  puback: propertiesOf("puback"),
  pubrec: propertiesOf("pubrec"),
  pubrel: propertiesOf("pubrel"),
  pubcomp: propertiesOf("pubcomp"),
};

/** Reads an acknowledgement. What a short form leaves out is success, and no properties (3.4.2.1). */
export function decodeAck(reader: PacketReader, type: AckType): AckPacket {
  const packetId = reader.packetId();
  const isBare = reader.protocolVersion < 5 || reader.atEnd;
  const reasonCode = isBare
    ? ReasonCode.success
    : decodeReasonCode(reader, type);
  const properties = isBare || reader.atEnd
    ? NO_PROPERTIES
    : decodeProperties(reader, PROPERTIES[type]);
  reader.finish();
  return { type, packetId, reasonCode, properties };
}

/** Writes an acknowledgement, as short as it can be. Where it throws, the writer is as before. */
export function encodeAck(
  writer: ByteWriter,
  type: AckType,
  packetId: number,
  reasonCode: number,
  properties: Properties,
  protocolVersion: ProtocolVersion,
): void {
  const before = writer.length;
  try {
    const start = writer.begin(Header[type]);
    writer.packetId(packetId);
    if (protocolVersion === 5) {
      writeReason(writer, type, reasonCode, properties);
    } else {
      if (reasonCode !== 0) {
        throw writer.typeError("a Reason Code needs MQTT 5");
      }
      refuseProperties(writer, properties);
    }
    writer.closeLength(start);
  } catch (error) {
    writer.rewind(before);
    throw error;
  }
}

function writeReason(
  writer: ByteWriter,
  type: AckType,
  reasonCode: number,
  properties: Properties,
): void {
  const bare = isEmpty(properties);
  if (bare && reasonCode === ReasonCode.success) return;
  encodeReasonCode(writer, reasonCode, type);
  if (!bare) encodeProperties(writer, PROPERTIES[type], properties);
}
