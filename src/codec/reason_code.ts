/**
 * The Reason Codes of MQTT 5 (chapter 2.4): their numbers, their words, and which
 * packet may carry which.
 *
 * @module
 */
import type { PacketTypeName, Sender } from "./packet.ts";

/** Every Reason Code of chapter 2.4 by name. Values of 0x80 and above are failures. */
export const ReasonCode = {
  /** CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, UNSUBACK and AUTH. */
  success: 0x00,
  /** DISCONNECT: do not publish the will. */
  normalDisconnection: 0x00,
  /** SUBACK: QoS 0 at most. */
  grantedQoS0: 0x00,
  /** SUBACK: QoS 1 at most. */
  grantedQoS1: 0x01,
  /** SUBACK: QoS 2 at most. */
  grantedQoS2: 0x02,
  /** DISCONNECT: publish the will all the same. */
  disconnectWithWillMessage: 0x04,
  /** PUBACK and PUBREC: accepted, but nobody subscribes. */
  noMatchingSubscribers: 0x10,
  /** UNSUBACK. */
  noSubscriptionExisted: 0x11,
  /** AUTH: there is one more step. */
  continueAuthentication: 0x18,
  /** AUTH: the client starts anew. */
  reAuthenticate: 0x19,
  /** No reason is given. */
  unspecifiedError: 0x80,
  /** Bytes that cannot be read as a packet. */
  malformedPacket: 0x81,
  /** A packet that must not be sent, or not now. */
  protocolError: 0x82,
  /** Valid, but not accepted by this implementation. */
  implementationSpecificError: 0x83,
  /** CONNACK: not this version of MQTT. */
  unsupportedProtocolVersion: 0x84,
  /** CONNACK: a client id that the server does not allow. */
  clientIdentifierNotValid: 0x85,
  /** CONNACK: not this user name or password. */
  badUserNameOrPassword: 0x86,
  /** The client may not do this. */
  notAuthorized: 0x87,
  /** CONNACK: the server is not available. */
  serverUnavailable: 0x88,
  /** Try again later. */
  serverBusy: 0x89,
  /** CONNACK: the client has been banned by an administrator. */
  banned: 0x8A,
  /** DISCONNECT: the server ends. */
  serverShuttingDown: 0x8B,
  /** The authentication method is not supported, or is not the one in use. */
  badAuthenticationMethod: 0x8C,
  /** DISCONNECT: nothing came for one and a half times the Keep Alive. */
  keepAliveTimeout: 0x8D,
  /** DISCONNECT: another connection uses this client id. */
  sessionTakenOver: 0x8E,
  /** The Topic Filter is well formed, but not accepted. */
  topicFilterInvalid: 0x8F,
  /** The Topic Name is well formed, but not accepted. */
  topicNameInvalid: 0x90,
  /** The two sides differ on the session's state. */
  packetIdentifierInUse: 0x91,
  /** PUBREL and PUBCOMP: not an error in recovery, else the two sides differ on the session's state. */
  packetIdentifierNotFound: 0x92,
  /** DISCONNECT: more unacknowledged PUBLISH packets than allowed. */
  receiveMaximumExceeded: 0x93,
  /** DISCONNECT: a Topic Alias above the maximum. */
  topicAliasInvalid: 0x94,
  /** The packet exceeds the Maximum Packet Size. */
  packetTooLarge: 0x95,
  /** DISCONNECT: too much at once. */
  messageRateTooHigh: 0x96,
  /** A limit of the implementation or of an administrator is exceeded. */
  quotaExceeded: 0x97,
  /** DISCONNECT: an administrator ends the connection. */
  administrativeAction: 0x98,
  /** The payload is not what Payload Format Indicator says. */
  payloadFormatInvalid: 0x99,
  /** The server keeps no retained messages. */
  retainNotSupported: 0x9A,
  /** The server does not support this QoS. */
  qosNotSupported: 0x9B,
  /** Use another server for now. */
  useAnotherServer: 0x9C,
  /** Use another server from now on. */
  serverMoved: 0x9D,
  /** The server has no shared subscriptions. */
  sharedSubscriptionsNotSupported: 0x9E,
  /** Connections come too fast. */
  connectionRateExceeded: 0x9F,
  /** DISCONNECT: the connection has lasted as long as allowed. */
  maximumConnectTime: 0xA0,
  /** The server has no Subscription Identifiers. */
  subscriptionIdentifiersNotSupported: 0xA1,
  /** The server has no wildcards in subscriptions. */
  wildcardSubscriptionsNotSupported: 0xA2,
} as const;

