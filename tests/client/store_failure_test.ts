// A store that fails: what it could not keep is not sent, and told; what it has kept is not lost.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import {
  type Client,
  ConnectionLostError,
  type ConnectOptions,
  StoreError,
} from "../../mod.ts";
import type { Packet } from "../../src/codec/packet.ts";
import { LogStore } from "../../src/store/log_store.ts";
import { Disk } from "../store/disk.ts";
import { KEPT } from "./away.ts";
import { isPending, settled } from "./clock.ts";
import { HeldStore } from "./held_store.ts";
import { listen } from "./listen.ts";
import { ack, publish } from "./packets.ts";
import { answered, type Connected, connected } from "./server.ts";

const FULL = new StoreError("Cannot write to the store x: no space is left", {
  fault: "full",
});

const decoder = new TextDecoder();

/** A client whose store has kept message "1", which was sent, and "2", which waits. */
async function begun(
  options: ConnectOptions = {},
): Promise<Connected & { store: HeldStore; published: Promise<unknown>[] }> {
  const store = new HeldStore();
  const connection = await connected({
    store,
    clientId: "me",
    cleanStart: false,
    random: () => 1,
    ...options,
  }, { properties: { receiveMaximum: 1 } });
  const published = ["1", "2"].map((payload) =>
    connection.client.publish("a", payload, { qos: 1 })
  );
  assertEquals(payloads(await connection.server.sent()), ["1"]);
  assertEquals(store.kept, ["flight 1", "message 1", "message 2"]);
  return { ...connection, store, published };
}

function payloads(packets: readonly Packet[]): string[] {
  return packets.flatMap((packet) =>
    packet.type === "publish" ? [decoder.decode(packet.payload)] : []
  );
}

async function refusedByStore(published: Promise<unknown>): Promise<void> {
  const error = await assertRejects(() => published, StoreError);
  assertEquals([error.fault, error.delivery], ["full", "not-sent"]);
  assertEquals(
    error.message,
    'Cannot publish to "a": Cannot write to the store x: no space is left',
  );
}

/** The client is accepted again, and sends and has settled what the store has kept. */
async function goesOn(connection: Connected, store: HeldStore): Promise<void> {
  const { clock, listener } = connection;
  while (listener.waiting === 0) await clock.advance(1_000);
  const { server } = await answered(listener, KEPT);
  assertEquals(payloads(await server.sent()), ["1", "2"]);
  server.send(ack("puback", 1), ack("puback", 2));
  await settled();
  assertEquals(store.kept, []);
}

async function end(client: Client): Promise<void> {
  client.close();
  await client.closed;
}

for (const isHeld of [false, true]) {
  const how = isHeld ? "after a while" : "at once";

  Deno.test(`A store that fails ${how} has what it could not keep refused unsent, and costs nothing that it has kept`, async () => {
    const connection = await begun();
    const { client, server, store, published } = connection;
    const status = listen(client);
    if (isHeld) store.hold();
    store.failure = FULL;
    const lost = client.publish("a", "3", { qos: 2 });
    await settled();
    // What is published while the append is under way would be behind it.
    const alsoLost = client.publish("a", "4", { qos: 1 });
    store.release();
    await refusedByStore(lost);
    await refusedByStore(alsoLost);
    assertEquals(payloads(await server.rest()), []);
    const [told] = status.filter(({ type }) => type === "lost");
    assertInstanceOf(told?.type === "lost" && told.error.cause, StoreError);
    assertEquals(
      status.filter(({ type }) => type === "publish-failed").length,
      2,
    );
    store.failure = undefined;
    await goesOn(connection, store);
    await Promise.all(published);
    await end(client);
  });
}

