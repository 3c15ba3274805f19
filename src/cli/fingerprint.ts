/**
 * A checksum over lines, to tell one input from another: against mistakes, not against malice.
 *
 * @module
 */

const FACTOR = 0x01000193;
const OTHER_FACTOR = 0x9E3779B1;
const OTHER_START = 0x85EBCA6B;
const START = 0x811C9DC5;

const encoder = new TextEncoder();

/** 64 bits that follow from all lines that were added, and from where each ended. */
export class Fingerprint {
  // Two sums that have nothing in common but what goes in: one of 32 bits would meet its like too soon.
  #one = START;
  #other = OTHER_START;

  /** Adds a line. */
  add(line: Uint8Array | string): void {
    const bytes = typeof line === "string" ? encoder.encode(line) : line;
    let one = this.#one;
    let other = this.#other;
    for (const byte of bytes) {
      one = Math.imul(one ^ byte, FACTOR);
      other = Math.imul((other << 5 | other >>> 27) ^ byte, OTHER_FACTOR);
    }
    // Its length is no byte, so that no line looks like two.
    this.#one = Math.imul(one ^ bytes.length + 0x100, FACTOR);
    this.#other = Math.imul(other + bytes.length + 0x100, OTHER_FACTOR);
  }

  /** The bits, as 16 hexadecimal digits. */
  toString(): string {
    return digits(this.#one) + digits(this.#other);
  }
}

function digits(sum: number): string {
  return (sum >>> 0).toString(16).padStart(8, "0");
}
