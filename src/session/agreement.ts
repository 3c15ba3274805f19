/**
 * What CONNECT and CONNACK agree on (3.1, 3.2).
 *
 * @module
 */
import { PacketDecoder } from "../codec/decoder.ts";
import type { ConnackPacket, ConnectPacket } from "../codec/packet.ts";
import { unforgotten } from "./misconduct.ts";
import {
  type Inflight,
  RECEIVE_MAXIMUM_DEFAULT,
  type SendLimits,
  sendLimits,
} from "./send_limits.ts";

/** What holds on a connection that CONNACK has accepted. */
export interface Agreement {
  /** What has accepted. */
  readonly packet: ConnackPacket;
  /** Whether the server goes on with the session that we know. */
  readonly isResumed: boolean;
  /** The Keep Alive in seconds. */
  readonly keepAlive: number;
  /** How many QoS 1 and 2 messages we take before they are acknowledged; Infinity under MQTT 3.x. */
  readonly receiveMaximum: number;
  /** What the server takes. */
  readonly limits: SendLimits;
}

/** Reads the two packets. Throws a ProtocolError where they do not fit [MQTT-3.2.2-4]. */
export function agree(
  connect: ConnectPacket,
  connack: ConnackPacket,
  inflight: Inflight,
): Agreement {
  const { protocolVersion, sessionPresent, properties } = connack;
  if (sessionPresent && connect.cleanStart) throw unforgotten();
  const { receiveMaximum = RECEIVE_MAXIMUM_DEFAULT } = connect.properties;
  return {
    packet: connack,
    // MQTT 3.1 has no Session Present: a session that it was not asked to forget is kept.
    isResumed: sessionPresent || (protocolVersion === 3 && !connect.cleanStart),
    keepAlive: properties.serverKeepAlive ?? connect.keepAlive,
    // A server of MQTT 3.1.1 that answers a CONNECT of MQTT 5 has not read its properties.
    receiveMaximum: protocolVersion === 5 ? receiveMaximum : Infinity,
    limits: sendLimits(connack, inflight),
  };
}

/** Makes the decoder of what the server will send. */
export function decoderFor(connect: ConnectPacket): PacketDecoder {
  const { protocolVersion, properties } = connect;
  const { maximumPacketSize } = properties;
  return new PacketDecoder({
    protocolVersion,
    from: "server",
    ...(maximumPacketSize === undefined ? {} : { sizeMax: maximumPacketSize }),
  });
}
