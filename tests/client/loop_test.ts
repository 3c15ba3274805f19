// The receive loops, of a subscription and of the client: what they get, how they are left, and how
// they end.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ConnectionLostError,
  type Message,
  type Subscription,
} from "../../mod.ts";
import { isPending, settled } from "./clock.ts";
import { ack, publish } from "./packets.ts";
import { connected, subscribed } from "./server.ts";

const atQos1 = (packetId: number) =>
  publish("a", `${packetId}`, { packetId, qos: 1 });

/** Collects what a loop gets until it ends. */
async function payloadsOf(messages: AsyncIterable<Message>): Promise<string[]> {
  const payloads: string[] = [];
  for await (const message of messages) payloads.push(message.text());
  return payloads;
}

/** The next so many payloads; the loop is left with the last one in hand, acknowledged. */
async function take(
  messages: AsyncIterable<Message>,
  count: number,
): Promise<string[]> {
  const payloads: string[] = [];
  for await (const message of messages) {
    payloads.push(message.text());
    if (payloads.length < count) continue;
    await message.ack();
    break;
  }
  return payloads;
}

Deno.test("a loop gets the messages of its filters alone, in order", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, ["a/+", "b"]);
  const looping = take(subscription, 3);
  server.send(
    publish("a/1", "1"),
    publish("c", "other"),
    publish("a/1/2", "other"),
    publish("b", "2"),
    publish("a/2", "3"),
  );
  assertEquals(await looping, ["1", "2", "3"]);
});

Deno.test("the client's loop gets what no subscription's loop takes", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a");
  const some = take(subscription, 2);
  const rest = take(client, 2);
  server.send(
    publish("b", "1"),
    publish("a", "2"),
    publish("c", "3"),
    publish("a", "4"),
  );
  assertEquals(await some, ["2", "4"]);
  assertEquals(await rest, ["1", "3"]);
});

Deno.test("the client's loop gets the messages of a subscription whose loop was never begun", async () => {
  const { client, server } = await connected();
  await subscribed({ client, server }, "a", { qos: 1 });
  await settled();
  const looping = take(client, 2);
  server.send(atQos1(1), atQos1(2));
  assertEquals(await looping, ["1", "2"]);
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 2)]);
});

const LEAVINGS: Readonly<
  Record<string, (subscription: Subscription) => Promise<string>>
> = {
  break: async (subscription) => {
    let payload = "";
    for await (const message of subscription) {
      payload = message.text();
      break;
    }
    return payload;
  },
  return: async (subscription) => {
    for await (const message of subscription) return message.text();
    return "";
  },
  throw: async (subscription) => {
    let payload = "";
    try {
      for await (const message of subscription) {
        payload = message.text();
        throw new Error("the program's own");
      }
    } catch {
      // It is the loop that is looked at.
    }
    return payload;
  },
};

for (const [how, leave] of Object.entries(LEAVINGS)) {
  Deno.test(`a loop left by ${how} puts the message in hand back, unacknowledged, at the head`, async () => {
    const { client, server } = await connected();
    const subscription = await subscribed(
      { client, server },
      "a",
      { qos: 2 },
      atQos1(1),
      atQos1(2),
    );
    assertEquals(await leave(subscription), "1");
    assertEquals(await server.sent(), []);
    server.send(atQos1(3));
    await settled();
    assertEquals(await take(subscription, 3), ["1", "2", "3"]);
    assertEquals(await server.sent(), [1, 2, 3].map((id) => ack("puback", id)));
  });
}

Deno.test("a loop that is left keeps its filter", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a", {}, atQos1(1));
  await LEAVINGS.break?.(subscription);
  assertEquals(await server.sent(), []);
});

Deno.test("a loop left after message.ack() does not get that message again", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 1 },
    atQos1(1),
    atQos1(2),
  );
  assertEquals(await take(subscription, 1), ["1"]);
  assertEquals(await server.sent(), [ack("puback", 1)]);
  assertEquals(await take(subscription, 1), ["2"]);
});

Deno.test("a loop that is left does not get a message of QoS 0 again: it needs no owner", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed(
    { client, server },
    "a",
    {},
    publish("a", "1"),
    publish("a", "2"),
  );
  assertEquals(await LEAVINGS.break?.(subscription), "1");
  assertEquals(await take(subscription, 1), ["2"]);
});

Deno.test("the client's loop, left, puts the message in hand back before those that wait", async () => {
  const { client, server } = await connected();
  server.send(atQos1(1), atQos1(2));
  for await (const message of client) {
    assertEquals(message.text(), "1");
    break;
  }
  server.send(atQos1(3));
  await settled();
  assertEquals(await server.sent(), []);
  assertEquals(await take(client, 3), ["1", "2", "3"]);
});

Deno.test("a loop that is left while it waits ends", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a");
  const messages = subscription[Symbol.asyncIterator]();
  const waiting = messages.next();
  assert(await isPending(waiting));
  assertEquals(await messages.return?.(), { done: true, value: undefined });
  assertEquals(await waiting, { done: true, value: undefined });
  assertEquals(await messages.next(), { done: true, value: undefined });
  const looping = take(subscription, 1);
  server.send(publish("a", "1"));
  assertEquals(await looping, ["1"]);
});

