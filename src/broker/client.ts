/**
 * A client that CONNACK has accepted: what its packets do, up to the end of its connection.
 *
 * @module
 */
import {
  type DisconnectPacket,
  NO_PROPERTIES,
  type Packet,
  type Properties,
  type WillPacket,
} from "../codec/packet.ts";
import { isReasonCode, ReasonCode, reasonText } from "../codec/reason_code.ts";
import type { ProtocolError } from "../errors.ts";
import { Alarm } from "./alarms.ts";
import type { Authentication } from "./authentication.ts";
import { accepting, type Agreement } from "./connack.ts";
import { Incoming } from "./incoming.ts";
import type { Link, PacketHandler } from "./link.ts";
import {
  connectedTwice,
  expiryRaised,
  silent,
  unaskedAuth,
} from "./misconduct.ts";
import type { Parts } from "./parts.ts";
import type { BrokerDecision, BrokerQuestion } from "./question.ts";
import type { BrokerSession, ConnectionEnd, SessionClient } from "./session.ts";
import { Subscriber } from "./subscriber.ts";

/** How many Keep Alives a client may be silent [MQTT-3.1.2-22]. */
const KEEP_ALIVE_FACTOR = 1.5;

/** The Receive Maximum of a client that names none (3.1.2.11.3). */
const RECEIVE_MAXIMUM_DEFAULT = 65_535;

/** What a client is made with. */
export interface ClientOptions {
  /** What was agreed on. */
  readonly agreement: Agreement;
  /** What is kept of it. */
  readonly session: BrokerSession;
  /** The enhanced authentication that it has gone through. */
  readonly authentication: Authentication | undefined;
}

/** The connection of one client. */
export class Client implements PacketHandler, SessionClient {
  readonly #parts: Parts;
  readonly #link: Link;
  readonly #agreement: Agreement;
  readonly #session: BrokerSession;
  readonly #authentication: Authentication | undefined;
  readonly #incoming: Incoming;
  readonly #subscriber: Subscriber;
  readonly #alarm: Alarm;
  #isOver = false;

  /** Makes the client of a link; `start` follows. */
  constructor(parts: Parts, link: Link, options: ClientOptions) {
    const { session } = options;
    this.#parts = parts;
    this.#link = link;
    this.#agreement = options.agreement;
    this.#session = session;
    this.#authentication = options.authentication;
    this.#incoming = new Incoming(parts, link, session);
    this.#subscriber = new Subscriber(parts, link, session);
    this.#alarm = new Alarm((now) => this.#listen(now));
  }

