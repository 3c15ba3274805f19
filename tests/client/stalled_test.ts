// A message that heads an acknowledgement queue for 10 s is told: whoever has it holds up the rest.

import { assertEquals } from "@std/assert";
import { listen } from "./listen.ts";
import { publish } from "./packets.ts";
import { connected, subscribed } from "./server.ts";

const atQos1 = (packetId: number, topic = "a") =>
  publish(topic, `${packetId}`, { packetId, qos: 1 });

Deno.test("status tells of a message that a loop has not let go of for 10 s, with its filter and how many wait", async () => {
  const { client, server, clock } = await connected({ keepAlive: 0 });
  const events = listen(client);
  const subscription = await subscribed(
    { client, server },
    "a/+",
    { qos: 1 },
    atQos1(1, "a/1"),
    atQos1(2, "a/2"),
    atQos1(3, "b"),
  );
  const messages = subscription[Symbol.asyncIterator]();
  await messages.next();
  await clock.advance(9_999);
  assertEquals(events, []);
  await clock.advance(1);
  assertEquals(events, [
    { type: "stalled", topic: "a/1", filter: "a/+", waiting: 3 },
  ]);
});

Deno.test("status tells of a stalled message once, and of the next one that heads the queue", async () => {
  const { client, server, clock } = await connected({ keepAlive: 0 });
  const events = listen(client);
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 1 },
    atQos1(1),
    atQos1(2),
  );
  const messages = subscription[Symbol.asyncIterator]();
  await messages.next();
  await clock.advance(60_000);
  assertEquals(events.length, 1);
  await messages.next();
  await clock.advance(60_000);
  assertEquals(events.length, 2);
  void messages.next();
  await clock.advance(60_000);
  assertEquals(events.length, 2);
});

Deno.test("status tells of a stalled message that nobody takes, without a filter", async () => {
  const { client, server, clock } = await connected({
    keepAlive: 0,
    unclaimedMs: 60_000,
  });
  const events = listen(client);
  server.send(publish("b", "1", { packetId: 1, qos: 2 }));
  await clock.advance(10_000);
  assertEquals(events, [
    { type: "stalled", topic: "b", filter: undefined, waiting: 1 },
  ]);
});

Deno.test("status tells nothing of a loop that is slow, but goes on", async () => {
  const { client, server, clock } = await connected();
  const events = listen(client);
  const ids = Array.from({ length: 10 }, (_, i) => i + 1);
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 1 },
    ...ids.map((id) => atQos1(id)),
  );
  const messages = subscription[Symbol.asyncIterator]();
  for (const _ of ids) {
    await messages.next();
    await clock.advance(5_000);
  }
  assertEquals(events, []);
});
