/**
 * Plain TCP.
 *
 * @module
 */
import { netFlag, permissionFault } from "./permission.ts";
import type { Transport, Wire } from "./wire.ts";

/** Where a TCP server listens. */
export interface TcpOptions {
  /** A name or an address, IPv6 without brackets. */
  readonly hostname: string;
  /** 1 to 65,535. */
  readonly port: number;
}

/** Opens TCP connections: each address that the name has is tried in turn. */
export function tcp(options: TcpOptions): Transport {
  return {
    open: (signal: AbortSignal): Promise<Wire> => connectTcp(options, signal),
  };
}

/** One TCP connection, also for what stands on TCP. */
export async function connectTcp(
  { hostname, port }: TcpOptions,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  try {
    const connection = await Deno.connect({
      hostname,
      port,
      signal,
      autoSelectFamily: true,
    });
    try {
      // Without it a packet that is written in two parts waits 40 ms for the peer's ACK in between.
      connection.setNoDelay(true);
    } catch (error) {
      // Some systems refuse it where the peer has reset the connection already.
      connection.close();
      throw error;
    }
    return connection;
  } catch (error) {
    throw permissionFault(error, netFlag(hostname, port));
  }
}
