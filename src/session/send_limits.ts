/**
 * What the present server takes, and why a message that it does not take is refused before it is sent.
 *
 * @module
 */
import type {
  ConnackPacket,
  OutgoingPublish,
  ProtocolVersion,
  QoS,
} from "../codec/packet.ts";
import { encodePublish, type TopicAlias } from "../codec/publish.ts";
import { ReasonCode, reasonText } from "../codec/reason_code.ts";
import type { ByteWriter } from "../codec/writer.ts";
import { PublishError } from "../errors.ts";

/** The Receive Maximum of a side that names none (3.1.2.11.3, 3.2.2.3.3). */
export const RECEIVE_MAXIMUM_DEFAULT = 65_535;

/** How many messages may be unacknowledged under MQTT 3.x, which has no Receive Maximum. */
export interface Inflight {
  /** Messages of QoS 1 and 2. */
  readonly max: number;
  /** Messages of QoS 2 among them. */
  readonly qos2Max: number;
}

/** What the present server takes. */
export interface SendLimits {
  /** How many QoS 1 and 2 messages may be unacknowledged. */
  readonly window: number;
  /** How many of them may be of QoS 2. */
  readonly qos2Window: number;
  /** Its Maximum Packet Size in bytes. */
  readonly packetSizeMax: number;
  /** Its Maximum QoS. */
  readonly qosMax: QoS;
  /** Its Retain Available. */
  readonly retainAvailable: boolean;
  /** Its Topic Alias Maximum. */
  readonly topicAliasMax: number;
  /** Its Wildcard Subscription Available. */
  readonly wildcardAvailable: boolean;
  /** Its Shared Subscription Available. */
  readonly sharedAvailable: boolean;
  /** Its Subscription Identifier Available. */
  readonly identifierAvailable: boolean;
}

/** What holds while no CONNACK has said otherwise: nothing is sent, and nothing refused. */
export const NO_CONNECTION: SendLimits = {
  window: 0,
  qos2Window: 0,
  packetSizeMax: Infinity,
  qosMax: 2,
  retainAvailable: true,
  topicAliasMax: Infinity,
  wildcardAvailable: true,
  sharedAvailable: true,
  identifierAvailable: true,
};

/** Reads the limits from CONNACK. */
export function sendLimits(
  packet: ConnackPacket,
  inflight: Inflight,
): SendLimits {
  const { protocolVersion, properties } = packet;
  const { receiveMaximum = RECEIVE_MAXIMUM_DEFAULT } = properties;
  return {
    window: protocolVersion === 5 ? receiveMaximum : inflight.max,
    qos2Window: protocolVersion === 5 ? receiveMaximum : inflight.qos2Max,
    packetSizeMax: properties.maximumPacketSize ?? Infinity,
    qosMax: properties.maximumQoS ?? 2,
    retainAvailable: properties.retainAvailable ?? true,
    topicAliasMax: properties.topicAliasMaximum ?? 0,
    wildcardAvailable: properties.wildcardSubscriptionAvailable ?? true,
    sharedAvailable: properties.sharedSubscriptionAvailable ?? true,
    identifierAvailable: properties.subscriptionIdentifiersAvailable ?? true,
  };
}

/** Throws a PublishError where the server takes no such message [MQTT-3.2.2-11, MQTT-3.2.2-14, MQTT-3.2.2-17]. */
export function checkLimits(
  limits: SendLimits,
  message: OutgoingPublish,
): void {
  const { topicName, properties } = message;
  if (message.qos > limits.qosMax) {
    throw refusal(
      topicName,
      `the server's Maximum QoS is ${limits.qosMax}`,
      ReasonCode.qosNotSupported,
    );
  }
  if (message.retain && !limits.retainAvailable) {
    throw refusal(
      topicName,
      "the server has no retained messages",
      ReasonCode.retainNotSupported,
    );
  }
  if ((properties.topicAlias ?? 0) > limits.topicAliasMax) {
    throw refusal(
      topicName,
      `the server's Topic Alias Maximum is ${limits.topicAliasMax}`,
      ReasonCode.topicAliasInvalid,
    );
  }
}

/** What a PUBLISH is written with. */
export interface PublishForm {
  readonly protocolVersion: ProtocolVersion;
  readonly limits: SendLimits;
  readonly alias: TopicAlias | undefined;
}

/** Writes a PUBLISH; one that is too large for the server throws a PublishError, and is not written. */
export function writePublish(
  writer: ByteWriter,
  message: OutgoingPublish,
  { protocolVersion, limits, alias }: PublishForm,
): void {
  refuseIdentifiers(message);
  const before = writer.length;
  encodePublish(writer, message, protocolVersion, alias);
  const size = writer.length - before;
  if (size <= limits.packetSizeMax) return;
  writer.rewind(before);
  throw refusal(
    message.topicName,
    `it makes a packet of ${size} bytes, and the server takes at most ${limits.packetSizeMax}`,
    ReasonCode.packetTooLarge,
  );
}

/** Throws where a message cannot be encoded, whatever its payload is. The writer is left as it was. */
export function checkEncoding(
  writer: ByteWriter,
  message: OutgoingPublish,
  protocolVersion: ProtocolVersion,
): void {
  refuseIdentifiers(message);
  const { topicName, qos, retain, properties } = message;
  const before = writer.length;
  encodePublish(writer, {
    type: "publish",
    topicName,
    payload: "",
    qos,
    retain,
    dup: false,
    packetId: 1,
    properties,
  }, protocolVersion);
  writer.rewind(before);
}

/** A server says by which subscriptions a message comes; a client has none to say [MQTT-3.3.4-6]. */
function refuseIdentifiers({ topicName, properties }: OutgoingPublish): void {
  if (properties.subscriptionIdentifiers === undefined) return;
  throw new TypeError(
    `Cannot publish to "${topicName}": subscriptionIdentifiers are for a server to send`,
  );
}

function refusal(
  topicName: string,
  why: string,
  reasonCode: number,
): PublishError {
  return new PublishError(`Cannot publish to "${topicName}": ${why}`, {
    delivery: "not-sent",
    reasonCode,
    reasonName: reasonText(reasonCode),
  });
}
