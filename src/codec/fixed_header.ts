/**
 * The rules for the first byte of a packet (chapter 2.1): which types there are, which flags they
 * have, and who may send them. They are checked before a packet is gathered, so that a peer that
 * speaks another protocol is noticed at its first byte.
 *
 * @module
 */
import type { ProtocolError } from "../errors.ts";
import type { ProtocolVersion, Sender } from "./packet.ts";
import { Header, PublishFlag } from "./packet_type.ts";
import { ReasonCode } from "./reason_code.ts";
import { violation } from "./violation.ts";

/** The first byte of each type, in the order of their numbers. */
const HEADERS: readonly number[] = [0, ...Object.values(Header)];

const FROM_SERVER_ALONE: readonly number[] = [
  Header.connack,
  Header.suback,
  Header.unsuback,
  Header.pingresp,
];

const FROM_CLIENT_ALONE: readonly number[] = [
  Header.connect,
  Header.subscribe,
  Header.unsubscribe,
  Header.pingreq,
];

/** Under MQTT 3.1 these carry DUP where they are sent again. */
const WITH_DUP_IN_3_1: readonly number[] = [
  Header.pubrel,
  Header.subscribe,
  Header.unsubscribe,
];

const allowedBySender = new Map<string, Uint8Array>();

/** What is wrong with a first byte. */
interface Fault {
  readonly why: string;
  readonly reasonCode: number;
  readonly clause: string;
}

/**
 * For each of the 256 first bytes: 1 where it is allowed, 0 where {@linkcode headerError} says what
 * is wrong with it. One look tells a framer what it needs to know.
 */
export function allowedHeaders(
  protocolVersion: ProtocolVersion,
  from: Sender,
): Uint8Array {
  const key = `${from} ${protocolVersion}`;
  let allowed = allowedBySender.get(key);
  if (allowed === undefined) {
    allowed = new Uint8Array(256).map((_, header) =>
      faultOf(header, protocolVersion, from) === undefined ? 1 : 0
    );
    allowedBySender.set(key, allowed);
  }
  return allowed;
}

/** What is wrong with the first byte of a packet, or undefined where nothing is. */
export function headerError(
  header: number,
  protocolVersion: ProtocolVersion,
  from: Sender,
): ProtocolError | undefined {
  const fault = faultOf(header, protocolVersion, from);
  return fault &&
    violation(header, fault.why, fault.reasonCode, fault.clause);
}

function faultOf(
  header: number,
  protocolVersion: ProtocolVersion,
  from: Sender,
): Fault | undefined {
  const type = HEADERS[header >> 4] ?? 0;
  if (type === 0) return malformed("its type is reserved", "2.1.2");
  if (type === Header.auth && protocolVersion < 5) {
    return misplaced("it belongs to MQTT 5", "3.15");
  }
  if (
    type === Header.disconnect && protocolVersion < 5 && from === "server"
  ) {
    return misplaced("before MQTT 5 a server must not send it", "3.14");
  }
  const fromOther = from === "server" ? FROM_CLIENT_ALONE : FROM_SERVER_ALONE;
  if (fromOther.includes(type)) {
    return misplaced(`a ${from} must not send it`, "2.1.2");
  }
  return type === Header.publish
    ? publishFlagFault(header)
    : reservedFlagFault(header, type, protocolVersion);
}

function publishFlagFault(header: number): Fault | undefined {
  const qos = (header >> PublishFlag.qosShift) & PublishFlag.qosMask;
  if (qos === 3) return malformed("its QoS is 3", "MQTT-3.3.1-4");
  if (qos === 0 && (header & PublishFlag.dup) !== 0) {
    return malformed("DUP is set at QoS 0", "MQTT-3.3.1-2");
  }
  return undefined;
}

function reservedFlagFault(
  header: number,
  type: number,
  protocolVersion: ProtocolVersion,
): Fault | undefined {
  const mayHaveDup = protocolVersion === 3 && WITH_DUP_IN_3_1.includes(type);
  if ((mayHaveDup ? header & ~PublishFlag.dup : header) === type) {
    return undefined;
  }
  const flags = (header & 0x0F).toString(2).padStart(4, "0");
  return malformed(`its reserved flags are ${flags}`, "MQTT-2.1.3-1");
}

function malformed(why: string, clause: string): Fault {
  return { why, reasonCode: ReasonCode.malformedPacket, clause };
}

function misplaced(why: string, clause: string): Fault {
  return { why, reasonCode: ReasonCode.protocolError, clause };
}
