/**
 * How far the consumers of a client are behind, and when that is too much.
 *
 * @module
 */
import type { Message } from "./message.ts";

/**
 * Above this many QoS 0 messages in the queues of slow consumers, reading pauses. What waits longer costs
 * more than its bytes: it outlives the collections of V8's young generation, which grows to its full size.
 */
export const READ_AHEAD = 64;

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
  /** The mark in messages of QoS 0. */
  readonly readAhead: number;
  /** The mark in messages of any QoS. */
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
  #heldQos0 = 0;
  // The options that each message is measured by.
  readonly #dropsQos0: boolean;
  readonly #readAhead: number;
  readonly #highWaterMessages: number;
  readonly #highWaterBytes: number;
  #high = false;
  #keptBytes = 0;
  readonly #options: BacklogOptions;

  /** Makes a backlog of nothing. */
  constructor(options: BacklogOptions) {
    this.#options = options;
    this.#dropsQos0 = options.overflow === "drop";
    this.#readAhead = options.readAhead;
    this.#highWaterMessages = options.highWaterMessages;
    this.#highWaterBytes = options.highWaterBytes;
  }

  /** Whether reading is to pause: from the mark on, until half of it is left. */
  get isHigh(): boolean {
    return this.#high;
  }

  /** Whether QoS 0 messages are to be dropped, the oldest first. */
  get isFull(): boolean {
    return this.#dropsQos0 && (this.messages > this.#highWaterMessages ||
      this.bytes > this.#highWaterBytes);
  }

  /** Whether not one message more may wait, wherever it is. */
  get isBursting(): boolean {
    return this.#keptBytes >= this.#options.hardBoundBytes;
  }

  /** One more message is kept where nobody takes from. */
  keep(message: Message): void {
    this.#keptBytes += message.payload.length + MESSAGE_COST;
  }

  /** One message less is kept there. */
  release(message: Message): void {
    this.#keptBytes -= message.payload.length + MESSAGE_COST;
  }

  /** One more message waits in a queue that somebody takes from. */
  add({ qos, payload }: Message): void {
    const size = payload.length;
    this.#keptBytes += size + MESSAGE_COST;
    this.messages++;
    this.bytes += size;
    if (qos === 0) {
      if (this.#dropsQos0) return;
      this.#heldQos0++;
    }
    this.#heldMessages++;
    this.#heldBytes += size;
    if (
      this.#heldQos0 > this.#readAhead ||
      this.#heldMessages > this.#highWaterMessages ||
      this.#heldBytes > this.#highWaterBytes
    ) this.#high = true;
  }

  /** One message less waits there. */
  remove({ qos, payload }: Message): void {
    const size = payload.length;
    this.#keptBytes -= size + MESSAGE_COST;
    this.messages--;
    this.bytes -= size;
    if (qos === 0) {
      if (this.#dropsQos0) return;
      this.#heldQos0--;
    }
    this.#heldMessages--;
    this.#heldBytes -= size;
    if (this.#high) this.#ease();
  }

  /** A message that waited was dropped. */
  tellDropped(): void {
    this.#options.onDropped();
  }

  #ease(): void {
    if (
      this.#heldQos0 > this.#readAhead / 2 ||
      this.#heldMessages > this.#highWaterMessages / 2 ||
      this.#heldBytes > this.#highWaterBytes / 2
    ) return;
    this.#high = false;
    this.#options.onEased();
  }
}
