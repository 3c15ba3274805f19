/**
 * The head of an HTTP request or answer as it comes: up to its empty line, and no longer than a limit.
 *
 * This file waits for nothing.
 *
 * @module
 */

/** A head is a few hundred bytes; proxies add some. No more than this is kept. */
export const HEAD_MAX = 16_384;

const EMPTY_LINE = [0x0d, 0x0a, 0x0d, 0x0a] as const;

/** Gathers a head. */
export class HeadReader {
  readonly #bytes = new Uint8Array(HEAD_MAX);
  #size = 0;
  #end = -1;

  /** How much has come. */
  get size(): number {
    return this.#size;
  }

  /** All that has come. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Where what comes next is to be put: nowhere, where the head is too long. */
  get room(): Uint8Array {
    return this.#bytes.subarray(this.#size);
  }

  /** The head without its empty line; undefined until that has come. */
  get head(): Uint8Array | undefined {
    return this.#end === -1 ? undefined : this.#bytes.subarray(0, this.#end);
  }

  /** What has come behind the empty line. */
  get early(): Uint8Array {
    return this.#bytes.slice(this.#end + EMPTY_LINE.length, this.#size);
  }

  /** So many bytes were put into the room. */
  add(size: number): void {
    const start = Math.max(this.#size - EMPTY_LINE.length + 1, 0);
    this.#size += size;
    this.#end = findEmptyLine(this.bytes, start);
  }
}

/** Where the empty line stands, from `start` on; -1 where it has not come. */
function findEmptyLine(bytes: Uint8Array, start: number): number {
  for (
    let at = bytes.indexOf(EMPTY_LINE[0], start);
    at !== -1;
    at = bytes.indexOf(EMPTY_LINE[0], at + 1)
  ) {
    if (EMPTY_LINE.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}
