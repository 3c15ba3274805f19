// A client with a store: what it has to remember is kept before the bytes that go with it leave.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type ConnectOptions,
  fileStore,
  memoryStore,
  type Message,
  StoreError,
} from "../../mod.ts";
import type { ConnackPacket, Packet } from "../../src/codec/packet.ts";
import { comeBack, KEPT, lose } from "./away.ts";
import { isPending, settled } from "./clock.ts";
import { HeldStore } from "./held_store.ts";
import { ack, connack, publish } from "./packets.ts";
import { type Connected, connected, dial, subscribed } from "./server.ts";

/** A client with a store, whose waits are as long as their bounds. */
async function storing(
  answer: Partial<ConnackPacket> = {},
  options: ConnectOptions = {},
): Promise<Connected & { store: HeldStore }> {
  const store = new HeldStore();
  const connection = await connected({
    store,
    clientId: "me",
    cleanStart: false,
    random: () => 1,
    ...options,
  }, answer);
  await settled();
  return { ...connection, store };
}

function types(packets: readonly Packet[]): string[] {
  return packets.map(({ type }) => type);
}

Deno.test("publish() has a message kept before a byte of it leaves, and forgotten when it is settled", async () => {
  for (const qos of [1, 2] as const) {
    const { client, server, store } = await storing();
    store.hold();
    const published = client.publish("a", "1", { qos });
    assertEquals(await server.sent(), []);
    assertEquals(store.kept, []);
    store.release();
    assertEquals(types(await server.sent()), ["publish"]);
    assertEquals(store.kept, ["flight 1", "message 1"]);
    if (qos === 2) {
      store.hold();
      server.send(ack("pubrec", 1));
      assertEquals(await server.sent(), []);
      assertEquals(store.kept, ["flight 1", "message 1"]);
      store.release();
      assertEquals(types(await server.sent()), ["pubrel"]);
      assertEquals(store.kept, ["flight 1"]);
      server.send(ack("pubcomp", 1));
    } else server.send(ack("puback", 1));
    assertEquals((await published)?.reasonCode, 0);
    await settled();
    assertEquals(store.kept, []);
    client.close();
    await client.closed;
    assertEquals(store.isOpen, false);
  }
});

Deno.test("publish() appends once for all that is published in a turn, and gathers what comes while the store is at work", async () => {
  const { client, server, store } = await storing();
  const before = store.appends;
  for (let i = 0; i < 10; i++) void client.publish("a", `${i}`, { qos: 1 });
  assertEquals((await server.sent()).length, 10);
  assertEquals(store.appends, before + 1);
  store.hold();
  for (let i = 0; i < 10; i++) {
    void client.publish("a", `${i}`, { qos: 1 });
    await settled();
  }
  assertEquals([store.underWay, store.appends], [1, before + 2]);
  assertEquals(await server.sent(), []);
  store.release();
  assertEquals((await server.sent()).length, 10);
  assertEquals(store.appends, before + 3);
  client.close();
  await client.closed;
});

Deno.test("A message that waits for its turn is kept, though it brings no byte", async () => {
  const { client, server, store } = await storing({
    properties: { receiveMaximum: 1 },
  });
  void client.publish("a", "1", { qos: 1 });
  void client.publish("a", "2", { qos: 1 });
  assertEquals(types(await server.sent()), ["publish"]);
  assertEquals(store.kept, ["flight 1", "message 1", "message 2"]);
  client.close();
  await client.closed;
});

Deno.test("What is published while away is kept at once, and what the wait has settled is forgotten", async () => {
  const connection = await storing();
  const { client, store } = connection;
  await lose(connection);
  const abort = new AbortController();
  const { signal } = abort;
  const waiting = [
    client.publish("a", "1", { qos: 1 }),
    client.publish("a", "2", { qos: 2, signal }),
  ];
  await settled();
  assertEquals(store.kept, ["message 1", "message 2"]);
  abort.abort();
  await assertRejects(() => waiting[1] ?? Promise.resolve());
  await settled();
  assertEquals(store.kept, ["message 1"]);
  const server = await comeBack(connection, KEPT);
  server.send(ack("puback", 1));
  await waiting[0];
  client.close();
  await client.closed;
});

Deno.test("Nothing leaves on a new connection before the append that the old one has left is done", async () => {
  const connection = await storing();
  const { client, store, clock, listener } = connection;
  store.hold();
  const published = client.publish("a", "1", { qos: 2 });
  await lose(connection);
  while (listener.waiting === 0) await clock.advance(1_000);
  const server = await listener.accept();
  assertEquals(await server.sent(), []);
  store.release();
  assertEquals(types(await server.sent()), ["connect"]);
  server.send({
    type: "connack",
    protocolVersion: 5,
    sessionPresent: true,
    reasonCode: 0,
    properties: {},
  });
  const [again] = await server.sent();
  assert(again?.type === "publish" && again.dup);
  server.send(ack("pubrec", 1));
  await server.next("pubrel");
  server.send(ack("pubcomp", 1));
  await published;
  client.close();
  await client.closed;
  assertEquals(store.kept, []);
});

