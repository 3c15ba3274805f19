// Subscriptions belong to the client: they live through reconnects, and what was asked for is asked for.

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  AbortedError,
  ConnectionLostError,
  type Message,
  type StatusEvent,
  SubscribeError,
} from "../../mod.ts";
import type { Packet, Properties } from "../../src/codec/packet.ts";
import {
  comeBack,
  connectedOften,
  KEPT,
  lose,
  LOST,
  reconnected,
} from "./away.ts";
import { isPending, settled } from "./clock.ts";
import { listen } from "./listen.ts";
import {
  ack,
  publish,
  suback,
  subscribe,
  UNIDENTIFIED,
  unsuback,
} from "./packets.ts";
import { type ServerEnd, subscribed } from "./server.ts";

/** What SUBSCRIBEs and UNSUBSCRIBEs among packets ask for, and what other packets come with them. */
function asked(packets: readonly Packet[]): string[] {
  return packets.map((packet) => {
    if (packet.type === "subscribe") {
      const filters = packet.subscriptions.map(({ topicFilter }) =>
        topicFilter
      );
      return `subscribe ${filters.join(" ")}`;
    }
    return packet.type === "unsubscribe"
      ? `unsubscribe ${packet.topicFilters.join(" ")}`
      : packet.type;
  });
}

/** Answers the SUBSCRIBEs that come next. */
async function answer(server: ServerEnd, ...codes: number[]): Promise<void> {
  for (let left = codes; left.length > 0;) {
    const { packetId, subscriptions } = await server.next("subscribe");
    server.send(suback(packetId, left.slice(0, subscriptions.length)));
    left = left.slice(subscriptions.length);
  }
  await settled();
}

/** What status tells of subscriptions and sessions. */
function told(events: readonly StatusEvent[]): unknown[] {
  return events.flatMap((event): unknown[][] =>
    event.type === "session-lost"
      ? [[event.type, event.resent, event.unknown, event.filters]]
      : event.type === "subscription-refused"
      ? [[event.type, event.filter]]
      : event.type === "back"
      ? [[event.type, event.filtersRestored]]
      : []
  );
}

Deno.test("subscriptions are asked for again in one SUBSCRIBE by a server without Subscription Identifiers that has lost the session, and their loops go on", async () => {
  const connection = await connectedOften();
  const { client } = connection;
  const events = listen(client);
  const a = await subscribed(connection, "a/#", { qos: 1 });
  const loop = a[Symbol.asyncIterator]();
  await subscribed(connection, ["b", "c"], { qos: 2, retainHandling: 1 });
  const server = await reconnected(connection, { ...LOST, ...UNIDENTIFIED });
  assertEquals(await server.sent(), [
    subscribe(4, {
      "a/#": { qos: 1 },
      "b": { qos: 2, retainHandling: 1 },
      "c": { qos: 2, retainHandling: 1 },
    }),
  ]);
  server.send(
    suback(4, [0, 2, 1]),
    publish("a/1", "after", { qos: 1, packetId: 1 }),
  );
  assertEquals((await loop.next()).value?.text(), "after");
  assertEquals(a.granted, [0]); // what the server says now
  assertEquals(told(events), [["back", 3], ["session-lost", 0, 0, 3]]);
  client.close();
});

Deno.test("subscriptions are not asked for again where the server has kept the session", async () => {
  const connection = await connectedOften({ cleanStart: false });
  const { client } = connection;
  const events = listen(client);
  const a = await subscribed(connection, "a");
  const loop = a[Symbol.asyncIterator]();
  const server = await reconnected(connection, KEPT, publish("a", "1"));
  assertEquals((await loop.next()).value?.text(), "1");
  assertEquals(await server.sent(), []);
  assertEquals(told(events), [["back", 1]]);
  client.close();
});

