/**
 * The 15 packet types as data. One union on `type`; each family's file encodes and decodes its own.
 *
 * @module
 */
import type { UserProperty } from "../errors.ts";

export type { UserProperty };

/** The Protocol Level on the wire: 3 is MQTT 3.1, 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
export type ProtocolVersion = 3 | 4 | 5;

/** Who sends a packet: it decides which packets and which Reason Codes are allowed. */
export type Sender = "server" | "client";

/** Quality of Service (chapter 4.3): at most once, at least once, exactly once. */
export type QoS = 0 | 1 | 2;

/** Every property of MQTT 5 by name (chapter 2.2.2.2). Which packet may carry which stands in property.ts. */
export interface Properties {
  /** 1 where the payload is UTF-8, 0 where it is unspecified bytes. */
  readonly payloadFormatIndicator?: 0 | 1;
  /** Lifetime in seconds. */
  readonly messageExpiryInterval?: number;
  /** The content's type; a MIME type by custom. */
  readonly contentType?: string;
  /** The topic for a reply. */
  readonly responseTopic?: string;
  /** What the requester uses to know which request a reply belongs to. */
  readonly correlationData?: Uint8Array;
  /** Given with SUBSCRIBE: 1 to 268,435,455. */
  readonly subscriptionIdentifier?: number;
  /** Received with PUBLISH: one for each subscription that matched and has one. */
  readonly subscriptionIdentifiers?: readonly number[];
  /** Seconds that the session outlives the connection; 0xFFFFFFFF means it never expires. */
  readonly sessionExpiryInterval?: number;
  /** The client id that the server gave. */
  readonly assignedClientIdentifier?: string;
  /** The Keep Alive, in seconds, that the server wants used. */
  readonly serverKeepAlive?: number;
  /** The name of the authentication method. */
  readonly authenticationMethod?: string;
  /** What the authentication method exchanges. */
  readonly authenticationData?: Uint8Array;
  /** Whether Reason Strings and User Properties may come on other packets than PUBLISH, CONNACK and DISCONNECT. */
  readonly requestProblemInformation?: boolean;
  /** Seconds that the will waits before it is published. */
  readonly willDelayInterval?: number;
  /** Whether the server may send Response Information. */
  readonly requestResponseInformation?: boolean;
  /** What to build response topics from. */
  readonly responseInformation?: string;
  /** Another server to use. */
  readonly serverReference?: string;
  /** What went wrong, for people. */
  readonly reasonString?: string;
  /** How many QoS 1 and QoS 2 PUBLISH packets the sender is willing to process at once: 1 to 65,535. */
  readonly receiveMaximum?: number;
  /** The highest Topic Alias that the sender accepts. */
  readonly topicAliasMaximum?: number;
  /** A number that stands for the Topic Name: 1 to 65,535. */
  readonly topicAlias?: number;
  /** The highest QoS that the server supports, where it is not 2. */
  readonly maximumQoS?: 0 | 1;
  /** Whether the server supports retained messages. */
  readonly retainAvailable?: boolean;
  /** Names and values of the application's own; order and duplicates are kept. */
  readonly userProperties?: readonly UserProperty[];
  /** The largest packet, in bytes, that the sender accepts. */
  readonly maximumPacketSize?: number;
  /** Whether the server supports wildcards in Topic Filters. */
  readonly wildcardSubscriptionAvailable?: boolean;
  /** Whether the server supports Subscription Identifiers. */
  readonly subscriptionIdentifiersAvailable?: boolean;
  /** Whether the server supports shared subscriptions. */
  readonly sharedSubscriptionAvailable?: boolean;
}

/** The name of a property. */
export type PropertyName = keyof Properties;

/** What a packet without properties has: one frozen object for all. */
export const NO_PROPERTIES: Properties = Object.freeze({});

/** The will of a CONNECT (3.1.3.2 - 3.1.3.4). */
export interface WillPacket {
  /** The Topic Name: no wildcards. */
  readonly topicName: string;
  /** The Application Message. */
  readonly payload: Uint8Array;
  /** How its delivery is assured. */
  readonly qos: QoS;
  /** Whether the server keeps it for later subscribers, or has kept it. */
  readonly retain: boolean;
  /** Empty under MQTT 3.x. */
  readonly properties: Properties;
}

/** CONNECT (chapter 3.1). */
export interface ConnectPacket {
  /** The packet type. */
  readonly type: "connect";
  /** The version that the client speaks. */
  readonly protocolVersion: ProtocolVersion;
  /** Clean Session under MQTT 3.x. */
  readonly cleanStart: boolean;
  /** Seconds; 0 turns it off. */
  readonly keepAlive: number;
  /** The Client Identifier; empty where the server is to give one. */
  readonly clientId: string;
  /** The User Name. */
  readonly username: string | undefined;
  /** The Password; under MQTT 3.x only with a user name. */
  readonly password: Uint8Array | undefined;
  /** What the server publishes when the connection ends without a normal DISCONNECT. */
  readonly will: WillPacket | undefined;
  /** Empty under MQTT 3.x. */
  readonly properties: Properties;
}

/** CONNACK (chapter 3.2). */
export interface ConnackPacket {
  /** The packet type. */
  readonly type: "connack";
  /** The form it came in: 4 where a two-byte CONNACK answers a CONNECT of version 5. */
  readonly protocolVersion: ProtocolVersion;
  /** Whether the server goes on with a session that it has kept. */
  readonly sessionPresent: boolean;
  /** A Reason Code under MQTT 5, a return code of 0 to 5 under MQTT 3.x. */
  readonly reasonCode: number;
  /** Empty under MQTT 3.x. */
  readonly properties: Properties;
}

