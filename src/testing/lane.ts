/**
 * One direction of a wire with faults: bytes that are under way.
 *
 * @module
 */
import type { Clock } from "../../mod.ts";

interface Chunk {
  readonly bytes: Uint8Array;
  readonly dueAt: number;
}

/** So many bytes are under way before those who send wait: about what a socket's buffers hold. */
const SIZE_MAX = 1 << 20;

/** Bytes go in at one end, and come out at the other: later, in pieces, or not at all. */
export class Lane {
  readonly #clock: Clock;
  #chunks: Chunk[] = [];
  #size = 0;
  #delayMs = 0;
  #split: readonly number[] = [];
  #pieces = 0;
  #isEnded = false;
  #fault: Error | undefined;
  #cancel: () => void = () => {};
  #wake: (() => void)[] = [];

  /** Makes a lane that is empty, and holds up nothing. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether more may be put in. */
  get hasRoom(): boolean {
    return this.#size < SIZE_MAX || this.#isEnded || this.#fault !== undefined;
  }

  /** Whether its pieces are to arrive one by one. */
  get isSplit(): boolean {
    return this.#split.length > 0;
  }

  /** Sets how long bytes take from now on, and in which pieces they come out. */
  set(delayMs: number, split: readonly number[]): void {
    this.#delayMs = delayMs;
    this.#split = split;
  }

  /** Puts bytes in, which are kept. */
  push(bytes: Uint8Array): void {
    if (this.#isEnded || this.#fault !== undefined) return;
    // One that is faster than the one before it waits behind it all the same.
    this.#chunks.push({ bytes, dueAt: this.#clock.now() + this.#delayMs });
    this.#size += bytes.length;
    this.#change();
  }

  /** Nothing more comes. */
  end(): void {
    this.#isEnded = true;
    this.#change();
  }

  /** What is under way is lost. */
  break(fault: Error): void {
    this.#fault ??= fault;
    this.#chunks = [];
    this.#size = 0;
    this.#change();
  }

  /** What is under way arrives now. */
  hurry(): void {
    this.#delayMs = 0;
    this.#chunks = this.#chunks.map(({ bytes }) => ({ bytes, dueAt: 0 }));
    this.#change();
  }

  /** Takes out what has arrived: a piece of up to `max` bytes; null at the end. Rejects where the lane is broken. */
  async take(max: number): Promise<Uint8Array | null> {
    while (this.#fault === undefined) {
      const chunk = this.#chunks[0];
      if (chunk === undefined && this.#isEnded) return null;
      const waitMs = (chunk?.dueAt ?? Infinity) - this.#clock.now();
      if (chunk !== undefined && waitMs <= 0) return this.#cut(chunk, max);
      await this.changed(waitMs);
    }
    throw this.#fault;
  }

  /** Resolves when something has been put in or taken out, or so many ms from now. */
  changed(ms = Infinity): Promise<void> {
    return new Promise((resolve) => {
      this.#wake.push(resolve);
      if (ms === Infinity) return;
      this.#cancel();
      this.#cancel = this.#clock.schedule(() => this.#change(), ms);
    });
  }

  #cut({ bytes, dueAt }: Chunk, max: number): Uint8Array {
    const size = this.isSplit
      ? this.#split[this.#pieces++ % this.#split.length] ?? max
      : max;
    const piece = bytes.subarray(0, Math.min(size, max));
    const rest = bytes.subarray(piece.length);
    if (rest.length === 0) this.#chunks.shift();
    else this.#chunks[0] = { bytes: rest, dueAt };
    this.#size -= piece.length;
    this.#change();
    return piece;
  }

  #change(): void {
    this.#cancel();
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}
