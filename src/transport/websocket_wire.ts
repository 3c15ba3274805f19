/**
 * A WebSocket as a wire: reads and writes of the wire below, one frame out at a time, the closing handshake.
 *
 * @module
 */
import { MqttError } from "../errors.ts";
import type { Wire } from "./wire.ts";
import { CloseCode, type End, Opcode } from "./websocket_frame.ts";
import { FrameReader, type Side } from "./websocket_reader.ts";
import { FrameWriter } from "./websocket_writer.ts";

/** What one frame takes at most. It is masked in the processor's cache, and twice as much is no faster. */
const PAYLOAD_MAX = 1 << 18;

/** How long our close frame may take to leave: behind a peer that does not read it never would. */
const CLOSE_MS = 1_000;

/** A WebSocket that is open. It holds no payload that comes: pausing and limits are those of the wire below. */
export class WebSocketWire implements Wire {
  readonly #below: Wire;
  readonly #incoming: FrameReader;
  readonly #outgoing: FrameWriter;
  /** What has come together with the last of the handshake. */
  #early: Uint8Array;
  /** Pending while a frame is on its way; it never rejects. */
  #sending: Promise<void> | undefined;
  #pong: Uint8Array | undefined;
  #closing: Promise<void> | undefined;
  #isCloseSent = false;

  /** Goes on where the handshake has ended: `early` are the bytes behind it. We are the client, or the server. */
  constructor(below: Wire, early: Uint8Array, we: Side = "client") {
    this.#below = below;
    this.#early = early;
    this.#incoming = new FrameReader(we === "client" ? "server" : "client");
    this.#outgoing = we === "client"
      ? new FrameWriter((masks) => crypto.getRandomValues(masks))
      : new FrameWriter();
  }

  /** Payload of data frames, across their boundaries. What stands behind it in `into` is overwritten as well. */
  async read(into: Uint8Array): Promise<number | null> {
    if (into.length === 0) return 0;
    while (this.#incoming.end === undefined) {
      const size = await this.#readBelow(into);
      if (size === null) return this.#endBelow();
      const payload = this.#incoming.unwrap(into.subarray(0, size));
      this.#answerPing();
      if (payload > 0) return payload;
    }
    return this.#finish(this.#incoming.end);
  }

  /** Sends the front of `bytes` as one frame. */
  async write(bytes: Uint8Array): Promise<number> {
    const payload = bytes.subarray(0, PAYLOAD_MAX);
    if (payload.length > 0) await this.#send(Opcode.binary, () => payload);
    return payload.length;
  }

  /** Sends a close frame, and waits a second for it to leave. */
  closeWrite(): Promise<void> {
    return this.#close(CloseCode.normal);
  }

  /** Drops the wire below. */
  close(): void {
    this.#isCloseSent = true;
    this.#below.close();
  }

  #readBelow(into: Uint8Array): Promise<number | null> | number {
    if (this.#early.length === 0) return this.#below.read(into);
    const part = this.#early.subarray(0, into.length);
    into.set(part);
    this.#early = this.#early.subarray(part.length);
    return part.length;
  }

  /** Many a server drops the wire without a close frame: between messages nothing is lost by that. */
  #endBelow(): null {
    if (!this.#incoming.inMessage) return null;
    throw new MqttError(
      "the server closed it in the middle of a WebSocket message",
    );
  }

  /** The server has ended, or is made to: our close frame is the answer (RFC 6455, 5.5.1 and 7.1.7). */
  async #finish({ closeCode, error }: End): Promise<null> {
    await this.#close(closeCode);
    if (error !== undefined) throw error;
    return null;
  }

  /** A pong waits for the frame that is on its way; of several that would wait, the latest is enough. */
  #answerPing(): void {
    const ping = this.#incoming.takePing();
    if (ping === undefined) return;
    const isWaiting = this.#pong !== undefined;
    this.#pong = ping;
    if (isWaiting) return;
    const takePong = () => {
      const pong = this.#pong ?? ping;
      this.#pong = undefined;
      return pong;
    };
    // A wire that cannot be written tells so to the next who writes, and to the reader.
    this.#send(Opcode.pong, takePong).catch(() => {});
  }

  /** Nothing leaves behind a close frame, so there is one at most. */
  #close(code: number): Promise<void> {
    this.#closing ??= this.#sendClose(code);
    return this.#closing;
  }

  async #sendClose(code: number): Promise<void> {
    const sent = this.#send(
      Opcode.close,
      () => Uint8Array.of(code >> 8, code & 0xff),
    );
    // The peer was faster: then there is nobody to tell.
    const settled = sent.catch(() => {});
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([settled, late]);
    clearTimeout(timer);
  }

  /** Frames leave one after the other, never one inside another. The payload is taken when it is its turn. */
  async #send(opcode: Opcode, takePayload: () => Uint8Array): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
    if (this.#isCloseSent) {
      throw new Deno.errors.BrokenPipe("The WebSocket is closed");
    }
    this.#isCloseSent = opcode === Opcode.close;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sending = promise;
    try {
      let bytes = this.#outgoing.frame(opcode, takePayload());
      while (bytes.length > 0) {
        bytes = bytes.subarray(await this.#below.write(bytes));
      }
    } finally {
      this.#sending = undefined;
      resolve();
    }
  }
}
