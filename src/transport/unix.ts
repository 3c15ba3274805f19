/**
 * Unix sockets.
 *
 * @module
 */
import { permissionFault } from "./permission.ts";
import type { Transport, Wire } from "./wire.ts";

/** Where a server on this machine listens. */
export interface UnixOptions {
  /** The path of the socket. */
  readonly path: string;
}

/** Opens connections to a unix socket. */
export function unix({ path }: UnixOptions): Transport {
  return {
    async open(signal: AbortSignal): Promise<Wire> {
      signal.throwIfAborted();
      let connection;
      try {
        connection = await Deno.connect({ transport: "unix", path });
      } catch (error) {
        throw permissionFault(
          error,
          `--allow-net=unix:${path} --allow-read=${path} --allow-write=${path}`,
        );
      }
      // It takes no signal, and needs none: the kernel answers at once.
      if (!signal.aborted) return connection;
      connection.close();
      throw signal.reason;
    },
  };
}
