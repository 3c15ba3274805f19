// Packets as a server sends them and as a test expects them, with what is seldom told left out.

import {
  type AckPacket,
  type AckType,
  type ConnackPacket,
  type DisconnectPacket,
  NO_PROPERTIES,
  type Properties,
  type ProtocolVersion,
  type PublishPacket,
  type SubackPacket,
  type SubscribePacket,
  type SubscriptionRequest,
  type UnsubackPacket,
} from "../../src/codec/packet.ts";

export function connack(options: Partial<ConnackPacket> = {}): ConnackPacket {
  return {
    type: "connack",
    protocolVersion: 5,
    sessionPresent: false,
    reasonCode: 0,
    properties: NO_PROPERTIES,
    ...options,
  };
}

/** CONNACK of a server without Subscription Identifiers: filters are asked for together. */
export const UNIDENTIFIED: Partial<ConnackPacket> = {
  properties: { subscriptionIdentifiersAvailable: false },
};

export function publish(
  topicName: string,
  payload: string | Uint8Array,
  options: Partial<PublishPacket> = {},
): PublishPacket {
  return {
    type: "publish",
    topicName,
    payload: typeof payload === "string"
      ? new TextEncoder().encode(payload)
      : payload,
    qos: (options.packetId ?? 0) > 0 ? 1 : 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: NO_PROPERTIES,
    ...options,
  };
}

export function ack(
  type: AckType,
  packetId: number,
  reasonCode = 0,
  properties: Properties = NO_PROPERTIES,
): AckPacket {
  return { type, packetId, reasonCode, properties };
}

export function suback(
  packetId: number,
  reasonCodes: readonly number[],
  properties: Properties = NO_PROPERTIES,
): SubackPacket {
  return { type: "suback", packetId, reasonCodes, properties };
}

export function unsuback(
  packetId: number,
  reasonCodes: readonly number[],
  properties: Properties = NO_PROPERTIES,
): UnsubackPacket {
  return { type: "unsuback", packetId, reasonCodes, properties };
}

/** What `subscribe()` sends for these filters. */
export function subscribe(
  packetId: number,
  filters: Record<string, Partial<SubscriptionRequest>>,
  properties: Properties = NO_PROPERTIES,
): SubscribePacket {
  return {
    type: "subscribe",
    packetId,
    subscriptions: Object.entries(filters).map(([topicFilter, options]) => ({
      topicFilter,
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
      ...options,
    })),
    properties,
  };
}

export function disconnect(
  reasonCode = 0,
  properties: Properties = NO_PROPERTIES,
): DisconnectPacket {
  return { type: "disconnect", reasonCode, properties };
}

/** What `disconnect()` sends: under MQTT 5 a session that was kept for our return ends with it. */
export function goodbye(
  protocolVersion: ProtocolVersion = 5,
  reasonCode = 0,
): DisconnectPacket {
  return disconnect(
    reasonCode,
    protocolVersion === 5 ? { sessionExpiryInterval: 0 } : NO_PROPERTIES,
  );
}
