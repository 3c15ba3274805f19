/**
 * The messages of one client: QoS 0, 1 and 2 from PUBLISH to the last acknowledgement (4.3).
 *
 * A message of QoS 2 is published when it comes, and its identifier remembered until PUBREL: what comes
 * with it again is a copy [MQTT-4.3.3-10].
 *
 * @module
 */
import type { AckPacket, Properties, PublishPacket } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { isText } from "./is_text.ts";
import type { Link } from "./link.ts";
import { Message } from "./message.ts";
import { payloadNotText, qosTooHigh, retainUnavailable } from "./misconduct.ts";
import type { Parts } from "./parts.ts";
import type { BrokerDecision } from "./question.ts";
import { ReceiveWindow } from "./receive_window.ts";
import type { BrokerSession } from "./session.ts";
import { IncomingAliases } from "./topic_aliases.ts";

/** A message and the Packet Identifier it came with. */
interface Arrival {
  readonly message: Message;
  readonly packetId: number;
}

/** The incoming half of a connection. */
export class Incoming {
  readonly #parts: Parts;
  readonly #link: Link;
  readonly #session: BrokerSession;
  readonly #aliases: IncomingAliases;
  readonly #window: ReceiveWindow;
  /** Messages of QoS 2 that came on this connection and have no PUBCOMP. */
  readonly #unreleased = new Set<number>();
  /** What is being decided about. */
  #undecided: Arrival | undefined;

  /** Makes the incoming half of a connection that CONNACK has accepted. */
  constructor(parts: Parts, link: Link, session: BrokerSession) {
    const { receiveMaximum, topicAliasMaximum } = parts.doors.settings;
    const isNew = link.protocolVersion === 5;
    this.#parts = parts;
    this.#link = link;
    this.#session = session;
    this.#aliases = new IncomingAliases(topicAliasMaximum);
    this.#window = new ReceiveWindow(link, isNew ? receiveMaximum : Infinity);
  }

  /** PUBLISH has come. */
  publish(packet: PublishPacket, now: number): void {
    const { settings } = this.#parts.doors;
    const { payload, qos, retain, packetId } = packet;
    // The alias is learnt whatever becomes of the message.
    const topicName = this.#aliases.resolve(packet);
    if (qos > settings.maximumQoS) {
      throw qosTooHigh(packet, settings.maximumQoS);
    }
    if (retain && !settings.retainAvailable) throw retainUnavailable();
    if (qos > 0 && this.#isAnswered(packet)) return;
    const properties = withoutAlias(packet.properties);
    const { clientId } = this.#session;
    const message = new Message(
      { topicName, payload, qos, retain, properties },
      clientId,
      now,
    );
    const arrival = { message, packetId };
    if (settings.payloadFormatChecked && !isText(message)) {
      if (qos === 0) throw payloadNotText();
      return this.#refuse(arrival, ReasonCode.payloadFormatInvalid);
    }
    if (!settings.questions.publish) return this.#accept(arrival, now);
    this.#undecided = arrival;
    this.#link.ask({
      type: "publish",
      connection: this.#link,
      message,
      isWill: false,
    });
  }

  /** Whether a message may be published was decided. */
  decided({ reasonCode, properties }: BrokerDecision, now: number): void {
    const arrival = this.#undecided;
    this.#undecided = undefined;
    if (arrival === undefined) return;
    if (reasonCode < 0x80) this.#accept(arrival, now, properties);
    else this.#refuse(arrival, reasonCode, properties);
  }

  /** PUBREL has come: the identifier is free, even where it is not known [MQTT-4.3.3-11]. */
  release({ packetId }: AckPacket): void {
    const isKnown = this.#session.received.delete(packetId);
    this.#link.sendAck(
      "pubcomp",
      packetId,
      isKnown ? ReasonCode.success : ReasonCode.packetIdentifierNotFound,
    );
    if (this.#unreleased.delete(packetId)) this.#window.leave();
  }

  /** Counts a message of QoS 1 or 2, and answers one whose identifier is in use. */
  #isAnswered({ qos, packetId }: PublishPacket): boolean {
    const isInUse = this.#session.received.has(packetId);
    if (!this.#unreleased.has(packetId) || qos === 1) this.#window.enter();
    if (qos === 2) this.#unreleased.add(packetId);
    if (isInUse && qos === 2) {
      this.#link.sendAck("pubrec", packetId);
      return true;
    }
    // MQTT 3.x has no word for it.
    if (!isInUse || this.#link.protocolVersion !== 5) return false;
    this.#link.sendAck("puback", packetId, ReasonCode.packetIdentifierInUse);
    this.#window.leave();
    return true;
  }

  #accept(arrival: Arrival, now: number, properties?: Properties): void {
    const { exchange } = this.#parts;
    const { message, packetId } = arrival;
    const { qos, retain } = message;
    const canRefuse = qos > 0 && this.#link.protocolVersion === 5;
    if (canRefuse && retain && !exchange.retained.hasSpace(message)) {
      return this.#refuse(arrival, ReasonCode.quotaExceeded);
    }
    const isWanted = exchange.publish(message, now);
    if (qos === 0) return;
    if (qos === 2) this.#session.received.add(packetId);
    this.#acknowledge(
      arrival,
      isWanted ? ReasonCode.success : ReasonCode.noMatchingSubscribers,
      properties,
    );
  }

  /** QoS 0 and MQTT 3.x have no word for it: there, the message is acknowledged as ever (3.1.1, MQTT-3.3.5-2). */
  #refuse(
    arrival: Arrival,
    reasonCode: number,
    properties?: Properties,
  ): void {
    const { message: { topicName, qos }, packetId } = arrival;
    const { clientId } = this.#session;
    this.#parts.doors.tell({
      type: "publish-refused",
      clientId,
      topicName,
      qos,
      reasonCode,
    });
    if (qos === 0) return;
    if (qos === 2 && this.#link.protocolVersion !== 5) {
      this.#session.received.add(packetId);
    }
    this.#acknowledge(arrival, reasonCode, properties);
  }

  #acknowledge(
    { message: { qos }, packetId }: Arrival,
    reasonCode: number,
    properties?: Properties,
  ): void {
    const type = qos === 1 ? "puback" : "pubrec";
    this.#link.sendAck(type, packetId, reasonCode, properties);
    const isOver = reasonCode >= 0x80 && this.#link.protocolVersion === 5;
    if (isOver) this.#unreleased.delete(packetId);
    if (qos === 1 || isOver) this.#window.leave();
  }
}

/** A Topic Alias is a matter of one connection (3.3.2.3.4). */
function withoutAlias(properties: Properties): Properties {
  if (properties.topicAlias === undefined) return properties;
  const { topicAlias: _, ...others } = properties;
  return others;
}
