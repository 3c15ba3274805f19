// Which loop gets a message that came before there was one: the reservation from SUBSCRIBE on, the
// inbox, and who claims from it.

import { assertEquals } from "@std/assert";
import type { Message } from "../../mod.ts";
import { isPending, settled } from "./clock.ts";
import { ack, connack, publish, suback } from "./packets.ts";
import { connected, dial, grantUnsubscribe, subscribed } from "./server.ts";

const atQos1 = (packetId: number, topic = "a") =>
  publish(topic, `${packetId}`, { packetId, qos: 1 });

/** The payloads that a loop gets without waiting. */
async function waitingFor(messages: AsyncIterator<Message>): Promise<string[]> {
  const payloads: string[] = [];
  let asked = messages.next();
  while (!await isPending(asked)) {
    const { value, done } = await asked;
    if (done) return payloads;
    payloads.push(value.text());
    asked = messages.next();
  }
  return payloads;
}

Deno.test("messages right behind CONNACK, in its segment, wait unacknowledged for the client's loop", async () => {
  const { client, server } = await connected(
    { cleanStart: false },
    { sessionPresent: true },
    atQos1(1),
    publish("b", "2", { packetId: 2, qos: 2 }),
    publish("c", "3"),
  );
  await settled();
  assertEquals(await server.sent(), []);
  assertEquals(client.stats().unclaimed, 3);
  const messages = client[Symbol.asyncIterator]();
  assertEquals(await waitingFor(messages), ["1", "2", "3"]);
  assertEquals(await server.sent(), [ack("puback", 1), ack("pubrec", 2)]);
});

Deno.test("messages right behind CONNACK go to the onMessage of connect", async () => {
  const payloads: string[] = [];
  const { server } = await connected(
    {
      cleanStart: false,
      onMessage: (message) => {
        payloads.push(message.text());
      },
    },
    { sessionPresent: true },
    atQos1(1),
    atQos1(2),
  );
  assertEquals(payloads, ["1", "2"]);
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 2)]);
});

Deno.test("messages right behind CONNACK are claimed by a subscription that comes later", async () => {
  const { client, server } = await connected(
    { cleanStart: false },
    { sessionPresent: true },
    atQos1(1),
    atQos1(2, "b"),
  );
  await settled();
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  assertEquals(await waitingFor(subscription[Symbol.asyncIterator]()), ["1"]);
  assertEquals(client.stats().unclaimed, 1);
  assertEquals(await server.sent(), [ack("puback", 1)]);
  assertEquals(await waitingFor(client[Symbol.asyncIterator]()), ["2"]);
});

Deno.test("messages that wait are claimed by the onMessage of a subscription that comes later", async () => {
  const { client, server } = await connected(
    { cleanStart: false },
    { sessionPresent: true },
    atQos1(1),
    atQos1(2, "b"),
  );
  await settled();
  const payloads: string[] = [];
  await subscribed({ client, server }, "a", {
    qos: 1,
    onMessage: (message) => {
      payloads.push(message.text());
    },
  });
  assertEquals(payloads, ["1"]);
  assertEquals(await server.sent(), [ack("puback", 1)]);
});

Deno.test("messages right behind SUBACK, in its segment, are the new subscription's", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 1 },
    atQos1(1),
    publish("a", "2"),
  );
  const messages = subscription[Symbol.asyncIterator]();
  assertEquals(await waitingFor(messages), ["1", "2"]);
});

Deno.test("messages between SUBSCRIBE and SUBACK are the new subscription's, also where the client has a loop", async () => {
  const { client, server } = await connected();
  const rest = client[Symbol.asyncIterator]();
  const subscribing = client.subscribe("a", { qos: 1 });
  const { packetId } = await server.next("subscribe");
  server.send(atQos1(1), publish("b", "other"));
  await settled();
  server.send(suback(packetId, [1]));
  const messages = (await subscribing)[Symbol.asyncIterator]();
  assertEquals(await waitingFor(messages), ["1"]);
  assertEquals(await waitingFor(rest), ["other"]);
});

Deno.test("messages between SUBSCRIBE and SUBACK go to the subscription's onMessage", async () => {
  const { client, server } = await connected();
  const payloads: string[] = [];
  const subscribing = client.subscribe("a", {
    qos: 1,
    onMessage: (message) => {
      payloads.push(message.text());
    },
  });
  const { packetId } = await server.next("subscribe");
  server.send(atQos1(1), suback(packetId, [1]), atQos1(2));
  await subscribing;
  assertEquals(payloads, ["1", "2"]);
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 2)]);
});

