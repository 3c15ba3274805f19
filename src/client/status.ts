/**
 * What changes with a client, and its counters: told to whoever asks, kept for nobody else.
 *
 * @module
 */
import type {
  ConnectError,
  ConnectionLostError,
  Delivery,
  MqttError,
  SubscribeError,
} from "../errors.ts";
import { Stream } from "./stream.ts";

/** A change that a program, or a person, may want to know of. */
export type StatusEvent =
  /** An attempt to connect begins. */
  | {
    readonly type: "connecting";
    /** The number of the attempt, counted from a connection that lasted; 0 is the client's first. */
    readonly attempt: number;
    /** Host and port, or the path of a socket. */
    readonly address: string;
  }
  /** The connection was lost, and another will be tried for. */
  | {
    readonly type: "lost";
    /** What ended it; `serverReference` is where the server has sent us. */
    readonly error: ConnectionLostError;
    /** The number of the attempt that comes next. */
    readonly attempt: number;
    /** When it begins. */
    readonly retryInMs: number;
  }
  /** An attempt has failed, and another will be made. */
  | {
    readonly type: "retry-failed";
    /** Why; `serverReference` is where the server has sent us. */
    readonly error: ConnectError;
    /** The number of the attempt that comes next. */
    readonly attempt: number;
    /** When it begins. */
    readonly retryInMs: number;
  }
  /** Three connections in a row were lost within 5 s. Two clients with one client id do that to each other. */
  | {
    readonly type: "flapping";
    /** What ended the last of them. */
    readonly error: ConnectionLostError;
  }
  /** There is a connection again. */
  | {
    readonly type: "back";
    /** Whether the server went on with the session. */
    readonly sessionPresent: boolean;
    /** How long there was none. */
    readonly awayMs: number;
    /** How many Topic Filters the client has: the server still knew them, or they were asked again. */
    readonly filtersRestored: number;
  }
  /** The server has lost the session: of what it had, it knows no more than it is told anew. */
  | {
    readonly type: "session-lost";
    /** How many messages of QoS 1 and 2 that were in flight are sent anew: they may arrive twice. */
    readonly resent: number;
    /** How many of them are given up, and may have arrived. */
    readonly unknown: number;
    /** How many Topic Filters are asked for again. */
    readonly filters: number;
  }
  /** A Topic Filter that the client had cannot be had again: its subscription has ended, or goes on without it. */
  | {
    readonly type: "subscription-refused";
    readonly filter: string;
    readonly error: SubscribeError;
  }
  /** The client has ended: in order, or with the error that `closed` resolves with. */
  | { readonly type: "closed"; readonly error: MqttError | undefined }
  /** Something that a person should know of; what came before anybody listened is told to the first who does. */
  | { readonly type: "warning"; readonly text: string }
  /**
   * A publish was rejected, whether or not anybody awaits it. Where an earlier process had published it, this
   * waits for the first who listens, as warnings do.
   */
  | {
    readonly type: "publish-failed";
    readonly topic: string;
    readonly error: Error;
    readonly delivery: Delivery | undefined;
    /** There where the store had brought the message back. */
    readonly restored?: true;
  }
  /** A message that the store had brought back has completed its handshake. This too waits for the first who listens. */
  | {
    readonly type: "restored-published";
    /** Undefined where all that the store knew was that the server has it. */
    readonly topic: string | undefined;
  }
  /** QoS 0 messages were dropped: nobody was there to take them. */
  | { readonly type: "dropped"; readonly count: number }
  /** A message that is not UTF-8, though its Payload Format Indicator says so, was refused (0x99), or at QoS 0 dropped. */
  | { readonly type: "payload-refused"; readonly topic: string }
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
  /** Connections that were had again after a loss. */
  reconnects: number;
  /** Bytes written to the wire. */
  bytesSent: number;
  /** Bytes read from the wire. */
  bytesReceived: number;
  /** Messages handed to `publish()` and accepted. */
  messagesPublished: number;
  /** Publishes that were rejected. */
  publishesFailed: number;
  /** Those among them that waited for a connection and gave way to newer ones. */
  publishesDropped: number;
  /** Messages that came. */
  messagesReceived: number;
  /** QoS 0 messages that were dropped, and messages of any QoS whose payload is not what it was announced to be. */
  messagesDropped: number;
  /** Messages that nobody claimed in time. */
  messagesUnclaimed: number;
  /** Acknowledgements of what is not in flight. */
  strayAcknowledgements: number;
  /** Outgoing messages of QoS 1 and 2 whose handshake has begun and not ended. */
  inFlight: number;
  /** Outgoing messages that wait for their turn: behind a full window, or for a connection. */
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
    reconnects: 0,
    bytesSent: 0,
    bytesReceived: 0,
    messagesPublished: 0,
    publishesFailed: 0,
    publishesDropped: 0,
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
  readonly #listeners = new Set<Stream<StatusEvent>>();
  /** What nobody has heard, and somebody should. Each text of a warning is there once. */
  readonly #unheard = new Map<unknown, StatusEvent>();
  #ended = false;

  /** Whether anybody listens. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /** Tells all who listen. */
  tell(event: StatusEvent): void {
    if (!this.isHeard && waits(event)) this.#keep(event);
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
    const listener = new Stream<StatusEvent>({
      max: EVENTS_MAX,
      onLeave: () => this.#listeners.delete(listener),
    });
    for (const event of this.#unheard.values()) listener.push(event);
    // Parts of one program that begin to listen at once hear the same.
    if (this.#unheard.size > 0) queueMicrotask(() => this.#unheard.clear());
    if (this.#ended) listener.end();
    else this.#listeners.add(listener);
    return listener;
  }

  #keep(event: StatusEvent): void {
    this.#unheard.set(event.type === "warning" ? event.text : event, event);
    if (this.#unheard.size <= EVENTS_MAX) return;
    const [oldest] = this.#unheard.keys();
    this.#unheard.delete(oldest);
  }
}

/** Messages of an earlier process may come to their end before `connect()` resolves, and nobody else tells of them. */
function waits(event: StatusEvent): boolean {
  return event.type === "warning" || event.type === "restored-published" ||
    event.type === "publish-failed" && event.restored === true;
}
