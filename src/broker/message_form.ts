/**
 * A PUBLISH as bytes that are the same for all who get it, but for the Packet Identifier.
 *
 * @module
 */
import type { OutgoingPublish, ProtocolVersion } from "../codec/packet.ts";
import { encodePublish } from "../codec/publish.ts";
import { ByteWriter } from "../codec/writer.ts";

// What is encoded here is copied at once.
const scratch = new ByteWriter();

const NOTHING = new Uint8Array(0);

/** The encoded packet, in two parts: what stands before the Packet Identifier, and what stands behind it. */
export class MessageForm {
  readonly #before: Uint8Array;
  readonly #behind: Uint8Array;

  /** Encodes the packet; its own Packet Identifier does not matter. */
  constructor(packet: OutgoingPublish, protocolVersion: ProtocolVersion) {
    encodePublish(scratch, packet, protocolVersion);
    const bytes = scratch.take()?.slice() ?? NOTHING;
    const place = packet.qos === 0 ? bytes.length : packetIdPlace(bytes);
    this.#before = bytes.subarray(0, place);
    this.#behind = bytes.subarray(place + 2);
  }

  /** Writes the packet with this Packet Identifier; at QoS 0 there is none. */
  write(writer: ByteWriter, packetId: number): void {
    writer.raw(this.#before);
    if (packetId === 0) return;
    writer.packetId(packetId);
    writer.raw(this.#behind);
  }
}

/** Where the Packet Identifier stands: behind the type, the Remaining Length and the Topic Name (3.3.2). */
function packetIdPlace(bytes: Uint8Array): number {
  let place = 1;
  while ((bytes[place] ?? 0) >= 0x80) place++;
  place++;
  const topicSize = ((bytes[place] ?? 0) << 8) | (bytes[place + 1] ?? 0);
  return place + 2 + topicSize;
}
