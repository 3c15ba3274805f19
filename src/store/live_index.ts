/**
 * Which change of each key is the one that holds, and where it stands in the log.
 *
 * Keys that are near each other share a page: a million of them cost 12 bytes each, where a Map would
 * take some fifty.
 *
 * @module
 */

const PAGE_SIZE = 1_024;

/** One for each kind of key, and one more. */
const SPARES_MAX = 4;

const NOWHERE = -1;

interface Page {
  readonly positions: Float64Array;
  readonly sizes: Uint32Array;
  used: number;
}

/** The frames that hold, by key. */
export class LiveIndex {
  readonly #pages = new Map<number, Page>();
  // The pages that became empty last: those that fill and empty all the time are not made anew.
  readonly #spares: Page[] = [];
  #count = 0;
  #size = 0;

  /** How many keys have a value. */
  get count(): number {
    return this.#count;
  }

  /** How many bytes their frames take. */
  get size(): number {
    return this.#size;
  }

  /** Where the frame of a key begins; -1 where it has none. */
  positionOf(key: number): number {
    const slot = key % PAGE_SIZE;
    return this.#pages.get((key - slot) / PAGE_SIZE)?.positions[slot] ??
      NOWHERE;
  }

  /** The frame of a key is at `position` now, and has `size` bytes. */
  set(key: number, position: number, size: number): void {
    const slot = key % PAGE_SIZE;
    const page = this.#page((key - slot) / PAGE_SIZE);
    if (page.positions[slot] === NOWHERE) {
      page.used++;
      this.#count++;
    }
    this.#size += size - (page.sizes[slot] ?? 0);
    page.positions[slot] = position;
    page.sizes[slot] = size;
  }

  /** A key has no value any more. */
  delete(key: number): void {
    const slot = key % PAGE_SIZE;
    const number = (key - slot) / PAGE_SIZE;
    const page = this.#pages.get(number);
    if (page === undefined || page.positions[slot] === NOWHERE) return;
    this.#size -= page.sizes[slot] ?? 0;
    this.#count--;
    page.positions[slot] = NOWHERE;
    page.sizes[slot] = 0;
    if (--page.used > 0) return;
    this.#pages.delete(number);
    if (this.#spares.length < SPARES_MAX) this.#spares.push(page);
  }

  #page(number: number): Page {
    const known = this.#pages.get(number);
    if (known !== undefined) return known;
    const page = this.#spares.pop() ?? emptyPage();
    this.#pages.set(number, page);
    return page;
  }
}

function emptyPage(): Page {
  return {
    positions: new Float64Array(PAGE_SIZE).fill(NOWHERE),
    sizes: new Uint32Array(PAGE_SIZE),
    used: 0,
  };
}
