// A way to a server on loopback that is cut after so many bytes, once.

import { connect, createServer, type Socket } from "node:net";

/** Where and how a connection ends. */
export interface Cut {
  readonly direction: "to-server" | "to-client";
  /** How many bytes go through in that direction; the next one does not. */
  readonly offset: number;
  /** In order, as a closing program ends it, or by a reset, as a router that has forgotten it does. */
  readonly by: "fin" | "rst";
}

/** A running proxy. */
export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** How many connections came through it. */
  readonly connections: number;
  /** Whether the cut was made. */
  readonly isCut: boolean;
}

/** Listens on a free port. The first connection that reaches the offset is cut there; those after it live. */
export async function startCuttingProxy(
  serverPort: number,
  cut: Cut,
): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let isCut = false;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    connections++;
    const peer = { port: serverPort, host: "127.0.0.1", allowHalfOpen: true };
    const upstream = connect(peer);
    const end = () => {
      isCut = true;
      for (const socket of [client, upstream]) {
        socket.removeAllListeners("data").removeAllListeners("end");
        if (cut.by === "rst") socket.resetAndDestroy();
        // What still comes is read and dropped: to close with bytes unread would be a reset.
        else socket.resume().end();
      }
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket.setNoDelay(true));
      socket.on("close", () => sockets.delete(socket));
    }
    forward(client, upstream, "to-server");
    forward(upstream, client, "to-client");

    function forward(
      from: Socket,
      to: Socket,
      direction: Cut["direction"],
    ): void {
      let passed = 0;
      from.on("error", () => to.destroy());
      from.on("end", () => to.end());
      from.on("data", (bytes) => {
        const isDue = !isCut && direction === cut.direction &&
          passed + bytes.length > cut.offset;
        if (!isDue) {
          passed += bytes.length;
          to.write(bytes);
          return;
        }
        const last = bytes.subarray(0, cut.offset - passed);
        if (last.length === 0) return end();
        from.pause();
        to.write(last, end);
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve());
  });
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new TypeError("The proxy does not listen on a port");
  }
  return {
    port: address.port,
    get connections() {
      return connections;
    },
    get isCut() {
      return isCut;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
