// What a side is asked to do in one run, and what it answers: a line of JSON each way.

/** The kinds of work. */
export type Work =
  /** Publish `window` messages, then wait until the last of them is accepted for writing. */
  | "publish-sync"
  /** Publish, and wait for each. */
  | "publish-awaited"
  /** Publish so that `window` are always unacknowledged, each with a promise or a callback. */
  | "publish-window"
  /** Publish `window` messages, wait until all are acknowledged, and again. */
  | "publish-burst"
  /** Take messages by `for await`. */
  | "receive-loop"
  /** Take messages by `batches()`. */
  | "receive-batches"
  /** Take messages by `onMessage`. */
  | "receive-callback"
  /** Publish a message and wait until it is back, one after the other. */
  | "round-trip"
  /** Make the bytes of PUBLISH packets, `window` at a time. */
  | "encode"
  /** The same, where a peer may leave it to the stream to join the parts of a packet. */
  | "encode-parts"
  /** Read the bytes of PUBLISH packets, `window` at a time. */
  | "decode"
  /** Start a script that imports the module. */
  | "start-import"
  /** Start a command that publishes a message. */
  | "start-publish";

/** The work of one row. */
export interface Job {
  readonly work: Work;
  readonly qos: 0 | 1 | 2;
  /** Bytes of a payload. */
  readonly size: number;
  /** How many messages may be under way; what that means is told with the kinds of work. */
  readonly window: number;
}

/** One run of it. */
export interface Task extends Job {
  /** Where the sink listens on 127.0.0.1. */
  readonly port: number;
  readonly clientId: string;
  /** Where messages go, or what is subscribed to. */
  readonly topic: string;
  readonly protocolVersion: 4 | 5;
  /** How many messages: a multiple of 1,000. */
  readonly count: number;
}

/** What came of it. */
export interface Outcome {
  /** How many messages were published and settled, or received. */
  readonly messages: number;
  /** The bytes of their payloads. */
  readonly bytes: number;
  readonly seconds: number;
  /** Of round trips: the median, in microseconds. */
  readonly p50Us?: number;
}
