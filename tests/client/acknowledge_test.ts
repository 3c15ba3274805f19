// When a message is acknowledged: nothing before it is owned, everything in the order of arrival.

import { assertEquals } from "@std/assert";
import type { Message } from "../../mod.ts";
import { settled } from "./clock.ts";
import { ack, publish } from "./packets.ts";
import { connected, grantUnsubscribe, subscribed } from "./server.ts";

const atQos1 = (packetId: number, topic = "a") =>
  publish(topic, `${packetId}`, { packetId, qos: 1 });
const atQos2 = (packetId: number, topic = "a") =>
  publish(topic, `${packetId}`, { packetId, qos: 2 });

async function next(messages: AsyncIterator<Message>): Promise<Message> {
  const { value, done } = await messages.next();
  if (done) throw new Error("The loop has ended");
  return value;
}

Deno.test('ack "processed" acknowledges when the loop asks for the next message', async () => {
  const { client, server } = await connected();
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 2 },
    atQos1(1),
    atQos2(2),
  );
  const messages = subscription[Symbol.asyncIterator]();
  assertEquals((await next(messages)).text(), "1");
  assertEquals(await server.sent(), []);
  assertEquals((await next(messages)).text(), "2");
  assertEquals(await server.sent(), [ack("puback", 1)]);
  void messages.next();
  assertEquals(await server.sent(), [ack("pubrec", 2)]);
  server.send(ack("pubrel", 2));
  assertEquals(await server.sent(), [ack("pubcomp", 2)]);
});

Deno.test('ack "receipt" acknowledges when the message comes', async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a", {
    qos: 2,
    ack: "receipt",
  });
  const messages = subscription[Symbol.asyncIterator]();
  server.send(atQos1(1), atQos2(2));
  assertEquals(await server.sent(), [ack("puback", 1), ack("pubrec", 2)]);
  assertEquals((await next(messages)).text(), "1");
  assertEquals((await next(messages)).text(), "2");
});

Deno.test('ack "receipt" acknowledges nothing before a loop is there', async () => {
  const { client, server } = await connected();
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 1, ack: "receipt" },
    atQos1(1),
  );
  assertEquals(await server.sent(), []);
  const messages = subscription[Symbol.asyncIterator]();
  assertEquals(await server.sent(), [ack("puback", 1)]);
  assertEquals((await next(messages)).text(), "1");
});

Deno.test('ack "manual" acknowledges when message.ack() is called, and only then', async () => {
  const { client, server } = await connected();
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 2, ack: "manual" },
    atQos1(1),
    atQos1(2),
    atQos2(3),
  );
  const messages = subscription[Symbol.asyncIterator]();
  const [one, two, three] = [
    await next(messages),
    await next(messages),
    await next(messages),
  ];
  void messages.next();
  assertEquals(await server.sent(), []);
  await three.ack();
  assertEquals(await server.sent(), [ack("pubrec", 3)]);
  await two.ack();
  assertEquals(await server.sent(), [], "PUBACK 2 waits for PUBACK 1");
  await one.ack();
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 2)]);
});

Deno.test("ack on connect is the mode of the client's own loop", async () => {
  const { client, server } = await connected({ ack: "manual" });
  server.send(atQos1(1), atQos1(2));
  const messages = client[Symbol.asyncIterator]();
  const one = await next(messages);
  await next(messages);
  assertEquals(await server.sent(), []);
  await one.ack();
  assertEquals(await server.sent(), [ack("puback", 1)]);
});

Deno.test("PUBACKs leave in order of arrival, PUBRECs too, whatever the order of processing", async () => {
  const { client, server } = await connected();
  const slow = await subscribed({ client, server }, "slow", { qos: 2 });
  const quick = await subscribed({ client, server }, "quick", { qos: 2 });
  const slowly = slow[Symbol.asyncIterator]();
  const quickly = quick[Symbol.asyncIterator]();
  server.send(
    atQos1(1, "slow"),
    atQos2(2, "slow"),
    atQos1(3, "quick"),
    atQos2(4, "quick"),
  );
  await next(quickly);
  await next(quickly);
  void quickly.next();
  assertEquals(await server.sent(), []);
  await next(slowly);
  await next(slowly);
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 3)]);
  void slowly.next();
  assertEquals(await server.sent(), [ack("pubrec", 2), ack("pubrec", 4)]);
});

