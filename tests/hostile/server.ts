// A server that is played by a script, over a real socket on loopback. It takes the client's bytes apart by
// hand, with nothing of the codec, so that a fault of the codec's cannot hide itself.

import type { Wire } from "../../mod.ts";

/** A listener for one client. */
export class Listener implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  get port(): number {
    return this.#listener.addr.port;
  }

  /** The client's connection. */
  acceptConnection(): Promise<Deno.Conn> {
    return this.#listener.accept();
  }

  /** The server's end of the client's wire. */
  async accept(): Promise<ServerEnd> {
    return new ServerEnd(await this.acceptConnection());
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

/** The server's end of a wire. */
export class ServerEnd {
  readonly #wire: Wire;
  #data = "";

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Sends bytes in one segment, as far as they fit into one. A client that has left is no fault. */
  async send(...parts: (Uint8Array | string)[]): Promise<void> {
    const bytes = Uint8Array.fromHex(
      parts.map((part) => typeof part === "string" ? part : part.toHex())
        .join("").replaceAll(/\s/g, ""),
    );
    try {
      for (let at = 0; at < bytes.length;) {
        at += await this.#wire.write(bytes.subarray(at));
      }
    } catch {
      // What ends the connection may stand before the end of the bytes.
    }
  }

  /** The client's next packet in hexadecimal; undefined where it has ended its side. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const size = packetSize(this.#data);
      if (size !== undefined && size <= this.#data.length) {
        const packet = this.#data.slice(0, size);
        this.#data = this.#data.slice(size);
        return packet;
      }
      if (!await this.#read()) return undefined;
    }
  }

  /** The client's next packets. */
  async take(count: number): Promise<string[]> {
    const packets: string[] = [];
    while (packets.length < count) {
      const packet = await this.next();
      if (packet === undefined) throw new Error("The client has left");
      packets.push(packet);
    }
    return packets;
  }

  /** Ends the server's side. */
  async end(): Promise<void> {
    await this.#wire.closeWrite?.();
  }

  /** All that the client sends until it leaves, in hexadecimal. The wire is closed then. */
  async rest(): Promise<string> {
    while (await this.#read());
    this.#wire.close();
    return this.#data;
  }

  async #read(): Promise<boolean> {
    const block = new Uint8Array(65_536);
    try {
      const size = await this.#wire.read(block);
      if (size === null) return false;
      this.#data += block.subarray(0, size).toHex();
      return true;
    } catch {
      // A client that leaves with bytes unread resets the wire.
      return false;
    }
  }
}

/** How many digits the packet at the front has; undefined where its header is not whole (2.1.4). */
function packetSize(hex: string): number | undefined {
  let length = 0;
  for (let at = 1; at <= 4; at++) {
    const digits = hex.slice(2 * at, 2 * at + 2);
    if (digits === "") return undefined;
    const byte = parseInt(digits, 16);
    length += byte % 128 * 128 ** (at - 1);
    if (byte < 128) return 2 * (at + 1 + length);
  }
  throw new Error("The client has sent a Remaining Length of five bytes");
}
