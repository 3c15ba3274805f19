/**
 * What a client must not do, as errors: each ends the connection with its Reason Code.
 *
 * @module
 */
import type { AckPacket, Packet, PublishPacket } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { ProtocolError } from "../errors.ts";
import { quoted } from "./explanation.ts";

/** CONNECT is the first packet [MQTT-3.1.0-1]. */
export function tooEarly({ type }: Packet): ProtocolError {
  return violation(
    `The client sent ${type.toUpperCase()} before CONNECT`,
    "MQTT-3.1.0-1",
  );
}

/** CONNECT is sent once. */
export function connectedTwice(): ProtocolError {
  return violation("The client sent CONNECT twice", "MQTT-3.1.0-2");
}

/** During enhanced authentication there is AUTH and DISCONNECT alone. */
export function notYet({ type }: Packet): ProtocolError {
  return violation(
    `The client sent ${type.toUpperCase()} before its authentication was complete`,
    "MQTT-3.1.2-30",
  );
}

/** AUTH is for those who named a method in CONNECT, and goes by turns. */
export function unaskedAuth(why: string): ProtocolError {
  return violation(`The client sent AUTH ${why}`, "MQTT-4.12.0-7");
}

/** The method stays the one that CONNECT named. */
export function otherMethod(method: string | undefined): ProtocolError {
  return new ProtocolError(
    `The client sent AUTH with the method ${
      quoted(method)
    }, which is not that of its CONNECT`,
    ReasonCode.badAuthenticationMethod,
    "MQTT-4.12.0-5",
  );
}

/** A Topic Alias beyond what CONNACK allows. */
export function aliasTooHigh(alias: number, max: number): ProtocolError {
  return new ProtocolError(
    `The client sent Topic Alias ${alias}, and the Topic Alias Maximum is ${max}`,
    ReasonCode.topicAliasInvalid,
    "MQTT-3.2.2-18",
  );
}

/** A Topic Alias that stands for nothing. */
export function aliasUnknown(alias: number): ProtocolError {
  return violation(
    `The client sent Topic Alias ${alias} before it gave it a Topic Name`,
    "3.3.2.3.4",
  );
}

/** A QoS that CONNACK does not allow. */
export function qosTooHigh({ qos }: PublishPacket, max: number): ProtocolError {
  return new ProtocolError(
    `The client published at QoS ${qos}, and the Maximum QoS is ${max}`,
    ReasonCode.qosNotSupported,
    "MQTT-3.2.2-11",
  );
}

/** A retained message where there are none. */
export function retainUnavailable(): ProtocolError {
  return new ProtocolError(
    "The client published with RETAIN, and Retain Available is 0",
    ReasonCode.retainNotSupported,
    "MQTT-3.2.2-14",
  );
}

/** A payload that is not what it claims to be, in a packet that has no answer. */
export function payloadNotText(): ProtocolError {
  return new ProtocolError(
    "The client published a payload that is not UTF-8, and its Payload Format Indicator says so",
    ReasonCode.payloadFormatInvalid,
    "3.3.2.3.2",
  );
}

/** More messages than the Receive Maximum of CONNACK allows. */
export function windowExceeded(receiveMaximum: number): ProtocolError {
  return new ProtocolError(
    `The client sent more messages of QoS 1 and 2 than its server has answered, and the Receive Maximum is ${receiveMaximum}`,
    ReasonCode.receiveMaximumExceeded,
    "MQTT-3.3.4-7",
  );
}

/** A Topic Filter that is none. */
export function filterInvalid(topicFilter: string, why: string): ProtocolError {
  return new ProtocolError(
    `The client sent the Topic Filter ${quoted(topicFilter)}: ${why}`,
    ReasonCode.malformedPacket,
    "4.7",
  );
}

/** A feature of subscriptions that CONNACK says is not there. */
export function unavailable(what: string, reasonCode: number): ProtocolError {
  return new ProtocolError(
    `The client subscribed with ${what}, which CONNACK says are not available`,
    reasonCode,
    "4.13",
  );
}

/** An acknowledgement that is not the next one in the handshake of its message. */
export function outOfTurn(
  { type, packetId }: AckPacket,
  awaited: string,
): ProtocolError {
  return violation(
    `The client sent ${type.toUpperCase()} ${packetId} for a message that waits for ${awaited}`,
    "4.3",
  );
}

/** A session that was to end with its connection is to be kept after all. */
export function expiryRaised(): ProtocolError {
  return violation(
    "The client sent DISCONNECT with a Session Expiry Interval, and that of its CONNECT is 0",
    "3.14.2.2.2",
  );
}

/** A client that has been silent for too long. */
export function silent(keepAlive: number): ProtocolError {
  return new ProtocolError(
    `The client sent nothing for one and a half times its Keep Alive of ${keepAlive} s`,
    ReasonCode.keepAliveTimeout,
    "MQTT-3.1.2-22",
  );
}

/** More bytes wait than may. */
export function tooMuch(): ProtocolError {
  return new ProtocolError(
    "The client sent more than may wait while its earlier packets are looked at",
    ReasonCode.quotaExceeded,
    "4.13",
  );
}

/** What the client must be sent is more than it takes. */
export function unanswerable(
  { type }: Pick<Packet, "type">,
  packetSizeMax: number,
): ProtocolError {
  return new ProtocolError(
    `The client takes packets of ${packetSizeMax} bytes, and its ${type.toUpperCase()} has more`,
    ReasonCode.packetTooLarge,
    "MQTT-3.1.2-24",
  );
}

function violation(message: string, clause: string): ProtocolError {
  return new ProtocolError(message, ReasonCode.protocolError, clause);
}
