/**
 * A Reason Code within a packet: which values a packet may carry is checked both ways.
 *
 * @module
 */
import type { PacketReader } from "./reader.ts";
import { isReasonCode, type ReasonPacket, reasonText } from "./reason_code.ts";
import type { ByteWriter } from "./writer.ts";

const CLAUSES: Record<ReasonPacket, string> = {
  connack: "MQTT-3.2.2-8",
  puback: "MQTT-3.4.2-1",
  pubrec: "MQTT-3.5.2-1",
  pubrel: "MQTT-3.6.2-1",
  pubcomp: "MQTT-3.7.2-1",
  suback: "MQTT-3.9.3-2",
  unsuback: "MQTT-3.11.3-2",
  disconnect: "MQTT-3.14.2-1",
  auth: "MQTT-3.15.2-1",
};

/** Reads a Reason Code that `packet` may carry. */
export function decodeReasonCode(
  reader: PacketReader,
  packet: ReasonPacket,
): number {
  return checked(reader, reader.uint8(), packet);
}

/** Reads a Reason Code that may be left out, and then is 0x00 (3.4.2.1, 3.14.2.1, 3.15.2.1). */
export function decodeOptionalReasonCode(
  reader: PacketReader,
  packet: ReasonPacket,
): number {
  return checked(reader, reader.atEnd ? 0x00 : reader.uint8(), packet);
}

function checked(
  reader: PacketReader,
  reasonCode: number,
  packet: ReasonPacket,
): number {
  if (isReasonCode(reasonCode, packet, reader.from)) return reasonCode;
  throw reader.protocolError(
    `a ${reader.from} must not send it with ${inWords(reasonCode)}`,
    CLAUSES[packet],
  );
}

/** Writes a Reason Code that `packet` may carry. */
export function encodeReasonCode(
  writer: ByteWriter,
  reasonCode: number,
  packet: ReasonPacket,
): void {
  if (!isReasonCode(reasonCode, packet)) {
    throw writer.rangeError(`it cannot carry ${inWords(reasonCode)}`);
  }
  writer.uint8(reasonCode);
}

function inWords(reasonCode: number): string {
  const number = reasonCode.toString(16).toUpperCase().padStart(2, "0");
  return `Reason Code 0x${number} (${reasonText(reasonCode)})`;
}
