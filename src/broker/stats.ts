/**
 * The counters of a broker.
 *
 * @module
 */
import type { DropCause } from "./event.ts";

/** A snapshot of the counters. What is counted from the start never goes down. */
export interface BrokerStats {
  /** Wires at present. */
  readonly connections: number;
  /** Sessions at present, with a connection or without. */
  readonly sessions: number;
  /** Subscriptions at present. */
  readonly subscriptions: number;
  /** Retained messages at present. */
  readonly retainedMessages: number;
  /** The bytes that they hold at present. */
  readonly retainedBytes: number;
  /** Messages that wait or are unacknowledged at present, one for each session that it waits in. */
  readonly queuedMessages: number;
  /** The bytes that they hold at present. */
  readonly queuedBytes: number;
  /** Messages published since the start: by clients, as wills, by the broker itself. */
  readonly messagesReceived: number;
  /** Messages written to clients since the start, those that were sent again too. */
  readonly messagesSent: number;
  /** Messages that did not reach one who was to have them, since the start, by cause. */
  readonly messagesDropped: Readonly<Record<DropCause, number>>;
  /** Bytes that have come since the start. */
  readonly bytesReceived: number;
  /** Bytes that were taken since the start. */
  readonly bytesSent: number;
}
