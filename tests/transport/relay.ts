// A way to a server on loopback that is cut when a test says so.

import { connect, createServer, type Socket } from "node:net";

/** How a connection ends: in order, or by a reset, as a machine that has forgotten it does. */
export type CutBy = "fin" | "rst";

/** A running relay. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** How many bytes have gone to the client. */
  readonly passed: number;
  /** Ends all connections once `size` bytes more have gone to the client. */
  cut(size: number, by: CutBy): void;
}

/** Listens on a free port. */
export async function startRelay(serverPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let passed = 0;
  let left = Infinity;
  let cutBy: CutBy = "fin";
  const end = () => {
    for (const socket of sockets) {
      socket.removeAllListeners("data");
      if (cutBy === "rst") socket.resetAndDestroy();
      // What still comes is read and dropped: to close with bytes unread would be a reset.
      else socket.resume().end();
    }
  };
  const toClient = (client: Socket, bytes: Uint8Array) => {
    if (left === 0) return;
    const part = bytes.subarray(0, left);
    left -= part.length;
    passed += part.length;
    client.write(part, () => {
      if (left === 0) end();
    });
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: serverPort, host: "127.0.0.1" });
    for (const socket of [client, upstream]) {
      sockets.add(socket.setNoDelay(true));
      socket.on("close", () => sockets.delete(socket));
      // A reset at one end is an end at the other.
      socket.on("error", () => {});
    }
    client.on("data", (bytes) => upstream.write(bytes));
    client.on("end", () => upstream.end());
    upstream.on("data", (bytes) => toClient(client, bytes));
    upstream.on("end", () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" ? address?.port ?? 0 : 0,
    get passed() {
      return passed;
    },
    cut(size, by) {
      left = size;
      cutBy = by;
      if (left === 0) end();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
