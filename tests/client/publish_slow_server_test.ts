// publish() to a server that does not read: awaiting it is what slows a publisher down.

import { assert, assertEquals, assertLess } from "@std/assert";
import { isPending, settled } from "./clock.ts";
import { ack, publish } from "./packets.ts";
import { connected } from "./server.ts";

const KIB = 1 << 10;
const MIB = 1 << 20;

Deno.test("publish of QoS 0 that is awaited waits for a server that does not read", async () => {
  const { client, server } = await connected();
  const payload = new Uint8Array(64 * KIB);
  const count = 500;
  let accepted = 0;
  const publishing = (async () => {
    for (; accepted < count; accepted++) await client.publish("a", payload);
  })();
  await settled();
  // The wire holds 1 MiB, what waits before it no more than one message above its mark.
  assertLess(accepted, 20);
  assertLess(client.stats().outgoingBytes, 200 * KIB);
  for (let i = 0; i < count; i++) await server.next("publish");
  await publishing;
  assertEquals(client.stats().outgoingBytes, 0);
});

Deno.test("publish of QoS 0 resolves at once while little waits", async () => {
  const { client, server } = await connected();
  for (let i = 0; i < 100; i++) await client.publish("a", `${i}`);
  assertEquals((await server.sent()).length, 100);
});

Deno.test("publish of many small messages of QoS 0, each awaited, is slowed down too", async () => {
  const { client, server } = await connected();
  const payload = new Uint8Array(KIB);
  const count = 5_000;
  let accepted = 0;
  const publishing = (async () => {
    for (; accepted < count; accepted++) await client.publish("a", payload);
  })();
  await settled();
  assertLess(accepted, 1_500);
  for (let i = 0; i < count; i++) await server.next("publish");
  await publishing;
});

Deno.test("publish of QoS 0 and a slow server: what is published meanwhile leaves in order", async () => {
  const { client, server } = await connected();
  const first = client.publish("a", new Uint8Array(3 * MIB));
  assert(await isPending(first));
  const second = client.publish("a", "2");
  const third = client.publish("a", "3", { qos: 1 });
  assertEquals((await server.next("publish")).payload.length, 3 * MIB);
  await first;
  assertEquals(await server.next("publish"), publish("a", "2"));
  await second;
  assertEquals(
    await server.next("publish"),
    publish("a", "3", { packetId: 1 }),
  );
  server.send(ack("puback", 1));
  await third;
});

Deno.test("publish of QoS 1 within the window resolves though QoS 0 waits for the wire", async () => {
  const { client, server } = await connected();
  const waiting = client.publish("a", new Uint8Array(3 * MIB));
  const published = client.publish("a", "x", { qos: 1 });
  assert(await isPending(published));
  await server.next("publish");
  await server.next("publish");
  server.send(ack("puback", 1));
  await Promise.all([waiting, published]);
});

Deno.test("answers to a server that does not read them are bounded: it is not read from either, and goes on where it stopped", async () => {
  const { client, server } = await connected();
  const count = 600_000;
  const bytes = server.encode(
    ...Array.from({ length: 1_000 }, (_, i) => ack("pubrel", i + 1)),
  );
  for (let i = 0; i < count; i += 1_000) server.sendBytes(bytes);
  await settled();
  assertLess(client.stats().outgoingBytes, 2 * MIB);
  assertLess(client.stats().bytesReceived, count * 4);
  let answered = 0;
  while (answered < count) answered += (await server.segment()).length;
  assertEquals(answered, count);
});
