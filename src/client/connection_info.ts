/**
 * What client and server have agreed on.
 *
 * @module
 */
import type {
  ConnackPacket,
  ConnectPacket,
  ProtocolVersion,
  QoS,
} from "../codec/packet.ts";
import type { ConnackProperties } from "../codec/property.ts";

/**
 * What the present connection, or the last, was accepted with (CONNACK, chapter 3.2). Where the
 * server named no limit, the specification's default stands here.
 */
export interface ConnectionInfo {
  /** 5, 4 (MQTT 3.1.1) or 3 (MQTT 3.1). */
  readonly protocolVersion: ProtocolVersion;
  /** The Client Identifier: ours, or the one that the server gave. */
  readonly clientId: string;
  /** Whether the server had a session of this client id. */
  readonly sessionPresent: boolean;
  /** The Keep Alive in seconds: ours, or the server's where it names one. */
  readonly keepAlive: number;
  /** How many seconds the session outlives the connection (MQTT 5; 0xFFFFFFFF: it never expires). */
  readonly sessionExpiryInterval: number;
  /** How many QoS 1 and 2 messages the server takes before it has acknowledged them. */
  readonly receiveMaximum: number;
  /** The highest QoS that the server takes. */
  readonly maximumQoS: QoS;
  /** Whether the server keeps retained messages. */
  readonly retainAvailable: boolean;
  /** The largest packet, in bytes, that the server takes; Infinity where it names none. */
  readonly maximumPacketSize: number;
  /** The highest Topic Alias that the server takes. */
  readonly topicAliasMaximum: number;
  /** Whether the server takes wildcards in Topic Filters. */
  readonly wildcardSubscriptionAvailable: boolean;
  /** Whether the server takes Subscription Identifiers. */
  readonly subscriptionIdentifiersAvailable: boolean;
  /** Whether the server has shared subscriptions. */
  readonly sharedSubscriptionAvailable: boolean;
  /** All properties of CONNACK as they came (MQTT 5). */
  readonly properties: ConnackProperties;
}

/** Reads it from the two packets that agreed on it. */
export function connectionInfo(
  { connect, connack }: { connect: ConnectPacket; connack: ConnackPacket },
  session: { clientId: string; maxInflight: number },
): ConnectionInfo {
  const { protocolVersion, sessionPresent, properties } = connack;
  const isVersion5 = protocolVersion === 5;
  return {
    protocolVersion,
    clientId: session.clientId,
    sessionPresent,
    keepAlive: properties.serverKeepAlive ?? connect.keepAlive,
    sessionExpiryInterval: isVersion5
      ? properties.sessionExpiryInterval ??
        connect.properties.sessionExpiryInterval ?? 0
      : 0,
    receiveMaximum: isVersion5
      ? properties.receiveMaximum ?? 65_535
      : session.maxInflight,
    maximumQoS: properties.maximumQoS ?? 2,
    retainAvailable: properties.retainAvailable ?? true,
    maximumPacketSize: properties.maximumPacketSize ?? Infinity,
    topicAliasMaximum: properties.topicAliasMaximum ?? 0,
    wildcardSubscriptionAvailable: properties.wildcardSubscriptionAvailable ??
      true,
    subscriptionIdentifiersAvailable:
      properties.subscriptionIdentifiersAvailable ?? isVersion5,
    sharedSubscriptionAvailable: properties.sharedSubscriptionAvailable ??
      isVersion5,
    properties,
  };
}