for (const protocolVersion of [3, 4] as const) {
  Deno.test(`subscriptions are asked for again each time by version ${protocolVersion} with Clean Session`, async () => {
    const connection = await connectedOften({ protocolVersion });
    await subscribed(connection, "a");
    let server = connection.server;
    for (let round = 0; round < 3; round++) {
      server = await reconnected({ ...connection, server }, LOST);
      assertEquals(asked(await server.sent()), ["subscribe a"]);
    }
    connection.client.close();
  });
}

Deno.test("MQTT 3.1 without Clean Session asks for subscriptions again and sends flights again with DUP", async () => {
  const connection = await connectedOften({
    protocolVersion: 3,
    cleanStart: false,
  });
  const { client } = connection;
  const events = listen(client);
  await subscribed(connection, "a");
  const published = client.publish("b", "1", { qos: 2 });
  await connection.server.next("publish");
  const server = await reconnected(connection, {});
  const packets = await server.sent();
  assertEquals(asked(packets), ["subscribe a", "publish"]);
  const [, again] = packets;
  assertEquals(again, publish("b", "1", { qos: 2, dup: true, packetId: 2 }));
  server.send(ack("pubrec", 2), ack("pubcomp", 2));
  await published;
  // It cannot say that anything was lost.
  assertEquals(told(events), [["back", 1]]);
  client.close();
});

Deno.test("subscriptions with a Subscription Identifier have a SUBSCRIBE of their own, in the same write as all others", async () => {
  const connection = await connectedOften();
  const { client } = connection;
  const identified = { properties: { subscriptionIdentifier: 7 } };
  await subscribed(connection, "a");
  await subscribed(connection, "b", identified);
  await subscribed(connection, "c");
  await subscribed(connection, "d", identified);
  void client.publish("e", "flight", { qos: 1 });
  await connection.server.next("publish");
  await lose(connection);
  void client.publish("e", "queued", { qos: 1 });
  const server = await comeBack(connection, LOST);
  const packets = await server.segment();
  assertEquals(asked(packets), [
    "subscribe a",
    "subscribe b d",
    "subscribe c",
    "publish",
    "publish",
  ]);
  assertEquals(
    packets.slice(0, 3).map((packet) =>
      packet.type === "subscribe" && packet.properties.subscriptionIdentifier
    ),
    [1_000_000, 7, 1_000_002],
  );
  client.close();
});

Deno.test("subscribe while away waits for the next connection, whatever the server has kept there", async () => {
  for (const session of [KEPT, LOST]) {
    const connection = await connectedOften();
    const { client } = connection;
    await lose(connection);
    const subscribing = client.subscribe("a");
    assertEquals(await isPending(subscribing), true);
    const server = await comeBack(connection, session);
    await answer(server, 0);
    const subscription = await subscribing;
    assertEquals(subscription.granted, [0]);
    const loop = subscription[Symbol.asyncIterator]();
    server.send(publish("a", "1"));
    assertEquals((await loop.next()).value?.text(), "1");
    client.close();
  }
});

Deno.test("subscribe and unsubscribe that were unanswered at a loss are asked again, before what is published", async () => {
  for (const session of [KEPT, LOST]) {
    const connection = await connectedOften();
    const { client, server } = connection;
    const subscribing = client.subscribe("a");
    const leaving = client.unsubscribe("b");
    assertEquals((await server.sent()).length, 2);
    await lose(connection);
    void client.publish("c", "", { qos: 1 });
    const next = await comeBack(connection, session);
    assertEquals(asked(await next.sent()), [
      "subscribe a",
      "unsubscribe b",
      "publish",
    ]);
    next.send(suback(3, [0]), unsuback(4, [0x11]));
    assertEquals((await subscribing).granted, [0]);
    assertEquals(await leaving, [0x11]);
    client.close();
  }
});

