// The server's end of a WebSocket, played by a test: bytes in, bytes out.

import { concat, indexOfNeedle } from "@std/bytes";
import { memoryWires } from "../../src/transport/memory.ts";
import { websocket } from "../../src/transport/websocket.ts";
import { acceptOf } from "../../src/transport/websocket_handshake.ts";
import type { Transport, Wire } from "../../src/transport/wire.ts";
import { latin1, unmask } from "./websocket_frames.ts";

/** A signal that never fires. */
export const NEVER: AbortSignal = new AbortController().signal;

/** A frame of ours, as the server reads it. */
export interface Frame {
  /** FIN and the opcode. */
  readonly first: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** The server's end. */
export class Peer {
  readonly #wire: Wire;
  #data: Uint8Array = new Uint8Array(0);

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Writes all of the bytes. */
  async send(...parts: Uint8Array[]): Promise<void> {
    let rest: Uint8Array = concat(parts);
    while (rest.length > 0) {
      rest = rest.subarray(await this.#wire.write(rest));
    }
  }

  /** The head of the request, without the empty line. */
  async request(): Promise<string> {
    for (;;) {
      const end = indexOfNeedle(this.#data, latin1("\r\n\r\n"));
      if (end !== -1) {
        const head = this.#data.subarray(0, end);
        this.#data = this.#data.subarray(end + 4);
        return String.fromCharCode(...head);
      }
      if (!await this.#more()) throw new Error("There is no whole request");
    }
  }

  /** Reads the request and opens the WebSocket; `early` leaves together with the answer. */
  async accept(early: Uint8Array = new Uint8Array(0)): Promise<void> {
    const request = await this.request();
    const key = /Sec-WebSocket-Key: (.*)/.exec(request)?.[1] ?? "";
    const head = [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${await acceptOf(key)}`,
      "Sec-WebSocket-Protocol: mqtt",
      "\r\n",
    ];
    await this.send(latin1(head.join("\r\n")), early);
  }

  /** The next frame; null where our side has ended. */
  async frame(): Promise<Frame | null> {
    for (;;) {
      const frame = unmask(this.#data);
      if (frame !== undefined) {
        this.#data = frame.rest;
        return { first: frame.first, payload: frame.payload };
      }
      if (!await this.#more()) return null;
    }
  }

  /** Ends the server's side. */
  end(): void {
    void this.#wire.closeWrite?.();
  }

  /** Drops the wire. */
  close(): void {
    this.#wire.close();
  }

  async #more(): Promise<boolean> {
    const block = new Uint8Array(65_536);
    const size = await this.#wire.read(block);
    if (size === null) return false;
    this.#data = concat([this.#data, block.subarray(0, size)]);
    return true;
  }
}

/** A WebSocket over a wire in memory, open, and the server's end of it. */
export async function opened(
  { early, over = (wire) => wire }: {
    early?: Uint8Array;
    over?: (wire: Wire) => Wire;
  } = {},
): Promise<{ wire: Wire; peer: Peer }> {
  const [ours, theirs] = memoryWires();
  const transport: Transport = { open: () => Promise.resolve(over(ours)) };
  const peer = new Peer(theirs);
  const [wire] = await Promise.all([
    websocket({ transport, host: "localhost", path: "/mqtt" }).open(NEVER),
    peer.accept(early),
  ]);
  return { wire, peer };
}

/** Reads until the other side ends, in reads of `size` bytes. */
export async function readAll(
  wire: Wire,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const block = new Uint8Array(size);
    const read = await wire.read(block);
    if (read === null) return concat(parts);
    parts.push(block.subarray(0, read));
  }
}
