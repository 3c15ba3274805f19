// Messages that nobody takes: how long they are kept, how many, and what is told of them.

import { assertEquals } from "@std/assert";
import type { Message } from "../../mod.ts";
import { isPending, settled } from "./clock.ts";
import { ack, publish } from "./packets.ts";
import { listen } from "./listen.ts";
import { connected, grantUnsubscribe, subscribed } from "./server.ts";

const atQos1 = (packetId: number, topic = "a") =>
  publish(topic, `${packetId}`, { packetId, qos: 1 });

/** How many messages a loop gets without waiting, and the first of them. */
async function drain(
  messages: AsyncIterator<Message>,
): Promise<{ count: number; first: string | undefined }> {
  let count = 0;
  let first: string | undefined;
  let asked = messages.next();
  // A macrotask for each message would be slow: those that are there come in microtasks.
  for (let isThere = true; isThere;) {
    isThere = await Promise.race([asked.then(() => true), tenMicrotasks()]);
    if (!isThere) break;
    const { value } = await asked;
    first ??= value?.text();
    count++;
    asked = messages.next();
  }
  return { count, first };
}

async function tenMicrotasks(): Promise<false> {
  for (let i = 0; i < 10; i++) await undefined;
  return false;
}

Deno.test("a message that nobody takes within 30 s is acknowledged, dropped, counted and told", async () => {
  const { client, server, clock } = await connected({ keepAlive: 0 });
  const events = listen(client);
  server.send(
    atQos1(1, "one"),
    publish("two", "2", { packetId: 2, qos: 2 }),
    publish("three", "3"),
  );
  await clock.advance(29_999);
  assertEquals(await server.sent(), []);
  assertEquals(client.stats().unclaimed, 3);
  await clock.advance(1);
  assertEquals(await server.sent(), [ack("puback", 1), ack("pubrec", 2)]);
  assertEquals(client.stats().unclaimed, 0);
  assertEquals(client.stats().messagesUnclaimed, 3);
  const topics = events.flatMap((event) =>
    event.type === "unclaimed" ? [event.topic] : []
  );
  assertEquals(topics, ["one", "two", "three"]);
});

Deno.test("each message has its own time before it is unclaimed, and unclaimedMs sets it", async () => {
  const { client, server, clock } = await connected({
    keepAlive: 0,
    unclaimedMs: 1_000,
  });
  server.send(atQos1(1));
  await clock.advance(600);
  server.send(atQos1(2));
  await clock.advance(399);
  assertEquals(await server.sent(), []);
  await clock.advance(1);
  assertEquals(await server.sent(), [ack("puback", 1)]);
  await clock.advance(600);
  assertEquals(await server.sent(), [ack("puback", 2)]);
  assertEquals(client.stats().messagesUnclaimed, 2);
});

Deno.test("a message that a live subscription matches is never unclaimed", async () => {
  const { client, server, clock } = await connected({ keepAlive: 0 });
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  await settled();
  server.send(atQos1(1), atQos1(2, "b"));
  await clock.advance(3_600_000);
  assertEquals(client.stats().messagesUnclaimed, 1);
  assertEquals(await server.sent(), [], "PUBACK 2 waits for PUBACK 1");
  const messages = subscription[Symbol.asyncIterator]();
  assertEquals((await messages.next()).value?.text(), "1");
  void messages.next();
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 2)]);
});

Deno.test("a message that a subscription leaves behind is unclaimed in its time", async () => {
  const { client, server, clock } = await connected({ keepAlive: 0 });
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 1 },
    atQos1(1),
  );
  for await (const _ of subscription) break;
  const leaving = subscription.unsubscribe();
  await grantUnsubscribe(server, ["a"]);
  await leaving;
  await clock.advance(30_000);
  assertEquals(await server.sent(), [ack("puback", 1)]);
  assertEquals(client.stats().messagesUnclaimed, 1);
});

