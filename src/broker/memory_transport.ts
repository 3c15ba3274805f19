/**
 * The way to a broker in the same process: no port, no permission.
 *
 * @module
 */
import { memoryWires } from "../transport/memory.ts";
import type { Transport, Wire } from "../transport/wire.ts";

/** Opens wires in memory; the other end of each is given to `serve`, with a name for it. */
export function memoryTransport(
  serve: (wire: Wire, peer: string) => void,
): Transport {
  let opened = 0;
  return {
    open(signal: AbortSignal): Promise<Wire> {
      if (signal.aborted) return Promise.reject(signal.reason);
      const [client, broker] = memoryWires();
      serve(broker, `memory:${++opened}`);
      return Promise.resolve(client);
    },
  };
}
