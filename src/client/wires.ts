/**
 * How a wire is had: to what a URL leads to, or by a transport of the caller's own.
 *
 * TCP is there from the beginning. What else a wire needs is loaded as soon as the URL is known, and not when
 * the wire is wanted: that may be while the network is down.
 *
 * @module
 */
import { tcp } from "../transport/tcp.ts";
import type { Transport, Wire } from "../transport/wire.ts";
import type { Endpoint } from "./url.ts";
import type { WireOptions } from "./wire_options.ts";

const loadTls = () => import("../transport/tls.ts");
const loadUnix = () => import("../transport/unix.ts");
const loadWebSocket = () => import("../transport/websocket.ts");

/** The transport that leads to an endpoint. */
export function transportTo(
  endpoint: Endpoint,
  options: WireOptions,
): Transport {
  if (endpoint.type === "unix") {
    return late(loadUnix().then(({ unix }) => unix(endpoint)));
  }
  const below = endpoint.hasTls
    ? late(loadTls().then(({ tls }) => tls({ ...endpoint, tls: options.tls })))
    : tcp(endpoint);
  const { webSocket } = endpoint;
  if (webSocket === undefined) return below;
  const { headers } = options;
  const upgrade = {
    ...webSocket,
    transport: below,
    ...(headers === undefined ? {} : { headers }),
  };
  return late(loadWebSocket().then(({ websocket }) => websocket(upgrade)));
}

/** Loads all that any URL can ask for: a function that is asked for one may come upon it at any time. */
export async function loadEveryWire(): Promise<void> {
  // What cannot be loaded is told to whom a URL leads there.
  await Promise.allSettled([loadTls(), loadUnix(), loadWebSocket()]);
}

/** A transport that is being loaded. */
function late(loading: Promise<Transport>): Transport {
  // It is told to whoever wants a wire: for now nobody may.
  loading.catch(() => {});
  return {
    async open(signal): Promise<Wire> {
      const transport = await loading;
      return await transport.open(signal);
    },
  };
}

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