Deno.test("a copy of a QoS 2 message that waits is joined to it: one delivery, one PUBREC", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 2 },
    atQos2(1),
    publish("a", "1", { packetId: 1, qos: 2, dup: true }),
    atQos2(2),
  );
  const messages = subscription[Symbol.asyncIterator]();
  assertEquals((await next(messages)).text(), "1");
  assertEquals((await next(messages)).text(), "2");
  void messages.next();
  assertEquals(await server.sent(), [ack("pubrec", 1), ack("pubrec", 2)]);
  // Once PUBREC has left, a copy is answered at once.
  server.send(publish("a", "1", { packetId: 1, qos: 2, dup: true }));
  assertEquals(await server.sent(), [ack("pubrec", 1)]);
  server.send(ack("pubrel", 1));
  assertEquals(await server.sent(), [ack("pubcomp", 1)]);
});

Deno.test("a message with two takers is acknowledged when the last has asked for its next", async () => {
  const { client, server } = await connected();
  const first = await subscribed({ client, server }, "a", { qos: 1 });
  const one = first[Symbol.asyncIterator]();
  const second = await subscribed({ client, server }, "+", { qos: 1 });
  const two = second[Symbol.asyncIterator]();
  server.send(atQos1(1));
  assertEquals((await next(one)).text(), "1");
  assertEquals((await next(two)).text(), "1");
  void one.next();
  assertEquals(await server.sent(), []);
  void two.next();
  assertEquals(await server.sent(), [ack("puback", 1)]);
});

Deno.test("a message that a handler is through with at once is not acknowledged before its other taker has asked for its next", async () => {
  const { client, server } = await connected();
  const handled: string[] = [];
  await subscribed({ client, server }, "a", {
    qos: 1,
    onMessage: (message) => void handled.push(message.text()),
  });
  const loop = await subscribed({ client, server }, "+", { qos: 1 });
  const messages = loop[Symbol.asyncIterator]();
  server.send(atQos1(1));
  assertEquals((await next(messages)).text(), "1");
  assertEquals(handled, ["1"]);
  assertEquals(await server.sent(), []);
  void messages.next();
  assertEquals(await server.sent(), [ack("puback", 1)]);
});

Deno.test("a message that two inherit is not acknowledged when a handler among them is through with it at once", async () => {
  const { client, server } = await connected();
  const left = await subscribed({ client, server }, "a", { qos: 1 });
  server.send(atQos1(1));
  const first = left[Symbol.asyncIterator]();
  await next(first);
  await first.return?.();
  await subscribed({ client, server }, "+", { qos: 1, onMessage: () => {} });
  const other = await subscribed({ client, server }, "#", { qos: 1 });
  const messages = other[Symbol.asyncIterator]();
  void left.unsubscribe();
  await grantUnsubscribe(server, ["a"]);
  assertEquals((await next(messages)).text(), "1");
  assertEquals(await server.sent(), []);
  void messages.next();
  assertEquals(await server.sent(), [ack("puback", 1)]);
});

Deno.test("a message with two takers is acknowledged when one has asked for its next and the other leaves", async () => {
  const { client, server } = await connected();
  const first = await subscribed({ client, server }, "a", { qos: 1 });
  const one = first[Symbol.asyncIterator]();
  const second = await subscribed({ client, server }, "+", { qos: 1 });
  const two = second[Symbol.asyncIterator]();
  server.send(atQos1(1), atQos1(2));
  await next(one);
  await next(two);
  await one.return?.();
  const leaving = first.unsubscribe();
  await next(two);
  await grantUnsubscribe(server, ["a"]);
  await leaving;
  assertEquals(await server.sent(), [ack("puback", 1)]);
  void two.next();
  assertEquals(await server.sent(), [ack("puback", 2)]);
});

