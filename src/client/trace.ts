/**
 * What happens in readable lines: the packets that are really on the wire, in both directions, and the
 * attempts to have one.
 *
 * @module
 */
import { PacketDecoder } from "../codec/decoder.ts";
import { describePacket } from "../codec/describe.ts";
import type { ProtocolVersion } from "../codec/packet.ts";
import type { StatusEvent } from "./status.ts";

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

/** The line of a change that is the connection's own. */
export function describeChange(event: StatusEvent): string {
  switch (event.type) {
    case "connecting": {
      const { address, attempt } = event;
      return `connecting to ${address}${
        attempt > 0 ? `, retry ${attempt}` : ""
      }`;
    }
    case "lost":
    case "retry-failed": {
      const { error, attempt, retryInMs } = event;
      return `${event.type}: ${error.message}; retry ${attempt} in ${
        Math.round(retryInMs)
      } ms`;
    }
    default:
      return event.type;
  }
}