Deno.test("subscribe while away is given up by its signal, and then never sent", async () => {
  const connection = await connectedOften();
  const { client } = connection;
  await lose(connection);
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = client.subscribe("a", { signal });
  const other = client.subscribe("a", { qos: 1 });
  controller.abort("no more");
  const error = await assertRejects(() => aborted, AbortedError);
  assertEquals(error.cause, "no more");
  const server = await comeBack(connection, LOST);
  assertEquals(asked(await server.sent()), ["subscribe a"]);
  server.send(suback(1, [1]));
  const subscription = await other;
  void subscription.unsubscribe();
  // Nobody else has the filter.
  assertEquals(asked(await server.sent()), ["unsubscribe a"]);
  client.close();
});

Deno.test("subscribe that was sent and is given up while away is asked again, and left when SUBACK comes", async () => {
  const connection = await connectedOften();
  const { client, server } = connection;
  const controller = new AbortController();
  const subscribing = client.subscribe("a", { signal: controller.signal });
  await server.next("subscribe");
  await lose(connection);
  controller.abort();
  await assertRejects(() => subscribing, AbortedError);
  const next = await comeBack(connection, KEPT);
  await answer(next, 0);
  assertEquals(asked(await next.sent()), ["unsubscribe a"]);
  client.close();
});

Deno.test("unsubscribe while away is said on the next connection, and ends the loop", async () => {
  for (const session of [KEPT, LOST]) {
    const connection = await connectedOften();
    const { client } = connection;
    const a = await subscribed(connection, "a");
    await subscribed(connection, "b");
    const loop = a[Symbol.asyncIterator]();
    await lose(connection);
    const leaving = a.unsubscribe();
    const server = await comeBack(connection, session);
    const packets = await server.sent();
    assertEquals(asked(packets), [
      ...session === LOST ? ["subscribe b"] : [],
      "unsubscribe a",
    ]);
    const last = packets.at(-1);
    if (last?.type !== "unsubscribe") throw new Error("it is left");
    server.send(unsuback(last.packetId, [0]));
    await leaving;
    assertEquals(await loop.next(), { done: true, value: undefined });
    client.close();
  }
});

Deno.test("to dispose of a subscription does not wait for a connection: the next one has UNSUBSCRIBE", async () => {
  const connection = await connectedOften();
  const { client, server } = connection;
  const before = await subscribed(connection, "before");
  const after = await subscribed(connection, "after");
  const disposing = before[Symbol.asyncDispose]();
  await server.next("unsubscribe");
  assertEquals(await isPending(disposing), true);
  await lose(connection);
  await disposing;
  await after[Symbol.asyncDispose]();
  const next = await comeBack(connection, KEPT);
  assertEquals(asked(await next.sent()), [
    "unsubscribe before",
    "unsubscribe after",
  ]);
  // Where there is one, it waits.
  const last = await subscribed({ client, server: next }, "last");
  const disposed = last[Symbol.asyncDispose]();
  const { packetId } = await next.next("unsubscribe");
  assertEquals(await isPending(disposed), true);
  next.send(unsuback(packetId, [0]));
  await disposed;
  client.close();
});

Deno.test("filters that a lost subscription leaves behind, and that cannot be said to the server, end nothing", async () => {
  const connection = await connectedOften();
  const { client } = connection;
  const filters = ["f".repeat(20), "g".repeat(20), "w/#"];
  const subscription = await subscribed(connection, filters);
  const loop = subscription[Symbol.asyncIterator]();
  const properties = {
    wildcardSubscriptionAvailable: false,
    // SUBSCRIBE for one filter has 33 bytes; UNSUBSCRIBE for both 52.
    maximumPacketSize: 34,
  };
  const server = await reconnected(connection, { ...LOST, properties });
  await assertRejects(() => loop.next(), SubscribeError, "wildcards");
  assertEquals(
    asked(await server.sent()).slice(0, 2),
    filters.slice(0, 2).map((filter) => `subscribe ${filter}`),
  );
  assertEquals(client.connected, true);
  client.close();
});

