/**
 * Why a CONNECT that can be read is refused all the same.
 *
 * @module
 */
import type { ConnectPacket, WillPacket } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { quoted } from "./explanation.ts";
import { isText } from "./is_text.ts";
import type { BrokerSettings } from "./settings.ts";

/** The longest Client Identifier of MQTT 3.1, in characters. */
const CLIENT_ID_MAX_3_1 = 23;

/** What CONNACK says. */
export interface ConnectFault {
  /** As MQTT 5 has it. */
  readonly reasonCode: number;
  /** For people. */
  readonly why: string;
}

/** Why the broker does not accept a client; undefined where nothing speaks against it. */
export function connectFault(
  connect: ConnectPacket,
  settings: BrokerSettings,
): ConnectFault | undefined {
  const { protocolVersion, will, properties } = connect;
  const { authenticationMethod: method } = properties;
  if (!settings.protocolVersions.includes(protocolVersion)) {
    return {
      reasonCode: ReasonCode.unsupportedProtocolVersion,
      why: `protocol level ${protocolVersion} is not spoken here`,
    };
  }
  if (
    method !== undefined &&
    !settings.questions.authenticationMethods.includes(method)
  ) {
    return {
      reasonCode: ReasonCode.badAuthenticationMethod,
      why: `the Authentication Method ${quoted(method)} is not known`,
    };
  }
  return clientIdFault(connect) ?? (will && willFault(will, settings));
}

/** An empty one is for MQTT 5, and for MQTT 3.1.1 where nothing is kept [MQTT-3.1.3-8]. */
function clientIdFault(
  { protocolVersion, clientId, cleanStart }: ConnectPacket,
): ConnectFault | undefined {
  const reasonCode = ReasonCode.clientIdentifierNotValid;
  if (clientId === "" && protocolVersion === 4 && !cleanStart) {
    return {
      reasonCode,
      why: "a session to be kept needs a Client Identifier",
    };
  }
  if (protocolVersion > 3) return undefined;
  // Characters: a surrogate pair is one.
  const length = Array.from(clientId).length;
  return length >= 1 && length <= CLIENT_ID_MAX_3_1 ? undefined : {
    reasonCode,
    why:
      `a Client Identifier has 1 to ${CLIENT_ID_MAX_3_1} characters in MQTT 3.1`,
  };
}

function willFault(
  will: WillPacket,
  settings: BrokerSettings,
): ConnectFault | undefined {
  if (will.qos > settings.maximumQoS) { // [MQTT-3.2.2-12]
    return {
      reasonCode: ReasonCode.qosNotSupported,
      why:
        `the will has a QoS of ${will.qos}, and the highest is ${settings.maximumQoS}`,
    };
  }
  if (will.retain && !settings.retainAvailable) { // [MQTT-3.2.2-13]
    return {
      reasonCode: ReasonCode.retainNotSupported,
      why: "the will is to be retained, and nothing is retained here",
    };
  }
  if (settings.payloadFormatChecked && !isText(will)) {
    return {
      reasonCode: ReasonCode.payloadFormatInvalid,
      why: "the will is not UTF-8, as it says",
    };
  }
  return undefined;
}
