/**
 * DISCONNECT (chapter 3.14). Under MQTT 3.x it has no content.
 *
 * @module
 */
import {
  type DisconnectPacket,
  NO_PROPERTIES,
  type ProtocolVersion,
} from "./packet.ts";
import { Header } from "./packet_type.ts";
import { propertiesOf } from "./property.ts";
import {
  decodeProperties,
  encodeProperties,
  isEmpty,
  refuseProperties,
} from "./property_list.ts";
import type { PacketReader } from "./reader.ts";
import { ReasonCode } from "./reason_code.ts";
import {
  decodeOptionalReasonCode,
  encodeReasonCode,
} from "./reason_code_field.ts";
import type { ByteWriter } from "./writer.ts";

const PROPERTIES = propertiesOf("disconnect");

/** Reads a DISCONNECT. What it leaves out is normal disconnection, and no properties (3.14.2.1). */
export function decodeDisconnect(reader: PacketReader): DisconnectPacket {
  const isBare = reader.protocolVersion < 5;
  const reasonCode = isBare
    ? ReasonCode.normalDisconnection
    : decodeOptionalReasonCode(reader, "disconnect");
  const properties = isBare || reader.atEnd
    ? NO_PROPERTIES
    : decodeProperties(reader, PROPERTIES);
  reader.finish();
  if (
    properties.sessionExpiryInterval !== undefined && reader.from === "server"
  ) {
    throw reader.protocolError(
      "a server must not send sessionExpiryInterval",
      "MQTT-3.14.2-2",
    );
  }
  return { type: "disconnect", reasonCode, properties };
}

/** Writes a DISCONNECT, as short as it can be. */
export function writeDisconnect(
  writer: ByteWriter,
  { reasonCode, properties }: DisconnectPacket,
  protocolVersion: ProtocolVersion,
): void {
  const start = writer.begin(Header.disconnect);
  if (protocolVersion < 5) {
    if (reasonCode !== 0) throw writer.typeError("a Reason Code needs MQTT 5");
    refuseProperties(writer, properties);
  } else if (reasonCode !== 0 || !isEmpty(properties)) {
    encodeReasonCode(writer, reasonCode, "disconnect");
    if (!isEmpty(properties)) encodeProperties(writer, PROPERTIES, properties);
  }
  writer.closeLength(start);
}