Deno.test("messages reserved for a subscription whose loop does not begin in time wait for whoever comes", async () => {
  for (const who of ["the client", "the subscription"] as const) {
    const { client, server } = await connected();
    const subscription = await subscribed(
      { client, server },
      "a",
      { qos: 1 },
      atQos1(1),
      publish("a", "2"),
    );
    await settled();
    assertEquals(client.stats().unclaimed, 2);
    assertEquals(await server.sent(), []);
    const messages = (who === "the client" ? client : subscription)
      [Symbol.asyncIterator]();
    assertEquals(await waitingFor(messages), ["1", "2"]);
    assertEquals(await server.sent(), [ack("puback", 1)]);
  }
});

Deno.test("messages reserved for a subscription whose loop does not begin go to the client's loop", async () => {
  const { client, server } = await connected();
  const messages = client[Symbol.asyncIterator]();
  await subscribed({ client, server }, "a", { qos: 1 }, atQos1(1));
  assertEquals(await waitingFor(messages), ["1"]);
  assertEquals(await server.sent(), [ack("puback", 1)]);
});

Deno.test("messages that wait are claimed by all loops that begin in one macrotask", async () => {
  const { client, server } = await connected(
    { cleanStart: false },
    { sessionPresent: true },
    atQos1(1),
    publish("a", "2"),
  );
  const first = await subscribed({ client, server }, "a", { qos: 1 });
  const second = await subscribed({ client, server }, "+", { qos: 1 });
  const third = await subscribed({ client, server }, "#", { qos: 1 });
  await settled();
  const one = first[Symbol.asyncIterator]();
  const two = second[Symbol.asyncIterator]();
  await settled();
  const three = third[Symbol.asyncIterator]();
  assertEquals(await waitingFor(one), ["1", "2"]);
  assertEquals(await server.sent(), [], "the second has not asked");
  assertEquals(await waitingFor(two), ["1", "2"]);
  assertEquals(await server.sent(), [ack("puback", 1)]);
  assertEquals(await waitingFor(three), [], "the third came too late");
});

Deno.test("messages come in order of arrival, those that waited longest first", async () => {
  const { client, server } = await connected(
    { cleanStart: false },
    { sessionPresent: true },
    atQos1(1),
    publish("a", "2"),
  );
  await settled();
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 1 },
    atQos1(3),
    publish("a", "4"),
  );
  const messages = subscription[Symbol.asyncIterator]();
  assertEquals(await waitingFor(messages), ["1", "2", "3", "4"]);
});

Deno.test("messages come in order of arrival to the onMessage of a subscription", async () => {
  const { client, server } = await connected(
    { cleanStart: false },
    { sessionPresent: true },
    atQos1(1),
  );
  await settled();
  const payloads: string[] = [];
  const onMessage = (message: Message) => void payloads.push(message.text());
  await subscribed({ client, server }, "a", { qos: 1, onMessage }, atQos1(2));
  await settled();
  assertEquals(payloads, ["1", "2"]);
});

Deno.test("messages for a subscription whose loop was left wait, and come in order to its next loop", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 1 },
    atQos1(1),
    atQos1(2),
  );
  for await (const _ of subscription) break;
  server.send(atQos1(3), publish("a", "4"));
  await settled();
  assertEquals(await server.sent(), []);
  const messages = subscription[Symbol.asyncIterator]();
  assertEquals(await waitingFor(messages), ["1", "2", "3", "4"]);
});

Deno.test("messages that a subscription leaves behind go to another that matches and has a loop", async () => {
  const { client, server } = await connected();
  const first = await subscribed(
    { client, server },
    "a",
    { qos: 1 },
    atQos1(1),
    atQos1(2),
  );
  for await (const _ of first) break;
  const second = await subscribed({ client, server }, "+", { qos: 1 });
  const messages = second[Symbol.asyncIterator]();
  const leaving = first.unsubscribe();
  await grantUnsubscribe(server, ["a"]);
  await leaving;
  assertEquals(await waitingFor(messages), ["1", "2"]);
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 2)]);
});

Deno.test("messages reserved in vain go to another subscription that matches and has begun its loop meanwhile", async () => {
  for (const packet of [atQos1(1), publish("a", "1")]) {
    const { client, server } = await connected();
    const idle = await subscribed({ client, server }, "+", { qos: 1 });
    await settled();
    await subscribed({ client, server }, "a", { qos: 1 }, packet);
    const messages = idle[Symbol.asyncIterator]();
    assertEquals(await waitingFor(messages), ["1"]);
  }
});