Deno.test("a message that all its takers leave without asking waits, unacknowledged, for another", async () => {
  const { client, server } = await connected();
  const first = await subscribed({ client, server }, "a", { qos: 1 });
  const one = first[Symbol.asyncIterator]();
  const second = await subscribed({ client, server }, "+", { qos: 1 });
  const two = second[Symbol.asyncIterator]();
  server.send(atQos1(1));
  await next(one);
  await next(two);
  for (const messages of [one, two]) await messages.return?.();
  for (const [subscription, filter] of [[first, "a"], [second, "+"]] as const) {
    const leaving = subscription.unsubscribe();
    await grantUnsubscribe(server, [filter]);
    await leaving;
  }
  assertEquals(await server.sent(), []);
  const messages = client[Symbol.asyncIterator]();
  assertEquals((await next(messages)).text(), "1");
  void messages.next();
  assertEquals(await server.sent(), [ack("puback", 1)]);
});

for (const qos of [0, 1] as const) {
  Deno.test(`a message of QoS ${qos} that one taker is done with, and left its loop, is not handed on when the other leaves it unread`, async () => {
    const { client, server } = await connected();
    const first = await subscribed({ client, server }, "a", { qos: 1 });
    const second = await subscribed({ client, server }, "+", { qos: 1 });
    const [one, other] = [first, second].map((each) =>
      each[Symbol.asyncIterator]()
    );
    server.send(publish("a", "x", { qos, packetId: qos }));
    await settled();
    const { value } = await one?.next() ?? {};
    await value?.ack();
    await one?.return?.();
    await other?.return?.();
    assertEquals(await server.sent(), qos === 0 ? [] : [ack("puback", 1)]);
    void second.unsubscribe();
    await grantUnsubscribe(server, ["+"]);
    await settled();
    assertEquals(client.stats().unclaimed, 0);
    client.close();
  });
}

Deno.test("message.ack() acknowledges at once, whoever else has the message", async () => {
  const { client, server } = await connected();
  const first = await subscribed({ client, server }, "a", { qos: 1 });
  const one = first[Symbol.asyncIterator]();
  const second = await subscribed({ client, server }, "+", { qos: 1 });
  const two = second[Symbol.asyncIterator]();
  server.send(atQos1(1));
  await (await next(one)).ack();
  assertEquals(await server.sent(), [ack("puback", 1)]);
  assertEquals((await next(two)).text(), "1");
  void one.next();
  void two.next();
  assertEquals(await server.sent(), []);
});

Deno.test("acknowledgements of one turn leave in one segment", async () => {
  const { client, server } = await connected();
  const packets = Array.from({ length: 50 }, (_, i) => atQos1(i + 1));
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 1, ack: "receipt" },
    ...packets,
  );
  subscription[Symbol.asyncIterator]();
  assertEquals((await server.segment()).length, 50);
});

Deno.test("an acknowledgement after the connection has ended does nothing", async () => {
  const { client, server } = await connected({ reconnect: false });
  server.send(atQos1(1));
  const messages = client[Symbol.asyncIterator]();
  const message = await next(messages);
  server.close();
  await client.closed;
  await message.ack();
  await message.reject();
  await settled();
  assertEquals(client.stats().outgoingBytes, 0);
});

Deno.test("an acknowledgement in the loop while the client disconnects still leaves before DISCONNECT", async () => {
  const { client, server } = await connected();
  void client.publish("b", "unanswered", { qos: 1 });
  server.send(atQos1(1));
  const messages = client[Symbol.asyncIterator]();
  await next(messages);
  const disconnecting = client.disconnect();
  assertEquals(await messages.next(), { done: true, value: undefined });
  assertEquals(
    (await server.sent()).map(({ type }) => type),
    ["publish", "puback"],
  );
  server.send(ack("puback", 1));
  assertEquals((await server.sent()).map(({ type }) => type), ["disconnect"]);
  server.close();
  await disconnecting;
});
