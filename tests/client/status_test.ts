// status() and stats(): what is told and what is counted.

import { assertEquals, assertStrictEquals } from "@std/assert";
import { StatusStream } from "../../src/client/status.ts";
import { isPending, settled } from "./clock.ts";
import { ack, publish } from "./packets.ts";
import { connected, subscribed } from "./server.ts";

Deno.test("status tells all who listen, from the call on", async () => {
  const { client } = await connected();
  await client.publish("a/#", "x").catch(() => {});
  const first = client.status();
  await client.publish("b/#", "x").catch(() => {});
  const second = client.status();
  await client.publish("c/#", "x").catch(() => {});
  const topicOf = async (events: typeof first) => {
    const { value } = await events.next();
    return value?.type === "publish-failed" ? value.topic : value?.type;
  };
  assertEquals(await topicOf(first), "b/#");
  assertEquals(await topicOf(first), "c/#");
  assertEquals(await topicOf(second), "c/#");
  const waiting = topicOf(first);
  client.close();
  assertEquals(await waiting, "closed");
  assertEquals(await topicOf(second), "closed");
  for (const events of [first, second]) {
    assertEquals(await events.next(), { done: true, value: undefined });
  }
});

Deno.test("status, left, tells nothing more, and a loop over it may be left", async () => {
  const { client } = await connected();
  const events = client.status();
  const waiting = events.next();
  await events.return?.();
  assertEquals(await waiting, { done: true, value: undefined });
  const again = client.status();
  void client.publish("a/#", "x");
  for await (const event of again) {
    assertEquals(event.type, "publish-failed");
    break;
  }
});

Deno.test("status of a client that has ended is at its end", async () => {
  const { client } = await connected();
  client.close();
  assertEquals(await client.status().next(), { done: true, value: undefined });
});

Deno.test("status that nobody reads keeps the newest 1,000 events", async () => {
  const { client } = await connected();
  const events = client.status();
  for (let i = 0; i < 1_500; i++) void client.publish(`${i}/#`, "x");
  await settled();
  const { value } = await events.next();
  assertEquals(value?.type === "publish-failed" && value.topic, "500/#");
  for (let i = 501; i < 1_500; i++) await events.next();
  assertEquals(await isPending(events.next()), true);
});

Deno.test("status of what an earlier process had published waits for the first who listens, the newest 1,000 of it", async () => {
  const status = new StatusStream();
  const topics = Array.from({ length: 1_500 }, (_, number) => `${number}`);
  for (const topic of topics) {
    status.tell({ type: "restored-published", topic });
  }
  // Nobody is to hear later of what has a promise of its own.
  const error = new Error("no");
  status.tell({
    type: "publish-failed",
    topic: "a",
    error,
    delivery: "not-sent",
  });
  const first = status.listen();
  await settled();
  const second = status.listen();
  status.end();
  assertEquals(
    (await Array.fromAsync(first)).map((event) =>
      event.type === "restored-published" && event.topic
    ),
    topics.slice(500),
  );
  assertEquals(await Array.fromAsync(second), []);
});

Deno.test("status gives the error that publish rejects with", async () => {
  const { client } = await connected();
  const events = client.status();
  const error = await client.publish("a/#", "x").catch((error) => error);
  const { value } = await events.next();
  assertStrictEquals(
    value?.type === "publish-failed" && value.error,
    error,
  );
});

Deno.test("stats counts bytes and messages in both directions", async () => {
  const { client, server } = await connected();
  const before = client.stats();
  await client.publish("a", "12345");
  void client.publish("a", "12345", { qos: 1 });
  await server.sent();
  const incoming = server.encode(publish("b", "x"), publish("b", "y"));
  server.sendBytes(incoming);
  await settled();
  const after = client.stats();
  assertEquals(after.messagesPublished - before.messagesPublished, 2);
  assertEquals(after.bytesSent - before.bytesSent, 11 + 13);
  assertEquals(after.messagesReceived - before.messagesReceived, 2);
  assertEquals(after.bytesReceived - before.bytesReceived, incoming.length);
  assertEquals(after.inFlight, 1);
  assertEquals(after.unclaimed, 2);
  assertEquals(after.outgoingBytes, 0);
  assertEquals(before.inFlight, 0, "a snapshot does not change");
});

Deno.test("stats counts what waits for a loop", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  const messages = subscription[Symbol.asyncIterator]();
  server.send(
    publish("a", "123", { packetId: 1 }),
    publish("a", "45", { packetId: 2 }),
  );
  await settled();
  assertEquals(client.stats().waiting, 2);
  assertEquals(client.stats().waitingBytes, 5);
  assertEquals(subscription.waiting, 2);
  await messages.next();
  assertEquals(client.stats().waiting, 1);
  assertEquals(client.stats().waitingBytes, 2);
  await messages.next();
  void messages.next();
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 2)]);
  assertEquals(client.stats().waiting, 0);
  assertEquals(client.stats().waitingBytes, 0);
});

Deno.test("stats counts nothing as waiting after the end", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  subscription[Symbol.asyncIterator]();
  server.send(publish("a", "123", { packetId: 1 }));
  await settled();
  void client.publish("a", "x", { qos: 1 });
  client.close();
  const { waiting, waitingBytes, inFlight, queued, outgoingBytes } = client
    .stats();
  assertEquals(
    { waiting, waitingBytes, inFlight, queued, outgoingBytes },
    { waiting: 0, waitingBytes: 0, inFlight: 0, queued: 0, outgoingBytes: 0 },
  );
});

Deno.test("status() tells what nobody has heard to all who begin to listen at once, and to nobody later", async () => {
  const status = new StatusStream();
  const warning = { type: "warning", text: "words" } as const;
  status.tell(warning);
  const listeners = [status.listen(), status.listen()];
  await settled();
  listeners.push(status.listen());
  status.end();
  assertEquals(
    await Promise.all(listeners.map((each) => Array.fromAsync(each))),
    [[warning], [warning], []],
  );
});
