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
  /** The Keep Alive that was agreed on, in seconds; 0 where there is none. */
  readonly keepAlive: number;
  /** When there was a connection last, as far as is known: ms of the wall clock. */
  readonly seenAt: number;
}

/**
 * Whether a server at one of these addresses may have the session. A port tells one wire from another, not one
 * server from another: so the host alone counts, and CONNACK says whether the session is there.
 */
export function isAtHome(
  binding: SessionBinding,
  addresses: readonly string[],
): boolean {
  const home = hostOf(binding.server);
  return addresses.some((address) => hostOf(address) === home);
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
 * was to be renewed, the server may have taken it for alive for one and a half times the Keep Alive
 * [MQTT-3.1.2-22], and the interval runs from its end: half of an interval is left for clocks that differ.
 */
export function isGone(binding: SessionBinding, wallNow: number): boolean {
  const { sessionExpiryInterval, keepAlive, seenAt } = binding;
  if (sessionExpiryInterval === 0) return true;
  // Without a Keep Alive the server may take a connection for alive that has long been gone.
  if (sessionExpiryInterval === FOR_EVER || keepAlive === 0) return false;
  return wallNow >= seenAt + sessionExpiryInterval * 2_000 + keepAlive * 1_500;
}

/** The names of this machine for itself. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** The path of a unix socket is a host of its own. */
function hostOf(address: string): string {
  const host = address.replace(/\.?:\d+$/, "").toLowerCase();
  return LOOPBACK.test(host) ? "localhost" : host;
}
