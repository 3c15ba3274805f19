/**
 * The broker as a plain machine: wires and their bytes, wishes and the time go in; bytes, questions and
 * events come out.
 *
 * This file, and all that it is made of, reads no clock, waits for nothing and leaves nothing to chance.
 *
 * @module
 */
import { isReasonCode, ReasonCode } from "../codec/reason_code.ts";
import { ProtocolError } from "../errors.ts";
import { Admission } from "./admission.ts";
import { checkMessage, checkSettings } from "./checks.ts";
import type { BrokerConnection } from "./connection.ts";
import { Doors } from "./doors.ts";
import type { BrokerEvent } from "./event.ts";
import { Exchange } from "./exchange.ts";
import { Link } from "./link.ts";
import { type BrokerMessage, Message } from "./message.ts";
import { tooMuch } from "./misconduct.ts";
import type { Parts } from "./parts.ts";
import type { BrokerDecision, BrokerQuestion } from "./question.ts";
import { sayable } from "./sayable.ts";
import { Sessions } from "./sessions.ts";
import type { BrokerSettings } from "./settings.ts";
import type { BrokerStats } from "./stats.ts";

const NOTHING: readonly never[] = Object.freeze([]);

/** A session, as others may know it. */
export interface BrokerClient {
  /** The Client Identifier. */
  readonly clientId: string;
  /** Whether it has a connection. */
  readonly isConnected: boolean;
  /** The Topic Filters, in the order in which they were first asked for. */
  readonly topicFilters: readonly string[];
  /** How many messages wait for their turn. */
  readonly queued: number;
  /** How many messages of QoS 1 and 2 are not acknowledged to the end. */
  readonly inFlight: number;
}

/**
 * MQTT 3.1, 3.1.1 and 5.0. After each input the driver empties `takeDirty()`, `takeQuestions()` and
 * `takeEvents()`, and looks at `deadline`.
 */
export class BrokerMachine {
  readonly #parts: Parts;
  readonly #links = new Map<BrokerConnection, Link>();

  /** Makes a broker that nobody is connected to. Throws a RangeError where the settings cannot be announced. */
  constructor(settings: BrokerSettings) {
    checkSettings(settings);
    const doors = new Doors(settings);
    const exchange = new Exchange(doors);
    const sessions = new Sessions(doors, exchange);
    this.#parts = { doors, exchange, sessions };
  }

  /** When `wake()` is due: ms of the driver's clock; Infinity where it is not. */
  get deadline(): number {
    return this.#parts.doors.alarms.deadline;
  }

  /** All sessions. */
  get clients(): readonly BrokerClient[] {
    const { sessions, exchange } = this.#parts;
    return Array.from(sessions.values(), (session) => ({
      clientId: session.clientId,
      isConnected: session.client !== undefined,
      topicFilters: [...exchange.subscriptions.of(session).keys()],
      queued: session.outgoing.queued,
      inFlight: session.outgoing.inFlight,
    }));
  }

  /** The counters. */
  get stats(): BrokerStats {
    const { doors, exchange, sessions } = this.#parts;
    return {
      connections: this.#links.size,
      sessions: sessions.size,
      subscriptions: exchange.subscriptions.size,
      retainedMessages: exchange.retained.size,
      retainedBytes: exchange.retained.bytes,
      queuedMessages: doors.queuedMessages,
      queuedBytes: doors.queuedBytes,
      messagesReceived: doors.messagesReceived,
      messagesSent: doors.messagesSent,
      messagesDropped: { ...doors.messagesDropped },
      bytesReceived: doors.bytesReceived,
      bytesSent: doors.bytesSent,
    };
  }

