/**
 * The frames of a peer as they come, in whatever pieces (RFC 6455, 5). No frame is ever kept: payload is
 * moved to the front of the bytes that it came in, so memory does not follow an announced length.
 *
 * This file waits for nothing.
 *
 * @module
 */
import {
  broken,
  CloseCode,
  CONTROL_MAX,
  type End,
  Opcode,
  readClose,
} from "./websocket_frame.ts";

const FIN = 0x80;
const RSV = 0x70;
const OPCODE = 0x0f;
const MASK = 0x80;
const LENGTH = 0x7f;

/** Up to here a loop is faster than the call that moves bytes. */
const SHORT = 32;

/** How many bytes a mask has. */
const MASK_SIZE = 4;

/** Which end of a WebSocket: a client masks its frames, a server must not (RFC 6455, 5.1). */
export type Side = "client" | "server";

/** What of a frame comes next. */
type Phase = "opcode" | "length" | "more length" | "mask" | "payload";

/** Takes frames apart. */
export class FrameReader {
  readonly #from: Side;
  #phase: Phase = "opcode";
  #opcode = 0;
  /** Bytes of the length field that are still to come, and the smallest length that may stand in it. */
  #lengthBytes = 0;
  #lengthMin = 0;
  /**
   * What is still to come of the payload. A number is exact to 2^53: whoever announces more has nine
   * thousand terabytes to send until that matters.
   */
  #left = 0;
  /** The mask of the present frame, where it has one, and how many of its bytes are known, or were used. */
  readonly #mask = new Uint8Array(MASK_SIZE);
  #maskAt = 0;
  #inFragments = false;
  readonly #control = new Uint8Array(CONTROL_MAX);
  #controlSize = 0;
  #ping: Uint8Array | undefined;
  #end: End | undefined;

  /** Reads the frames of a server, or those of a client. */
  constructor(from: Side = "server") {
    this.#from = from;
  }

  /** What was last to be read has been: a close frame, or bytes that break a rule. */
  get end(): End | undefined {
    return this.#end;
  }

  /** Whether a message has begun and not ended: then the stream must not end here. */
  get inMessage(): boolean {
    return this.#phase !== "opcode" || this.#inFragments;
  }

