/**
 * What must not happen on a connection, as errors.
 *
 * @module
 */
import type {
  AckPacket,
  ConnectPacket,
  OutgoingPublish,
  Packet,
  SubackPacket,
  UnsubackPacket,
} from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import {
  ConnectionLostError,
  KeepAliveError,
  ProtocolError,
} from "../errors.ts";
import type { Flight } from "./flight.ts";

/** CONNACK is the first packet of the server. */
export function tooEarly({ type }: Packet): ProtocolError {
  return new ProtocolError(
    `The server sent ${type.toUpperCase()} before CONNACK`,
    ReasonCode.protocolError,
    type === "disconnect" ? "MQTT-3.14.0-1" : "MQTT-3.2.0-1",
  );
}

/** A packet that a server sends once, or only in answer to what we did not do. */
export function unasked({ type }: Pick<Packet, "type">): ProtocolError {
  if (type === "connack") {
    return new ProtocolError(
      "The server sent CONNACK twice",
      ReasonCode.protocolError,
      "MQTT-3.2.0-2",
    );
  }
  return new ProtocolError(
    `The server sent ${type.toUpperCase()}, which was not asked for`,
    ReasonCode.protocolError,
    type === "auth" ? "MQTT-4.12.0-6" : "2.1.2",
  );
}

/** An AUTH of an exchange that was not begun, or in which it is our turn. */
export function unaskedAuth(method: string | undefined): ProtocolError {
  if (method === undefined) return unasked({ type: "auth" });
  return new ProtocolError(
    "The server sent AUTH, and it was not its turn",
    ReasonCode.protocolError,
    "4.12",
  );
}

/** An AUTH that says "success" where CONNACK is to say it. */
export function unendedAuth(): ProtocolError {
  return new ProtocolError(
    "The server sent AUTH with success before CONNACK",
    ReasonCode.protocolError,
    "MQTT-4.12.0-2",
  );
}

/** A server that was asked to forget the session says that it has one. */
export function unforgotten(): ProtocolError {
  return new ProtocolError(
    "The server says Session Present to a Clean Start",
    ReasonCode.protocolError,
    "MQTT-3.2.2-4",
  );
}

/** A server that accepts by another authentication method than was asked for, or by one though none was. */
export function otherMethod(
  asked: string | undefined,
  named: string | undefined,
): ProtocolError {
  const what = asked === undefined
    ? "an Authentication Method, and we named none"
    : named === undefined
    ? "no Authentication Method, and we named one"
    : "another Authentication Method than we did";
  return new ProtocolError(
    `The server names ${what}`,
    ReasonCode.protocolError,
    asked === undefined ? "MQTT-4.12.0-6" : "MQTT-4.12.0-5",
  );
}

/** Throws where a server explains what it was asked not to explain: it may in PUBLISH, CONNACK and DISCONNECT alone. */
export function checkTerse(
  packet: Packet,
  connect: ConnectPacket | undefined,
): void {
  if (connect?.properties.requestProblemInformation !== false) return;
  const { type } = packet;
  if (type === "publish" || type === "connack" || type === "disconnect") return;
  if (!("properties" in packet)) return;
  const { reasonString, userProperties } = packet.properties;
  if (reasonString === undefined && userProperties === undefined) return;
  throw new ProtocolError(
    `The server sent ${type.toUpperCase()} with Problem Information, which was not asked for`,
    ReasonCode.protocolError,
    "MQTT-3.1.2-29",
  );
}

/** An acknowledgement whose Packet Identifier is in use by what it does not acknowledge. */
export function mismatched(
  { type, packetId }: AckPacket | SubackPacket | UnsubackPacket,
): ProtocolError {
  const isOfRequest = type === "suback" || type === "unsuback";
  return new ProtocolError(
    `The server sent ${type.toUpperCase()} ${packetId}, and ${packetId} is the Packet Identifier of a ${
      isOfRequest ? "PUBLISH" : "SUBSCRIBE or UNSUBSCRIBE"
    }`,
    ReasonCode.protocolError,
    isOfRequest ? "MQTT-2.2.1-6" : "MQTT-2.2.1-5",
  );
}

/** A message whose Packet Identifier is in use by another one. */
export function reused(packetId: number): ProtocolError {
  return new ProtocolError(
    `The server sent another PUBLISH ${packetId} before the first one was acknowledged`,
    ReasonCode.protocolError,
    "MQTT-2.2.1-4",
  );
}

/** An acknowledgement that is not the next one in the handshake of its message. */
export function outOfTurn(
  { type, packetId }: AckPacket,
  { message: { qos }, state }: Flight<unknown>,
): ProtocolError {
  const awaited = state === "released"
    ? "PUBCOMP"
    : qos === 1
    ? "PUBACK"
    : "PUBREC";
  return new ProtocolError(
    `The server sent ${type.toUpperCase()} ${packetId} for a message that waits for ${awaited}`,
    ReasonCode.protocolError,
    qos === 1 ? "MQTT-4.3.2-4" : "4.3.3",
  );
}

/** A server owes PINGRESP beyond its deadline (3.1.2.10). */
export function silent(): KeepAliveError {
  return new KeepAliveError(
    "The server has given no sign of life since PINGREQ was sent",
  );
}

/** A message of QoS 0 is for the present connection, and there is none. */
export function unconnected(
  { topicName }: Pick<OutgoingPublish, "topicName">,
): ConnectionLostError {
  return new ConnectionLostError(
    `Cannot publish to "${topicName}" at QoS 0: there is no connection`,
    { delivery: "not-sent" },
  );
}
