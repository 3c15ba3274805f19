// The main path over real sockets on loopback, with the real clock. The sanitizers see to it that
// nothing is left open.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import {
  AbortedError,
  type Client,
  connect,
  ConnectError,
  ConnectionLostError,
  type ConnectOptions,
} from "../../mod.ts";
import { isPending } from "./clock.ts";
import {
  ack,
  connack,
  disconnect,
  goodbye,
  publish,
  suback,
} from "./packets.ts";
import { ServerEnd } from "./server.ts";

/** A server that speaks when the test does. */
class Loopback {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  get url(): string {
    return `mqtt://127.0.0.1:${this.#listener.addr.port}`;
  }

  async accept(): Promise<ServerEnd> {
    return new ServerEnd(await this.#listener.accept());
  }

  /** A client, connected, and this end of its wire. */
  async connected(
    options: ConnectOptions = {},
  ): Promise<{ client: Client; server: ServerEnd }> {
    const connecting = connect(this.url, options);
    const server = await this.accept();
    const { protocolVersion } = await server.next("connect");
    server.send(connack({ protocolVersion }));
    return { client: await connecting, server };
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

for (const protocolVersion of [3, 4, 5] as const) {
  Deno.test(`over TCP, version ${protocolVersion}: publish, subscribe, receive, disconnect`, async () => {
    using loopback = new Loopback();
    const { client, server } = await loopback.connected({ protocolVersion });

    const published = ([0, 1, 2] as const).map((qos) =>
      client.publish("a", `${qos}`, { qos })
    );
    for (const qos of [0, 1, 2] as const) {
      const { packetId } = await server.next("publish");
      if (qos === 1) server.send(ack("puback", packetId));
      if (qos < 2) continue;
      server.send(ack("pubrec", packetId));
      await server.next("pubrel");
      server.send(ack("pubcomp", packetId));
    }
    await Promise.all(published);

    const subscribing = client.subscribe("b", { qos: 2 });
    const { packetId } = await server.next("subscribe");
    server.send(
      suback(packetId, [2]),
      publish("b", "0"),
      publish("b", "1", { packetId: 1 }),
      publish("b", "2", { packetId: 2, qos: 2 }),
      publish("b", "quit"),
    );
    const payloads: string[] = [];
    for await (const message of await subscribing) {
      payloads.push(message.text());
      if (message.text() === "quit") break;
    }
    assertEquals(payloads, ["0", "1", "2", "quit"]);
    assertEquals(await server.next("puback"), ack("puback", 1));
    assertEquals(await server.next("pubrec"), ack("pubrec", 2));
    server.send(ack("pubrel", 2));
    assertEquals(await server.next("pubcomp"), ack("pubcomp", 2));

    const disconnecting = client.disconnect();
    assertEquals(await server.rest(), [goodbye(protocolVersion)]);
    server.close();
    await disconnecting;
    assertEquals(await client.closed, undefined);
  });
}

Deno.test("over TCP: user and password of the URL reach the server", async () => {
  using loopback = new Loopback();
  const url = loopback.url.replace("mqtt://", "tcp://us%65r:p%40ss@");
  const connecting = connect(url);
  const server = await loopback.accept();
  const packet = await server.next("connect");
  assertEquals(packet.username, "user");
  assertEquals(packet.password, new TextEncoder().encode("p@ss"));
  server.send(connack());
  (await connecting).close();
  assertEquals(await server.rest(), []);
  server.close();
});

Deno.test("over TCP: 16 MiB go out and come in whole", async () => {
  using loopback = new Loopback();
  const { client, server } = await loopback.connected();
  const payload = new Uint8Array(16 << 20).map((_, i) => i % 251);
  const published = client.publish("a", payload);
  const packet = await server.next("publish");
  assert(equal(packet.payload, payload));
  await published;
  const messages = client[Symbol.asyncIterator]();
  server.send(publish("b", payload));
  const { value } = await messages.next();
  assert(value !== undefined && equal(value.payload, payload));
  client.close();
  assertEquals(await server.rest(), []);
  server.close();
});

/** The assertions would take seconds for so many bytes. */
function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length &&
    one.every((byte, i) => byte === other[i]);
}

Deno.test("over TCP: the server's close ends the client", async () => {
  using loopback = new Loopback();
  const { client, server } = await loopback.connected({ reconnect: false });
  const waiting = client[Symbol.asyncIterator]().next();
  server.close();
  assertInstanceOf(await client.closed, ConnectionLostError);
  await assertRejects(() => waiting, ConnectionLostError);
});

Deno.test("over TCP: close ends the wire for the server", async () => {
  using loopback = new Loopback();
  const { client, server } = await loopback.connected();
  client.close();
  assertEquals(await server.rest(), []);
  server.close();
});

Deno.test("over TCP: DISCONNECT reaches the server though timeoutMs is over", async () => {
  using loopback = new Loopback();
  const { client, server } = await loopback.connected();
  const published = client.publish("a", "x", { qos: 1 });
  const disconnecting = client.disconnect({ timeoutMs: 0 });
  assertEquals(
    (await server.rest()).map(({ type }) => type),
    ["publish", "disconnect"],
  );
  server.close();
  await disconnecting;
  await assertRejects(() => published, ConnectionLostError);
});

Deno.test("over TCP: DISCONNECT with the reason reaches a server that broke the rules", async () => {
  using loopback = new Loopback();
  const { client, server } = await loopback.connected({ reconnect: false });
  server.sendBytes(Uint8Array.of(0, 0));
  await client.closed;
  assertEquals(await server.rest(), [disconnect(0x81)]);
  server.close();
});

Deno.test("over TCP: connect says that the connection was refused", async () => {
  const loopback = new Loopback();
  const { url } = loopback;
  loopback[Symbol.dispose]();
  const error = await assertRejects(
    () => connect(url),
    ConnectError,
    "connection refused",
  );
  assertInstanceOf(error.cause, Deno.errors.ConnectionRefused);
});

Deno.test("over TCP: connect is aborted in each of its phases, and leaves nothing open", async () => {
  using loopback = new Loopback();
  const before = AbortSignal.abort();
  await assertRejects(
    () => connect(loopback.url, { signal: before }),
    AbortedError,
  );
  const opening = new AbortController();
  const first = connect(loopback.url, { signal: opening.signal });
  opening.abort();
  await assertRejects(() => first, AbortedError);
  const waiting = new AbortController();
  const second = connect(loopback.url, { signal: waiting.signal });
  // The one that was aborted while it was opened may have reached the listener, or not.
  let server = await loopback.accept();
  let [packet] = await server.segment();
  if (packet === undefined) {
    server.close();
    server = await loopback.accept();
    [packet] = await server.segment();
  }
  assertEquals(packet?.type, "connect");
  assert(await isPending(second));
  waiting.abort();
  await assertRejects(() => second, AbortedError);
  assertEquals(await server.rest(), []);
  server.close();
});

Deno.test("over TCP: connect gives up after connectTimeoutMs on a server that says nothing", async () => {
  using loopback = new Loopback();
  const connecting = connect(loopback.url, { connectTimeoutMs: 50 });
  const server = await loopback.accept();
  await server.next("connect");
  await assertRejects(() => connecting, ConnectError, "0.05 s");
  assertEquals(await server.rest(), []);
  server.close();
});

Deno.test("over TCP: connect falls back on a new wire", async () => {
  using loopback = new Loopback();
  const connecting = connect(loopback.url);
  const first = await loopback.accept();
  await first.next("connect");
  first.close();
  const second = await loopback.accept();
  assertEquals((await second.next("connect")).protocolVersion, 4);
  second.send(connack({ protocolVersion: 4 }));
  const client = await connecting;
  assertEquals(client.connection.protocolVersion, 4);
  client.close();
  second.close();
});

Deno.test("over TCP: await using leaves nothing open", async () => {
  using loopback = new Loopback();
  const serving = (async () => {
    const server = await loopback.accept();
    await server.next("connect");
    server.send(connack());
    const packets = await server.rest();
    server.close();
    return packets;
  })();
  {
    await using client = await connect(loopback.url);
    await client.publish("a", "x");
  }
  assertEquals(await serving, [publish("a", "x"), goodbye()]);
});
