/**
 * What must not happen on a connection, as errors.
 *
 * @module
 */
import type {
  AckPacket,
  OutgoingPublish,
  Packet,
  QoS,
} from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { ConnectionLostError, ProtocolError } from "../errors.ts";

/** CONNACK is the first packet of the server, and comes once. */
export function misplaced({ type }: Packet): ProtocolError {
  return type === "connack"
    ? new ProtocolError(
      "The server sent CONNACK twice",
      ReasonCode.protocolError,
      "3.2",
    )
    : new ProtocolError(
      `The server sent ${type.toUpperCase()} before CONNACK`,
      ReasonCode.protocolError,
      "MQTT-3.2.0-1",
    );
}

/** The wrong acknowledgement for the state of its flow (4.3.2, 4.3.3). */
export function mismatched(
  { type, packetId }: AckPacket,
  { qos, state }: { qos: QoS; state: string },
): ProtocolError {
  const due = state === "released"
    ? "PUBCOMP"
    : qos === 1
    ? "PUBACK"
    : "PUBREC";
  return new ProtocolError(
    `The server sent ${type.toUpperCase()} ${packetId} where ${due} is due`,
    ReasonCode.protocolError,
    qos === 1 ? "4.3.2" : "4.3.3",
  );
}

/** A packet that a server sends only in answer to what we did not do. */
export function unasked({ type }: Packet): ProtocolError {
  return new ProtocolError(
    `The server sent ${type.toUpperCase()}, which was not asked for`,
    ReasonCode.protocolError,
    type === "auth" ? "MQTT-4.12.0-1" : "2.1.2",
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

/** A message of QoS 0 is for the present connection, and there is none. */
export function unconnected(
  { topicName }: Pick<OutgoingPublish, "topicName">,
): ConnectionLostError {
  return new ConnectionLostError(
    `Cannot publish to "${topicName}" at QoS 0: there is no connection`,
    { delivery: "not-sent" },
  );
}
