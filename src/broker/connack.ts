/**
 * What CONNACK says: what the broker announces (3.2.2.3), and refusals in the words of each version.
 *
 * @module
 */
import {
  type ConnackPacket,
  type ConnectPacket,
  NO_PROPERTIES,
  type Properties,
  type ProtocolVersion,
} from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { STRING_SIZE_MAX } from "../codec/string.ts";
import type { BrokerSettings } from "./settings.ts";

/** What the receiver takes for granted where CONNACK does not say it (3.2.2.3.3). */
const RECEIVE_MAXIMUM_DEFAULT = 65_535;

/** What was agreed on with one client. */
export interface Agreement {
  /** The client's CONNECT. */
  readonly connect: ConnectPacket;
  /** Its Client Identifier, whoever gave it. */
  readonly clientId: string;
  /** The Keep Alive in seconds. */
  readonly keepAlive: number;
  /** The Session Expiry Interval in seconds. */
  readonly sessionExpiryInterval: number;
  /** What the decisions that let it in add. */
  readonly added: Properties;
}

/** A CONNACK that accepts. */
export function accepting(
  agreement: Agreement,
  settings: BrokerSettings,
  sessionPresent: boolean,
): ConnackPacket {
  const { protocolVersion } = agreement.connect;
  return {
    type: "connack",
    protocolVersion,
    // MQTT 3.1 has no such flag.
    sessionPresent: sessionPresent && protocolVersion > 3,
    reasonCode: ReasonCode.success,
    properties: protocolVersion === 5
      ? announced(agreement, settings)
      : NO_PROPERTIES,
  };
}

/** A CONNACK that refuses, by a Reason Code of MQTT 5. */
export function refusing(
  protocolVersion: ProtocolVersion,
  reasonCode: number,
  properties: Properties,
): ConnackPacket {
  return {
    type: "connack",
    protocolVersion,
    sessionPresent: false,
    reasonCode: protocolVersion === 5 ? reasonCode : returnCode(reasonCode),
    properties: protocolVersion === 5 ? properties : NO_PROPERTIES,
  };
}

/** What differs from what a client takes for granted. */
function announced(
  agreement: Agreement,
  settings: BrokerSettings,
): Properties {
  const { connect, clientId, keepAlive, sessionExpiryInterval } = agreement;
  const asked = connect.properties;
  const { receiveMaximum, topicAliasMaximum } = settings;
  const responseInformation = asked.requestResponseInformation
    ? sayableText(settings.responseInformation(clientId))
    : undefined;
  const said: { -readonly [Name in keyof Properties]: Properties[Name] } = {};
  if (sessionExpiryInterval !== (asked.sessionExpiryInterval ?? 0)) {
    said.sessionExpiryInterval = sessionExpiryInterval;
  }
  if (receiveMaximum !== RECEIVE_MAXIMUM_DEFAULT) {
    said.receiveMaximum = receiveMaximum;
  }
  if (settings.maximumQoS !== 2) said.maximumQoS = settings.maximumQoS;
  if (!settings.retainAvailable) said.retainAvailable = false;
  said.maximumPacketSize = settings.maximumPacketSize;
  if (connect.clientId === "") said.assignedClientIdentifier = clientId;
  if (topicAliasMaximum > 0) said.topicAliasMaximum = topicAliasMaximum;
  if (!settings.wildcardSubscriptionAvailable) {
    said.wildcardSubscriptionAvailable = false;
  }
  if (!settings.subscriptionIdentifiersAvailable) {
    said.subscriptionIdentifiersAvailable = false;
  }
  if (!settings.sharedSubscriptionAvailable) {
    said.sharedSubscriptionAvailable = false;
  }
  if (keepAlive !== connect.keepAlive) said.serverKeepAlive = keepAlive;
  if (responseInformation !== undefined) {
    said.responseInformation = responseInformation;
  }
  return { ...said, ...agreement.added };
}

/** A server may leave Response Information out (3.1.2.11.6): what a long Client Identifier makes too long is. */
function sayableText(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const { length } = new TextEncoder().encode(text);
  return length <= STRING_SIZE_MAX ? text : undefined;
}

/** The return code of MQTT 3.x that comes nearest (3.1.1, 3.2.2.3). */
function returnCode(reasonCode: number): number {
  switch (reasonCode) {
    case ReasonCode.unsupportedProtocolVersion:
      return 1;
    case ReasonCode.clientIdentifierNotValid:
      return 2;
    case ReasonCode.badUserNameOrPassword:
      return 4;
    case ReasonCode.notAuthorized:
    case ReasonCode.banned:
    case ReasonCode.badAuthenticationMethod:
    case ReasonCode.retainNotSupported:
    case ReasonCode.qosNotSupported:
    case ReasonCode.topicNameInvalid:
      return 5;
    default: // The server is unavailable, for this client at least.
      return 3;
  }
}
