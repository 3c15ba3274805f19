// What happens above the mark where reading cannot or shall not pause: overflow "drop", and the hard
// bound while requests wait.

import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLess,
  assertLessOrEqual,
  assertStringIncludes,
} from "@std/assert";
import { ConnectionLostError, type StatusEvent } from "../../mod.ts";
import { encodePacket } from "../../src/codec/encoder.ts";
import type { OutgoingPacket } from "../../src/codec/packet.ts";
import { ByteWriter } from "../../src/codec/writer.ts";
import { isPending, settled } from "./clock.ts";
import { listen } from "./listen.ts";
import { ack, disconnect, publish, suback } from "./packets.ts";
import { answered, connected, dial, subscribed } from "./server.ts";

const KIB = 1 << 10;

const LOW = { highWaterBytes: 200 * KIB, hardBoundBytes: 1_000 * KIB } as const;

/** How many messages status() has told to be dropped. */
function droppedIn(events: readonly StatusEvent[]): number {
  return events.reduce(
    (sum, event) => event.type === "dropped" ? sum + event.count : sum,
    0,
  );
}

Deno.test("highWaterMessages and highWaterBytes set where reading pauses", async () => {
  for (
    const [options, size] of [
      [{ highWaterMessages: 10 }, 16 * KIB],
      [{ highWaterBytes: 160 * KIB }, 16 * KIB],
    ] as const
  ) {
    const { client, server } = await connected(options);
    const subscription = await subscribed({ client, server }, "a");
    const messages = subscription[Symbol.asyncIterator]();
    const bytes = server.encode(publish("a", new Uint8Array(size)));
    for (let i = 0; i < 200; i++) server.sendBytes(bytes);
    await settled();
    assertGreater(client.stats().waiting, 9);
    assertLess(client.stats().waiting, 20);
    for (let i = 0; i < 200; i++) await messages.next();
    assertEquals(client.stats().messagesDropped, 0);
  }
});

Deno.test('overflow "drop" keeps the newest QoS 0 messages of a slow loop, the rest counted and told', async () => {
  const { client, server } = await connected({ overflow: "drop" });
  const events = listen(client);
  const subscription = await subscribed({ client, server }, "a");
  const messages = subscription[Symbol.asyncIterator]();
  const count = 20_000;
  server.send(
    ...Array.from({ length: count }, (_, i) => publish("a", `${i}`)),
  );
  await settled();
  const { waiting, messagesReceived, messagesDropped } = client.stats();
  assertEquals(messagesReceived, count, "reading does not pause");
  assertLessOrEqual(waiting, 4_097);
  assertEquals(messagesDropped, count - waiting);
  assertEquals(droppedIn(events.slice()), messagesDropped);
  for (let i = count - waiting; i < count; i++) {
    assertEquals((await messages.next()).value?.text(), `${i}`);
  }
});

Deno.test('overflow "drop" drops above 16 MiB, too', async () => {
  const { client, server } = await connected({ overflow: "drop" });
  const subscription = await subscribed({ client, server }, "a");
  subscription[Symbol.asyncIterator]();
  const bytes = server.encode(publish("a", new Uint8Array(1 << 20)));
  for (let i = 0; i < 40; i++) server.sendBytes(bytes);
  await settled();
  assertEquals(client.stats().messagesReceived, 40);
  assertLessOrEqual(client.stats().waitingBytes, 17 << 20);
});

Deno.test('overflow "drop" drops of a slow subscription alone, and no message of QoS 1', async () => {
  const { client, server } = await connected({
    overflow: "drop",
    highWaterMessages: 10,
  });
  const slow = await subscribed({ client, server }, "a", { qos: 1 });
  const slowly = slow[Symbol.asyncIterator]();
  const quick = await subscribed({ client, server }, "+", { qos: 1 });
  const payloads: string[] = [];
  const looping = (async () => {
    for await (const message of quick) payloads.push(message.text());
  })();
  looping.catch(() => {});
  for (let i = 0; i < 100; i++) {
    server.send(
      i % 25 === 0
        ? publish("a", `${i}`, { packetId: i + 1 })
        : publish("a", `${i}`),
    );
    await settled();
  }
  assertEquals(payloads.length, 100, "the quick one gets all");
  const left: string[] = [];
  while (slow.waiting > 0) {
    left.push((await slowly.next()).value?.text() ?? "");
  }
  assertLess(left.length, 20);
  for (const kept of ["0", "25", "50", "75", "99"]) {
    assert(left.includes(kept), `${kept} of ${left}`);
  }
  void slowly.next();
  assertEquals(
    await server.sent(),
    [1, 26, 51, 76].map((id) => ack("puback", id)),
  );
});

