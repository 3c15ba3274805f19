// A process is killed, and the next one goes on with what the store has.

import { assert, assertEquals } from "@std/assert";
import {
  type Client,
  connect,
  type ConnectOptions,
  type StatusEvent,
  type StoreEntry,
} from "../../mod.ts";
import type { ConnackPacket, Packet } from "../../src/codec/packet.ts";
import { KEPT, lose, LOST } from "./away.ts";
import { settled, VirtualClock } from "./clock.ts";
import { HeldStore } from "./held_store.ts";
import { listen } from "./listen.ts";
import { ack, publish } from "./packets.ts";
import {
  answered,
  type Connected,
  connected,
  Listener,
  type ServerEnd,
} from "./server.ts";

const OPTIONS: ConnectOptions = { clientId: "me", cleanStart: false };

const decoder = new TextDecoder();

/** One process: a client with this store, accepted with this answer. */
function started(
  store: HeldStore,
  answer: Partial<ConnackPacket>,
  options: ConnectOptions = {},
): Promise<Connected> {
  return connected({ ...OPTIONS, store, ...options }, answer);
}

/** Kills the process: what its client does from now on reaches nobody. */
async function killed(client: Client, store: HeldStore): Promise<HeldStore> {
  const next = store.afterKill();
  client.close();
  await client.closed;
  return next;
}

/** A store whose process was killed after some publishing. */
async function leftBy(
  process: (client: Client, server: ServerEnd) => Promise<unknown> | unknown,
  answer: Partial<ConnackPacket> = {},
): Promise<HeldStore> {
  const store = new HeldStore();
  const { client, server } = await started(store, answer);
  await process(client, server);
  await settled();
  return await killed(client, store);
}

/** Publishes what nobody awaits. */
function post(client: Client, payload: string, qos: 1 | 2): void {
  void client.publish(`topic/${payload}`, payload, { qos });
}

/** Packets in a line each. */
function lines(packets: readonly Packet[]): string[] {
  return packets.map((packet) => {
    if (packet.type !== "publish") {
      return "packetId" in packet
        ? `${packet.type} ${packet.packetId}`
        : packet.type;
    }
    const { dup, packetId, payload } = packet;
    return `publish ${packetId} ${decoder.decode(payload)}${dup ? " dup" : ""}`;
  });
}

/** What status says of messages that were brought back. */
function ends(events: readonly StatusEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === "restored-published"
      ? [`published ${event.topic}`]
      : event.type === "publish-failed"
      ? [`failed ${event.topic} ${event.delivery}`]
      : []
  );
}

Deno.test("The next process sends again what was sent, then what waited, and settles it by status", async () => {
  const store = await leftBy(async (client, server) => {
    post(client, "1", 2);
    post(client, "2", 1);
    post(client, "3", 2);
    await server.sent();
    server.send(ack("pubrec", 1));
    await server.sent();
    post(client, "4", 1);
    post(client, "5", 2);
  }, { properties: { receiveMaximum: 3 } });
  const { client, server } = await started(store, KEPT);
  assertEquals(client.restored, {
    clientId: "me",
    server: "server.test:1883",
    isElsewhere: false,
    queued: 2,
    published: 2,
    released: 1,
    owned: 0,
    unknown: [],
    lost: 0,
    checkpoint: undefined,
    damages: [],
  });
  const status = listen(client);
  assertEquals(lines(await server.sent()), [
    "pubrel 1",
    "publish 2 2 dup",
    "publish 3 3 dup",
    "publish 4 4",
    "publish 5 5",
  ]);
  assertEquals([client.stats().inFlight, client.stats().queued], [5, 0]);
  server.send(ack("pubcomp", 1), ack("puback", 2), ack("pubrec", 3));
  server.send(ack("puback", 4, 0x87), ack("pubrec", 5));
  await server.sent();
  server.send(ack("pubcomp", 3), ack("pubcomp", 5));
  await settled();
  assertEquals(ends(status), [
    "published undefined",
    "published topic/2",
    "failed topic/4 refused",
    "published topic/3",
    "published topic/5",
  ]);
  assertEquals(store.kept, []);
  client.close();
  await client.closed;
});

Deno.test("What is published anew goes behind what was brought back, with identifiers that are free", async () => {
  const store = await leftBy(async (client, server) => {
    for (const payload of ["1", "2", "3"]) post(client, payload, 1);
    await server.sent();
  }, { properties: { receiveMaximum: 2 } });
  const { client, server } = await started(store, {
    ...KEPT,
    properties: { receiveMaximum: 2 },
  });
  post(client, "4", 1);
  assertEquals(lines(await server.sent()), [
    "publish 1 1 dup",
    "publish 2 2 dup",
  ]);
  server.send(ack("puback", 1), ack("puback", 2));
  assertEquals(lines(await server.sent()), ["publish 3 3", "publish 4 4"]);
  assertEquals(store.kept, [
    "flight 3",
    "flight 4",
    "message 3",
    "message 4",
  ]);
  client.close();
  await client.closed;
});