Deno.test("a message that the client's loop took in time is not unclaimed", async () => {
  const { client, server, clock } = await connected({ keepAlive: 0 });
  server.send(atQos1(1));
  await clock.advance(29_000);
  const messages = client[Symbol.asyncIterator]();
  await messages.next();
  await clock.advance(60_000);
  assertEquals(client.stats().messagesUnclaimed, 0);
  assertEquals(await server.sent(), []);
});

Deno.test("of the QoS 0 messages that nobody takes the newest 1,000 are kept, the rest counted and told", async () => {
  const { client, server } = await connected();
  const events = listen(client);
  server.send(
    ...Array.from({ length: 1_500 }, (_, i) => publish("a", `${i}`)),
  );
  await settled();
  assertEquals(client.stats().unclaimed, 1_000);
  assertEquals(client.stats().messagesDropped, 500);
  let told = 0;
  for (const event of events) {
    if (event.type === "dropped") told += event.count;
  }
  assertEquals(told, 500);
  assertEquals(await drain(client[Symbol.asyncIterator]()), {
    count: 1_000,
    first: "500",
  });
});

Deno.test("of the QoS 0 messages that nobody takes the newest 1 MiB is kept; those of QoS 1 are not counted", async () => {
  const { client, server } = await connected();
  const payload = new Uint8Array(100 << 10);
  for (let packetId = 1; packetId <= 20; packetId++) {
    server.send(publish("a", payload, { packetId }));
  }
  for (let i = 0; i < 20; i++) server.send(publish("a", payload));
  await settled();
  assertEquals(client.stats().unclaimed, 20 + 10);
  assertEquals(client.stats().messagesDropped, 10);
});

Deno.test("a subscription whose loop was left keeps 1,000 of its QoS 0 messages, and all others", async () => {
  const { client, server } = await connected({ readAhead: 4_096 });
  const packets = Array.from({ length: 1_500 }, (_, i) => publish("a", `${i}`));
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 1 },
    atQos1(1),
    ...packets,
  );
  for await (const _ of subscription) break;
  assertEquals(client.stats().messagesDropped, 500);
  assertEquals(await drain(subscription[Symbol.asyncIterator]()), {
    count: 1_001,
    first: "1",
  });
});

Deno.test("a subscription whose loop was left has 1,000 QoS 0 messages of its own, and claims 1,000 that came later", async () => {
  const { client, server } = await connected({ readAhead: 4_096 });
  const packets = (start: number) =>
    Array.from({ length: 1_500 }, (_, i) => publish("a", `${start + i}`));
  const subscription = await subscribed(
    { client, server },
    "a",
    {},
    ...packets(0),
  );
  // The message in hand is of QoS 0 and not put back.
  for await (const _ of subscription) break;
  assertEquals(client.stats().messagesDropped, 499);
  server.send(...packets(1_500));
  await settled();
  assertEquals(client.stats().messagesDropped, 999);
  assertEquals(await drain(subscription[Symbol.asyncIterator]()), {
    count: 2_000,
    first: "500",
  });
});

Deno.test("a subscription without a loop never pauses reading", async () => {
  const { client, server } = await connected();
  const idle = await subscribed({ client, server }, "a");
  const busy = await subscribed({ client, server }, "b");
  const messages = busy[Symbol.asyncIterator]();
  for (let i = 0; i < 40; i++) {
    server.send(publish("a", new Uint8Array(1 << 20)));
  }
  server.send(publish("b", "gets through"));
  assertEquals((await messages.next()).value?.text(), "gets through");
  assertEquals(idle.waiting, 0);
  assertEquals(client.stats().messagesReceived, 41);
});

Deno.test("a loop that is left while reading pauses lets reading go on", async () => {
  const { client, server } = await connected();
  const slow = await subscribed({ client, server }, "a");
  const busy = await subscribed({ client, server }, "b");
  const messages = busy[Symbol.asyncIterator]();
  const slowly = slow[Symbol.asyncIterator]();
  for (let i = 0; i < 40; i++) {
    server.send(publish("a", new Uint8Array(1 << 20)));
  }
  server.send(publish("b", "gets through"));
  const waiting = messages.next();
  assertEquals(await isPending(waiting), true);
  await slowly.return?.();
  assertEquals((await waiting).value?.text(), "gets through");
});