for (const fired of ["before the loss", "while away"]) {
  Deno.test(`a signal that fires ${fired} ends the loop without a connection, and the next one has UNSUBSCRIBE`, async () => {
    const connection = await connectedOften();
    const { client } = connection;
    const controller = new AbortController();
    const { signal } = controller;
    const subscription = await subscribed(connection, "a", { signal });
    const loop = subscription[Symbol.asyncIterator]();
    const next = loop.next();
    if (fired === "before the loss") controller.abort();
    assertEquals(await isPending(next), true);
    await lose(connection);
    if (fired === "while away") controller.abort();
    assertEquals(await isPending(next), false);
    assertEquals(await next, { done: true, value: undefined });
    const server = await comeBack(connection, LOST);
    assertEquals(asked(await server.sent()), ["unsubscribe a"]);
    client.close();
  });
}

Deno.test("a filter that client.unsubscribe has left is not asked for again", async () => {
  const connection = await connectedOften();
  const { client, server } = connection;
  await subscribed(connection, ["a", "b"]);
  const leaving = client.unsubscribe("a");
  const { packetId } = await server.next("unsubscribe");
  server.send(unsuback(packetId, [0]));
  await leaving;
  const next = await reconnected(connection, LOST);
  assertEquals(asked(await next.sent()), ["subscribe b"]);
  client.close();
});

Deno.test("a filter with several users is asked for once, with the higher QoS, and the last one leaves it", async () => {
  const connection = await connectedOften();
  const { client } = connection;
  const one = await subscribed(connection, "a", { qos: 1 });
  const two = await subscribed(connection, "a", { qos: 0 });
  const server = await reconnected(connection, { ...LOST, ...UNIDENTIFIED });
  assertEquals(await server.sent(), [subscribe(3, { a: { qos: 1 } })]);
  server.send(suback(3, [1]));
  await settled();
  await one.unsubscribe();
  assertEquals(await server.sent(), []);
  void two.unsubscribe();
  assertEquals(asked(await server.sent()), ["unsubscribe a"]);
  client.close();
});

Deno.test("a subscription that is refused on the way back ends its own loop with the reason, behind what came before; others go on", async () => {
  const connection = await connectedOften();
  const { client, server } = connection;
  const events = listen(client);
  const refused = await subscribed(connection, "r");
  const other = await subscribed(connection, "o");
  const loops = [refused, other].map((each) => each[Symbol.asyncIterator]());
  server.send(publish("r", "1"), publish("r", "2"));
  assertEquals((await loops[0]?.next())?.value?.text(), "1");
  const next = await reconnected(connection, LOST);
  await answer(next, 0x87, 0);
  assertEquals((await loops[0]?.next())?.value?.text(), "2");
  const error = await assertRejects(
    () => loops[0]?.next() ?? Promise.resolve(),
    SubscribeError,
    'Cannot subscribe to "r" again: the server refused, not authorized (135)',
  );
  assertEquals(error.reasonCodes, [0x87]);
  assertEquals(refused.granted, [0x87]);
  assertEquals(await loops[0]?.next(), { done: true, value: undefined });
  next.send(publish("o", "3"));
  assertEquals((await loops[1]?.next())?.value?.text(), "3");
  assertEquals(told(events).at(-1), ["subscription-refused", "r"]);
  // There is nothing left to leave.
  await refused.unsubscribe();
  assertEquals(await next.sent(), []);
  client.close();
});

Deno.test("a loop that waits when its subscription is refused is told, and one that begins later too", async () => {
  const connection = await connectedOften();
  const { client } = connection;
  const waiting = await subscribed(connection, "a");
  const idle = await subscribed(connection, "b");
  const next = waiting[Symbol.asyncIterator]().next();
  const refused = assertRejects(() => next, SubscribeError);
  const server = await reconnected(connection, LOST);
  await answer(server, 0x80, 0x80);
  await refused;
  await assertRejects(async () => {
    for await (const _ of idle);
  }, SubscribeError);
  client.close();
});

