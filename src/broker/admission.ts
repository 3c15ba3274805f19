/**
 * From the first byte of a wire to CONNACK: CONNECT is looked at, asked about and answered (3.1, 3.2).
 *
 * @module
 */
import {
  type ConnectPacket,
  NO_PROPERTIES,
  type Packet,
  type Properties,
} from "../codec/packet.ts";
import { isReasonCode, ReasonCode, reasonText } from "../codec/reason_code.ts";
import type { ProtocolError } from "../errors.ts";
import { Alarm } from "./alarms.ts";
import { Authentication } from "./authentication.ts";
import { Client } from "./client.ts";
import { accepting, type Agreement, refusing } from "./connack.ts";
import { connectFault } from "./connect_fault.ts";
import { foreignFault } from "./foreign.ts";
import type { Link, PacketHandler } from "./link.ts";
import { Message } from "./message.ts";
import { connectedTwice, notYet, tooEarly } from "./misconduct.ts";
import { ownedConnect } from "./owned.ts";
import type { Parts } from "./parts.ts";
import type { BrokerDecision, BrokerQuestion } from "./question.ts";
import { NEVER } from "./sessions.ts";

/** Chance gives the same twice so rarely that more attempts mean that it is none. */
const CLIENT_ID_ATTEMPTS_MAX = 100;

/** A client that wants in. */
export class Admission implements PacketHandler {
  readonly #parts: Parts;
  readonly #link: Link;
  readonly #alarm: Alarm;
  #connect: ConnectPacket | undefined;
  #authentication: Authentication | undefined;
  /** What the decisions about it add to CONNACK. */
  #added: Properties = NO_PROPERTIES;

  /** Makes the admission of a new wire, which has so long to send a CONNECT that is accepted. */
  constructor(parts: Parts, link: Link, now: number) {
    this.#parts = parts;
    this.#link = link;
    this.#alarm = new Alarm((now) => this.#onTimeout(now));
    this.#setTimeout(now);
  }

  handle(packet: Packet, now: number): void {
    if (this.#connect === undefined) {
      if (packet.type !== "connect") throw tooEarly(packet);
      return this.#onConnect(packet, now);
    }
    // Without enhanced authentication nothing is looked at before CONNACK: it waits.
    if (packet.type === "auth" && this.#authentication !== undefined) {
      return this.#authentication.receive(packet);
    }
    if (packet.type === "disconnect") {
      return this.#end(undefined, "the client has gone");
    }
    throw packet.type === "connect" ? connectedTwice() : notYet(packet);
  }

  answered(
    question: BrokerQuestion,
    decision: BrokerDecision,
    now: number,
  ): void {
    const { reasonCode, properties = NO_PROPERTIES } = decision;
    if (reasonCode >= 0x80) {
      return this.#refuse(reasonCode, reasonText(reasonCode), properties);
    }
    switch (question.type) {
      case "connect":
        this.#added = properties;
        return this.#authenticate(now);
      case "authenticate":
        return this.#onAuthenticated(decision, now);
      default:
        return this.#accept(now);
    }
  }

  flush(): void {
    // There is nothing before CONNACK that could wait.
  }

