// A WebSocket server by another hand, npm's ws: over TCP, TLS or a unix socket. A test has it relay to a
// port of plain MQTT, or plays the server itself.

import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { ConnectOptions, Wire } from "../../mod.ts";
import { unix } from "../../src/transport/unix.ts";
import { websocket } from "../../src/transport/websocket.ts";
import type { Certificates } from "../support/certificates.ts";
import {
  type WebSocket,
  WebSocketServer,
  type WebSocketServerOptions,
} from "../support/ws.ts";

/** A running server. */
export interface WsServer extends AsyncDisposable {
  /** What `connect()` is given to come here. */
  readonly way: { readonly url: string; readonly options: ConnectOptions };
  /** The next connection. */
  accept(): Promise<WebSocket>;
}

/** How a server is started. */
export interface WsServerOptions {
  /** What carries the WebSocket. */
  readonly carrier?: "tcp" | "tls" | "unix";
  /** For TLS: whose `server` it is. */
  readonly certificates?: Certificates;
  /** Beyond what MQTT needs. */
  readonly more?: Omit<WebSocketServerOptions, "server">;
  /** Called with each connection in place of `accept()`. */
  readonly serve?: (socket: WebSocket) => void;
}

/** Starts a server that takes the subprotocol mqtt. */
export async function startWsServer(
  { carrier = "tcp", certificates, more, serve }: WsServerOptions = {},
): Promise<WsServer> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "midge-ws-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const path = `${folder}/ws.sock`;
  const server = carrier === "tls"
    ? createSecureServer({ ...certificates?.server })
    : createServer();
  const sockets = new WebSocketServer({
    server,
    handleProtocols: (offered) => offered.has("mqtt") && "mqtt",
    ...more,
  });
  const waiting: WebSocket[] = [];
  const takers: ((socket: WebSocket) => void)[] = [];
  sockets.on("connection", (socket) => {
    // A client that goes without a word is no error here.
    socket.on("error", () => {});
    const take = serve ?? takers.shift();
    if (take === undefined) waiting.push(socket);
    else take(socket);
  });
  await new Promise<void>((resolve) => {
    if (carrier === "unix") server.listen(path, resolve);
    else server.listen(0, "127.0.0.1", resolve);
  });
  stack.defer(async () => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    await new Promise((resolve) => server.close(resolve));
  });
  const started = stack.move();
  return {
    way: way(carrier, server.address(), certificates),
    accept() {
      const socket = waiting.shift();
      if (socket !== undefined) return Promise.resolve(socket);
      return new Promise((resolve) => takers.push(resolve));
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

function way(
  carrier: "tcp" | "tls" | "unix",
  address: string | { readonly port: number } | null,
  certificates: Certificates | undefined,
): WsServer["way"] {
  if (typeof address === "string") {
    const transport = websocket({
      transport: unix({ path: address }),
      host: "localhost",
      path: "/mqtt",
    });
    return { url: "ws://localhost", options: { transport } };
  }
  const scheme = carrier === "tls" ? "wss" : "ws";
  return {
    url: `${scheme}://127.0.0.1:${address?.port}`,
    options: certificates === undefined || carrier === "tcp"
      ? {}
      : { tls: { caCerts: certificates.ca } },
  };
}

/** How a message is put into frames. */
export type Framing = (socket: WebSocket, bytes: Uint8Array) => Promise<void>;

/** A message for each read. */
export const asItComes: Framing = (socket, bytes) => send(socket, bytes, true);

/** Messages and fragments of every size from none on, and a ping between any two. */
export const shredded: Framing = async (socket, bytes) => {
  for (let at = 0, size = 0; at < bytes.length; at += size) {
    size = (size * 3 + 1) % 5_000;
    socket.ping(`${size}`);
    // Every other piece ends its message; so does the last.
    const isLast = size % 2 === 0 || at + size >= bytes.length;
    await send(socket, bytes.subarray(at, at + size), isLast);
  }
};

/** What the relay does with each connection: mosquitto behind it speaks plain MQTT. */
export function relayTo(
  port: number,
  framing: Framing,
): (socket: WebSocket) => void {
  return (socket) => {
    const wire = wireOf(socket);
    void Deno.connect({ hostname: "127.0.0.1", port }).then(
      async (connection) => {
        await Promise.allSettled([
          pump(wire, (bytes) => writeAll(connection, bytes)).finally(() =>
            connection.close()
          ),
          pump(connection, (bytes) => framing(socket, bytes)).finally(() =>
            socket.close(1000)
          ),
        ]);
      },
    );
  };
}

/** The server's end as bytes: a message is a write of the peer, a write is a message. */
export function wireOf(socket: WebSocket): Wire {
  const data: Uint8Array[] = [];
  let isEnded = false;
  let wake = () => {};
  socket.on("message", (bytes) => {
    data.push(bytes);
    wake();
  });
  socket.on("close", () => {
    isEnded = true;
    wake();
  });
  return {
    async read(into) {
      while (data.length === 0 && !isEnded) {
        await new Promise<void>((resolve) => wake = resolve);
      }
      const bytes = data.shift();
      if (bytes === undefined) return null;
      const part = bytes.subarray(0, into.length);
      into.set(part);
      if (part.length < bytes.length) data.unshift(bytes.subarray(part.length));
      return part.length;
    },
    async write(bytes) {
      await send(socket, bytes, true);
      return bytes.length;
    },
    close: () => socket.terminate(),
  };
}

/** Sends a message, or a fragment of one. */
export function send(
  socket: WebSocket,
  bytes: Uint8Array,
  fin: boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(bytes, { binary: true, fin }, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

async function pump(
  from: Pick<Wire, "read">,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  for (;;) {
    // A block of its own each time: who sends it may not be done with it yet.
    const block = new Uint8Array(65_536);
    const size = await from.read(block);
    if (size === null) return;
    await write(block.subarray(0, size));
  }
}

async function writeAll(wire: Wire, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await wire.write(bytes.subarray(at));
  }
}
