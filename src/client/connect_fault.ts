/**
 * Why connecting failed, in words that a person can act on.
 *
 * @module
 */
import type { ConnackPacket, ProtocolVersion } from "../codec/packet.ts";
import {
  connectReturnText,
  ReasonCode,
  reasonText,
} from "../codec/reason_code.ts";
import {
  ConnectError,
  type ConnectStage,
  MqttError,
  ProtocolError,
  WireError,
} from "../errors.ts";
import type { Approach } from "./approach.ts";

/** How an attempt to connect has failed. */
export interface FailedAttempt {
  readonly error: ConnectError;
  /** Whether a lower protocol version may do better. */
  readonly tryLower: boolean;
  /** Whether the same attempt, made later, can only fail again. A server's refusal says that itself. */
  readonly isFinal: boolean;
}

/** The names by which people know the versions. */
export const VERSION_NAMES: Readonly<Record<ProtocolVersion, string>> = {
  3: "MQTT 3.1",
  4: "MQTT 3.1.1",
  5: "MQTT 5",
};

/** The first byte of the one packet that a server begins with, but for one that asks for more by AUTH. */
const CONNACK = 0x20;

/** CONNACK has refused. */
export function refusedAttempt(
  address: string,
  asked: ProtocolVersion,
  packet: ConnackPacket,
): FailedAttempt {
  const { reasonCode, protocolVersion, properties } = packet;
  const { reasonString, userProperties, serverReference } = properties;
  const reasonName = protocolVersion === 5
    ? reasonText(reasonCode, "connack")
    : connectReturnText(reasonCode);
  const hint = reasonString === undefined ? "" : ` "${reasonString}"`;
  const refusal = `${reasonName} (${reasonCode})${hint}`;
  return {
    error: new ConnectError(
      `Cannot connect to ${address}: the server refused the connection, ${refusal}`,
      {
        stage: "connack",
        refusal,
        reasonCode,
        reasonName,
        reasonString,
        userProperties,
        serverReference,
        protocolVersion: asked,
      },
    ),
    // Return code 1 under 3.x and Reason Code 0x84 both mean: not this protocol version.
    tryLower: protocolVersion === 5
      ? reasonCode === ReasonCode.unsupportedProtocolVersion
      : reasonCode === 1,
    isFinal: false,
  };
}

/** The wire has ended before CONNACK: closed by the peer where there is no cause. */
export function lostAttempt(
  address: string,
  asked: ProtocolVersion,
  cause: unknown,
  firstBytes: Uint8Array,
): FailedAttempt {
  const peerProtocol = otherProtocol(firstBytes);
  const why = peerProtocol !== undefined
    ? `the port speaks ${peerProtocol}, not MQTT`
    : isClose(cause)
    ? "the server closed the connection without CONNACK"
    : cause instanceof ProtocolError && (firstBytes[0] ?? CONNACK) !== CONNACK
    ? `the port may not speak MQTT: ${cause.message}`
    : wireFault(cause);
  return {
    error: new ConnectError(`Cannot connect to ${address}: ${why}`, {
      stage: stageOf(cause, "connack"),
      peerProtocol,
      cause,
      protocolVersion: asked,
    }),
    tryLower: firstBytes.length === 0 && isClose(cause),
    isFinal: false,
  };
}

/** Who we are could not be shown, or not by the server. `cause` is what the program's function has thrown, where it has. */
export function unauthenticatedAttempt(
  address: string,
  cause: unknown,
): FailedAttempt {
  const inner = cause instanceof MqttError ? cause.cause ?? cause : cause;
  return {
    error: new ConnectError(
      `Cannot connect to ${address}: ${wireFault(cause)}`,
      { stage: "connack", cause: inner, protocolVersion: 5 },
    ),
    tryLower: false,
    isFinal: false,
  };
}

/** There is no wire. */
export function wirelessAttempt(
  address: string,
  cause: unknown,
): FailedAttempt {
  return {
    error: new ConnectError(
      `Cannot connect to ${address}: ${wireFault(cause)}`,
      { stage: stageOf(cause, "wire"), cause },
    ),
    tryLower: false,
    // What this process is not permitted it never will be.
    isFinal: cause instanceof Deno.errors.NotCapable,
  };
}

function stageOf(cause: unknown, otherwise: ConnectStage): ConnectStage {
  return cause instanceof WireError ? cause.stage : otherwise;
}

/** CONNACK has accepted, in the form of a lower version than any that will do. */
export function unwanted(
  { address, versions, needsVersion5 }: Approach,
  packet: ConnackPacket,
): FailedAttempt | undefined {
  const { protocolVersion } = packet;
  if (versions.includes(protocolVersion)) return undefined;
  const why = needsVersion5 === undefined
    ? "MQTT 5 was asked for"
    : `${needsVersion5} needs MQTT 5`;
  return {
    error: new ConnectError(
      `Cannot connect to ${address}: the server speaks ${
        VERSION_NAMES[protocolVersion]
      }, and ${why}`,
      { stage: "connack", protocolVersion: 5 },
    ),
    tryLower: false,
    isFinal: true,
  };
}

/** What the wire's own error means. */
export function wireFault(error: unknown): string {
  if (error instanceof Deno.errors.ConnectionRefused) {
    return "connection refused";
  }
  return error instanceof Error ? error.message : String(error);
}

/** A server that closes with a part of CONNECT unread resets the wire: that is a close as well. */
function isClose(cause: unknown): boolean {
  return cause === undefined ||
    cause instanceof Deno.errors.ConnectionReset ||
    cause instanceof Deno.errors.BrokenPipe;
}

/** What the first bytes of the peer give away, where they are no CONNACK. */
function otherProtocol(bytes: Uint8Array): ConnectError["peerProtocol"] {
  const text = String.fromCharCode(...bytes.subarray(0, 5));
  if (text === "HTTP/") return "HTTP";
  // A TLS alert or handshake record, of any version (RFC 8446, 5.1).
  if ((bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 0x03) {
    return "TLS";
  }
  return undefined;
}
