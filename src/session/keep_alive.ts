/**
 * When PINGREQ is due, and when a server that stays silent is taken for dead (3.1.2.10).
 *
 * This file reads no clock: every time comes in as ms of a monotonic one.
 *
 * @module
 */

/** How many intervals a write may stand still, with nothing coming in either, before the server is taken for dead. */
const STUCK_INTERVALS = 3;

/** What is to be done now. */
export type KeepAliveStep = "nothing" | "ping" | "dead";

/** The keep alive of one connection. A byte that comes is life; none is loss. */
export class KeepAlive {
  readonly #intervalMs: number;
  #sentAt: number;
  #receivedAt: number;
  #pingAskedAt = Infinity;
  #pingWrittenAt = Infinity;

  /** Starts with a connection that is alive at `now`; an interval of 0 s turns it off. */
  constructor(intervalS: number, now: number) {
    this.#intervalMs = intervalS === 0 ? Infinity : intervalS * 1000;
    this.#sentAt = now;
    this.#receivedAt = now;
  }

  /** Whether a PINGRESP is awaited. */
  get isAsked(): boolean {
    return this.#pingAskedAt !== Infinity;
  }

  /** When `step` has something to say. */
  get deadline(): number {
    if (!this.isAsked) {
      return Math.min(this.#sentAt, this.#receivedAt) + this.#intervalMs;
    }
    return this.#silentSince + this.#patienceMs;
  }

  /** Whether a PINGRESP is awaited beyond its deadline. */
  isOverdue(now: number): boolean {
    return this.isAsked && now >= this.deadline;
  }

  /** Bytes were written, to their end. */
  written(now: number): void {
    this.#sentAt = now;
    if (this.isAsked && this.#pingWrittenAt === Infinity) {
      this.#pingWrittenAt = now;
    }
  }

  /** A part of a long write has gone out. */
  progressed(now: number): void {
    this.#sentAt = now;
  }

  /** Bytes have come. */
  received(now: number): void {
    this.#receivedAt = now;
  }

  /** PINGRESP has come. */
  answered(): void {
    this.#pingAskedAt = Infinity;
    this.#pingWrittenAt = Infinity;
  }

  /** PINGREQ was put among the bytes to be written. */
  asked(now: number): void {
    this.#pingAskedAt = now;
    this.#pingWrittenAt = Infinity;
  }

  /** What is due at `now`. */
  step(now: number): KeepAliveStep {
    if (now < this.deadline) return "nothing";
    return this.isAsked ? "dead" : "ping";
  }

  /** The last sign of life since PINGREQ was asked for; its deadline runs from the end of its write. */
  get #silentSince(): number {
    return Math.max(
      this.#receivedAt,
      this.#pingWrittenAt === Infinity
        ? Math.max(this.#sentAt, this.#pingAskedAt)
        : this.#pingWrittenAt,
    );
  }

  get #patienceMs(): number {
    return this.#pingWrittenAt === Infinity
      ? this.#intervalMs * STUCK_INTERVALS
      : this.#intervalMs;
  }
}
