/**
 * Whether a CONNECT can be sent at all, before there is a wire to send it on.
 *
 * @module
 */
import { encodePacket } from "../codec/encoder.ts";
import type { ConnectPacket } from "../codec/packet.ts";
import { ByteWriter } from "../codec/writer.ts";

/** Throws a TypeError or a RangeError where CONNECT cannot be encoded. */
export function checkConnect(packet: ConnectPacket): void {
  encodePacket(new ByteWriter(), packet, packet.protocolVersion);
}