Deno.test("While the store fails nothing is sent, every publish of QoS 1 and 2 is refused, and each attempt to connect tries it again", async () => {
  const connection = await begun();
  const { client, clock, listener, store, published } = connection;
  store.failure = FULL;
  await refusedByStore(client.publish("a", "3", { qos: 2 }));
  const status = listen(client);
  for (let i = 0; i < 4; i++) {
    await refusedByStore(client.publish("a", "4", { qos: 1 }));
    await clock.advance(2_000);
  }
  assertEquals(listener.waiting, 0);
  const failed = status.filter(({ type }) => type === "retry-failed");
  assertEquals(failed.length > 0, true);
  const [first] = failed;
  assertEquals(
    first?.type === "retry-failed" && first.error.message,
    "Cannot connect to server.test:1883: Cannot write to the store x: no space is left",
  );
  store.failure = undefined;
  await goesOn(connection, store);
  await Promise.all(published);
  await end(client);
});

Deno.test("A message that was refused is not with the next process either, though the store had kept a part of what failed", async () => {
  const connection = await begun();
  const { client, store, published } = connection;
  // The store keeps all of it, and says that it failed.
  const append = store.append.bind(store);
  store.append = (changes) => {
    append(changes);
    throw FULL;
  };
  await refusedByStore(client.publish("a", "3", { qos: 2 }));
  store.append = append;
  assertEquals(store.kept.includes("message 3"), true);
  await goesOn(connection, store);
  await Promise.all(published);
  await end(client);
});

Deno.test("What is refused while the store fails leaves nothing for it to do later", async () => {
  const connection = await begun();
  const { client, store, published } = connection;
  store.failure = FULL;
  await refusedByStore(client.publish("a", "3", { qos: 2 }));
  for (let i = 0; i < 100; i++) {
    await refusedByStore(client.publish("a", "4", { qos: 1 }));
  }
  store.failure = undefined;
  const append = store.append.bind(store);
  const sizes: number[] = [];
  store.append = (changes) => {
    sizes.push(changes.length);
    return append(changes);
  };
  await goesOn(connection, store);
  await Promise.all(published);
  // What failed, without "3" and its flight.
  const [repair = Infinity] = sizes;
  assert(repair < 5, `${repair} changes`);
  await end(client);
});

Deno.test("The store is tried once more when the client ends", async () => {
  const { client, store } = await begun();
  store.failure = FULL;
  await refusedByStore(client.publish("a", "3", { qos: 2 }));
  store.failure = undefined;
  await end(client);
  assertEquals(store.kept, ["flight 1", "message 1", "message 2"]);
  assertEquals(store.isOpen, false);
});

Deno.test("disconnect() ends in its time, and closed resolves, though the store never answers", async () => {
  const { client, clock, store, published } = await begun();
  store.hold();
  const lost = client.publish("a", "3", { qos: 2 });
  const leaving = client.disconnect({ timeoutMs: 3_000 });
  await clock.advance(2_900);
  assertEquals(await isPending(leaving), true);
  await clock.advance(2_200);
  assertEquals(await isPending(leaving), false);
  for (const each of [...published, lost]) await assertRejects(() => each);
  await clock.advance(5_000);
  assertEquals(await client.closed, undefined);
  assertEquals([clock.timers, store.isOpen], [0, true]);
  // What it does later is done all the same.
  store.release();
  await settled();
  assertEquals(store.isOpen, false);
  assertEquals(store.kept, [
    "flight 1",
    "message 1",
    "message 2",
    "message 3",
  ]);
});

Deno.test("close() waits for the store, but not for one that never answers", async () => {
  const { client, clock, store, published } = await begun();
  store.hold();
  const lost = client.publish("a", "3", { qos: 2 });
  await settled();
  client.close();
  for (const each of [...published, lost]) await assertRejects(() => each);
  await clock.advance(4_900);
  assertEquals(await isPending(client.closed), true);
  await clock.advance(200);
  assertEquals(await isPending(client.closed), false);
  assertEquals(clock.timers, 0);
});

