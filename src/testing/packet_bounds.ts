/**
 * Where packets begin and end in a stream of bytes: nothing else is asked of them.
 *
 * @module
 */

/** Behind four bytes there is no more of a Remaining Length (2.1.4): so far was the last one shifted. */
const SHIFT_MAX = 21;

/** Follows a stream from packet to packet. */
export class PacketBounds {
  /** Whether the next byte begins a packet. */
  isBetween = true;
  #isInLength = false;
  #shift = 0;
  #left = 0;

  /** Follows the packet that `bytes` goes on with at `at`: returns where it, or what is there of it, ends. */
  follow(bytes: Uint8Array, at: number): number {
    if (this.isBetween) {
      this.isBetween = false;
      this.#isInLength = true;
      this.#shift = 0;
      this.#left = 0;
      at++;
    }
    while (this.#isInLength && at < bytes.length) {
      const byte = bytes[at++] ?? 0;
      this.#left |= (byte & 0x7f) << this.#shift;
      this.#isInLength = byte >= 0x80 && this.#shift < SHIFT_MAX;
      this.#shift += 7;
    }
    if (this.#isInLength) return at;
    const size = Math.min(this.#left, bytes.length - at);
    this.#left -= size;
    this.isBetween = this.#left === 0;
    return at + size;
  }
}
