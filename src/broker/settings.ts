/**
 * What a broker is made with: what it announces and enforces, its limits, and what it asks before it
 * decides.
 *
 * @module
 */
import type { ProtocolVersion, QoS } from "../codec/packet.ts";

/** What the one who drives the broker wants to be asked; see `BrokerQuestion`. */
export interface BrokerQuestions {
  /** Whether a client may connect. */
  readonly connect: boolean;
  /** Whether a message, or a will, may be published. */
  readonly publish: boolean;
  /** Which Topic Filters may be subscribed to. */
  readonly subscribe: boolean;
  /** The methods of enhanced authentication that it knows (MQTT 5, 4.12). */
  readonly authenticationMethods: readonly string[];
}

/** What a broker announces and enforces, and its limits. */
export interface BrokerLimits {
  /** The versions that are spoken; a CONNECT of another one is refused. */
  readonly protocolVersions: readonly ProtocolVersion[];
  /** The highest QoS that a client may publish with or is granted. */
  readonly maximumQoS: QoS;
  /** Whether messages are retained. */
  readonly retainAvailable: boolean;
  /** Whether Topic Filters may have wildcards. */
  readonly wildcardSubscriptionAvailable: boolean;
  /** Whether subscriptions may have identifiers. */
  readonly subscriptionIdentifiersAvailable: boolean;
  /** Whether there are shared subscriptions. */
  readonly sharedSubscriptionAvailable: boolean;
  /** How many messages of QoS 1 and 2 a client of MQTT 5 may send before they are acknowledged: 1 to 65,535. */
  readonly receiveMaximum: number;
  /** The largest packet, in bytes, that is accepted. */
  readonly maximumPacketSize: number;
  /** The highest Topic Alias that a client may use; 0 for none. */
  readonly topicAliasMaximum: number;
  /** How many Topic Aliases the broker uses itself, where the client takes as many. */
  readonly outgoingTopicAliasMaximum: number;
  /** The longest Keep Alive, in seconds; a client of MQTT 5 with a longer one, or none, is told this one. */
  readonly serverKeepAlive: number | undefined;
  /** The longest time, in seconds, that a session is kept without a connection; 0xFFFFFFFF is for ever. */
  readonly sessionExpiryIntervalMax: number;
  /** What a client gets that asks for Response Information. */
  readonly responseInformation: (clientId: string) => string | undefined;
  /** Whether a payload that claims to be UTF-8 is looked at (0x99). */
  readonly payloadFormatChecked: boolean;

  /** How long a wire may be without an accepted CONNECT, in ms. */
  readonly connectTimeoutMs: number;
  /** How many wires there may be. One more is closed at once. */
  readonly connectionsMax: number;
  /** How many sessions there may be, with a connection or without. */
  readonly sessionsMax: number;
  /** How many subscriptions a session may have, and how many Topic Filters of one SUBSCRIBE are looked at. */
  readonly subscriptionsMax: number;
  /** How many levels a Topic Filter may have; one with more is refused (0x8F). */
  readonly topicLevelsMax: number;
  /** How many messages of QoS 1 and 2 may be unacknowledged by a client of MQTT 3.x. */
  readonly inflightMax: number;
  /** How many bytes wait for a client to read them before messages wait in its session instead. */
  readonly outgoingSizeMax: number;
  /** How many bytes of a client wait to be looked at, behind a question or because it does not read. */
  readonly incomingSizeMax: number;
  /** How many messages wait in a session. */
  readonly queuedMessagesMax: number;
  /** How many bytes of messages a session holds, waiting or unacknowledged. */
  readonly queuedBytesMax: number;
  /** How many bytes of messages all sessions hold together; one that several hold counts for each. */
  readonly allQueuedBytesMax: number;
  /** How many retained messages there are. */
  readonly retainedMessagesMax: number;
  /** How many bytes they have together. */
  readonly retainedBytesMax: number;
}

/** The settings of a {@linkcode BrokerMachine}; `DEFAULT_SETTINGS` has a value for each but `makeClientId`. */
export interface BrokerSettings extends BrokerLimits {
  /** Makes the Client Identifier of a client that comes without one; it must be unlike any other. */
  readonly makeClientId: () => string;
  /** What is asked. */
  readonly questions: BrokerQuestions;
}

/** The largest `maximumPacketSize`: a little below what a packet can have, as forwarding may add to a message. */
export const PACKET_SIZE_LIMIT = 256_000_000;

const MIB = 1024 * 1024;

/**
 * Settings for tests and development: everything is on, nothing is asked, and the limits are far above
 * what an application's tests need, yet keep a broken client from taking the machine's memory.
 */
export const DEFAULT_SETTINGS: Omit<BrokerSettings, "makeClientId"> = {
  protocolVersions: [3, 4, 5],
  maximumQoS: 2,
  retainAvailable: true,
  wildcardSubscriptionAvailable: true,
  subscriptionIdentifiersAvailable: true,
  sharedSubscriptionAvailable: true,
  // An incoming message costs no more than its identifier until it is acknowledged.
  receiveMaximum: 65_535,
  // Far above a usual message, and a few of them still fit into a session.
  maximumPacketSize: 16 * MIB,
  // A client with more topics than this gains little by an alias; each costs us a Topic Name.
  topicAliasMaximum: 1_000,
  outgoingTopicAliasMaximum: 100,
  serverKeepAlive: undefined,
  sessionExpiryIntervalMax: 0xFFFFFFFF,
  responseInformation: (clientId) => `responses/${clientId}`,
  payloadFormatChecked: true,
  // A client sends CONNECT at once; what it waits for is its own name resolution, before there is a wire.
  connectTimeoutMs: 10_000,
  // A wire costs some 32 KiB of buffers.
  connectionsMax: 2_000,
  sessionsMax: 10_000,
  // A filter costs some 500 bytes; more are a mistake in a loop rather than a want.
  subscriptionsMax: 10_000,
  // As Mosquitto has them.
  topicLevelsMax: 200,
  inflightMax: 20,
  // As much as a socket's own buffers hold: more of it would only be older when it arrives.
  outgoingSizeMax: 256 * 1024,
  incomingSizeMax: 32 * MIB,
  // A burst that no test should lose; a client that never reads is cut off by the bytes.
  queuedMessagesMax: 100_000,
  queuedBytesMax: 64 * MIB,
  allQueuedBytesMax: 512 * MIB,
  // A Topic Filter with wildcards is compared with each of them.
  retainedMessagesMax: 10_000,
  retainedBytesMax: 128 * MIB,
  questions: {
    connect: false,
    publish: false,
    subscribe: false,
    authenticationMethods: [],
  },
};
