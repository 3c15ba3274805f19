/**
 * A first-in first-out queue whose every step costs the same, however much waits:
 * `Array.shift()` costs a thousand times more at 100,000 than at 10.
 *
 * @module
 */

const SIZE_MIN = 16;

/** A queue on a circle of slots, doubled when full; references are cleared as values leave. */
export class Ring<Value> {
  #slots: (Value | undefined)[] = new Array(SIZE_MIN).fill(undefined);
  #head = 0;
  #length = 0;

  /** How many values wait. */
  get length(): number {
    return this.#length;
  }

  /** Adds a value behind all others. */
  push(value: Value): void {
    if (this.#length === this.#slots.length) this.#resize(this.#length * 2);
    this.#slots[(this.#head + this.#length++) & (this.#slots.length - 1)] =
      value;
  }

  /** Puts a value before all others. */
  unshift(value: Value): void {
    if (this.#length === this.#slots.length) this.#resize(this.#length * 2);
    this.#head = (this.#head - 1) & (this.#slots.length - 1);
    this.#slots[this.#head] = value;
    this.#length++;
  }

  /** The first value, which stays; undefined where none waits. */
  peek(): Value | undefined {
    return this.#slots[this.#head];
  }

  /** Takes the first value; undefined where none waits. */
  shift(): Value | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    // A queue that was long once does not keep its size for ever.
    if (--this.#length === 0 && this.#slots.length > 4096) this.clear();
    return value;
  }

  /** Forgets all values. */
  clear(): void {
    this.#slots = new Array(SIZE_MIN).fill(undefined);
    this.#head = 0;
    this.#length = 0;
  }

  /** The values from first to last. The ring must not change meanwhile. */
  *[Symbol.iterator](): Generator<Value> {
    for (let i = 0; i < this.#length; i++) {
      // Every slot between head and head + length holds a value.
      yield this.#slots[(this.#head + i) & (this.#slots.length - 1)] as Value;
    }
  }

  #resize(size: number): void {
    const slots = new Array<Value | undefined>(size).fill(undefined);
    for (let i = 0; i < this.#length; i++) {
      slots[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)];
    }
    this.#slots = slots;
    this.#head = 0;
  }
}
