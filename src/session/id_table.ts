/**
 * Values by Packet Identifier: a table of pages that are there only while they hold something.
 *
 * A Map would do, but for a busy one: each time its deletions make it build a new store, the old
 * store keeps all it held alive until the next full garbage collection, which costs more than all else.
 *
 * @module
 */

const PAGE_SIZE = 256;
const PAGES = 65_536 / PAGE_SIZE;

interface Page<Value> {
  readonly slots: (Value | undefined)[];
  used: number;
}

/** At most one value for each of the 65,535 identifiers. */
export class IdTable<Value> {
  readonly #pages: (Page<Value> | undefined)[] = new Array(PAGES).fill(
    undefined,
  );
  // The page that became empty last: one that fills and empties all the time is not made anew.
  #spare: Page<Value> | undefined;
  #size = 0;

  /** How many values there are. */
  get size(): number {
    return this.#size;
  }

  /** The value of an identifier. */
  get(packetId: number): Value | undefined {
    return this.#pages[packetId >> 8]?.slots[packetId & 0xff];
  }

  /** Gives an identifier a value. */
  set(packetId: number, value: Value): void {
    const page = this.#pages[packetId >> 8] ??= this.#takePage();
    if (page.slots[packetId & 0xff] === undefined) {
      page.used++;
      this.#size++;
    }
    page.slots[packetId & 0xff] = value;
  }

  /** Takes an identifier's value away. */
  delete(packetId: number): void {
    const page = this.#pages[packetId >> 8];
    if (page === undefined || page.slots[packetId & 0xff] === undefined) return;
    page.slots[packetId & 0xff] = undefined;
    this.#size--;
    if (--page.used > 0) return;
    this.#pages[packetId >> 8] = undefined;
    this.#spare = page;
  }

  /** Takes all values away. */
  clear(): void {
    this.#pages.fill(undefined);
    this.#size = 0;
  }

  /** All values, in the order of their identifiers. */
  values(): Value[] {
    return this.#pages.flatMap((page) =>
      page?.slots.filter((value) => value !== undefined) ?? []
    );
  }

  #takePage(): Page<Value> {
    const page = this.#spare ??
      { slots: new Array(PAGE_SIZE).fill(undefined), used: 0 };
    this.#spare = undefined;
    return page;
  }
}