Deno.test("A message of QoS 2 is kept as owned before PUBREC leaves, and forgotten at PUBREL", async () => {
  const connection = await storing();
  const { client, server, store } = connection;
  const loop = (await subscribed(connection, "a", { qos: 2 }))
    [Symbol.asyncIterator]();
  server.send(publish("a", "1", { qos: 2, packetId: 7 }));
  await loop.next();
  store.hold();
  const next: Promise<IteratorResult<Message>> = loop.next();
  assertEquals(await server.sent(), []);
  store.release();
  assertEquals(await server.sent(), [ack("pubrec", 7)]);
  assertEquals(store.kept, ["owned 7"]);
  server.send(ack("pubrel", 7));
  assertEquals(await server.sent(), [ack("pubcomp", 7)]);
  assertEquals(store.kept, []);
  client.close();
  await assertRejects(() => next);
  await client.closed;
});

Deno.test("What is said last on a connection that a server has spoilt waits for its own append, not for the one under way alone", async () => {
  const connection = await storing();
  const { client, clock, server, store } = connection;
  const loop = (await subscribed(connection, "a", { qos: 2 }))
    [Symbol.asyncIterator]();
  server.send(
    publish("a", "1", { qos: 2, packetId: 7 }),
    publish("a", "2", { qos: 2, packetId: 8 }),
  );
  await loop.next();
  store.hold();
  await loop.next();
  assertEquals(await server.sent(), []);
  // Behind the append that keeps 7 the loop goes on from 8, and the server breaks a rule.
  loop.next().catch(() => {});
  server.send(connack());
  assertEquals(await server.sent(), []);
  store.release();
  store.hold();
  assertEquals(await server.sent(), [ack("pubrec", 7)]);
  assertEquals(store.kept, ["owned 7"]);
  store.release();
  assertEquals(types(await server.rest()), ["pubrec", "disconnect"]);
  assertEquals(store.kept, ["owned 7", "owned 8"]);
  client.close();
  await client.closed;
  assertEquals(clock.timers, 0);
});

Deno.test("disconnect() and closed wait until the store is let go of, with all that was said kept", async () => {
  const { client, store } = await storing();
  store.hold();
  void client.publish("a", "1", { qos: 1 });
  await settled();
  client.close();
  assert(await isPending(client.closed));
  assert(store.isOpen);
  store.release();
  await client.closed;
  assertEquals([store.isOpen, store.kept], [false, ["flight 1", "message 1"]]);
});

Deno.test("What is unsettled when the client ends rejects, and stays in the store", async () => {
  const connection = await storing();
  const { client, store } = connection;
  await lose(connection);
  const published = client.publish("a", "1", { qos: 1 });
  await client.disconnect({ timeoutMs: 0 });
  await assertRejects(() => published);
  assertEquals(store.kept, ["message 1"]);
});

Deno.test("connect() refuses what is no store", async () => {
  for (const store of ["state.log", null, { open() {} }]) {
    // As a program in JavaScript may have it.
    const { connecting } = dial({ store } as unknown as ConnectOptions);
    await assertRejects(() => connecting, TypeError, "store must have open()");
  }
});

Deno.test("connect() rejects with the StoreError of a store that cannot be opened, and leaves no wire", async () => {
  const store = memoryStore();
  const first = await connected({ store });
  const { connecting, listener } = dial({ store });
  const error = await assertRejects(() => connecting, StoreError);
  assertEquals([error.fault, listener.waiting], ["in-use", 0]);
  first.client.close();
  await first.client.closed;
  const second = await connected({ store });
  second.client.close();
  await second.client.closed;
  const broken = new HeldStore();
  broken.open = () => {
    throw new Error("the table is gone");
  };
  const failed = await assertRejects(
    () => dial({ store: broken }).connecting,
    StoreError,
    "Cannot open the store: the table is gone",
  );
  assertEquals(failed.fault, "failed");
});

Deno.test("connect() that fails lets go of the store", async () => {
  const store = new HeldStore();
  const { connecting, listener } = dial({
    store,
    reconnect: false,
    protocolVersion: 5,
  });
  const server = await listener.accept();
  await server.next("connect");
  assert(store.isOpen);
  server.close();
  await assertRejects(() => connecting);
  assertEquals(store.isOpen, false);
});

Deno.test("connect() with a fileStore() goes on where another client of the same file has ended", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/state.log`;
    const options = { clientId: "me", cleanStart: false };
    const first = await connected({ ...options, store: fileStore(path) });
    first.client.publish("a", "1", { qos: 2 }).catch(() => {});
    await first.server.next("publish");
    first.client.close();
    await first.client.closed;
    const second = await connected(
      { ...options, store: fileStore(path) },
      KEPT,
    );
    const again = await second.server.next("publish");
    assertEquals([again.packetId, again.dup], [1, true]);
    second.client.close();
    await second.client.closed;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