Deno.test("What waited for a connection waits on while there is none, and new messages behind it", async () => {
  const store = new HeldStore();
  const first = await started(store, {});
  await lose(first);
  post(first.client, "1", 1);
  post(first.client, "2", 2);
  await settled();
  const next = await killed(first.client, store);
  const second = await started(next, LOST, { random: () => 1 });
  assertEquals(lines(await second.server.sent()), [
    "publish 1 1",
    "publish 2 2",
  ]);
  await lose(second);
  post(second.client, "3", 1);
  await settled();
  const last = await killed(second.client, next);
  const third = await started(last, KEPT);
  assertEquals(lines(await third.server.sent()), [
    "publish 1 1 dup",
    "publish 2 2 dup",
    "publish 3 3",
  ]);
  third.client.close();
  await third.client.closed;
});

Deno.test("A server that has lost the session gets QoS 1 anew, and QoS 2 that may have arrived is told as unknown", async () => {
  const store = await leftBy(async (client, server) => {
    post(client, "1", 1);
    post(client, "2", 2);
    post(client, "3", 2);
    await server.sent();
    server.send(ack("pubrec", 3));
    await server.sent();
  });
  const connecting = dialled(store);
  const { server } = await answered(connecting.listener, LOST);
  const client = await connecting.client;
  const status = listen(client);
  assertEquals(lines(await server.sent()), ["publish 4 1"]);
  assertEquals(client.stats().publishesFailed, 2);
  server.send(ack("puback", 4));
  await settled();
  assertEquals(ends(status), [
    "failed  unknown",
    "failed topic/2 unknown",
    "published topic/1",
  ]);
  assertEquals(store.kept, []);
  client.close();
  await client.closed;
});

/** A client whose CONNACK the test gives. */
function dialled(store: HeldStore, options: ConnectOptions = {}) {
  const listener = new Listener();
  const client = connect("mqtt://server.test", {
    ...OPTIONS,
    clock: new VirtualClock(),
    transport: listener,
    store,
    ...options,
  });
  return { client, listener };
}

/** A store whose process has sent messages of each QoS, of which the last is released. */
function leftInFlight(): Promise<HeldStore> {
  return leftBy(async (client, server) => {
    post(client, "1", 1);
    post(client, "2", 2);
    post(client, "3", 2);
    await server.sent();
    server.send(ack("pubrec", 3));
    await server.sent();
  });
}

Deno.test("A client id of its own has not the session, whatever its Session Present says", async () => {
  const store = await leftInFlight();
  const { client: connecting, listener } = dialled(store, { clientId: "you" });
  const { server } = await answered(listener, KEPT);
  const client = await connecting;
  assertEquals(lines(await server.sent()), ["publish 4 1"]);
  client.close();
  await client.closed;
});

Deno.test("A server at another address gets nothing of QoS 2 twice, and is told that the packet identifiers are free", async () => {
  for (const answer of [KEPT, LOST]) {
    const store = await leftInFlight();
    const listener = new Listener();
    const connecting = connect("mqtt://other.test", {
      ...OPTIONS,
      clock: new VirtualClock(),
      transport: listener,
      store,
    });
    const { server } = await answered(listener, answer);
    const client = await connecting;
    const { unknown = [] } = client.restored ?? {};
    assertEquals(
      unknown.map(({ topic, payload }) => [topic, decoder.decode(payload)]),
      [["topic/2", "2"]],
    );
    assertEquals(
      lines(await server.sent()),
      answer === KEPT
        ? ["pubrel 3", "pubrel 2", "publish 1 1 dup"]
        : ["publish 3 1"],
    );
    client.close();
    await client.closed;
  }
});

Deno.test("A client without a client id goes on under that of the store", async () => {
  const store = new HeldStore();
  const first = await connected({ store, cleanStart: false });
  await settled();
  const { clientId } = first.connectPacket;
  const next = await killed(first.client, store);
  const second = await connected({ store: next, cleanStart: false }, KEPT);
  assertEquals(second.connectPacket.clientId, clientId);
  assertEquals(second.client.restored?.clientId, clientId);
  second.client.close();
  await second.client.closed;
});

Deno.test("A client id that the server gave is asked for by the next process", async () => {
  const store = new HeldStore();
  const given = { properties: { assignedClientIdentifier: "given" } };
  const first = await connected(
    { store, cleanStart: false, clientId: "" },
    given,
  );
  post(first.client, "1", 2);
  await first.server.sent();
  const next = await killed(first.client, store);
  const second = await connected(
    { store: next, cleanStart: false, clientId: "" },
    KEPT,
  );
  assertEquals(second.connectPacket.clientId, "given");
  assertEquals(lines(await second.server.sent()), ["publish 1 1 dup"]);
  second.client.close();
  await second.client.closed;
});

