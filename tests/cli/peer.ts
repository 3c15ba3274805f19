// A server that answers as a test tells it to, however wrong that is.

import { PacketDecoder } from "../../src/codec/decoder.ts";
import type { Packet } from "../../src/codec/packet.ts";

/** What a peer does about a packet: bytes to send, nothing, the end, or its last bytes and the end. */
export type Answer =
  | Uint8Array
  | readonly number[]
  | "close"
  | { readonly last: readonly number[] }
  | undefined;

/** A server on a free port of loopback. */
export interface Peer extends AsyncDisposable {
  readonly port: number;
}

/** Listens; each packet of each connection is answered. What is no packet is not answered at all. */
export function listen(answer: (packet: Packet) => Answer): Peer {
  return listenRaw(async (connection) => {
    const decoder = new PacketDecoder({ protocolVersion: 5, from: "client" });
    for await (const bytes of connection.readable) {
      decoder.push(bytes);
      for (let packet = decoder.next(); packet; packet = decoder.next()) {
        if (packet.type === "connect") {
          decoder.protocolVersion = packet.protocolVersion;
        }
        const reply = answer(packet);
        if (reply === "close") return;
        if (reply === undefined) continue;
        const isLast = "last" in reply;
        await connection.write(new Uint8Array(isLast ? reply.last : reply));
        if (isLast) return;
      }
    }
  });
}

/** Listens; each connection is served by the function, and closed when that ends. */
export function listenRaw(
  serve: (connection: Deno.TcpConn) => Promise<void>,
): Peer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.TcpConn>();
  const serving: Promise<void>[] = [];
  const accept = async () => {
    for await (const connection of listener) {
      connections.add(connection);
      serving.push(serveOne(connection));
    }
  };
  const serveOne = async (connection: Deno.TcpConn) => {
    try {
      await serve(connection);
    } catch {
      // The client has gone, or the test has ended: either way there is nobody to answer.
    }
    connections.delete(connection);
    close(connection);
  };
  const accepting = accept();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of connections) close(connection);
      await accepting;
      await Promise.all(serving);
    },
  };
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // Its stream has closed it already.
  }
}