  /** Takes all that has come. The payload in it is moved to its front; the result is its size. */
  unwrap(bytes: Uint8Array): number {
    let at = 0;
    let size = 0;
    while (at < bytes.length && this.#end === undefined) {
      if (this.#phase !== "payload") {
        this.#readHeader(bytes[at++] ?? 0);
        continue;
      }
      const next = Math.min(at + this.#left, bytes.length);
      this.#left -= next - at;
      if (this.#opcode < Opcode.close) {
        move(bytes, { to: size, start: at, end: next });
        const start = size;
        size += next - at;
        if (this.#from === "client") this.#unmask(bytes.subarray(start, size));
      } else {
        this.#control.set(bytes.subarray(at, next), this.#controlSize);
        this.#controlSize += next - at;
      }
      at = next;
      if (this.#left === 0) this.#endFrame();
    }
    return size;
  }

  /** The payload of the latest ping, once: whoever answers it has answered all before (RFC 6455, 5.5.3). */
  takePing(): Uint8Array | undefined {
    const ping = this.#ping;
    this.#ping = undefined;
    return ping;
  }

  #readHeader(byte: number): void {
    if (this.#phase === "opcode") this.#readOpcode(byte);
    else if (this.#phase === "length") this.#readLength(byte);
    else if (this.#phase === "mask") this.#readMask(byte);
    else this.#readMoreLength(byte);
  }

  #readOpcode(byte: number): void {
    const isLast = (byte & FIN) !== 0;
    this.#opcode = byte & OPCODE;
    this.#phase = "length";
    if ((byte & RSV) !== 0) {
      this.#break("a WebSocket frame has a reserved bit", "RFC 6455, 5.2");
    } else if (this.#opcode >= Opcode.close) {
      if (this.#opcode > Opcode.pong) this.#breakOpcode();
      else if (!isLast) {
        this.#break("a WebSocket control frame is fragmented", "RFC 6455, 5.5");
      }
    } else if (this.#opcode === Opcode.text) {
      this.#end = broken(
        "a WebSocket frame has text, not binary data",
        "MQTT-6.0.0-1",
        CloseCode.unsupportedData,
      );
    } else if (this.#opcode > Opcode.binary) this.#breakOpcode();
    else if (this.#inFragments !== (this.#opcode === Opcode.continuation)) {
      this.#break(
        this.#inFragments
          ? "a WebSocket message begins inside another"
          : "a WebSocket frame continues no message",
        "RFC 6455, 5.4",
      );
    } else this.#inFragments = !isLast;
  }

  #readLength(byte: number): void {
    const length = byte & LENGTH;
    if ((byte & MASK) !== (this.#from === "client" ? MASK : 0)) {
      this.#break(
        `a WebSocket frame of the ${this.#from} is ${
          this.#from === "client" ? "not masked" : "masked"
        }`,
        "RFC 6455, 5.1",
      );
    } else if (length <= CONTROL_MAX) {
      this.#beginPayload(length);
    } else if (this.#opcode >= Opcode.close) {
      this.#break(
        `a WebSocket control frame has more than ${CONTROL_MAX} bytes`,
        "RFC 6455, 5.5",
      );
    } else {
      this.#phase = "more length";
      this.#left = 0;
      this.#lengthBytes = length === 126 ? 2 : 8;
      this.#lengthMin = length === 126 ? CONTROL_MAX + 1 : 0x10000;
    }
  }

  #readMoreLength(byte: number): void {
    if (this.#lengthBytes === 8 && byte >= 0x80) {
      this.#break(
        "the length of a WebSocket frame has its highest bit set",
        "RFC 6455, 5.2",
      );
      return;
    }
    this.#left = this.#left * 256 + byte;
    this.#lengthBytes--;
    if (this.#lengthBytes > 0) return;
    if (this.#left < this.#lengthMin) {
      this.#break(
        "the length of a WebSocket frame is not in its shortest form",
        "RFC 6455, 5.2",
      );
    } else this.#beginPayload(this.#left);
  }

  #beginPayload(length: number): void {
    this.#left = length;
    this.#controlSize = 0;
    this.#maskAt = 0;
    if (this.#from === "client") this.#phase = "mask";
    else this.#enterPayload();
  }

  #readMask(byte: number): void {
    this.#mask[this.#maskAt++] = byte;
    if (this.#maskAt === MASK_SIZE) this.#enterPayload();
  }

  #enterPayload(): void {
    this.#phase = "payload";
    if (this.#left === 0) this.#endFrame();
  }

  /** Where the mask goes on is remembered: a payload comes in pieces. */
  #unmask(bytes: Uint8Array): void {
    const mask = this.#mask;
    let at = this.#maskAt;
    for (let i = 0; i < bytes.length; i++) {
      bytes[i] = (bytes[i] ?? 0) ^ (mask[at++ & 3] ?? 0);
    }
    this.#maskAt = at & 3;
  }

  #endFrame(): void {
    this.#phase = "opcode";
    if (this.#opcode < Opcode.close || this.#opcode === Opcode.pong) return;
    const body = this.#control.subarray(0, this.#controlSize);
    if (this.#from === "client") this.#unmask(body);
    if (this.#opcode === Opcode.ping) this.#ping = body.slice();
    else this.#end = readClose(body);
  }

  #breakOpcode(): void {
    this.#break(
      `a WebSocket frame has the opcode ${this.#opcode}`,
      "RFC 6455, 5.2",
    );
  }

  #break(why: string, clause: string): void {
    this.#end = broken(why, clause);
  }
}

function move(
  bytes: Uint8Array,
  { to, start, end }: { to: number; start: number; end: number },
): void {
  if (to === start) return;
  if (end - start > SHORT) bytes.copyWithin(to, start, end);
  else while (start < end) bytes[to++] = bytes[start++] ?? 0;
}
