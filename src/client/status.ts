/**
 * What changes with a client, and its counters: told to whoever asks, kept for nobody else.
 *
 * @module
 */
import type { Delivery, MqttError } from "../errors.ts";
import { Ring } from "../session/ring.ts";

/** A change that a program, or a person, may want to know of. */
export type StatusEvent =
  /** The client has ended: in order, or with the error that `closed` resolves with. */
  | { readonly type: "closed"; readonly error: MqttError | undefined }
  /** Something that a person should know of; what came before anybody listened is told to the first who does. */
  | { readonly type: "warning"; readonly text: string }
  /** A publish was rejected, whether or not anybody awaits it. */
  | {
    readonly type: "publish-failed";
    readonly topic: string;
    readonly error: Error;
    readonly delivery: Delivery | undefined;
  }
  /** QoS 0 messages were dropped: nobody was there to take them. */
  | { readonly type: "dropped"; readonly count: number }
  /** A message that no filter matches and no loop took was acknowledged and dropped. */
  | { readonly type: "unclaimed"; readonly topic: string }
  /** A message has waited for its acknowledgement for 10 s, and with it the `waiting` messages that may not overtake it. */
  | {
    readonly type: "stalled";
    readonly topic: string;
    /** The filter that brought it; undefined where none of ours matches. */
    readonly filter: string | undefined;
    /** How many messages of QoS 1 and 2 are unacknowledged. */
    readonly waiting: number;
  }
  /** The server acknowledged what is not in flight. */
  | {
    readonly type: "stray";
    readonly packetType: string;
    readonly packetId: number;
  };

/** Counters of a client since it was made; sizes are bytes. */
export interface Stats {
  /** Bytes written to the wire. */
  bytesSent: number;
  /** Bytes read from the wire. */
  bytesReceived: number;
  /** Messages handed to `publish()` and accepted. */
  messagesPublished: number;
  /** Publishes that were rejected. */
  publishesFailed: number;
  /** Messages that came. */
  messagesReceived: number;
  /** QoS 0 messages that were dropped. */
  messagesDropped: number;
  /** Messages that nobody claimed in time. */
  messagesUnclaimed: number;
  /** Acknowledgements of what is not in flight. */
  strayAcknowledgements: number;
  /** Outgoing messages of QoS 1 and 2 whose handshake has begun and not ended. */
  inFlight: number;
  /** Outgoing messages of QoS 1 and 2 that wait for their turn. */
  queued: number;
  /** Messages that wait in the queues of loops and handlers. */
  waiting: number;
  /** Bytes of their payloads. */
  waitingBytes: number;
  /** Messages that wait for somebody to take them. */
  unclaimed: number;
  /** Bytes that wait to be written. */
  outgoingBytes: number;
}

/** Counters that start at nothing. */
export function newStats(): Stats {
  return {
    bytesSent: 0,
    bytesReceived: 0,
    messagesPublished: 0,
    publishesFailed: 0,
    messagesReceived: 0,
    messagesDropped: 0,
    messagesUnclaimed: 0,
    strayAcknowledgements: 0,
    inFlight: 0,
    queued: 0,
    waiting: 0,
    waitingBytes: 0,
    unclaimed: 0,
    outgoingBytes: 0,
  };
}

/** A listener that does not listen keeps no more events than this; the oldest are dropped. */
const EVENTS_MAX = 1_000;

/** Tells events to all who listen. */
export class StatusStream {
  readonly #listeners = new Set<Listener>();
  /** Warnings that nobody has heard; each text once, so that they are few. */
  readonly #unheard = new Map<string, StatusEvent>();
  #ended = false;

  /** Whether anybody listens. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /** Tells all who listen. */
  tell(event: StatusEvent): void {
    if (event.type === "warning" && !this.isHeard) {
      this.#unheard.set(event.text, event);
    }
    for (const listener of this.#listeners) listener.push(event);
  }

  /** There will be no more. */
  end(): void {
    this.#ended = true;
    for (const listener of this.#listeners) listener.end();
    this.#listeners.clear();
  }

  /** Begins to listen: what happens from now on is told. */
  listen(): AsyncIterableIterator<StatusEvent, undefined> {
    const listener = new Listener(() => this.#listeners.delete(listener));
    for (const event of this.#unheard.values()) listener.push(event);
    this.#unheard.clear();
    if (this.#ended) listener.end();
    else this.#listeners.add(listener);
    return listener;
  }
}

class Listener implements AsyncIterableIterator<StatusEvent, undefined> {
  readonly #events = new Ring<StatusEvent>();
  readonly #leave: () => void;
  #waiters: ((result: IteratorResult<StatusEvent, undefined>) => void)[] = [];
  #ended = false;

  constructor(leave: () => void) {
    this.#leave = leave;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(value: StatusEvent): void {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) return waiter({ done: false, value });
    if (this.#events.length === EVENTS_MAX) this.#events.shift();
    this.#events.push(value);
  }

  end(): void {
    this.#ended = true;
    for (const waiter of this.#waiters) {
      waiter({ done: true, value: undefined });
    }
    this.#waiters = [];
  }

  next(): Promise<IteratorResult<StatusEvent, undefined>> {
    const value = this.#events.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  return(): Promise<IteratorResult<StatusEvent, undefined>> {
    this.#leave();
    this.#events.clear();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }
}
