/**
 * What the parts of the broker share: the settings, the alarms, the counters, and the doors by which
 * events and questions leave.
 *
 * @module
 */
import { Alarms } from "./alarms.ts";
import type { BrokerConnection } from "./connection.ts";
import type { BrokerEvent, DropCause } from "./event.ts";
import type { Message } from "./message.ts";
import type { BrokerQuestion } from "./question.ts";
import type { BrokerSettings } from "./settings.ts";

const NOTHING: readonly never[] = Object.freeze([]);

/**
 * So many drops are told one by one until the events are taken; those behind them are counted. One SUBSCRIBE with as
 * many Topic Filters as may be, of which each matches every retained message, drops a hundred million.
 */
const DROPS_TOLD_MAX = 10_000;

/** Shared by all. */
export class Doors {
  /** What the broker was made with. */
  readonly settings: BrokerSettings;
  /** What is to happen later. */
  readonly alarms = new Alarms();
  /** The connections that the driver is to look at. */
  readonly dirty = new Set<BrokerConnection>();
  /** How many bytes of messages all sessions hold. */
  queuedBytes = 0;
  /** How many messages all sessions hold. */
  queuedMessages = 0;
  /** How many messages were published since the start. */
  messagesReceived = 0;
  /** How many messages were written since the start. */
  messagesSent = 0;
  /** How many bytes have come since the start. */
  bytesReceived = 0;
  /** How many bytes were taken since the start. */
  bytesSent = 0;
  /** How many messages were dropped since the start. */
  readonly messagesDropped: Record<DropCause, number> = {
    "queue-full": 0,
    "too-large": 0,
    "expired": 0,
    "retained-full": 0,
  };
  #events: BrokerEvent[] = [];
  /** How many of them are drops. */
  #dropsTold = 0;
  #questions: BrokerQuestion[] = [];

  /** Makes the doors. */
  constructor(settings: BrokerSettings) {
    this.settings = settings;
  }

  /** Something has happened. */
  tell(event: BrokerEvent): void {
    this.#events.push(event);
  }

  /** A message did not reach one who was to have it. */
  drop(message: Message, clientId: string, cause: DropCause): void {
    this.messagesDropped[cause]++;
    if (this.#dropsTold === DROPS_TOLD_MAX) return;
    this.#dropsTold++;
    const { topicName, qos } = message;
    this.tell({ type: "dropped", clientId, topicName, qos, cause });
  }

  /** Something is to be decided. */
  ask(question: BrokerQuestion): void {
    this.#questions.push(question);
  }

  /** Empties the door of events. */
  takeEvents(): readonly BrokerEvent[] {
    if (this.#events.length === 0) return NOTHING;
    const events = this.#events;
    this.#events = [];
    this.#dropsTold = 0;
    return events;
  }

  /** Empties the door of questions. */
  takeQuestions(): readonly BrokerQuestion[] {
    if (this.#questions.length === 0) return NOTHING;
    const questions = this.#questions;
    this.#questions = [];
    return questions;
  }
}
