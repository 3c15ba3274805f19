// Any bytes into the decoder: packets or a ProtocolError come out, and nothing else.

import { PacketDecoder } from "../../src/codec/decoder.ts";
import { encodePacket } from "../../src/codec/encoder.ts";
import type { ProtocolVersion, Sender } from "../../src/codec/packet.ts";
import { ByteWriter } from "../../src/codec/writer.ts";
import { ProtocolError } from "../../src/errors.ts";
import type { Input } from "./input.ts";

/** Large enough for all that is valid here, small enough to be met. */
const SIZE_MAX = 4_096;

/** Feeds one input. Throws where something else than a ProtocolError comes out. */
export function feedCodec({ version, from, pieces }: Input): void {
  const decoder = new PacketDecoder({
    protocolVersion: version,
    from,
    sizeMax: SIZE_MAX,
  });
  let size = 0;
  let packets = 0;
  try {
    for (const piece of pieces) {
      decoder.push(piece.slice());
      size += piece.length;
      for (
        let packet = decoder.next();
        packet !== undefined;
        packet = decoder.next()
      ) {
        // The smallest packet has two bytes.
        if (++packets * 2 > size) throw new Error("More packets than bytes");
        // What was understood can be said.
        encodePacket(new ByteWriter(), packet, decoder.protocolVersion);
      }
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}

/** Whether these bytes are whole packets of one who may send them. */
export function isValid(
  bytes: Uint8Array,
  { version, from }: { version: ProtocolVersion; from: Sender },
): boolean {
  const decoder = new PacketDecoder({ protocolVersion: version, from });
  decoder.push(bytes);
  while (decoder.next() !== undefined) continue;
  return decoder.atBoundary;
}
