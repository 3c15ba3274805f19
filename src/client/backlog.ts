/**
 * How far the consumers of a client are behind, and when that is too much.
 *
 * @module
 */
import type { Message } from "./message.ts";

/** Above this many messages in the queues of slow consumers, reading pauses. */
export const HIGH_WATER_MESSAGES = 4_096;

/** Above this many bytes of payload in the queues of slow consumers, reading pauses. */
export const HIGH_WATER_BYTES = 16 << 20;

/** What may wait, in bytes, where reading cannot pause because an answer is awaited. */
export const HARD_BOUND_BYTES = 64 << 20;

/** What a small message that waits costs besides its payload, in bytes: measured, and rounded up. */
const MESSAGE_COST = 256;

/** What happens to QoS 0 messages above the mark: reading pauses, or the oldest are dropped. */
export type Overflow = "pause" | "drop";

/** Where a backlog is too much. */
export interface BacklogOptions {
  /** The mark in messages. */
  readonly highWaterMessages: number;
  /** The mark in bytes of payload. */
  readonly highWaterBytes: number;
  /** The bound in bytes. */
  readonly hardBoundBytes: number;
  /** What happens to QoS 0 messages above the mark. */
  readonly overflow: Overflow;
  /** Told when a backlog that was too much has halved. */
  readonly onEased: () => void;
  /** Told of a message that was dropped. */
  readonly onDropped: () => void;
}

/** What waits in the queues whose slowness is to slow the server down. */
export class Backlog {
  /** Messages. */
  messages = 0;
  /** Bytes of their payloads. */
  bytes = 0;
  // What makes reading pause: everything, or where QoS 0 is dropped instead, QoS 1 and 2.
  #heldMessages = 0;
  #heldBytes = 0;
  #high = false;
  readonly #options: BacklogOptions;

  /** Makes a backlog of nothing. */
  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** Whether reading is to pause: from the mark on, until half of it is left. */
  get isHigh(): boolean {
    return this.#high;
  }

  /** Whether QoS 0 messages are to be dropped, the oldest first. */
  get isFull(): boolean {
    const { overflow, highWaterMessages, highWaterBytes } = this.#options;
    return overflow === "drop" &&
      (this.messages > highWaterMessages || this.bytes > highWaterBytes);
  }

  /** Whether not one message more may wait. */
  get isBursting(): boolean {
    return this.bytes + this.messages * MESSAGE_COST >=
      this.#options.hardBoundBytes;
  }

  /** One more message waits. */
  add({ qos, payload }: Message): void {
    this.messages++;
    this.bytes += payload.length;
    const { overflow, highWaterMessages, highWaterBytes } = this.#options;
    if (qos === 0 && overflow === "drop") return;
    this.#heldMessages++;
    this.#heldBytes += payload.length;
    this.#high ||= this.#heldMessages > highWaterMessages ||
      this.#heldBytes > highWaterBytes;
  }

  /** One message less waits. */
  remove({ qos, payload }: Message): void {
    this.messages--;
    this.bytes -= payload.length;
    const { overflow, highWaterMessages, highWaterBytes, onEased } =
      this.#options;
    if (qos === 0 && overflow === "drop") return;
    this.#heldMessages--;
    this.#heldBytes -= payload.length;
    if (
      !this.#high || this.#heldMessages > highWaterMessages / 2 ||
      this.#heldBytes > highWaterBytes / 2
    ) return;
    this.#high = false;
    onEased();
  }

  /** A message that waited was dropped. */
  tellDropped(): void {
    this.#options.onDropped();
  }
}
