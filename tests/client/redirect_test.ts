// A server that sends us elsewhere, over real sockets: what a URL says is changed on the way.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import {
  type Client,
  connect,
  ConnectError,
  type ConnectOptions,
} from "../../mod.ts";
import type { ConnackPacket } from "../../src/codec/packet.ts";
import { listen } from "./listen.ts";
import { connack, disconnect } from "./packets.ts";
import { ServerEnd } from "./server.ts";

const FOLLOW: ConnectOptions = {
  reconnect: { initialMs: 1, followServerReference: true },
};

/** A server on a port of its own. */
class Node {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  /** What a Server Reference says of it. */
  get reference(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  get url(): string {
    return `mqtt://user:secret@${this.reference}`;
  }

  async answer(answer: Partial<ConnackPacket> = {}): Promise<ServerEnd> {
    const server = new ServerEnd(await this.#listener.accept());
    const { username } = await server.next("connect");
    assertEquals(username, "user");
    server.send(connack(answer));
    return server;
  }

  /** Refuses, and closes as a server does [MQTT-3.2.2-7]. */
  async send(reasonCode: number, to: Node): Promise<void> {
    const properties = { serverReference: to.reference };
    const server = await this.answer({ reasonCode, properties });
    await server.rest();
    server.close();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

async function ended(client: Client, server: ServerEnd): Promise<void> {
  client.close();
  await server.rest();
  server.close();
}

for (const reasonCode of [0x9C, 0x9D]) {
  Deno.test(`connect goes where ${reasonCode} of CONNACK sends it, as the same user`, async () => {
    using one = new Node();
    using other = new Node();
    const connecting = connect(one.url, FOLLOW);
    await one.send(reasonCode, other);
    const server = await other.answer();
    await ended(await connecting, server);
  });

  Deno.test(`connect rejects with the Server Reference of ${reasonCode} where it is not asked to follow`, async () => {
    using one = new Node();
    using other = new Node();
    const connecting = connect(one.url);
    await Promise.all([
      one.send(reasonCode, other),
      assertRejects(() => connecting, ConnectError).then((error) =>
        assertEquals(error.serverReference, other.reference)
      ),
    ]);
  });

  Deno.test(
    `a client goes where ${reasonCode} of DISCONNECT sends it, and ${
      reasonCode === 0x9D ? "stays there" : "comes back"
    }`,
    async () => {
      using one = new Node();
      using other = new Node();
      const connecting = connect(one.url, FOLLOW);
      const first = await one.answer();
      const client = await connecting;
      const events = listen(client);
      first.send(disconnect(reasonCode, { serverReference: other.reference }));
      const second = await other.answer();
      first.close();
      const [lost] = events;
      assert(lost?.type === "lost");
      assertEquals(lost.error.serverReference, other.reference);
      assertEquals(lost.retryInMs, 0);
      second.close();
      const third = await (reasonCode === 0x9D ? other : one).answer();
      await ended(client, third);
    },
  );
}

Deno.test("two servers that send us to each other are left after five times", async () => {
  using one = new Node();
  using other = new Node();
  const connecting = connect(one.url, FOLLOW);
  const error = assertRejects(() => connecting, ConnectError);
  for (let i = 0; i < 3; i++) {
    await one.send(0x9D, other);
    await other.send(0x9D, one);
  }
  assertEquals((await error).reasonCode, 0x9D);
});

Deno.test("a client whose server has moved ends with the reference where it does not follow", async () => {
  using one = new Node();
  const connecting = connect(one.url);
  const server = await one.answer();
  const client = await connecting;
  const serverReference = "elsewhere.test:1883";
  server.send(disconnect(0x9D, { serverReference }));
  const error = await client.closed;
  assertInstanceOf(error, Error);
  assert("serverReference" in error);
  assertEquals(error.serverReference, serverReference);
  await server.rest();
  server.close();
});