Deno.test("a flood of QoS 0 past the hard bound, while a request waits, is dropped, counted and told", async () => {
  const { client, server } = await connected(LOW);
  const events = listen(client);
  const subscription = await subscribed({ client, server }, "a");
  const messages = subscription[Symbol.asyncIterator]();
  const published = client.publish("b", "x", { qos: 1 });
  const { packetId } = await server.next("publish");
  const bytes = server.encode(publish("a", new Uint8Array(100 * KIB)));
  for (let i = 0; i < 50; i++) server.sendBytes(bytes);
  await settled();
  assertEquals(client.stats().messagesReceived, 50);
  assertLess(client.stats().waitingBytes, 1_100 * KIB);
  assertGreater(client.stats().messagesDropped, 30);
  assertEquals(droppedIn(events), client.stats().messagesDropped);
  // The answer is found behind the flood; then reading pauses.
  server.send(ack("puback", packetId));
  await published;
  const { messagesDropped } = client.stats();
  for (let i = 0; i < 50; i++) server.sendBytes(bytes);
  await settled();
  assertEquals(client.stats().messagesDropped, messagesDropped);
  assertLess(client.stats().waitingBytes, 1_100 * KIB);
  const kept = client.stats().waiting;
  for (let i = 0; i < kept + 50; i++) await messages.next();
  assertEquals(client.stats().messagesDropped, messagesDropped);
});

for (const protocolVersion of [4, 5] as const) {
  Deno.test(`messages of QoS 1 past the hard bound end the connection once no request waits, version ${protocolVersion}`, async () => {
    const { client, server } = await connected({
      reconnect: false,
      ...LOW,
      protocolVersion,
    });
    const subscription = await subscribed({ client, server }, "a", { qos: 1 });
    subscription[Symbol.asyncIterator]();
    const published = client.publish("b", "x", { qos: 1 });
    const asked = await server.next("publish");
    const payload = new Uint8Array(100 * KIB);
    for (let packetId = 1; packetId <= 20; packetId++) {
      server.send(publish("a", payload, { packetId }));
    }
    assert(await isPending(client.closed));
    assertLess(client.stats().waitingBytes, 1_100 * KIB);
    server.send(ack("puback", asked.packetId));
    await published;
    const error = await client.closed;
    assertInstanceOf(error, ConnectionLostError);
    assert(!error.message.includes("closed it"), error.message);
    const packets = await server.rest();
    assertEquals(packets, protocolVersion === 5 ? [disconnect(0x97)] : []);
  });
}

/** A client that awaits the answer to `packetId`, its loop, and messages for that which there is no room for. */
async function awaiting() {
  const connection = await connected({ random: () => 1, ...LOW });
  const { client, server } = connection;
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  const loop = subscription[Symbol.asyncIterator]();
  void client.publish("b", "x", { qos: 1 });
  const { packetId } = await server.next("publish");
  const messages = Array.from({ length: 20 }, (_, i) => {
    const payload = new Uint8Array(100 * KIB).fill(i);
    return publish("a", payload, { packetId: i + 1 });
  });
  return { ...connection, loop, packetId, messages };
}

Deno.test("messages of QoS 1 past the hard bound are had again on the next connection, none twice", async () => {
  const { client, server, clock, listener, loop, packetId, messages } =
    await awaiting();
  server.send(...messages, ack("puback", packetId));
  assertEquals(await server.rest(), [disconnect(0x97)]);
  await clock.advance(1_000);
  const { server: second } = await answered(listener, { sessionPresent: true });
  const came: unknown[] = [];
  for (const message of messages) {
    second.send({ ...message, dup: true });
    came.push((await loop.next()).value?.payload[0]);
  }
  assertEquals(came, messages.map((_, i) => i));
  client.close();
});

Deno.test("messages that find room behind one that had none are not handed out before it", async () => {
  const { client, server, clock, listener, loop, packetId, messages } =
    await awaiting();
  server.send(...messages);
  await settled();
  const { waiting } = client.stats();
  assertLess(waiting, messages.length);
  const came: unknown[] = [];
  const take = async () => came.push((await loop.next()).value?.payload[0]);
  for (let i = 0; i < waiting; i++) await take();
  const last = publish("a", new Uint8Array([20]), { packetId: 21 });
  server.send(last);
  server.send(ack("puback", packetId));
  await settled();
  assertEquals((await server.rest()).at(-1), disconnect(0x97));
  await clock.advance(1_000);
  const { server: second } = await answered(listener, { sessionPresent: true });
  for (const message of [...messages, last].slice(waiting - 1)) {
    second.send({ ...message, dup: true });
  }
  while (came.length <= messages.length) await take();
  assertEquals(came, Array.from({ length: 21 }, (_, i) => i));
  client.close();
});

