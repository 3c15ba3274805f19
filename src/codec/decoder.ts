/**
 * Bytes to packets: blocks go in as they were read, packets come out one by one.
 *
 * @module
 */
import { decodeAck } from "./ack.ts";
import { decodeAuth } from "./auth.ts";
import { decodeConnack } from "./connack.ts";
import { decodeConnect } from "./connect.ts";
import { decodeDisconnect } from "./disconnect.ts";
import { Framer, PACKET_SIZE_MAX } from "./framer.ts";
import type { Packet, ProtocolVersion, Sender } from "./packet.ts";
import { Header } from "./packet_type.ts";
import { decodePing } from "./ping.ts";
import { decodePublish } from "./publish.ts";
import { PacketReader } from "./reader.ts";
import { decodeSuback, decodeUnsuback } from "./suback.ts";
import { decodeSubscribe, decodeUnsubscribe } from "./subscribe.ts";

/** What a {@linkcode PacketDecoder} is made with. */
export interface PacketDecoderOptions {
  /** The version that the packets are read by. A CONNECT is read by its own. */
  readonly protocolVersion: ProtocolVersion;
  /** Who sends the packets: what only the other side may send is refused. */
  readonly from: Sender;
  /** The largest packet, in bytes, that is accepted: our Maximum Packet Size. By default any. */
  readonly sizeMax?: number;
}

/**
 * Decodes what one peer sends. Payloads and other binary values are views on the blocks that were
 * pushed, so a block must not change any more, and lives as long as what was decoded from it.
 */
export class PacketDecoder {
  readonly #reader: PacketReader;
  readonly #framer: Framer;
  /** What the peer has done wrong. After it no byte can be trusted. */
  #failure: unknown;

  /** Makes a decoder. */
  constructor(options: PacketDecoderOptions) {
    this.#reader = new PacketReader(options.protocolVersion, options.from);
    this.#framer = new Framer(this.#reader, options.sizeMax ?? PACKET_SIZE_MAX);
  }

  /** The version that the packets are read by. A CONNECT sets it to its own; it may be set between packets. */
  get protocolVersion(): ProtocolVersion {
    return this.#reader.protocolVersion;
  }
  set protocolVersion(protocolVersion: ProtocolVersion) {
    this.#framer.protocolVersion = protocolVersion;
  }

  /** The largest packet, in bytes, that is accepted. */
  get sizeMax(): number {
    return this.#framer.sizeMax;
  }
  set sizeMax(sizeMax: number) {
    this.#framer.sizeMax = sizeMax;
  }

  /** Whether no part of a packet waits: the stream may end here. */
  get atBoundary(): boolean {
    return this.#framer.atBoundary;
  }

  /** Takes what one read gave. It is not copied, and must not change any more. */
  push(bytes: Uint8Array): void {
    if (this.#failure === undefined) this.#framer.push(bytes);
  }

  /**
   * The next whole packet, or undefined where more bytes are needed.
   *
   * Throws a ProtocolError where the peer has broken the specification, and the same one ever after.
   */
  next(): Packet | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      if (this.#framer.next()) return this.#decode();
      this.#reader.release();
      return undefined;
    } catch (error) {
      this.#failure = error;
      this.#framer.release();
      throw error;
    }
  }

  /** Decodes the packet that stands open in the reader. */
  #decode(): Packet {
    const reader = this.#reader;
    switch (reader.header & 0xF0) {
      case Header.publish:
        return decodePublish(reader);
      case Header.puback:
        return decodeAck(reader, "puback");
      case Header.pubrec:
        return decodeAck(reader, "pubrec");
      case Header.pubrel & 0xF0:
        return decodeAck(reader, "pubrel");
      case Header.pubcomp:
        return decodeAck(reader, "pubcomp");
      case Header.connect:
        return this.#decodeConnect();
      case Header.connack:
        return decodeConnack(reader);
      case Header.subscribe & 0xF0:
        return decodeSubscribe(reader);
      case Header.suback:
        return decodeSuback(reader);
      case Header.unsubscribe & 0xF0:
        return decodeUnsubscribe(reader);
      case Header.unsuback:
        return decodeUnsuback(reader);
      case Header.pingreq:
        return decodePing(reader, "pingreq");
      case Header.pingresp:
        return decodePing(reader, "pingresp");
      case Header.disconnect:
        return decodeDisconnect(reader);
      default: // The framer lets no other pass.
        return decodeAuth(reader);
    }
  }

  #decodeConnect(): Packet {
    const connect = decodeConnect(this.#reader);
    this.protocolVersion = connect.protocolVersion;
    return connect;
  }
}