  /** Of a CONNECT that cannot be read, the version decides whether there is a word for it (4.13.1). */
  failed(error: ProtocolError): void {
    const { reasonCode, message } = error;
    if (reasonCode === ReasonCode.unsupportedProtocolVersion) {
      return this.#refuse(reasonCode, message);
    }
    if (this.#link.versionRead < 5) {
      const why = foreignFault(this.#link.firstBytes) ?? message;
      return this.#end(reasonCode, why);
    }
    const isSayable = isReasonCode(reasonCode, "connack");
    this.#refuse(isSayable ? reasonCode : ReasonCode.protocolError, message);
  }

  lost(): void {
    this.#end(undefined, "the wire is gone");
  }

  #onConnect(read: ConnectPacket, now: number): void {
    const { settings } = this.#parts.doors;
    const connect = ownedConnect(read);
    const { maximumPacketSize = Infinity, requestProblemInformation = true } =
      connect.properties;
    this.#connect = connect;
    this.#link.connectPacket = connect;
    this.#link.clientId = connect.clientId;
    this.#link.packetSizeMax = maximumPacketSize;
    this.#link.explains = requestProblemInformation;
    const fault = connectFault(connect, settings);
    if (fault !== undefined) return this.#refuse(fault.reasonCode, fault.why);
    const clientId = connect.clientId || this.#newClientId();
    if (clientId === undefined) {
      const reasonCode = ReasonCode.serverUnavailable;
      return this.#refuse(reasonCode, "there is no Client Identifier to give");
    }
    this.#link.clientId = clientId;
    if (!settings.questions.connect) return this.#authenticate(now);
    this.#link.ask({
      type: "connect",
      connection: this.#link,
      packet: connect,
    });
  }

  /** One that no session has [MQTT-3.2.2-16], however it is made; undefined where there is none. */
  #newClientId(): string | undefined {
    const { doors, sessions } = this.#parts;
    for (let attempt = 0; attempt < CLIENT_ID_ATTEMPTS_MAX; attempt++) {
      const clientId = doors.settings.makeClientId();
      if (sessions.get(clientId) === undefined) return clientId;
    }
    return undefined;
  }

  #authenticate(now: number): void {
    const { authenticationMethod, authenticationData } =
      this.#connect?.properties ?? NO_PROPERTIES;
    if (authenticationMethod === undefined) return this.#authorizeWill(now);
    this.#authentication = new Authentication(this.#link, authenticationMethod);
    this.#authentication.ask("connect", authenticationData);
  }

  #onAuthenticated(decision: BrokerDecision, now: number): void {
    const authentication = this.#authentication;
    if (authentication === undefined) return;
    if (decision.reasonCode === ReasonCode.continueAuthentication) {
      return authentication.goOn(decision);
    }
    this.#added = {
      ...this.#added,
      ...authentication.propertiesOf(decision),
    };
    this.#authorizeWill(now);
  }

  /** When the will is published there is nobody left to be told, so it is asked about now. */
  #authorizeWill(now: number): void {
    const { doors } = this.#parts;
    const will = this.#connect?.will;
    if (will === undefined || !doors.settings.questions.publish) {
      return this.#accept(now);
    }
    this.#link.ask({
      type: "publish",
      connection: this.#link,
      message: new Message(will, this.#link.clientId, now),
      isWill: true,
    });
  }

  /** Takes over what another connection has, and sends CONNACK (3.1.4). */
  #accept(now: number): void {
    const connect = this.#connect;
    if (connect === undefined) return;
    const { doors, sessions } = this.#parts;
    const link = this.#link;
    const { clientId, peer } = link;
    if (!sessions.hasSpace(clientId)) {
      return this.#refuse(
        ReasonCode.quotaExceeded,
        "there are enough sessions",
      );
    }
    const agreement = this.#agree(connect);
    if (!link.accepts(accepting(agreement, doors.settings, false))) {
      const reasonCode = ReasonCode.packetTooLarge;
      return this.#refuse(reasonCode, "CONNACK is more than it takes");
    }
    doors.alarms.clear(this.#alarm);
    sessions.get(clientId)?.client?.dismiss({
      cause: "taken-over",
      reasonCode: ReasonCode.sessionTakenOver,
      reason: `another connection uses its Client Identifier: ${peer}`,
    }, now);
    const { cleanStart } = connect;
    const isKnown = sessions.get(clientId) !== undefined;
    const sessionPresent = isKnown && !cleanStart;
    const session = sessions.open(clientId, cleanStart, now);
    session.expiryInterval = agreement.sessionExpiryInterval;
    const client = new Client(this.#parts, link, {
      agreement,
      session,
      authentication: this.#authentication,
    });
    session.client = client;
    link.handler = client;
    link.isConnected = true;
    doors.tell({
      type: "connected",
      clientId,
      protocolVersion: connect.protocolVersion,
      username: connect.username,
      peer,
      cleanStart,
      sessionPresent,
    });
    client.start(sessionPresent, now);
  }

  #agree(connect: ConnectPacket): Agreement {
    const { serverKeepAlive, sessionExpiryIntervalMax } =
      this.#parts.doors.settings;
    const { protocolVersion, keepAlive, cleanStart } = connect;
    const { sessionExpiryInterval = 0 } = connect.properties;
    const isNew = protocolVersion === 5;
    const isTooLong = keepAlive === 0 ||
      keepAlive > (serverKeepAlive ?? Infinity);
    // Under MQTT 3.x a session ends with its connection, or never (3.1.1, 3.1.2.4).
    const expiry = isNew ? sessionExpiryInterval : cleanStart ? 0 : NEVER;
    return {
      connect,
      clientId: this.#link.clientId,
      keepAlive: isNew && isTooLong ? serverKeepAlive ?? keepAlive : keepAlive,
      sessionExpiryInterval: Math.min(expiry, sessionExpiryIntervalMax),
      added: this.#added,
    };
  }

  #refuse(
    reasonCode: number,
    reason: string,
    properties: Properties = { reasonString: reason },
  ): void {
    const { protocolVersion, versionRead } = this.#link;
    const version = protocolVersion ?? versionRead;
    this.#link.trySend(refusing(version, reasonCode, properties));
    this.#end(reasonCode, reason);
  }

  #setTimeout(now: number): void {
    const { alarms, settings } = this.#parts.doors;
    alarms.set(this.#alarm, now + settings.connectTimeoutMs);
  }

  #onTimeout(now: number): void {
    // While a question is open, it is not the client who is slow.
    if (this.#link.question !== undefined) return this.#setTimeout(now);
    this.#end(
      undefined,
      foreignFault(this.#link.firstBytes) ??
        "it has sent no CONNECT that could be accepted in time",
    );
  }

  #end(reasonCode: number | undefined, reason: string): void {
    if (this.#link.isEnding) return;
    const { doors } = this.#parts;
    const { peer, clientId } = this.#link;
    doors.alarms.clear(this.#alarm);
    this.#link.end();
    doors.tell({ type: "refused", peer, clientId, reasonCode, reason });
  }
}