Deno.test("a loop that is left while it waits does not get again what it asked the next after", async () => {
  const { client, server } = await connected();
  const options = { qos: 1 } as const;
  const first = await subscribed({ client, server }, "a", options);
  const one = first[Symbol.asyncIterator]();
  const second = await subscribed({ client, server }, "+", options);
  const two = second[Symbol.asyncIterator]();
  server.send(atQos1(1));
  await one.next();
  void one.next();
  await one.return?.();
  assertEquals(first.waiting, 0);
  await two.next();
  void two.next();
  assertEquals(await server.sent(), [ack("puback", 1)]);
});

Deno.test("a loop that is asked several times at once answers in order, and all is acknowledged", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  const messages = subscription[Symbol.asyncIterator]();
  const asked = [messages.next(), messages.next(), messages.next()];
  server.send(atQos1(1), atQos1(2), atQos1(3));
  const payloads = (await Promise.all(asked)).map(({ value }) => value?.text());
  assertEquals(payloads, ["1", "2", "3"]);
  void messages.next();
  assertEquals(await server.sent(), [1, 2, 3].map((id) => ack("puback", id)));
});

Deno.test("a second loop on the same iterable is a TypeError", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a");
  for (const iterable of [client, subscription]) {
    const messages = iterable[Symbol.asyncIterator]();
    assertThrows(() => iterable[Symbol.asyncIterator](), TypeError, "loop");
    assertThrows(() => iterable.batches(), TypeError, "loop");
    await assertRejects(() => payloadsOf(iterable), TypeError);
    await messages.return?.();
    await iterable.batches().return?.();
    await iterable[Symbol.asyncIterator]().return?.();
  }
});

Deno.test("a loop where onMessage was given is a TypeError", async () => {
  const { client, server } = await connected({ onMessage: () => {} });
  const onMessage = () => {};
  const subscription = await subscribed({ client, server }, "a", { onMessage });
  for (const iterable of [client, subscription]) {
    assertThrows(
      () => iterable[Symbol.asyncIterator](),
      TypeError,
      "onMessage",
    );
    assertThrows(() => iterable.batches(), TypeError, "onMessage");
  }
});

Deno.test("loops end normally at disconnect, after the message in hand; what waits stays unacknowledged", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  const payloads: string[] = [];
  const goOn = Promise.withResolvers<void>();
  const looping = (async () => {
    for await (const message of subscription) {
      payloads.push(message.text());
      await goOn.promise;
    }
  })();
  server.send(atQos1(1), atQos1(2), publish("a", "at QoS 0"));
  await settled();
  const disconnecting = client.disconnect();
  goOn.resolve();
  await looping;
  assertEquals(payloads, ["1"]);
  assertEquals(await payloadsOf(client), []);
  const packets = await server.sent();
  assertEquals(packets.filter(({ type }) => type === "pubrec"), []);
  server.close();
  await disconnecting;
});

Deno.test("loops throw the error that close was called with, once the queue of QoS 0 is empty", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 1 },
    publish("a", "1"),
    atQos1(2),
    publish("a", "3"),
  );
  const messages = subscription[Symbol.asyncIterator]();
  assertEquals((await messages.next()).value?.text(), "1");
  const reason = new Error("enough");
  client.close(reason);
  // The server will send again what it has no acknowledgement of; what was sent at QoS 0 is here alone.
  assertEquals((await messages.next()).value?.text(), "3");
  const error = await assertRejects(() => messages.next(), ConnectionLostError);
  assertEquals(error.cause, reason);
  assertEquals(error, await client.closed);
  assertEquals(await messages.next(), { done: true, value: undefined });
  await assertRejects(() => payloadsOf(client), ConnectionLostError);
  await assertRejects(() => payloadsOf(subscription), ConnectionLostError);
});

Deno.test("loops that wait throw when the connection is lost", async () => {
  const { client, server } = await connected({ reconnect: false });
  const subscription = await subscribed({ client, server }, "a");
  const loops = [payloadsOf(client), payloadsOf(subscription)];
  for (const looping of loops) looping.catch(() => {});
  await settled();
  server.close();
  for (const looping of loops) {
    await assertRejects(() => looping, ConnectionLostError);
  }
});

Deno.test("a loop takes messages of 10,000 topics, and others take none of them", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a/+");
  const other = await subscribed({ client, server }, "b/+");
  other[Symbol.asyncIterator]();
  const count = 10_000;
  const looping = take(subscription, 2 * count);
  for (let round = 0; round < 2; round++) {
    server.send(
      ...Array.from({ length: count }, (_, i) => publish(`a/${i}`, `${i}`)),
    );
  }
  assertEquals((await looping).length, 2 * count);
  assertEquals(other.waiting, 0);
});

Deno.test("a loop takes 20,000 messages that came at once, in order", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a");
  const count = 20_000;
  const looping = take(subscription, count);
  const packets = Array.from({ length: count }, (_, i) => publish("a", `${i}`));
  server.send(...packets);
  const payloads = await looping;
  assert(payloads.every((payload, i) => payload === `${i}`));
});
