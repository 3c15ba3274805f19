// How far a program has come: kept in one piece with what it has published, and told to the process after it.

import { assertEquals, assertRejects } from "@std/assert";
import {
  type Client,
  ConnectionLostError,
  type ConnectOptions,
  memoryStore,
  type PublishOptions,
  StoreError,
} from "../../mod.ts";
import type { Packet } from "../../src/codec/packet.ts";
import { KEPT } from "./away.ts";
import { settled } from "./clock.ts";
import { HeldStore } from "./held_store.ts";
import { ack } from "./packets.ts";
import { answered, type Connected, connected, dial } from "./server.ts";

const OPTIONS: ConnectOptions = {
  clientId: "me",
  cleanStart: false,
  random: () => 1,
};

const OTHER_HOST = { host: "other.test", clientId: "me" };
const OTHER_CLIENT = { host: "server.test", clientId: "other" };

async function storing(): Promise<Connected & { store: HeldStore }> {
  const store = new HeldStore();
  const connection = await connected({ ...OPTIONS, store });
  await settled();
  return { ...connection, store };
}

/** What the next process is told where this one is killed now. */
async function afterKill(store: HeldStore): Promise<string | undefined> {
  const options = { ...OPTIONS, store: store.afterKill() };
  const { client } = await connected(options, KEPT);
  const checkpoint = client.restored?.checkpoint;
  await end(client);
  return checkpoint;
}

async function end(client: Client): Promise<void> {
  client.close();
  await client.closed;
}

function types(packets: readonly Packet[]): string[] {
  return packets.map(({ type }) => type);
}

Deno.test("publish() has its checkpoint kept with the message, and the next process is told it, also when the message is settled", async () => {
  const { client, server, store } = await storing();
  store.hold();
  const one = client.publish("a", "1", { qos: 1, checkpoint: "one" });
  void client.publish("a", "2", { qos: 2, checkpoint: "two" });
  assertEquals(await afterKill(store), undefined);
  assertEquals(await server.sent(), []);
  store.release();
  await server.sent();
  assertEquals(await afterKill(store), "two");
  server.send(ack("puback", 1), ack("pubrec", 2));
  await one;
  await server.sent();
  server.send(ack("pubcomp", 2));
  await server.sent();
  assertEquals(store.kept, ["checkpoint"]);
  assertEquals(await afterKill(store), "two");
  await end(client);
});

Deno.test("publish() of QoS 0 has its checkpoint kept before the message leaves", async () => {
  const { client, server, store } = await storing();
  store.hold();
  await client.publish("a", "1", { checkpoint: "one" });
  assertEquals(await server.sent(), []);
  store.release();
  assertEquals(types(await server.sent()), ["publish"]);
  assertEquals(store.kept, ["checkpoint"]);
  assertEquals(await afterKill(store), "one");
  await end(client);
});

Deno.test("checkpoint() resolves when it is kept, and forgets where there is to be none", async () => {
  const { client, store } = await storing();
  store.hold();
  const kept = client.checkpoint("é\0 \u{1F98B}");
  await settled();
  assertEquals(await afterKill(store), undefined);
  store.release();
  await kept;
  assertEquals(await afterKill(store), "é\0 \u{1F98B}");
  await client.checkpoint("");
  assertEquals(await afterKill(store), "");
  await client.checkpoint(undefined);
  assertEquals(await afterKill(store), undefined);
  await end(client);
  await assertRejects(() => client.checkpoint("late"), ConnectionLostError);
});

Deno.test("A checkpoint needs no store, and has no effect without one", async () => {
  const { client, server } = await connected();
  void client.publish("a", "1", { qos: 1, checkpoint: "one" });
  await client.checkpoint("two");
  assertEquals(types(await server.sent()), ["publish"]);
  assertEquals(client.restored, undefined);
  await end(client);
});

Deno.test("A checkpoint is a string of 1,024 bytes at most", async () => {
  const { client, server } = await connected();
  const most = "é".repeat(512);
  const refused: [unknown, new () => Error, string][] = [
    [7, TypeError, "the checkpoint must be a string without lone surrogates"],
    ["\uD800", TypeError, "the checkpoint must be a string without"],
    [
      `${most}x`,
      RangeError,
      "the checkpoint must not have more than 1024 bytes: 1025",
    ],
  ];
  for (const [checkpoint, type, why] of refused) {
    const options = { qos: 1, checkpoint } as PublishOptions;
    await assertRejects(() => client.publish("a", "1", options), type, why);
    await assertRejects(
      () => client.checkpoint(checkpoint as string),
      type,
      why,
    );
  }
  await client.checkpoint(most);
  assertEquals(await server.sent(), []);
  await end(client);
});

