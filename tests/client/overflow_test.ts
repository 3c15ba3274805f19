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
import { ack, disconnect, publish } from "./packets.ts";
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
  Deno.test(`messages of QoS 1 past the hard bound, while a request waits, end the connection, version ${protocolVersion}`, async () => {
    const { client, server } = await connected({
      reconnect: false,
      ...LOW,
      protocolVersion,
    });
    const subscription = await subscribed({ client, server }, "a", { qos: 1 });
    subscription[Symbol.asyncIterator]();
    void client.publish("b", "x", { qos: 1 });
    await server.next("publish");
    const payload = new Uint8Array(100 * KIB);
    for (let packetId = 1; packetId <= 20; packetId++) {
      server.send(publish("a", payload, { packetId }));
    }
    const error = await client.closed;
    assertInstanceOf(error, ConnectionLostError);
    assert(!error.message.includes("closed it"), error.message);
    const packets = await server.rest();
    assertEquals(packets, protocolVersion === 5 ? [disconnect(0x97)] : []);
  });
}

Deno.test("messages of QoS 1 past the hard bound are had again on the next connection, none twice", async () => {
  const { client, server, clock, listener } = await connected({
    random: () => 1,
    ...LOW,
  });
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  const loop = subscription[Symbol.asyncIterator]();
  void client.publish("b", "x", { qos: 1 });
  await server.next("publish");
  const messages = Array.from({ length: 20 }, (_, i) => {
    const payload = new Uint8Array(100 * KIB).fill(i);
    return publish("a", payload, { packetId: i + 1 });
  });
  server.send(...messages);
  assertEquals(await server.rest(), [disconnect(0x97)]);
  await clock.advance(1_000);
  const { server: second } = await answered(listener, { sessionPresent: true });
  const { packetId } = await second.next("publish");
  second.send(ack("puback", packetId));
  const came: unknown[] = [];
  for (const message of messages) {
    second.send({ ...message, dup: true });
    came.push((await loop.next()).value?.payload[0]);
  }
  assertEquals(came, messages.map((_, i) => i));
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
