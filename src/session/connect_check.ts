/**
 * Whether a CONNECT or a DISCONNECT can be sent at all, before it is due.
 *
 * @module
 */
import { encodePacket } from "../codec/encoder.ts";
import type {
  ConnectPacket,
  Properties,
  ProtocolVersion,
} from "../codec/packet.ts";
import { ByteWriter } from "../codec/writer.ts";

/** Throws a TypeError or a RangeError where CONNECT cannot be encoded. */
export function checkConnect(packet: ConnectPacket): void {
  encodePacket(new ByteWriter(), packet, packet.protocolVersion);
}

/** Throws a TypeError or a RangeError where DISCONNECT cannot be encoded, or says what its version cannot. */
export function checkDisconnectPacket(
  reasonCode: number,
  properties: Properties,
  protocolVersion: ProtocolVersion,
): void {
  const packet = { type: "disconnect", reasonCode, properties } as const;
  encodePacket(new ByteWriter(), packet, protocolVersion);
}
