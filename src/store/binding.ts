/**
 * Whose session a store holds, and how long the server has it.
 *
 * @module
 */
import type { ProtocolVersion } from "../codec/packet.ts";

/** The Session Expiry Interval that never ends (3.1.2.11.2). */
const FOR_EVER = 0xFFFFFFFF;

/** Whose session a store holds. */
export interface SessionBinding {
  /** The Client Identifier. */
  readonly clientId: string;
  /** The server's address. */
  readonly server: string;
  /** The version that was agreed on. */
  readonly protocolVersion: ProtocolVersion;
  /**
   * How many seconds the server keeps the session without a connection; 0xFFFFFFFF: for ever. Under MQTT 3.x
   * that is what Clean Session 0 asks for, and Clean Session 1 asks for 0.
   */
  readonly sessionExpiryInterval: number;
  /** When there was a connection last, as far as is known: ms of the wall clock. */
  readonly seenAt: number;
}

/**
 * When the binding is to be written anew, with a later `seenAt`, while there is a connection: a process
 * that is killed cannot say when that was. Infinity where it need not, since the session ends never, or with
 * its connection.
 */
export function renewalAt(binding: SessionBinding): number {
  const { sessionExpiryInterval, seenAt } = binding;
  if ([0, FOR_EVER].includes(sessionExpiryInterval)) return Infinity;
  return seenAt + sessionExpiryInterval * 500;
}

/**
 * Whether the server cannot have the session any more. The connection may have lasted until the binding
 * was to be renewed, and the interval runs from its end: twice the interval leaves half of it for a
 * connection that the server took for alive after we were gone.
 */
export function isGone(binding: SessionBinding, wallNow: number): boolean {
  const { sessionExpiryInterval, seenAt } = binding;
  if (sessionExpiryInterval === FOR_EVER) return false;
  return wallNow >= seenAt + sessionExpiryInterval * 2_000;
}