Deno.test("A client that does not reconnect ends with the store's failure", async () => {
  const { client, store, published } = await begun({ reconnect: false });
  store.failure = FULL;
  await refusedByStore(client.publish("a", "3", { qos: 2 }));
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertInstanceOf(error.cause, StoreError);
  for (const each of published) await assertRejects(() => each);
  assertEquals(store.kept, ["flight 1", "message 1", "message 2"]);
});

Deno.test("PUBREC does not leave where the store cannot keep that the message is owned: it comes again", async () => {
  const store = new HeldStore();
  const connection = await connected({
    store,
    clientId: "me",
    cleanStart: false,
    random: () => 1,
  });
  const { client, server, clock, listener } = connection;
  const loop = client[Symbol.asyncIterator]();
  server.send(publish("a", "1", { qos: 2, packetId: 7 }));
  await loop.next();
  await settled();
  store.failure = new Error("the table is locked");
  loop.next().catch(() => {});
  assertEquals(await server.rest(), []);
  store.failure = undefined;
  while (listener.waiting === 0) await clock.advance(1_000);
  const next = await answered(listener, KEPT);
  next.server.send(publish("a", "1", { qos: 2, packetId: 7, dup: true }));
  assertEquals(await next.server.sent(), [ack("pubrec", 7)]);
  assertEquals(client.stats().messagesReceived, 1);
  assertEquals(store.kept, ["owned 7"]);
  await end(client);
});

Deno.test("What failed is appended as it was, whatever is recorded until the store is repaired", async () => {
  const connection = await begun();
  const { client, server, clock, listener, store, published } = connection;
  store.failure = FULL;
  // "2" takes its turn, which cannot be kept.
  server.send(ack("puback", 1));
  await published[0];
  for (let i = 0; i < 6; i++) {
    await refusedByStore(client.publish("a", "x".repeat(500), { qos: 2 }));
    await clock.advance(2_000);
  }
  store.failure = undefined;
  while (listener.waiting === 0) await clock.advance(1_000);
  await answered(listener, KEPT);
  await settled();
  const next = await connected({
    store: store.afterKill(),
    clientId: "me",
    cleanStart: false,
  }, KEPT);
  const [again] = await next.server.sent();
  assertEquals(
    again?.type === "publish" && [again.packetId, again.dup],
    [2, true],
  );
  await end(next.client);
  await end(client);
});

Deno.test("What a store has brought back outlives its failure", async () => {
  const first = await begun();
  const store = first.store.afterKill();
  await end(first.client);
  const second = await connected({
    store,
    clientId: "me",
    cleanStart: false,
    random: () => 1,
  }, { ...KEPT, properties: { receiveMaximum: 1 } });
  assertEquals(payloads(await second.server.sent()), ["1"]);
  store.failure = FULL;
  await refusedByStore(second.client.publish("a", "3", { qos: 1 }));
  store.failure = undefined;
  await goesOn(second, store);
  await end(second.client);
});

Deno.test("A disk that is full has what it has no room for refused, and the next process has all that was accepted before", async () => {
  const disk = new Disk();
  const options = { durability: "sync", garbageMax: 1 << 20 } as const;
  const settings = { clientId: "me", cleanStart: false, random: () => 1 };
  const first = await connected({
    ...settings,
    store: new LogStore(disk, "log", options),
  });
  const { client, server } = first;
  void client.publish("a", "1", { qos: 2 });
  assertEquals(payloads(await server.sent()), ["1"]);
  disk.capacity = disk.read("log").length + 20;
  const error = await assertRejects(
    () => client.publish("a", "2".repeat(1_000), { qos: 2 }),
    StoreError,
    "no space is left",
  );
  assertEquals([error.fault, error.delivery], ["full", "not-sent"]);
  const after = disk.afterKill();
  await end(client);
  const second = await connected({
    ...settings,
    store: new LogStore(after, "log", options),
  }, KEPT);
  assertEquals(payloads(await second.server.sent()), ["1"]);
  assertEquals(second.client.restored?.published, 1);
  await end(second.client);
});
