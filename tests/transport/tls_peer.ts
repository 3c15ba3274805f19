// The other end of TLS wires: a server with a certificate of one's choice, and ports that speak no TLS.

import type { Identity } from "../support/certificates.ts";

/** A server on 127.0.0.1. */
export interface TlsPeer extends AsyncDisposable {
  readonly port: number;
  /** The next connection whose handshake succeeds. */
  accept(): Promise<Deno.TlsConn>;
}

/** Listens with a certificate; handshakes that fail are the client's to tell. */
export function tlsPeer(
  identity: Identity,
  options: { alpnProtocols?: string[] } = {},
): TlsPeer {
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    ...identity,
    ...options,
  });
  const ready: Deno.TlsConn[] = [];
  const takers: ((connection: Deno.TlsConn) => void)[] = [];
  const shakeHands = async (connection: Deno.TlsConn) => {
    try {
      await connection.handshake();
    } catch {
      return connection.close();
    }
    const taker = takers.shift();
    if (taker === undefined) ready.push(connection);
    else taker(connection);
  };
  const listening = (async () => {
    const handshakes: Promise<void>[] = [];
    try {
      for await (const connection of listener) {
        handshakes.push(shakeHands(connection));
      }
    } finally {
      await Promise.all(handshakes);
    }
  })();
  return {
    port: listener.addr.port,
    accept() {
      const connection = ready.shift();
      if (connection !== undefined) return Promise.resolve(connection);
      return new Promise((resolve) => takers.push(resolve));
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await listening;
      for (const connection of ready) connection.close();
    },
  };
}

/** Accepts one connection, reads what comes first, answers with `bytes`, and closes. */
export async function answerOnce(
  listener: Deno.Listener,
  bytes: Uint8Array,
): Promise<void> {
  using connection = await listener.accept();
  const into = new Uint8Array(65_536);
  await connection.read(into);
  if (bytes.length > 0) await connection.write(bytes);
  await connection.closeWrite();
  // To close with bytes unread would reset the wire, and lose the answer.
  while (await connection.read(into).catch(() => null) !== null);
}
