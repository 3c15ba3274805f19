/**
 * AUTH (chapter 3.15), which MQTT 5 alone has.
 *
 * @module
 */
import {
  type AuthPacket,
  NO_PROPERTIES,
  type Properties,
  type ProtocolVersion,
} from "./packet.ts";
import { Header } from "./packet_type.ts";
import { propertiesOf } from "./property.ts";
import {
  decodeProperties,
  encodeProperties,
  isEmpty,
} from "./property_list.ts";
import type { PacketReader } from "./reader.ts";
import { ReasonCode } from "./reason_code.ts";
import {
  decodeOptionalReasonCode,
  encodeReasonCode,
} from "./reason_code_field.ts";
import type { ByteWriter } from "./writer.ts";

const PROPERTIES = propertiesOf("auth");

/** Reads an AUTH. One without content means success (3.15.2.1); any other names its method. */
export function decodeAuth(reader: PacketReader): AuthPacket {
  const isShort = reader.atEnd;
  const reasonCode = decodeOptionalReasonCode(reader, "auth");
  const properties = isShort
    ? NO_PROPERTIES
    : decodeProperties(reader, PROPERTIES);
  reader.finish();
  if (!isShort && properties.authenticationMethod === undefined) {
    throw reader.protocolError("it has no authenticationMethod", "3.15.2.2.2");
  }
  return { type: "auth", reasonCode, properties };
}

/** Writes an AUTH. */
export function writeAuth(
  writer: ByteWriter,
  { reasonCode, properties }: AuthPacket,
  protocolVersion: ProtocolVersion,
): void {
  const start = writer.begin(Header.auth);
  if (protocolVersion < 5) throw writer.typeError("it needs MQTT 5");
  if (reasonCode !== ReasonCode.success || !isEmpty(properties)) {
    writeMethod(writer, reasonCode, properties);
  }
  writer.closeLength(start);
}

function writeMethod(
  writer: ByteWriter,
  reasonCode: number,
  properties: Properties,
): void {
  if (properties.authenticationMethod === undefined) {
    throw writer.typeError("it needs authenticationMethod");
  }
  encodeReasonCode(writer, reasonCode, "auth");
  encodeProperties(writer, PROPERTIES, properties);
}
