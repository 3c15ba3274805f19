/**
 * One that messages are for: a queue, and at its end a loop or a handler.
 *
 * @module
 */
import { Ring } from "../session/ring.ts";
import type { Backlog } from "./backlog.ts";
import {
  inOrder,
  isAcknowledged,
  type Message,
  part,
  take,
} from "./message.ts";

/**
 * When a message of QoS 1 or 2 is acknowledged: `"processed"` when the loop asks for its next or the
 * handler's promise resolves, `"receipt"` when it comes, `"manual"` when `message.ack()` is called.
 */
export type AckMode = "processed" | "receipt" | "manual";

/** QoS 0 messages that are kept for nobody in particular are kept to this many. */
export const IDLE_MESSAGES_MAX = 1_000;

/** QoS 0 messages that are kept for nobody in particular are kept to this many bytes of payload. */
export const IDLE_BYTES_MAX = 1 << 20;

/** Whether messages are given to it: for good, for now (see the router), not at present, never again. */
export type ConsumerState = "attached" | "reserving" | "detached" | "ended";

/** How a consumer ends: what of its queue is still handed out, and what its loop is told then. */
export interface ConsumerEnd {
  /** `"none"`: nothing; `"qos0"`: what the server will not send again; `"all"`: everything. */
  readonly drain: "none" | "qos0" | "all";
  /** Thrown by the loop; left out, it ends normally. */
  readonly error?: Error | undefined;
}

/** A queue of messages with one taker. */
export class Consumer {
  /** How its messages are acknowledged. */
  readonly ackMode: AckMode;
  /** Whether messages are given to it. Only the router changes that. */
  state: ConsumerState = "detached";
  /** Takes a message at once and returns true, or leaves it to the queue. */
  receiver: ((message: Message) => boolean) | undefined;
  /** Told of the end. */
  onEnd: (() => void) | undefined;
  #end: ConsumerEnd | undefined;
  #isCounted = false;
  readonly #queue = new Ring<Message>();
  readonly #backlog: Backlog;

  /** Makes a consumer that nothing is given to yet. */
  constructor(ackMode: AckMode, backlog: Backlog) {
    this.ackMode = ackMode;
    this.#backlog = backlog;
  }

  /** How many messages wait. */
  get length(): number {
    return this.#queue.length;
  }

  /** How it has ended; undefined while it has not. */
  get end(): ConsumerEnd | undefined {
    return this.#end;
  }

  /** A message for it has come. */
  accept(message: Message): void {
    this.#own(message);
    this.#deliver(message);
  }

  /** Messages that came earlier are for it as well: they go where they belong in its queue, and all of that is delivered. */
  claim(messages: readonly Message[]): void {
    for (const message of messages) this.#own(message);
    const waiting = this.extract(() => true);
    for (const message of inOrder([...waiting, ...messages])) {
      this.#deliver(message);
    }
  }

  /** Takes the first message that waits. */
  shift(): Message | undefined {
    const message = this.#queue.shift();
    if (message !== undefined) this.#exit(message);
    return message;
  }

  /** The loop or the handler is through with a message. */
  finish(message: Message): void {
    if (this.ackMode === "processed") part(message, "asked");
  }

  /** The loop was left with this message in hand: it comes first again, unless it needs no owner, and is done. */
  putBack(message: Message): void {
    if (isAcknowledged(message)) return void part(message, "asked");
    this.#queue.unshift(message);
    this.#enter(message);
  }

  /** Takes all messages that wait and fit. */
  extract(fits: (message: Message) => boolean): Message[] {
    const taken: Message[] = [];
    const kept: Message[] = [];
    for (const message of this.#queue) {
      (fits(message) ? taken : kept).push(message);
    }
    if (taken.length === 0) return taken;
    this.#queue.clear();
    for (const message of kept) this.#queue.push(message);
    for (const message of taken) this.#exit(message);
    return taken;
  }

  /** Its queue slows the server down only while somebody takes from it. */
  setState(state: ConsumerState): void {
    if (this.state === state) return;
    // One that is taken off eases the backlog, which may have others put on.
    const waiting = [...this.#queue];
    for (const message of waiting) this.#exit(message);
    this.state = state;
    this.#isCounted = state === "attached" || state === "reserving";
    for (const message of waiting) this.#enter(message);
    if (state === "attached" && this.ackMode === "receipt") {
      for (const message of this.#queue) void message.ack();
    }
  }

  /** Drops the oldest QoS 0 messages beyond what is kept for one who is away. Returns how many. */
  trim(): number {
    let messages = 0;
    let bytes = 0;
    for (const message of this.#queue) {
      if (message.qos > 0) continue;
      messages++;
      bytes += message.payload.length;
    }
    return this.extract((message) => {
      if (message.qos > 0) return false;
      if (messages <= IDLE_MESSAGES_MAX) {
        if (bytes <= IDLE_BYTES_MAX || messages === 1) return false;
      }
      messages--;
      bytes -= message.payload.length;
      return true;
    }).length;
  }

  /** Nothing more will be given to it. */
  finishWith(end: ConsumerEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (end.drain === "none") this.extract(() => true);
    if (end.drain === "qos0") this.extract((message) => message.qos > 0);
    this.onEnd?.();
  }

  #own(message: Message): void {
    take(message);
    // Received is owned, in this mode: the application has said so.
    if (this.ackMode === "receipt" && this.state === "attached") {
      void message.ack();
    }
  }

  #deliver(message: Message): void {
    if (this.#queue.length === 0 && this.receiver?.(message)) return;
    this.#queue.push(message);
    this.#enter(message);
    if (this.#backlog.isFull && this.#isCounted) this.#dropOldest();
  }

  #dropOldest(): void {
    let found = false;
    const fits = ({ qos }: Message) => !found && (found = qos === 0);
    const dropped = this.#queue.peek()?.qos === 0
      ? this.shift()
      : this.extract(fits)[0];
    if (dropped !== undefined) this.#backlog.tellDropped();
  }

  #enter(message: Message): void {
    if (this.#isCounted) this.#backlog.add(message);
    else this.#backlog.keep(message);
  }

  #exit(message: Message): void {
    if (this.#isCounted) this.#backlog.remove(message);
    else this.#backlog.release(message);
  }
}
