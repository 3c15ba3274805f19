// What each CONNECT asks of the server's session, by version.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConnectionLostError, type ConnectOptions } from "../../mod.ts";
import type { ConnackPacket, ConnectPacket } from "../../src/codec/packet.ts";
import { settled } from "./clock.ts";
import { ack, disconnect, goodbye, publish } from "./packets.ts";
import { answered, connected, dial, subscribed } from "./server.ts";

const FULL: ConnectOptions = { random: () => 1 };

/** What the first CONNECT and the one of a reconnect ask for. */
async function bothConnects(
  options: ConnectOptions,
  answer: Partial<ConnackPacket> = {},
): Promise<[ConnectPacket, ConnectPacket]> {
  const first = await connected({ ...FULL, ...options }, answer);
  first.server.close();
  await first.clock.advance(1_000);
  const second = await answered(first.listener, answer);
  await settled();
  assert(first.client.connected);
  first.client.close();
  return [first.connectPacket, second.connectPacket];
}

function asks({ cleanStart, properties }: ConnectPacket): unknown[] {
  return [cleanStart, properties.sessionExpiryInterval];
}

Deno.test("under MQTT 5 the session is begun clean, kept for 300 s, and gone on with", async () => {
  const [first, second] = await bothConnects({ protocolVersion: 5 });
  assertEquals(asks(first), [true, 300]);
  assertEquals(asks(second), [false, 300]);
});

Deno.test("under MQTT 5 cleanStart: false goes on with a session that never expires", async () => {
  const [first, second] = await bothConnects({ cleanStart: false });
  assertEquals(asks(first), [false, 0xffff_ffff]);
  assertEquals(asks(second), [false, 0xffff_ffff]);
});

Deno.test("under MQTT 5 the session is kept for as long as is asked", async () => {
  const [first, second] = await bothConnects({
    properties: { sessionExpiryInterval: 7 },
  });
  assertEquals(asks(first), [true, 7]);
  assertEquals(asks(second), [false, 7]);
});

for (const protocolVersion of [3, 4] as const) {
  for (const cleanStart of [true, false]) {
    Deno.test(`under version ${protocolVersion} Clean Session ${cleanStart} goes out as asked each time`, async () => {
      const [first, second] = await bothConnects({
        protocolVersion,
        cleanStart,
      });
      assertEquals(asks(first), [cleanStart, undefined]);
      assertEquals(asks(second), [cleanStart, undefined]);
    });
  }
}

Deno.test("a client without an id of its own is the same one on a reconnect", async () => {
  const [first, second] = await bothConnects({});
  assertEquals(second.clientId, first.clientId);
});

Deno.test("the id that the server gave is kept", async () => {
  const [first, second] = await bothConnects({ clientId: "" }, {
    properties: { assignedClientIdentifier: "from the server" },
  });
  assertEquals(first.clientId, "");
  assertEquals(second.clientId, "from the server");
  assertEquals(second.cleanStart, false);
});

Deno.test("disconnect ends a session that was kept for our return alone, and no other", async () => {
  const cases: [ConnectOptions, ReturnType<typeof disconnect>][] = [
    [{}, goodbye()],
    [{ cleanStart: false }, disconnect()],
    [{ properties: { sessionExpiryInterval: 7 } }, disconnect()],
    [{ reconnect: false }, disconnect()],
    [{ protocolVersion: 4 }, disconnect()],
  ];
  for (const [options, expected] of cases) {
    const { client, server } = await connected(options);
    void client.disconnect();
    assertEquals(await server.rest(), [expected]);
  }
});

Deno.test("close leaves the session with the server: there is no DISCONNECT", async () => {
  const { client, server } = await connected();
  client.close();
  assertEquals(await server.rest(), []);
});

Deno.test("the version that was accepted is kept: a reconnect falls back no more", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  server.close();
  await clock.advance(1_000);
  const second = await listener.accept();
  assertEquals((await second.next("connect")).protocolVersion, 5);
  second.close();
  await settled();
  assertEquals(listener.waiting, 0);
  client.close();
});

Deno.test("a lower version that was accepted is asked for alone", async () => {
  const { connecting, clock, listener } = dial(FULL);
  (await listener.accept()).close();
  const { server } = await answered(listener);
  const client = await connecting;
  assertEquals(client.connection.protocolVersion, 4);
  server.close();
  await clock.advance(1_000);
  const { connectPacket } = await answered(listener);
  assertEquals(connectPacket.protocolVersion, 4);
  await settled();
  assert(client.connected);
  client.close();
});

Deno.test("a server that answers a CONNECT of MQTT 5 in MQTT 3.1.1 keeps no session", async () => {
  const { connecting, clock, listener } = dial(FULL);
  const server = await listener.accept();
  await server.next("connect");
  server.sendBytes(Uint8Array.of(0x20, 2, 0, 0));
  const client = await connecting;
  assertEquals(client.connection.protocolVersion, 4);
  assertEquals(client.connection.sessionExpiryInterval, 0);
  server.close();
  await clock.advance(1_000);
  const { connectPacket } = await answered(listener);
  assertEquals(connectPacket.protocolVersion, 4);
  assert(connectPacket.cleanStart);
  client.close();
});

Deno.test("another client id begins another session: nothing of the one before goes on", async () => {
  const ids = ["one", "two"];
  const { client, server, clock, listener, connectPacket } = await connected({
    ...FULL,
    cleanStart: false,
    clientId: () => ids.shift() ?? "none",
  });
  assertEquals(connectPacket.clientId, "one");
  await subscribed({ client, server }, "a");
  const first = client.publish("a", "1", { qos: 1 });
  const second = client.publish("a", "2", { qos: 2 });
  await server.next("publish");
  await server.next("publish");
  server.close();
  await clock.advance(1_000);
  const next = await answered(listener, { sessionPresent: true });
  assertEquals(next.connectPacket.clientId, "two");
  const packets = await next.server.sent();
  assertEquals(packets.map(({ type }) => type), ["subscribe", "publish"]);
  const [asked, sent] = packets;
  assert(asked?.type === "subscribe" && sent?.type === "publish");
  assertEquals(sent, publish("a", "1", { packetId: sent.packetId }));
  next.server.send(ack("puback", sent.packetId));
  await first;
  const error = await assertRejects(() => second, ConnectionLostError);
  assertEquals(error.delivery, "unknown");
  client.close();
});

Deno.test("under MQTT 5 another client id begins its session clean, where the first was", async () => {
  const ids = ["one", "two", "two"];
  const { client, server, clock, listener } = await connected({
    ...FULL,
    clientId: () => ids.shift() ?? "none",
  });
  server.close();
  await clock.advance(1_000);
  const second = await answered(listener);
  assert(second.connectPacket.cleanStart);
  second.server.close();
  await clock.advance(2_000);
  const third = await answered(listener);
  assert(!third.connectPacket.cleanStart);
  client.close();
});
