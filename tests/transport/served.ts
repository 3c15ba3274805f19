// A client over each wire that has frames or records of its own, and the server's end of it, played by a test.

import type { ConnectOptions, Wire } from "../../mod.ts";
import { ServerEnd } from "../client/server.ts";
import type { Certificates } from "../support/certificates.ts";
import { frame } from "./websocket_frames.ts";
import { Peer } from "./websocket_peer.ts";

/** What a wire is made of. */
interface Kind {
  readonly isWebSocket?: boolean;
  /** Undefined where there is no TLS. */
  readonly tls?: (certificates: Certificates) => ConnectOptions["tls"];
}

const trusting = ({ ca }: Certificates) => ({ caCerts: ca });

const KINDS = {
  tcp: {},
  tls: { tls: trusting },
  "tls with a client certificate": {
    tls: ({ ca, alice }) => ({ caCerts: ca, ...alice }),
  },
  ws: { isWebSocket: true },
  wss: { isWebSocket: true, tls: trusting },
} satisfies Record<string, Kind>;

/** The name of a wire. */
export type ServedWire = keyof typeof KINDS;

/** All of them. */
export const SERVED_WIRES: readonly ServedWire[] = [
  "tcp",
  "tls",
  "tls with a client certificate",
  "ws",
  "wss",
];

/** A server on loopback for one kind of wire. */
export interface WireServer extends Disposable {
  readonly port: number;
  /** What `connect()` is given to come to a port: this one, or one that leads here. */
  way(port: number): [url: string, options: ConnectOptions];
  /** The next client's wire, with its handshakes done. */
  accept(): Promise<ServerEnd>;
  /** How many bytes of MQTT the wires have taken. */
  readonly sent: number;
}

/** Listens for wires of a kind. */
export function wireServer(
  wire: ServedWire,
  certificates: Certificates,
): WireServer {
  const { isWebSocket = false, tls }: Kind = KINDS[wire];
  const address = { hostname: "127.0.0.1", port: 0 };
  const listener = tls === undefined
    ? Deno.listen(address)
    : Deno.listenTls({ ...address, ...certificates.server });
  const scheme = isWebSocket ? "ws" : "mqtt";
  let sent = 0;
  const counted = (below: Wire): Wire => ({
    read: (into) => below.read(into),
    async write(bytes) {
      const size = await below.write(bytes);
      sent += size;
      return size;
    },
    close: () => below.close(),
  });
  return {
    port: listener.addr.port,
    get sent() {
      return sent;
    },
    way: (port) =>
      tls === undefined ? [`${scheme}://127.0.0.1:${port}`, {}] : [
        `${scheme}s://127.0.0.1:${port}`,
        { tls: tls(certificates) ?? {} },
      ],
    async accept() {
      const connection = await listener.accept();
      if (!isWebSocket) return new ServerEnd(counted(connection));
      const peer = new Peer(connection);
      await peer.accept();
      return new ServerEnd(counted(framed(peer)));
    },
    [Symbol.dispose]: () => listener.close(),
  };
}

/** A frame for each write; what the client's frames hold is what is read. */
export function framed(peer: Peer): Wire {
  let rest: Uint8Array = new Uint8Array(0);
  return {
    async read(into) {
      while (rest.length === 0) {
        const next = await peer.frame();
        if (next === null) return null;
        rest = next.payload;
      }
      const part = rest.subarray(0, into.length);
      into.set(part);
      rest = rest.subarray(part.length);
      return part.length;
    },
    async write(bytes) {
      await peer.send(frame(2, bytes));
      return bytes.length;
    },
    close: () => peer.close(),
  };
}