Deno.test("A message of QoS 2 that was taken is not taken again by the next process, which answers for it", async () => {
  const store = await leftBy(async (client, server) => {
    const loop = client[Symbol.asyncIterator]();
    server.send(
      publish("a", "1", { qos: 2, packetId: 7 }),
      publish("a", "2", { qos: 2, packetId: 8 }),
    );
    await loop.next();
    await loop.next();
    assertEquals(lines(await server.sent()), ["pubrec 7"]);
    loop.next().catch(() => {});
    assertEquals(lines(await server.sent()), ["pubrec 8"]);
  });
  const { client, server } = await started(store, KEPT);
  assertEquals(client.restored?.owned, 2);
  server.send(
    publish("a", "1", { qos: 2, packetId: 7, dup: true }),
    ack("pubrel", 8),
  );
  assertEquals(lines(await server.sent()), ["pubrec 7", "pubcomp 8"]);
  server.send(ack("pubrel", 7));
  assertEquals(await server.sent(), [ack("pubcomp", 7)]);
  assertEquals([client.stats().messagesReceived, store.kept], [0, []]);
  client.close();
  await client.closed;
});

Deno.test("A message that comes without DUP is another one than the earlier process has taken [MQTT-3.3.1-1]", async () => {
  // It was killed between CONNACK without Session Present and the append that would have said so.
  const store = new HeldStore([[7, new Uint8Array(0)]]);
  const { client, server } = await started(store, KEPT);
  const loop = client[Symbol.asyncIterator]();
  server.send(publish("a", "1", { qos: 2, packetId: 7 }));
  assertEquals((await loop.next()).value?.text(), "1");
  assertEquals(await server.sent(), []);
  loop.next().catch(() => {});
  assertEquals(lines(await server.sent()), ["pubrec 7"]);
  assertEquals(store.kept, ["owned 7"]);
  client.close();
  await client.closed;
});

Deno.test("A message that was in hand when the process was killed is handed out again", async () => {
  const store = await leftBy(async (client, server) => {
    const loop = client[Symbol.asyncIterator]();
    server.send(publish("a", "1", { qos: 2, packetId: 7 }));
    await loop.next();
  });
  const again = publish("a", "1", { qos: 2, packetId: 7, dup: true });
  const { client } = await started(store, KEPT);
  assertEquals(client.restored?.owned, 0);
  client.close();
  await client.closed;
  const next = await connected(
    { ...OPTIONS, store: store.afterKill() },
    KEPT,
    again,
  );
  const loop = next.client[Symbol.asyncIterator]();
  assertEquals((await loop.next()).value?.text(), "1");
  next.client.close();
  await next.client.closed;
});

Deno.test("An expiry that passes between two processes settles a message as not sent", async () => {
  const store = new HeldStore();
  const first = await started(store, { properties: { receiveMaximum: 1 } });
  post(first.client, "1", 1);
  void first.client.publish("topic/2", "2", {
    qos: 1,
    properties: { messageExpiryInterval: 60 },
  });
  await settled();
  const next = await killed(first.client, store);
  const clock = new VirtualClock();
  await clock.advance(61_000);
  const second = await connected({ ...OPTIONS, clock, store: next }, {
    ...KEPT,
    properties: { receiveMaximum: 1 },
  });
  const status = listen(second.client);
  assertEquals(lines(await second.server.sent()), ["publish 1 1 dup"]);
  second.server.send(ack("puback", 1));
  await settled();
  assertEquals(ends(status), [
    "published topic/1",
    "failed topic/2 not-sent",
  ]);
  assertEquals(next.kept, []);
  second.client.close();
  await second.client.closed;
});

Deno.test("The binding is written anew while there is a connection, so that a killed process leaves a session that can be told from one that is gone", async () => {
  const expiry = { properties: { sessionExpiryInterval: 300 } };
  const store = new HeldStore();
  const first = await started(store, {}, { ...expiry, keepAlive: 0 });
  await settled();
  const before = store.values.get(0);
  await first.clock.advance(149_000);
  assertEquals(store.values.get(0), before);
  await first.clock.advance(2_000);
  const seenAt = JSON.parse(decoder.decode(store.values.get(0))).seenAt;
  assert(seenAt >= first.clock.wallNow() - 2_000);
  first.client.close();
  await first.client.closed;
});

Deno.test("Damages are told as warnings, and with what they cost by restored", async () => {
  const store = await leftBy(async (client, server) => {
    post(client, "1", 2);
    await server.sent();
  });
  const open = store.open.bind(store);
  store.open = (take: (entry: StoreEntry) => void) => {
    open((entry) => take({ ...entry, doubtful: true }));
    return [{ message: "a part is broken", changesMax: 1 }];
  };
  const { client } = await started(store, KEPT);
  const status = listen(client);
  await settled();
  assertEquals(status, [{ type: "warning", text: "a part is broken" }]);
  const { unknown = [], damages } = client.restored ?? {};
  assertEquals(unknown.map(({ topic, qos }) => [topic, qos]), [["topic/1", 2]]);
  assertEquals(damages, [{ message: "a part is broken", changesMax: 1 }]);
  client.close();
  await client.closed;
});