  /** A wire has come. `peer` names it in events. Where there are too many, it is ending at once. */
  connect(now: number, peer: string): BrokerConnection {
    const { doors } = this.#parts;
    const { settings } = doors;
    const link = new Link(doors, peer, now);
    const isOneTooMany = this.#links.size >= settings.connectionsMax;
    this.#links.set(link, link);
    if (isOneTooMany) {
      const reason = `there are ${settings.connectionsMax} connections already`;
      link.end();
      doors.tell({
        type: "refused",
        peer,
        clientId: "",
        reasonCode: undefined,
        reason,
      });
    } else link.handler = new Admission(this.#parts, link, now);
    return link;
  }

  /** Bytes have come. They are kept as views, and must not be rewritten. */
  receive(connection: BrokerConnection, bytes: Uint8Array, now: number): void {
    const link = this.#links.get(connection);
    if (link === undefined || link.isEnding) return;
    this.#parts.doors.bytesReceived += bytes.length;
    const fits = link.push(bytes);
    this.#attempt(link, now, () => this.#lookAtPackets(link, now));
    if (!fits) link.handler?.failed(tooMuch(), now);
  }

  /** The wire is gone, whether or not the machine has ended it. */
  lost(connection: BrokerConnection, now: number): void {
    const link = this.#links.get(connection);
    if (link === undefined) return;
    this.#links.delete(connection);
    link.handler?.lost(now);
    link.end();
    this.#parts.doors.dirty.delete(link);
  }

  /** All that was taken has been written: what waits for room may follow. */
  written(connection: BrokerConnection, now: number): void {
    const link = this.#links.get(connection);
    if (link === undefined) return;
    link.written();
    this.#attempt(link, now, () => this.#lookAtPackets(link, now));
  }

  /** The deadline has come, or it may have. */
  wake(now: number): void {
    this.#parts.doors.alarms.wake(now);
  }

  /** Answers a question; nothing happens where its connection is gone. */
  answer(
    question: BrokerQuestion,
    decision: BrokerDecision,
    now: number,
  ): void {
    const link = this.#links.get(question.connection);
    if (link === undefined || link.question !== question) return;
    link.question = undefined;
    // What has come meanwhile has not been looked at: that is no silence.
    link.heardAt = now;
    link.mark();
    this.#attempt(link, now, () => {
      link.handler?.answered(question, sayable(decision, question), now);
      this.#lookAtPackets(link, now);
    });
  }

  /**
   * Publishes the broker's own message; the payload is copied. Throws a TypeError or a RangeError where it
   * cannot be sent: for its Topic Name, say.
   */
  publish(message: BrokerMessage, now: number): void {
    checkMessage(message);
    const payload = message.payload.slice();
    const own = new Message({ ...message, payload }, undefined, now);
    this.#parts.exchange.publish(own, now);
  }

  /**
   * Ends a client's connection, under MQTT 5 with DISCONNECT; its session is kept as ever. False where it
   * has none. Throws a RangeError for a Reason Code that DISCONNECT cannot carry.
   */
  disconnect(clientId: string, reasonCode: number, now: number): boolean {
    if (!isReasonCode(reasonCode, "disconnect", "server")) {
      throw new RangeError(
        `Cannot disconnect ${
          JSON.stringify(clientId)
        }: a server's DISCONNECT cannot carry Reason Code ${reasonCode}`,
      );
    }
    const client = this.#parts.sessions.get(clientId)?.client;
    client?.dismiss({
      cause: "administrative",
      reasonCode,
      reason: "the server has ended it",
    }, now);
    return client !== undefined;
  }

  /** Ends a session, and its connection where there is one. False where there is none. */
  endSession(clientId: string, now: number): boolean {
    const { sessions } = this.#parts;
    const session = sessions.get(clientId);
    if (session === undefined) return false;
    this.disconnect(clientId, ReasonCode.administrativeAction, now);
    sessions.end(session, now);
    return true;
  }

  /** The connections that have bytes to write, are to be closed or may be read again. */
  takeDirty(): readonly BrokerConnection[] {
    const { dirty } = this.#parts.doors;
    if (dirty.size === 0) return NOTHING;
    const links = [...dirty];
    dirty.clear();
    return links;
  }

  /** What has happened. */
  takeEvents(): readonly BrokerEvent[] {
    return this.#parts.doors.takeEvents();
  }

  /** What is to be decided. */
  takeQuestions(): readonly BrokerQuestion[] {
    return this.#parts.doors.takeQuestions();
  }

  /** Looks at what has come, as far as nothing is to wait, and at what may be sent now. */
  #lookAtPackets(link: Link, now: number): void {
    while (!link.isEnding && !link.isPaused) {
      const packet = link.next();
      if (packet === undefined) break;
      link.heardAt = now;
      link.handler?.handle(packet, now);
    }
    link.handler?.flush(now);
  }

  /** What a client does wrong ends its connection, and nothing else. */
  #attempt(link: Link, now: number, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      link.handler?.failed(error, now);
    }
  }
}