/** The packets that carry Reason Codes. */
export type ReasonPacket = Extract<
  PacketTypeName,
  | "connack"
  | "puback"
  | "pubrec"
  | "pubrel"
  | "pubcomp"
  | "suback"
  | "unsuback"
  | "disconnect"
  | "auth"
>;

/** Whether `packet` may carry this Reason Code, from one sender or, where none is named, from either. */
export function isReasonCode(
  code: number,
  packet: ReasonPacket,
  from?: Sender,
): boolean {
  const { both, server = [], client = [] } = CODES[packet];
  return both.includes(code) ||
    (from !== "client" && server.includes(code)) ||
    (from !== "server" && client.includes(code));
}

/**
 * A Reason Code in the specification's words, such as "not authorized". The packet says what 0x00
 * means: success, granted QoS 0 or normal disconnection.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(reasonText(0x87), "not authorized");
 * assertEquals(reasonText(0x00, "suback"), "granted QoS 0");
 * ```
 */
export function reasonText(code: number, packet?: PacketTypeName): string {
  if (code === 0x00 && packet === "suback") return "granted QoS 0";
  if (code === 0x00 && packet === "disconnect") return "normal disconnection";
  return TEXTS[code] ??
    `reason code 0x${code.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** A return code of a CONNACK of MQTT 3.x in the specification's words (3.1.1, 3.2.2.3). */
export function connectReturnText(code: number): string {
  return CONNECT_RETURN_TEXTS[code] ?? `return code ${code}`;
}

const CONNECT_RETURN_TEXTS: readonly string[] = [
  "connection accepted",
  "unacceptable protocol version",
  "identifier rejected",
  "server unavailable",
  "bad user name or password",
  "not authorized",
];

const PUBACK_CODES = [0x00, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];

/** The Reason Codes of each packet, as its own chapter lists them: from either side, or from one alone. */
const CODES: Record<
  ReasonPacket,
  {
    readonly both: readonly number[];
    readonly server?: readonly number[];
    readonly client?: readonly number[];
  }
> = {
  // deno-fmt-ignore
  connack: {
    both: [
      0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A,
      0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F,
    ],
  },
  puback: { both: PUBACK_CODES, server: [0x10] },
  pubrec: { both: PUBACK_CODES, server: [0x10] },
  pubrel: { both: [0x00, 0x92] },
  pubcomp: { both: [0x00, 0x92] },
  // deno-fmt-ignore
  suback: {
    both: [
      0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2,
    ],
  },
  unsuback: { both: [0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91] },
  // Chapter 3.14.2.1 leaves out 0x8C, which chapter 2.4 has for DISCONNECT too.
  // deno-fmt-ignore
  disconnect: {
    both: [
      0x00, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
    ],
    server: [
      0x87, 0x89, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F,
      0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2,
    ],
    client: [0x04],
  },
  auth: { both: [0x18], server: [0x00], client: [0x19] },
};

const TEXTS: Readonly<Record<number, string>> = {
  0x00: "success",
  0x01: "granted QoS 1",
  0x02: "granted QoS 2",
  0x04: "disconnect with will message",
  0x10: "no matching subscribers",
  0x11: "no subscription existed",
  0x18: "continue authentication",
  0x19: "re-authenticate",
  0x80: "unspecified error",
  0x81: "malformed packet",
  0x82: "protocol error",
  0x83: "implementation specific error",
  0x84: "unsupported protocol version",
  0x85: "client identifier not valid",
  0x86: "bad user name or password",
  0x87: "not authorized",
  0x88: "server unavailable",
  0x89: "server busy",
  0x8A: "banned",
  0x8B: "server shutting down",
  0x8C: "bad authentication method",
  0x8D: "keep alive timeout",
  0x8E: "session taken over",
  0x8F: "topic filter invalid",
  0x90: "topic name invalid",
  0x91: "packet identifier in use",
  0x92: "packet identifier not found",
  0x93: "receive maximum exceeded",
  0x94: "topic alias invalid",
  0x95: "packet too large",
  0x96: "message rate too high",
  0x97: "quota exceeded",
  0x98: "administrative action",
  0x99: "payload format invalid",
  0x9A: "retain not supported",
  0x9B: "QoS not supported",
  0x9C: "use another server",
  0x9D: "server moved",
  0x9E: "shared subscriptions not supported",
  0x9F: "connection rate exceeded",
  0xA0: "maximum connect time",
  0xA1: "subscription identifiers not supported",
  0xA2: "wildcard subscriptions not supported",
};