Deno.test("messages of QoS 1 past the hard bound end the connection after ten seconds where what is awaited does not come", async () => {
  const { client, server, clock } = await connected({
    reconnect: false,
    ...LOW,
  });
  void client.publish("b", "x", { qos: 1 });
  await server.next("publish");
  // What heads the acknowledgement queue has a time of its own.
  server.send(publish("a", "first", { packetId: 100 }));
  await settled();
  await clock.advance(1);
  const payload = new Uint8Array(100 * KIB);
  for (let packetId = 1; packetId <= 20; packetId++) {
    server.send(publish("a", payload, { packetId }));
  }
  await settled();
  await clock.advance(9_999);
  assert(await isPending(client.closed));
  await clock.advance(1);
  assertStringIncludes((await client.closed)?.message ?? "", "too far behind");
  assertEquals(await server.rest(), [disconnect(0x97)]);
});

Deno.test("a connection that follows one on which messages had no room is not ended for that", async () => {
  const { client, server, clock, listener } = await connected({
    random: () => 1,
    ...LOW,
  });
  void client.publish("b", "x", { qos: 1 });
  await server.next("publish");
  const payload = new Uint8Array(100 * KIB);
  for (let packetId = 1; packetId <= 20; packetId++) {
    server.send(publish("a", payload, { packetId }));
  }
  await settled();
  server.close();
  await clock.advance(1_000);
  const { server: second } = await answered(listener, { sessionPresent: true });
  await second.next("publish");
  await clock.advance(20_000);
  assertEquals([client.connected, await second.sent()], [true, []]);
  client.close();
});

Deno.test("SUBACK is found behind more messages than there is room for, and the rest is had on the next connection", async () => {
  const { client, server, clock, listener } = await connected({
    random: () => 1,
    hardBoundBytes: 4 * KIB,
  });
  const subscribing = client.subscribe("a", { qos: 1 });
  const { packetId } = await server.next("subscribe");
  // The server goes on with a session that has more for us than there is room for, and answers behind it.
  const messages = Array.from({ length: 20 }, (_, i) => {
    const payload = new Uint8Array(KIB).fill(i);
    return publish("a", payload, { packetId: i + 1 });
  });
  for (const message of messages) {
    server.send(message);
    await settled();
  }
  assertLess(client.stats().waitingBytes, 5 * KIB);
  server.send(suback(packetId, [1]));
  const subscription = await subscribing;
  assertEquals(await server.rest(), [disconnect(0x97)]);
  const came: (number | undefined)[] = [];
  const looping = (async () => {
    for await (const message of subscription) came.push(message.payload[0]);
  })();
  looping.catch(() => {});
  await clock.advance(1_000);
  const { server: second } = await answered(listener, { sessionPresent: true });
  for (const message of messages) {
    second.send({ ...message, dup: true });
    await settled();
  }
  assertEquals(came, messages.map((_, i) => i));
  assertEquals(
    await second.sent(),
    messages.map(({ packetId }) => ack("puback", packetId)),
  );
  client.close();
});

Deno.test("messages past the hard bound end the connection without DISCONNECT where a server answered in MQTT 3.1.1", async () => {
  const { connecting, listener } = dial({ reconnect: false, ...LOW });
  const server = await listener.accept();
  await server.next("connect");
  server.sendBytes(Uint8Array.of(0x20, 2, 0, 0));
  const client = await connecting;
  void client.publish("b", "x", { qos: 1 });
  await settled();
  const payload = new Uint8Array(100 * KIB);
  for (let packetId = 1; packetId <= 20; packetId++) {
    server.sendBytes(v311(publish("a", payload, { packetId })));
  }
  server.sendBytes(v311(ack("puback", 1)));
  const error = await client.closed;
  assertStringIncludes(error?.message ?? "", "too far behind");
});

/** A packet in the form of MQTT 3.1.1. */
function v311(packet: OutgoingPacket): Uint8Array {
  const writer = new ByteWriter();
  encodePacket(writer, packet, 4);
  return writer.take() ?? new Uint8Array(0);
}

Deno.test("messages of QoS 1 that nobody takes cost no more memory than the hard bound", async () => {
  const { client, server } = await connected({
    reconnect: false,
    ...LOW,
    protocolVersion: 4,
  });
  const payload = new Uint8Array(100 * KIB);
  for (let packetId = 1; packetId <= 200; packetId++) {
    server.send(publish("a", payload, { packetId }));
  }
  await settled();
  assert(!await isPending(client.closed), "the connection has ended");
  assertLess(client.stats().messagesReceived, 20);
});
