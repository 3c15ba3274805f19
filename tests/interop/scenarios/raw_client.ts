// A client that says whatever it is told to, right or wrong: what a server answers to faults that midge does not make.

import type {
  OutgoingPacket,
  Packet,
  ProtocolVersion,
} from "../../../src/codec/packet.ts";
import { PacketDecoder } from "../../../src/codec/decoder.ts";
import { encodePacket } from "../../../src/codec/encoder.ts";
import { ByteWriter } from "../../../src/codec/writer.ts";

/** What CONNECT says. */
export interface RawOptions {
  readonly protocolVersion: ProtocolVersion;
  readonly clientId: string;
  readonly keepAlive?: number;
  readonly username?: string;
  readonly password?: string;
}

/** A connection that has been accepted, and on which nothing is checked. */
export class RawClient implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #protocolVersion: ProtocolVersion;
  readonly #decoder: PacketDecoder;

  private constructor(
    connection: Deno.TcpConn,
    protocolVersion: ProtocolVersion,
  ) {
    this.#connection = connection;
    this.#protocolVersion = protocolVersion;
    this.#decoder = new PacketDecoder({ protocolVersion, from: "server" });
  }

  /** Connects, and has the first packet of the server: undefined where it closes. */
  static async connect(
    url: string,
    { protocolVersion, clientId, keepAlive = 0, username, password }:
      RawOptions,
  ): Promise<{ client: RawClient; connack: Packet | undefined }> {
    const port = Number(new URL(url).port);
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const client = new RawClient(connection, protocolVersion);
    await client.send({
      type: "connect",
      protocolVersion,
      cleanStart: true,
      keepAlive,
      clientId,
      username,
      password: password === undefined
        ? undefined
        : new TextEncoder().encode(password),
      will: undefined,
      properties: {},
    });
    return { client, connack: await client.next() };
  }

  /** Sends a packet. */
  send(packet: OutgoingPacket): Promise<void> {
    const writer = new ByteWriter();
    encodePacket(writer, packet, this.#protocolVersion);
    return this.sendBytes(writer.take() ?? new Uint8Array());
  }

  /** Sends what may be no packet at all. What a server has closed takes nothing more: its last word waits to be read. */
  async sendBytes(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        at += await this.#connection.write(bytes.subarray(at));
      }
    } catch (error) {
      if (!isEnd(error)) throw error;
    }
  }

  /** The next packet; undefined where the server has closed. */
  async next(): Promise<Packet | undefined> {
    for (;;) {
      const packet = this.#decoder.next();
      if (packet !== undefined) return packet;
      const block = new Uint8Array(1 << 12);
      const size = await this.#connection.read(block).catch((error) => {
        if (isEnd(error)) return null;
        throw error;
      });
      if (size === null) return undefined;
      this.#decoder.push(block.subarray(0, size));
    }
  }

  /** The Reason Code of the server's DISCONNECT; undefined where it closes without. */
  async ending(): Promise<number | undefined> {
    for (;;) {
      const packet = await this.next();
      if (packet === undefined) return undefined;
      if (packet.type === "disconnect") return packet.reasonCode;
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

function isEnd(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe;
}
