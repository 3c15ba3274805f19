/**
 * Short texts that have been read before: the same few Topic Names come again and again, and to
 * compare bytes costs a fraction of decoding and checking them. It changes speed alone, never a
 * result, so all connections share it.
 *
 * @module
 */

/** How much a {@linkcode TextCache} remembers. */
export interface TextCacheOptions {
  /** How many texts; a power of two. */
  readonly slotCount: number;
  /** How long a text may be, in bytes; all slots have room for as many. */
  readonly sizeMax: number;
}

/** Remembers texts by their bytes. Each has one slot by its hash, and takes it from the one before. */
export class TextCache {
  readonly #sizeMax: number;
  readonly #slotMask: number;
  readonly #texts: string[];
  readonly #sizes: Uint8Array;
  /** The bytes of the texts, slot by slot. */
  readonly #bytes: DataView;
  /** The slot that was looked into last: often the next text is the same. */
  #slot = 0;

  /** Makes an empty cache. */
  constructor({ slotCount, sizeMax }: TextCacheOptions) {
    this.#sizeMax = sizeMax;
    this.#slotMask = slotCount - 1;
    // An empty slot holds the empty text, which is right as it is.
    this.#texts = Array<string>(slotCount).fill("");
    this.#sizes = new Uint8Array(slotCount);
    this.#bytes = new DataView(new ArrayBuffer(slotCount * sizeMax));
  }

  /** The text that stands in `view`, or undefined where it has to be decoded. */
  find(view: DataView, start: number, size: number): string | undefined {
    if (size > this.#sizeMax) return undefined;
    if (this.#isInSlot(view, start, size)) return this.#texts[this.#slot];
    this.#slot = hashOf(view, start, size) & this.#slotMask;
    return this.#isInSlot(view, start, size)
      ? this.#texts[this.#slot]
      : undefined;
  }

  /** Remembers the text that was looked for last and not found, now that it is decoded and right. */
  add(text: string, view: DataView, start: number, size: number): void {
    if (size > this.#sizeMax) return;
    const known = this.#bytes;
    const slotStart = this.#slot * this.#sizeMax;
    let index = 0;
    for (; index + 4 <= size; index += 4) {
      known.setInt32(slotStart + index, view.getInt32(start + index));
    }
    for (; index < size; index++) {
      known.setUint8(slotStart + index, view.getUint8(start + index));
    }
    this.#sizes[this.#slot] = size;
    this.#texts[this.#slot] = text;
  }

  /** Whether the slot has these very bytes. Four are compared at a time; the last four may overlap. */
  #isInSlot(view: DataView, start: number, size: number): boolean {
    if (this.#sizes[this.#slot] !== size) return false;
    const known = this.#bytes;
    const slotStart = this.#slot * this.#sizeMax;
    if (size < 4) {
      for (let index = 0; index < size; index++) {
        const byte = known.getUint8(slotStart + index);
        if (byte !== view.getUint8(start + index)) return false;
      }
      return true;
    }
    const last = size - 4;
    for (let index = 0; index < last; index += 4) {
      const four = known.getInt32(slotStart + index);
      if (four !== view.getInt32(start + index)) return false;
    }
    return known.getInt32(slotStart + last) === view.getInt32(start + last);
  }
}

/** A hash of the bytes, taken four at a time as well. */
function hashOf(view: DataView, start: number, size: number): number {
  let hash = size;
  if (size < 4) {
    for (let index = 0; index < size; index++) {
      hash = mix(hash, view.getUint8(start + index));
    }
    return hash;
  }
  const last = size - 4;
  for (let index = 0; index < last; index += 4) {
    hash = mix(hash, view.getInt32(start + index));
  }
  return mix(hash, view.getInt32(start + last));
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x9E3779B1);
  return mixed ^ (mixed >>> 15);
}