Deno.test("a subscription to several filters ends when one is refused, and leaves the others; a partial one goes on with them", async () => {
  const connection = await connectedOften();
  const { client } = connection;
  const whole = await subscribed(connection, ["a", "b"]);
  const partial = await subscribed(connection, ["a", "c"], { partial: true });
  const [first, second] = [whole, partial].map((each) =>
    each[Symbol.asyncIterator]()
  );
  const server = await reconnected(connection, LOST);
  await answer(server, 0x87, 0, 0);
  const { packetId, topicFilters } = await server.next("unsubscribe");
  assertEquals(topicFilters, ["b"]);
  server.send(unsuback(packetId, [0]));
  await assertRejects(
    () => first?.next() ?? Promise.resolve(),
    SubscribeError,
  );
  assertEquals(partial.granted, [0x87, 0]);
  server.send(publish("a", "not ours any more"), publish("c", "1"));
  assertEquals((await second?.next())?.value?.text(), "1");
  client.close();
});

Deno.test("a handler whose subscription is refused is called no more, and status tells why", async () => {
  const connection = await connectedOften();
  const { client } = connection;
  const events = listen(client);
  const messages: Message[] = [];
  await subscribed(connection, "a", {
    onMessage: (message) => messages.push(message),
  });
  const server = await reconnected(connection, LOST);
  await answer(server, 0x97);
  server.send(publish("a", "1"));
  await settled();
  assertEquals(messages, []);
  const refused = events.find(({ type }) => type === "subscription-refused");
  if (refused?.type !== "subscription-refused") throw new Error("it is told");
  assertEquals([refused.filter, refused.error.reasonCode], ["a", 0x97]);
  client.close();
});

Deno.test("subscriptions that the next server does not take end with its limit, and the others are asked for", async () => {
  const cases: [Properties, string, object, string][] = [
    [{ wildcardSubscriptionAvailable: false }, "w/#", {}, "wildcards"],
    [
      { sharedSubscriptionAvailable: false },
      "$share/g/s",
      {},
      "shared subscriptions",
    ],
    [
      { subscriptionIdentifiersAvailable: false },
      "i",
      { properties: { subscriptionIdentifier: 1 } },
      "Subscription Identifiers",
    ],
    [{ maximumPacketSize: 20 }, "f".repeat(20), {}, "takes at most 20"],
  ];
  for (const [properties, filter, options, why] of cases) {
    const connection = await connectedOften();
    const { client } = connection;
    await subscribed(connection, "a");
    const refused = await subscribed(connection, filter, options);
    const next = refused[Symbol.asyncIterator]().next();
    const told = assertRejects(() => next, SubscribeError);
    const server = await reconnected(connection, { ...LOST, properties });
    assertEquals(asked(await server.sent()), ["subscribe a"]);
    assertStringIncludes((await told).message, why);
    // And so does one that is asked for now, or was while away.
    const again = () => client.subscribe(filter, options);
    await assertRejects(again, SubscribeError, why);
    await lose({ server });
    const waits = assertRejects(again, SubscribeError, why);
    await connection.clock.advance(1_000);
    await comeBack(connection, { ...KEPT, properties });
    await waits;
    // Nothing of it is left here: one with other options meets the server's limit, not the one before it.
    await assertRejects(
      () => client.subscribe(filter, { ...options, retainAsPublished: true }),
      SubscribeError,
      why,
    );
    client.close();
  }
});

Deno.test("what waits for SUBACK when the client is closed on the way back is told", async () => {
  const connection = await connectedOften();
  const { client } = connection;
  const a = await subscribed(connection, "a");
  const loop = a[Symbol.asyncIterator]();
  await lose(connection);
  const subscribing = client.subscribe("b");
  await comeBack(connection, LOST);
  client.close("over");
  assertInstanceOf(
    await subscribing.catch((error) => error),
    ConnectionLostError,
  );
  await assertRejects(() => loop.next(), ConnectionLostError);
});
