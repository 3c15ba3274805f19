/**
 * PINGREQ and PINGRESP (chapters 3.12 and 3.13): two bytes, no content.
 *
 * @module
 */
import type { PingPacket } from "./packet.ts";
import { Header } from "./packet_type.ts";
import type { PacketReader } from "./reader.ts";
import type { ByteWriter } from "./writer.ts";

/** Reads a PINGREQ or PINGRESP. */
export function decodePing(
  reader: PacketReader,
  type: PingPacket["type"],
): PingPacket {
  reader.finish();
  return { type };
}

/** Writes a PINGREQ or PINGRESP. */
export function writePing(writer: ByteWriter, { type }: PingPacket): void {
  writer.closeLength(writer.begin(Header[type]));
}