  /** Sends CONNACK, and behind it what the session holds for the client. */
  start(sessionPresent: boolean, now: number): void {
    const { settings } = this.#parts.doors;
    const { connect } = this.#agreement;
    const { receiveMaximum, topicAliasMaximum = 0 } = connect.properties;
    const isNew = connect.protocolVersion === 5;
    this.#link.send(accepting(this.#agreement, settings, sessionPresent));
    this.#session.outgoing.connected(this.#link, {
      window: isNew
        ? receiveMaximum ?? RECEIVE_MAXIMUM_DEFAULT
        : settings.inflightMax,
      topicAliasMax: Math.min(
        topicAliasMaximum,
        settings.outgoingTopicAliasMaximum,
      ),
    });
    this.#listen(now);
  }

  handle(packet: Packet, now: number): void {
    const { outgoing } = this.#session;
    switch (packet.type) {
      case "publish":
        return this.#incoming.publish(packet, now);
      case "puback":
        return outgoing.puback(packet);
      case "pubrec":
        return outgoing.pubrec(this.#link, packet);
      case "pubcomp":
        return outgoing.pubcomp(packet);
      case "pubrel":
        return this.#incoming.release(packet);
      case "subscribe":
        return this.#subscriber.subscribe(packet, now);
      case "unsubscribe":
        return this.#subscriber.unsubscribe(packet);
      case "pingreq":
        return this.#link.send({ type: "pingresp" });
      case "disconnect":
        return this.#onDisconnect(packet, now);
      case "auth":
        if (this.#authentication !== undefined) {
          return this.#authentication.receive(packet);
        }
        throw unaskedAuth("and its CONNECT has no Authentication Method");
      default: // The codec lets no other pass from a client.
        throw connectedTwice();
    }
  }

  answered(
    question: BrokerQuestion,
    decision: BrokerDecision,
    now: number,
  ): void {
    switch (question.type) {
      case "publish":
        return this.#incoming.decided(decision, now);
      case "subscribe":
        return this.#subscriber.decided(decision, now);
      case "authenticate":
        return this.#onAuthenticated(decision, now);
      case "connect": // This one belongs to what was before.
        return;
    }
  }

  flush(now: number): void {
    this.#session.outgoing.flush(now);
  }

  failed(error: ProtocolError, now: number): void {
    const { reasonCode, message } = error;
    const cause = reasonCode === ReasonCode.keepAliveTimeout
      ? "keep-alive"
      : "protocol-error";
    this.dismiss({ cause, reasonCode, reason: message }, now);
  }

  lost(now: number): void {
    const reason = "the wire is gone";
    this.#end(
      { cause: "wire", reasonCode: undefined, reason },
      this.#will,
      now,
    );
  }

  dismiss(end: ConnectionEnd & { reasonCode: number }, now: number): void {
    const reasonString = end.reason;
    this.#say(
      end.reasonCode,
      end.cause === "protocol-error" ? { reasonString } : NO_PROPERTIES,
    );
    this.#end(end, this.#will, now);
  }

  get #will(): WillPacket | undefined {
    return this.#agreement.connect.will;
  }

  /** DISCONNECT has come: its will is published unless it is a normal one [MQTT-3.14.4-3]. */
  #onDisconnect({ reasonCode, properties }: DisconnectPacket, now: number) {
    const { sessionExpiryInterval } = properties;
    const { settings } = this.#parts.doors;
    const { connect } = this.#agreement;
    if (sessionExpiryInterval !== undefined) {
      const before = connect.properties.sessionExpiryInterval ?? 0;
      if (before === 0 && sessionExpiryInterval > 0) throw expiryRaised();
      this.#session.expiryInterval = Math.min(
        sessionExpiryInterval,
        settings.sessionExpiryIntervalMax,
      );
    }
    const isNormal = reasonCode === ReasonCode.normalDisconnection;
    const reason = properties.reasonString ??
      reasonText(reasonCode, "disconnect");
    const will = isNormal ? undefined : connect.will;
    this.#end({ cause: "client", reasonCode, reason }, will, now);
  }

  /** A step of re-authentication was decided. One that fails ends the connection [MQTT-4.12.1-2]. */
  #onAuthenticated(decision: BrokerDecision, now: number): void {
    const { reasonCode } = decision;
    if (reasonCode >= 0x80) {
      this.#say(reasonCode, decision.properties);
      const reason = `re-authentication: ${reasonText(reasonCode)}`;
      this.#end({ cause: "refused", reasonCode, reason }, this.#will, now);
    } else if (reasonCode === ReasonCode.continueAuthentication) {
      this.#authentication?.goOn(decision);
    } else this.#authentication?.succeed(decision);
  }

  /** Ends a client that has been silent for too long, or sees to it that this is looked at again. */
  #listen(now: number): void {
    const { keepAlive } = this.#agreement;
    if (keepAlive === 0) return;
    const patienceMs = keepAlive * 1000 * KEEP_ALIVE_FACTOR;
    // While a question is open it is not read: its silence is ours.
    const isUnread = this.#link.question !== undefined;
    const due = (isUnread ? now : this.#link.heardAt) + patienceMs;
    if (now >= due) return this.failed(silent(keepAlive), now);
    this.#parts.doors.alarms.set(this.#alarm, due);
  }

  /** Sends DISCONNECT; MQTT 3.x has none for a server to send, and a client may take no packet as large. */
  #say(reasonCode: number, properties: Properties = NO_PROPERTIES): void {
    if (this.#isOver || this.#link.protocolVersion !== 5) return;
    const isSayable = isReasonCode(reasonCode, "disconnect", "server");
    this.#link.trySend({
      type: "disconnect",
      reasonCode: isSayable ? reasonCode : ReasonCode.protocolError,
      properties,
    });
  }

  #end(end: ConnectionEnd, will: WillPacket | undefined, now: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { doors, sessions } = this.#parts;
    const { clientId } = this.#session;
    const { peer } = this.#link;
    doors.alarms.clear(this.#alarm);
    this.#link.end();
    doors.tell({ type: "disconnected", clientId, peer, ...end });
    sessions.leave(this.#session, will, now);
  }
}