Deno.test("A checkpoint that the store could not keep is as if it had never come", async () => {
  const connection = await storing();
  const { client, clock, listener, server, store } = connection;
  const one = client.publish("a", "1", { qos: 1, checkpoint: "one" });
  await server.sent();
  store.failure = new StoreError("no space is left", { fault: "full" });
  const refused = client.publish("a", "2", { qos: 1, checkpoint: "two" });
  await assertRejects(() => refused, StoreError);
  await assertRejects(() => client.checkpoint("three"), StoreError);
  assertEquals(await afterKill(store), "one");
  store.failure = undefined;
  while (listener.waiting === 0) await clock.advance(1_000);
  const again = await answered(listener, KEPT);
  assertEquals(await afterKill(store), "one");
  await again.server.sent();
  again.server.send(ack("puback", 1));
  await one;
  await settled();
  assertEquals(store.kept, ["checkpoint"]);
  assertEquals(await afterKill(store), "one");
  await end(client);
});

Deno.test("checkpoint() that the store cannot keep ends the connection: the next one has the store tried first", async () => {
  const { client, clock, listener, store } = await storing();
  store.failure = new StoreError("no space is left", { fault: "full" });
  await assertRejects(() => client.checkpoint("one"), StoreError);
  await settled();
  assertEquals(client.connected, false);
  store.failure = undefined;
  while (listener.waiting === 0) await clock.advance(1_000);
  await answered(listener, KEPT);
  await client.checkpoint("two");
  assertEquals(await afterKill(store), "two");
  await end(client);
});

Deno.test("onRestored() is told what came back before the first attempt to connect", async () => {
  const { client, store } = await storing();
  void client.publish("a", "1", { qos: 1, checkpoint: "one" });
  await settled();
  const next = store.afterKill();
  await end(client);
  const told: unknown[] = [];
  const { connecting, listener } = dial({
    ...OPTIONS,
    store: next,
    onRestored: ({ queued, published, checkpoint }) =>
      told.push([queued, published, checkpoint, listener.waiting]),
  });
  await settled();
  assertEquals([told, listener.waiting], [[[0, 1, "one", 0]], 1]);
  await answered(listener, KEPT);
  await end(await connecting);
});

Deno.test("connect() rejects with what onRestored() throws: nothing is sent, and the store stays as it is", async () => {
  const { client, store } = await storing();
  void client.publish("a", "1", { qos: 2, checkpoint: "one" });
  await settled();
  const next = store.afterKill();
  await end(client);
  const before = next.kept;
  // Another host, or another client id, would have the message given up.
  for (const { host, clientId } of [OTHER_HOST, OTHER_CLIENT]) {
    const seen: boolean[] = [];
    const { connecting, listener } = dial({
      ...OPTIONS,
      clientId,
      store: next,
      onRestored({ isElsewhere }) {
        seen.push(isElsewhere);
        throw new RangeError("Not there");
      },
    }, `mqtt://${host}`);
    await assertRejects(() => connecting, RangeError, "Not there");
    assertEquals(seen, [host !== "server.test"]);
    assertEquals([listener.waiting, next.isOpen], [0, false]);
    assertEquals(next.kept, before);
  }
  assertEquals(await afterKill(next), "one");
});

Deno.test("A store in memory gives its checkpoint to the client after this one", async () => {
  const store = memoryStore();
  for (const before of [undefined, "one"]) {
    const { client } = await connected({ ...OPTIONS, store });
    assertEquals(client.restored?.checkpoint, before);
    await client.checkpoint("one");
    await end(client);
  }
});

Deno.test("disconnect() has its checkpoint kept last of all, where all is settled", async () => {
  const { client, server, store } = await storing();
  const published = client.publish("a", "1", { qos: 1, checkpoint: "one" });
  await server.sent();
  const disconnected = client.disconnect({ checkpoint: undefined });
  await settled();
  assertEquals(await afterKill(store), "one");
  server.send(ack("puback", 1));
  await published;
  assertEquals(types(await server.sent()), ["disconnect"]);
  assertEquals(await afterKill(store), "one");
  server.close();
  await disconnected;
  assertEquals(await afterKill(store), undefined);
});

Deno.test("disconnect() leaves the checkpoint as it is where something is not settled, or where none is named", async () => {
  for (const options of [{ timeoutMs: 0, checkpoint: "two" }, {}]) {
    const { client, clock, server, store } = await storing();
    void client.publish("a", "1", { qos: 1, checkpoint: "one" });
    await server.sent();
    if (!("checkpoint" in options)) server.send(ack("puback", 1));
    const disconnected = client.disconnect(options);
    await clock.advance(10_000);
    await disconnected;
    assertEquals(await afterKill(store), "one");
  }
  const { client } = await storing();
  const checkpoint = "x".repeat(1_025);
  await assertRejects(() => client.disconnect({ checkpoint }), RangeError);
  await end(client);
});
