/**
 * The packets of a connection in readable lines: what is really on the wire, in both directions.
 *
 * @module
 */
import { PacketDecoder } from "../codec/decoder.ts";
import { describePacket } from "../codec/describe.ts";
import type { ProtocolVersion } from "../codec/packet.ts";

/** Tells each packet of one connection. */
export class Trace {
  readonly #tell: (line: string) => void;
  readonly #sent: PacketDecoder;
  readonly #received: PacketDecoder;

  /** Makes the trace of a connection that begins. */
  constructor(
    tell: (line: string) => void,
    protocolVersion: ProtocolVersion,
  ) {
    this.#tell = tell;
    this.#sent = new PacketDecoder({ protocolVersion, from: "client" });
    this.#received = new PacketDecoder({ protocolVersion, from: "server" });
  }

  /** These bytes are about to be written. */
  sent(bytes: Uint8Array): void {
    this.#read(this.#sent, "sent", bytes);
  }

  /** These bytes have come. */
  received(bytes: Uint8Array): void {
    this.#read(this.#received, "received", bytes);
  }

  #read(decoder: PacketDecoder, verb: string, bytes: Uint8Array): void {
    try {
      decoder.push(bytes);
      for (
        let packet = decoder.next();
        packet !== undefined;
        packet = decoder.next()
      ) {
        if (packet.type === "connack") {
          this.#sent.protocolVersion = packet.protocolVersion;
          this.#received.protocolVersion = packet.protocolVersion;
        }
        this.#tell(`${verb} ${describePacket(packet)}`);
      }
    } catch (error) {
      this.#tell(`${verb} ${error instanceof Error ? error.message : error}`);
    }
  }
}
