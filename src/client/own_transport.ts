/**
 * A transport of the caller's own.
 *
 * @module
 */
import type { Transport, Wire } from "../transport/wire.ts";

/** The same transport, but one that does not heed its signal holds up nobody: a wire that comes too late is closed. */
export function heedful(transport: Transport): Transport {
  return {
    async open(signal): Promise<Wire> {
      const { promise, resolve, reject } = Promise.withResolvers<Wire>();
      const abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      try {
        transport.open(signal).then((wire) => {
          if (signal.aborted) wire.close();
          else resolve(wire);
        }, reject);
        return await promise;
      } finally {
        signal.removeEventListener("abort", abort);
      }
    },
  };
}