/** PUBLISH (chapter 3.3). */
export interface PublishPacket {
  /** The packet type. */
  readonly type: "publish";
  /** The Topic Name: no wildcards; empty where a Topic Alias stands for it. */
  readonly topicName: string;
  /** The Application Message. */
  readonly payload: Uint8Array;
  /** How its delivery is assured. */
  readonly qos: QoS;
  /** Whether the server keeps it for later subscribers, or has kept it. */
  readonly retain: boolean;
  /** Whether this may be a second attempt; never at QoS 0. */
  readonly dup: boolean;
  /** 0 at QoS 0. */
  readonly packetId: number;
  /** Empty under MQTT 3.x. */
  readonly properties: Properties;
}

/** What PUBLISH is encoded from: a string payload is written as UTF-8 with no copy between. */
export interface OutgoingPublish extends Omit<PublishPacket, "payload"> {
  /** The Application Message. */
  readonly payload: Uint8Array | string;
}

/** The four acknowledgements of PUBLISH, which share one form. */
export type AckType = "puback" | "pubrec" | "pubrel" | "pubcomp";

/** PUBACK, PUBREC, PUBREL, PUBCOMP (chapters 3.4 - 3.7). */
export interface AckPacket {
  /** Which of the four. */
  readonly type: AckType;
  /** The Packet Identifier: 1 to 65,535. */
  readonly packetId: number;
  /** 0 under MQTT 3.x. */
  readonly reasonCode: number;
  /** Empty under MQTT 3.x. */
  readonly properties: Properties;
}

/** 0: send retained messages; 1: only for a new subscription; 2: never (3.8.3.1). */
export type RetainHandling = 0 | 1 | 2;

/** One Topic Filter of a SUBSCRIBE with its options (3.8.3). */
export interface SubscriptionRequest {
  /** The Topic Filter; its wildcards are not checked here. */
  readonly topicFilter: string;
  /** The highest QoS that is wanted. */
  readonly qos: QoS;
  /** MQTT 5: do not send what this very client publishes. */
  readonly noLocal: boolean;
  /** MQTT 5: keep the RETAIN flag as the publisher set it. */
  readonly retainAsPublished: boolean;
  /** MQTT 5: when retained messages are sent. */
  readonly retainHandling: RetainHandling;
}

/** SUBSCRIBE (chapter 3.8). */
export interface SubscribePacket {
  /** The packet type. */
  readonly type: "subscribe";
  /** The Packet Identifier: 1 to 65,535. */
  readonly packetId: number;
  /** One at least. */
  readonly subscriptions: readonly SubscriptionRequest[];
  /** Empty under MQTT 3.x. */
  readonly properties: Properties;
}

/** SUBACK (chapter 3.9): one Reason Code (a return code under MQTT 3.x) for each filter. */
export interface SubackPacket {
  /** The packet type. */
  readonly type: "suback";
  /** The Packet Identifier: 1 to 65,535. */
  readonly packetId: number;
  /** In the order of the Topic Filters. */
  readonly reasonCodes: readonly number[];
  /** Empty under MQTT 3.x. */
  readonly properties: Properties;
}

/** UNSUBSCRIBE (chapter 3.10). */
export interface UnsubscribePacket {
  /** The packet type. */
  readonly type: "unsubscribe";
  /** The Packet Identifier: 1 to 65,535. */
  readonly packetId: number;
  /** One at least. */
  readonly topicFilters: readonly string[];
  /** Empty under MQTT 3.x. */
  readonly properties: Properties;
}

/** UNSUBACK (chapter 3.11): one Reason Code for each filter; none under MQTT 3.x. */
export interface UnsubackPacket {
  /** The packet type. */
  readonly type: "unsuback";
  /** The Packet Identifier: 1 to 65,535. */
  readonly packetId: number;
  /** In the order of the Topic Filters. */
  readonly reasonCodes: readonly number[];
  /** Empty under MQTT 3.x. */
  readonly properties: Properties;
}

/** PINGREQ and PINGRESP (chapters 3.12 and 3.13): two bytes, no content. */
export interface PingPacket {
  /** Which of the two. */
  readonly type: "pingreq" | "pingresp";
}

/** DISCONNECT (chapter 3.14). */
export interface DisconnectPacket {
  /** The packet type. */
  readonly type: "disconnect";
  /** 0 under MQTT 3.x. */
  readonly reasonCode: number;
  /** Empty under MQTT 3.x. */
  readonly properties: Properties;
}

/** AUTH (chapter 3.15), MQTT 5 alone. */
export interface AuthPacket {
  /** The packet type. */
  readonly type: "auth";
  /** A Reason Code that this packet may carry (2.4). */
  readonly reasonCode: number;
  /** Empty under MQTT 3.x. */
  readonly properties: Properties;
}

/** Any packet, as the decoder gives it. */
export type Packet =
  | ConnectPacket
  | ConnackPacket
  | PublishPacket
  | AckPacket
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | UnsubackPacket
  | PingPacket
  | DisconnectPacket
  | AuthPacket;

/** Any packet, as the encoder takes it. */
export type OutgoingPacket = Exclude<Packet, PublishPacket> | OutgoingPublish;

/** The name of a packet type. */
export type PacketTypeName = Packet["type"];
