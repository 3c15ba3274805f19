/**
 * The two ways to break the specification that a codec sees (chapter 1.2): bytes that cannot be read
 * as a packet, and a packet that can be read but must not be sent.
 *
 * @module
 */
import { ProtocolError } from "../errors.ts";
import { packetName } from "./packet_type.ts";
import { ReasonCode } from "./reason_code.ts";

/** A Malformed Packet: its bytes cannot be read as the specification says. */
export function malformedPacket(
  header: number,
  why: string,
  clause: string,
): ProtocolError {
  return violation(header, why, ReasonCode.malformedPacket, clause);
}

/** A Protocol Error: the packet can be read, but the specification does not allow what it says. */
export function protocolError(
  header: number,
  why: string,
  clause: string,
): ProtocolError {
  return violation(header, why, ReasonCode.protocolError, clause);
}

/** Any other violation, with the Reason Code that the specification has for it. */
export function violation(
  header: number,
  why: string,
  reasonCode: number,
  clause: string,
): ProtocolError {
  return new ProtocolError(
    `Cannot decode ${packetName(header)}: ${why}`,
    reasonCode,
    clause,
  );
}
