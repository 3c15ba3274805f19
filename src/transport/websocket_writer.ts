/**
 * Frames of ours: a header, and the payload, a client's under a mask (RFC 6455, 5.2 and 5.3).
 *
 * This file waits for nothing.
 *
 * @module
 */
import type { Opcode } from "./websocket_frame.ts";

const FIN = 0x80;
const MASK = 0x80;

/** Where the payload stands in the buffer: the longest header fits before it, and words are aligned. */
const PAYLOAD_AT = 16;

/** The smallest buffer: room for a control frame. */
const BUFFER_MIN = 256;

/** How many masks are drawn at once: one by one they would cost more than the masking. */
const MASKS = 256;

/** Fills masks with chance. */
type FillRandom = (masks: Uint32Array<ArrayBuffer>) => void;

/** Puts payload into frames, one at a time, in a buffer of its own. */
export class FrameWriter {
  #bytes = new Uint8Array(BUFFER_MIN);
  #words = new Uint32Array(this.#bytes.buffer);
  readonly #fillRandom: FillRandom | undefined;
  readonly #masks = new Uint32Array(MASKS);
  #nextMask = MASKS;

  /**
   * Masks come from `fillRandom`: nobody may be able to foretell them (RFC 6455, 10.3). Without it there are none,
   * as in the frames of a server.
   */
  constructor(fillRandom?: FillRandom) {
    this.#fillRandom = fillRandom;
  }

  /** The frame around `payload`, which is copied. It is good until the next one is asked for. */
  frame(opcode: Opcode, payload: Uint8Array): Uint8Array {
    const size = payload.length;
    this.#reserve(PAYLOAD_AT + size);
    const start = this.#writeHeader(opcode, size);
    this.#bytes.set(payload, PAYLOAD_AT);
    if (this.#fillRandom === undefined) {
      return this.#bytes.subarray(start, PAYLOAD_AT + size);
    }
    const mask = this.#takeMask(this.#fillRandom);
    // The mask stands right before the payload, so byte order is no matter: words are XORed as they are.
    const words = this.#words;
    const first = PAYLOAD_AT / 4;
    words[first - 1] = mask;
    const end = first + Math.ceil(size / 4);
    for (let i = first; i < end; i++) words[i] = (words[i] ?? 0) ^ mask;
    return this.#bytes.subarray(start, PAYLOAD_AT + size);
  }

  /** Fills what stands before the mask, or before the payload; the result is where the frame starts. */
  #writeHeader(opcode: Opcode, size: number): number {
    const bytes = this.#bytes;
    const isMasked = this.#fillRandom !== undefined;
    const end = isMasked ? PAYLOAD_AT - 4 : PAYLOAD_AT;
    let start = end - 2;
    let length = size;
    if (size > 125) {
      const isShort = size <= 0xffff;
      start -= isShort ? 2 : 8;
      let rest = size;
      for (let at = end - 1; at >= start + 2; at--) {
        bytes[at] = rest % 256;
        rest = Math.floor(rest / 256);
      }
      length = isShort ? 126 : 127;
    }
    bytes[start] = FIN | opcode;
    bytes[start + 1] = isMasked ? MASK | length : length;
    return start;
  }

  #takeMask(fillRandom: FillRandom): number {
    if (this.#nextMask === MASKS) {
      fillRandom(this.#masks);
      this.#nextMask = 0;
    }
    return this.#masks[this.#nextMask++] ?? 0;
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const capacity = 2 ** Math.ceil(Math.log2(size));
    this.#bytes = new Uint8Array(capacity);
    this.#words = new Uint32Array(this.#bytes.buffer);
  }
}
