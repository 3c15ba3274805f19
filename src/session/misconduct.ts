/**
 * What must not happen on a connection, as errors.
 *
 * @module
 */
import type { AckPacket, OutgoingPublish, Packet } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import {
  ConnectionLostError,
  KeepAliveError,
  ProtocolError,
} from "../errors.ts";
import type { Flight } from "./flight.ts";

/** CONNACK is the first packet of the server. */
export function tooEarly({ type }: Packet): ProtocolError {
  return type === "auth" ? unasked({ type }) : new ProtocolError(
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

/** A server that was asked to forget the session says that it has one. */
export function unforgotten(): ProtocolError {
  return new ProtocolError(
    "The server says Session Present to a Clean Start",
    ReasonCode.protocolError,
    "MQTT-3.2.2-4",
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