Deno.test("messages that a subscription leaves behind wait for the client's loop where nobody else matches", async () => {
  const { client, server } = await connected();
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
  assertEquals(client.stats().unclaimed, 1);
  assertEquals(await waitingFor(client[Symbol.asyncIterator]()), ["1"]);
});

Deno.test("a subscription claims from the client's loop what that has not taken yet", async () => {
  const { client, server } = await connected();
  const rest = client[Symbol.asyncIterator]();
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  await settled();
  server.send(atQos1(1), atQos1(2), atQos1(3, "b"));
  await settled();
  assertEquals((await rest.next()).value?.text(), "1");
  const messages = subscription[Symbol.asyncIterator]();
  assertEquals(await waitingFor(messages), ["2"]);
  assertEquals(await waitingFor(rest), ["3"]);
  assertEquals(await server.sent(), [1, 2, 3].map((id) => ack("puback", id)));
});

Deno.test("a Subscription Identifier of the process before gives a loop nothing that its filter does not match", async () => {
  const { client, server } = await connected(
    { cleanStart: false },
    { sessionPresent: true },
  );
  const subscription = await subscribed({ client, server }, "a", {
    properties: { subscriptionIdentifier: 1 },
  });
  const messages = subscription[Symbol.asyncIterator]();
  server.send(
    publish("b", "of the process before", {
      properties: { subscriptionIdentifiers: [1] },
    }),
    publish("a", "ours", { properties: { subscriptionIdentifiers: [7] } }),
  );
  assertEquals(await waitingFor(messages), ["ours"]);
});

Deno.test("connect, subscribe and a loop in one macrotask miss nothing of a resumed session", async () => {
  const { connecting, listener } = dial({ cleanStart: false });
  const server = await listener.accept();
  const received = (async () => {
    const client = await connecting;
    const payloads: string[] = [];
    const subscription = await client.subscribe("a", { qos: 1 });
    for await (const message of subscription) {
      payloads.push(message.text());
      if (payloads.length === 3) return payloads;
    }
    return payloads;
  })();
  await server.next("connect");
  server.send(connack({ sessionPresent: true }), atQos1(1));
  const { packetId } = await server.next("subscribe");
  server.send(atQos1(2), suback(packetId, [1]), atQos1(3));
  assertEquals(await received, ["1", "2", "3"]);
});

Deno.test("a message that waits, and is claimed by several in one macrotask, is acknowledged when the last is through with it", async () => {
  for (const kind of ["handlers", "loops"]) {
    const { client, server } = await connected(
      { cleanStart: false },
      { sessionPresent: true },
      publish("a/b", "1", { packetId: 7 }),
    );
    const done = Promise.withResolvers<void>();
    const quick = kind === "handlers" ? { onMessage: () => {} } : {};
    const slow = kind === "handlers" ? { onMessage: () => done.promise } : {};
    const subscribing = [
      client.subscribe("a/#", { qos: 1, ...quick }),
      client.subscribe("a/b", { qos: 1, ...slow }),
    ];
    const packets = [
      await server.next("subscribe"),
      await server.next("subscribe"),
    ];
    server.send(...packets.map(({ packetId }) => suback(packetId, [1])));
    const [first, second] = await Promise.all(subscribing);
    if (kind === "loops") {
      void (async () => {
        for await (const _ of first ?? []);
      })();
      void (async () => {
        for await (const _ of second ?? []) await done.promise;
      })();
    }
    await settled();
    assertEquals(await server.sent(), [], kind);
    done.resolve();
    await settled();
    assertEquals(await server.sent(), [ack("puback", 7)], kind);
  }
});

Deno.test("a loop that begins again in the macrotask in which the one before it began gets nothing twice", async () => {
  const connection = await connected(
    { cleanStart: false },
    { sessionPresent: true },
    atQos1(1),
    atQos1(2),
  );
  const subscription = await subscribed(connection, "a", { qos: 1 });
  const payloads: string[] = [];
  for await (const message of subscription) {
    payloads.push(message.text());
    await message.ack();
    break;
  }
  const again = subscription[Symbol.asyncIterator]();
  payloads.push(...await waitingFor(again));
  assertEquals(payloads, ["1", "2"]);
});
