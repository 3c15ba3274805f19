// Servers on loopback that are none: what they do is a script, which each of their connections plays.

import { createServer } from "node:tls";
import { concat, indexOfNeedle } from "@std/bytes";
import { acceptOf } from "../../src/transport/websocket_handshake.ts";
import type { Identity } from "../support/certificates.ts";
import { latin1 } from "./websocket_frames.ts";

/** One connection of such a server. */
export class HostileConnection {
  readonly #connection: Deno.Conn;
  readonly #stuck: () => void;
  #data: Uint8Array = new Uint8Array(0);

  constructor(connection: Deno.Conn, stuck: () => void) {
    this.#connection = connection;
    this.#stuck = stuck;
  }

  /** Waits for something that the client says. */
  async hear(): Promise<void> {
    const block = new Uint8Array(65_536);
    const size = await this.#connection.read(block);
    if (size === null) throw new Error("The client has left");
    this.#data = concat([this.#data, block.subarray(0, size)]);
  }

  /** Reads the request of an upgrade; the Sec-WebSocket-Accept that is due. */
  async accept(): Promise<string> {
    while (indexOfNeedle(this.#data, latin1("\r\n\r\n")) === -1) {
      await this.hear();
    }
    const head = String.fromCharCode(...this.#data);
    return await acceptOf(/Sec-WebSocket-Key: (.*)\r/.exec(head)?.[1] ?? "");
  }

  /** Says something. */
  async say(...parts: (Uint8Array | string)[]): Promise<void> {
    const bytes = concat(
      parts.map((part) => typeof part === "string" ? latin1(part) : part),
    );
    for (let at = 0; at < bytes.length;) {
      at += await this.#connection.write(bytes.subarray(at));
    }
  }

  /** Says no more, and tells the test that nothing but time will end it. */
  stall(): void {
    this.#stuck();
  }

  /** Ends the server's side. */
  end(): Promise<void> {
    return this.#connection.closeWrite();
  }

  /** Has the connection closed with bytes unread, which resets the wire. */
  async reset(): Promise<never> {
    await this.#connection.read(new Uint8Array(1));
    throw new Error("The script ends here");
  }
}

/** What a connection does. Then it reads on until the client leaves. */
export type Script = (connection: HostileConnection) => Promise<void>;

/** A server that plays a script. */
export interface HostilePeer extends AsyncDisposable {
  readonly port: number;
  /** Resolves when a connection says no more, and nothing but time will end it. */
  readonly stuck: Promise<void>;
  /** Resolves when every client has left. */
  left(): Promise<void>;
}

/** Listens in plain, or with a certificate. */
export function hostilePeer(script: Script, identity?: Identity): HostilePeer {
  const address = { hostname: "127.0.0.1", port: 0 };
  const listener = identity === undefined
    ? Deno.listen(address)
    : Deno.listenTls({ ...address, ...identity });
  const stuck = Promise.withResolvers<void>();
  const connections = new Set<Deno.Conn>();
  const playing: Promise<void>[] = [];
  const drop = (connection: Deno.Conn) => {
    if (connections.delete(connection)) connection.close();
  };
  const play = async (connection: Deno.Conn) => {
    connections.add(connection);
    try {
      await script(new HostileConnection(connection, stuck.resolve));
      const into = new Uint8Array(65_536);
      while (await connection.read(into) !== null);
    } catch {
      // The client did not wait for the end, or the test is over.
    }
    drop(connection);
  };
  const listening = (async () => {
    for await (const connection of listener) playing.push(play(connection));
  })();
  const left = async () => {
    await Promise.all(playing);
  };
  return {
    port: listener.addr.port,
    stuck: stuck.promise,
    left,
    async [Symbol.asyncDispose]() {
      listener.close();
      await listening;
      for (const connection of connections) drop(connection);
      await left();
    },
  };
}

/** A port whose queue is full: the kernel answers nobody. */
export async function fullPort(): Promise<HostilePeer> {
  const options = { hostname: "127.0.0.1", port: 0, tcpBacklog: 1 };
  const listener = Deno.listen(options);
  const { port } = listener.addr;
  const queued: Deno.Conn[] = [];
  for (let isFull = false; !isFull;) {
    const signal = AbortSignal.timeout(50);
    try {
      queued.push(await Deno.connect({ hostname: "127.0.0.1", port, signal }));
    } catch {
      isFull = true;
    }
  }
  return {
    port,
    stuck: Promise.resolve(),
    left: () => Promise.resolve(),
    [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of queued) connection.close();
      return Promise.resolve();
    },
  };
}

/** A server of TLS that asks for a client certificate, and takes none but those of the authority. */
export async function demandingPeer(
  identity: Identity,
  ca: string,
): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer({ ...identity, ca, requestCert: true });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" ? address?.port ?? 0 : 0,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The answer that opens a WebSocket, with fields changed, or left out where undefined. */
export function upgraded(
  accept: string,
  changes: Readonly<Record<string, string | undefined>> = {},
): string {
  const fields = {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Accept": accept,
    "Sec-WebSocket-Protocol": "mqtt",
    ...changes,
  };
  return [
    "HTTP/1.1 101 Switching Protocols",
    ...Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value}`]
    ),
    "\r\n",
  ].join("\r\n");
}
