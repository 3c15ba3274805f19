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
  #pingTaken = false;
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
    // A second PINGREQ behind one that is not written yet would say no more than that.
    if (this.#pingWrittenAt === Infinity) return this.#deadAt;
    // The server too counts the intervals in which we are silent, whatever it owes us [MQTT-3.1.2-20].
    return Math.min(this.#deadAt, this.#sentAt + this.#intervalMs);
  }

  /** Whether a PINGRESP is awaited beyond its deadline. */
  isOverdue(now: number): boolean {
    return this.isAsked && now >= this.#deadAt;
  }

  /** The bytes that wait have been taken to be written, a PINGREQ that was asked for among them. */
  taken(): void {
    this.#pingTaken = true;
  }

  /** Bytes that were taken have been written, to their end. */
  written(now: number): void {
    this.#sentAt = now;
    if (this.#pingTaken && this.#pingWrittenAt === Infinity) {
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

  /** PINGREQ was put among the bytes to be written. */
  asked(now: number): void {
    this.#pingAskedAt = now;
    this.#pingTaken = false;
    this.#pingWrittenAt = Infinity;
  }

  /** PINGRESP has come. */
  answered(): void {
    this.asked(Infinity);
  }

  /** What is due at `now`. */
  step(now: number): KeepAliveStep {
    if (this.isOverdue(now)) return "dead";
    return now < this.deadline ? "nothing" : "ping";
  }

  /** When the server is taken for dead if it shows no sign of life until then. */
  get #deadAt(): number {
    return this.#pingWrittenAt === Infinity
      // A write that goes on, if slowly, is a server that reads.
      ? Math.max(this.#receivedAt, this.#sentAt, this.#pingAskedAt) +
        this.#intervalMs * STUCK_INTERVALS
      : Math.max(this.#receivedAt, this.#pingWrittenAt) + this.#intervalMs;
  }
}
