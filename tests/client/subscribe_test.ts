// subscribe(): SUBSCRIBE and SUBACK, refusals, signals, and what is wrong with a request.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
} from "@std/assert";
import {
  AbortedError,
  ConnectionLostError,
  ProtocolError,
  SubscribeError,
  type SubscribeOptions,
} from "../../mod.ts";
import { isPending, settled } from "./clock.ts";
import {
  disconnect,
  publish,
  suback,
  subscribe,
  UNIDENTIFIED,
  unsuback,
} from "./packets.ts";
import { connected, grantUnsubscribe, subscribed } from "./server.ts";

Deno.test("subscribe resolves at SUBACK, with what was granted", async () => {
  const { client, server } = await connected({}, UNIDENTIFIED);
  const subscribing = client.subscribe(["a/+", "b", "c"], { qos: 2 });
  assertEquals(
    await server.next("subscribe"),
    subscribe(1, { "a/+": { qos: 2 }, "b": { qos: 2 }, "c": { qos: 2 } }),
  );
  assert(await isPending(subscribing));
  server.send(suback(1, [2, 0, 1]));
  const subscription = await subscribing;
  assertEquals(subscription.filters, ["a/+", "b", "c"]);
  assertEquals(subscription.granted, [2, 0, 1]);
});

Deno.test("subscribe asks for QoS 0 where nothing else is said, in every version", async () => {
  for (const protocolVersion of [3, 4, 5] as const) {
    const { client, server } = await connected({ protocolVersion });
    const subscribing = client.subscribe("a");
    const { subscriptions } = await server.next("subscribe");
    assertEquals(subscriptions, subscribe(1, { a: {} }).subscriptions);
    server.send(suback(1, [0]));
    assertEquals((await subscribing).granted, [0]);
  }
});

Deno.test("subscribe sends the options of MQTT 5", async () => {
  const { client, server } = await connected();
  const properties = {
    subscriptionIdentifier: 7,
    userProperties: [["k", "v"]],
  } as const;
  void client.subscribe("a", {
    qos: 1,
    noLocal: true,
    retainAsPublished: true,
    retainHandling: 2,
    properties,
  });
  assertEquals(await server.next("subscribe"), {
    ...subscribe(1, {
      a: { qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2 },
    }),
    properties,
  });
});

Deno.test("subscribe answers several requests in whatever order SUBACK comes", async () => {
  const { client, server } = await connected();
  const first = client.subscribe("a");
  const second = client.subscribe("b", { qos: 1 });
  await server.sent();
  server.send(suback(2, [1]));
  assertEquals((await second).granted, [1]);
  assert(await isPending(first));
  server.send(suback(1, [0]));
  assertEquals((await first).granted, [0]);
});

Deno.test("subscribe rejects with a SubscribeError where the server refuses", async () => {
  const { client, server } = await connected();
  const subscribing = client.subscribe("a/b");
  await server.next("subscribe");
  const properties = {
    reasonString: "private",
    userProperties: [["k", "v"]],
  } as const;
  server.send(suback(1, [0x87], properties));
  const error = await assertRejects(() => subscribing, SubscribeError, '"a/b"');
  assertEquals(error.reasonCodes, [0x87]);
  assertEquals(error.reasonCode, 0x87);
  assertEquals(error.reasonString, properties.reasonString);
  assertEquals(error.userProperties, properties.userProperties);
  assertMatch(error.message, /^Cannot subscribe to .*: .*not authorized/);
  assertEquals(await server.sent(), [], "there is nothing to leave");
});

Deno.test("subscribe rejects with a SubscribeError at 128 of MQTT 3.1.1", async () => {
  const { client, server } = await connected({ protocolVersion: 4 });
  const subscribing = client.subscribe("a");
  await server.next("subscribe");
  server.send(suback(1, [0x80]));
  const error = await assertRejects(() => subscribing, SubscribeError);
  assertEquals(error.reasonCodes, [0x80]);
});

Deno.test("subscribe rejects, if any filter is refused, after it has left those that were granted", async () => {
  const { client, server } = await connected({}, UNIDENTIFIED);
  const subscribing = client.subscribe(["a", "b", "c"]);
  await server.next("subscribe");
  server.send(suback(1, [0, 0x8F, 1]));
  const { packetId, topicFilters } = await server.next("unsubscribe");
  assertEquals(topicFilters, ["a", "c"]);
  assert(await isPending(subscribing));
  server.send(unsuback(packetId, [0, 0]));
  const error = await assertRejects(() => subscribing, SubscribeError, '"b"');
  assertEquals(error.reasonCodes, [0, 0x8F, 1]);
  assertEquals(error.reasonCode, 0x8F);
});

Deno.test("subscribe rejects where the wire is lost while it leaves what was granted", async () => {
  const { client, server } = await connected(
    { reconnect: false },
    UNIDENTIFIED,
  );
  const subscribing = client.subscribe(["a", "b"]);
  await server.next("subscribe");
  server.send(suback(1, [0, 0x8F]));
  await server.next("unsubscribe");
  server.close();
  await client.closed;
  const error = await assertRejects(() => subscribing, SubscribeError);
  assertEquals(error.reasonCodes, [0, 0x8F]);
  await settled();
});

Deno.test("subscribe with partial resolves where some filters are refused", async () => {
  const { client, server } = await connected({}, UNIDENTIFIED);
  const subscribing = client.subscribe(["a", "b"], { qos: 1, partial: true });
  await server.next("subscribe");
  server.send(suback(1, [1, 0x87]), publish("b", "x"), publish("a", "y"));
  const subscription = await subscribing;
  assertEquals(subscription.granted, [1, 0x87]);
  const messages = subscription[Symbol.asyncIterator]();
  // The refused filter is not the subscription's: what matches it waits for somebody else.
  assertEquals((await messages.next()).value?.text(), "y");
  void subscription.unsubscribe();
  await grantUnsubscribe(server, ["a"]);
});

Deno.test("subscribe ends the connection where SUBACK has not one code for each filter", async () => {
  const { client, server } = await connected(
    { reconnect: false },
    UNIDENTIFIED,
  );
  const subscribing = client.subscribe(["a", "b"]);
  await server.next("subscribe");
  server.send(suback(1, [0]));
  await assertRejects(() => subscribing, ConnectionLostError);
  const error = await client.closed;
  assertInstanceOf(error?.cause, ProtocolError);
  assertEquals(await server.rest(), [disconnect(0x82)]);
});

Deno.test("subscribe rejects where the wire is lost before SUBACK", async () => {
  const { client, server } = await connected({ reconnect: false });
  const subscribing = client.subscribe("a");
  await server.next("subscribe");
  server.close();
  await assertRejects(
    () => subscribing,
    ConnectionLostError,
    'Cannot subscribe to "a"',
  );
});

Deno.test("subscribe and unsubscribe reject after the client has ended", async () => {
  const { client } = await connected();
  client.close();
  await assertRejects(() => client.subscribe("a"), ConnectionLostError);
  await assertRejects(() => client.unsubscribe("a"), ConnectionLostError);
});

Deno.test("subscribe that nobody awaits does not end the process when it fails", async () => {
  const { client, server } = await connected({ reconnect: false });
  void client.subscribe("a/#/b");
  void client.subscribe("a");
  await server.next("subscribe");
  server.send(suback(1, [0x87]));
  await settled();
  void client.subscribe("a");
  void client.unsubscribe("b");
  server.close();
  await client.closed;
  await settled();
});

Deno.test("subscribe rejects where its signal is aborted already, and sends nothing", async () => {
  const { client, server } = await connected();
  const signal = AbortSignal.abort("no");
  const error = await assertRejects(
    () => client.subscribe("a", { signal }),
    AbortedError,
  );
  assertEquals(error.cause, "no");
  assertEquals(await server.sent(), []);
});

Deno.test("subscribe that is aborted before SUBACK leaves its filters when that comes", async () => {
  const { client, server } = await connected({}, UNIDENTIFIED);
  const controller = new AbortController();
  const subscribing = client.subscribe(["a", "b"], {
    signal: controller.signal,
  });
  await server.next("subscribe");
  controller.abort("no");
  await assertRejects(() => subscribing, AbortedError);
  server.send(suback(1, [0, 0]));
  await grantUnsubscribe(server, ["a", "b"]);
});

Deno.test("subscribe that is aborted before SUBACK does not end the process where the wire is lost", async () => {
  const { client, server } = await connected({ reconnect: false });
  const controller = new AbortController();
  const { signal } = controller;
  void client.subscribe("a", { signal });
  await server.next("subscribe");
  controller.abort("no");
  server.send(suback(1, [0]));
  await server.next("unsubscribe");
  server.close();
  await client.closed;
  await settled();
});

Deno.test("subscribe's signal ends the loop and leaves the filter later", async () => {
  const { client, server } = await connected();
  const controller = new AbortController();
  const { signal } = controller;
  const subscription = await subscribed({ client, server }, "a", { signal });
  const looping = (async () => {
    const payloads = [];
    for await (const message of subscription) payloads.push(message.text());
    return payloads;
  })();
  server.send(publish("a", "1"));
  await settled();
  controller.abort("enough");
  await grantUnsubscribe(server, ["a"], publish("a", "2"));
  assertEquals(await looping, ["1", "2"]);
});

Deno.test("subscribe's signal does not end the process where the wire is lost before UNSUBACK", async () => {
  const { client, server } = await connected({ reconnect: false });
  const controller = new AbortController();
  const { signal } = controller;
  await subscribed({ client, server }, "a", { signal });
  controller.abort("enough");
  await server.next("unsubscribe");
  server.close();
  await client.closed;
  await settled();
});

/** What a program in JavaScript may hand over, whatever the types say. */
const WRONG: readonly (readonly [
  string,
  typeof TypeError | typeof RangeError,
  readonly [unknown, unknown?],
])[] = [
  ["no filter", TypeError, [undefined]],
  ["an empty list", TypeError, [[]]],
  ["an empty filter", TypeError, [""]],
  ["a filter that is a number", TypeError, [7]],
  ["a filter in a list that is a number", TypeError, [["a", 7]]],
  ["a # that is not last", TypeError, ["a/#/b"]],
  ["a + that is not alone", TypeError, ["a+"]],
  ["one wrong filter among right ones", TypeError, [["a", "b#", "c"]]],
  ["a share without a name", TypeError, ["$share//a"]],
  ["a filter with U+0000", TypeError, ["a\0"]],
  ["QoS 3", RangeError, ["a", { qos: 3 }]],
  ["retainHandling 3", RangeError, ["a", { retainHandling: 3 }]],
  ["an option that does not exist", TypeError, ["a", { nl: true }]],
  ["options that are none", TypeError, ["a", 1]],
  ["noLocal in a shared subscription", TypeError, ["$share/g/a", {
    noLocal: true,
  }]],
  ["a property that does not exist", TypeError, ["a", {
    properties: { id: 1 },
  }]],
  ["Subscription Identifier 0", RangeError, ["a", {
    properties: { subscriptionIdentifier: 0 },
  }]],
  ["an onMessage that is no function", TypeError, ["a", { onMessage: {} }]],
  ["concurrency 0", RangeError, ["a", { concurrency: 0 }]],
  ["an ack that does not exist", TypeError, ["a", { ack: "never" }]],
  ["an onError that does not exist", TypeError, ["a", { onError: "never" }]],
];

for (const [name, mistake, [filters, options]] of WRONG) {
  Deno.test(`subscribe never throws, it rejects with a ${mistake.name} for ${name}`, async () => {
    const { client, server } = await connected();
    const subscribing = client.subscribe(
      filters as string,
      options as SubscribeOptions,
    );
    assertInstanceOf(subscribing, Promise);
    const error = await assertRejects(() => subscribing, mistake);
    assertMatch(error.message, /^Cannot (subscribe|encode SUBSCRIBE)/);
    assertEquals(await server.sent(), []);
    // Nothing is left of it: the same filter can be asked for by another.
    if (filters !== "a") return;
    await subscribed({ client, server }, "a", { retainAsPublished: true });
  });
}

const NEEDS_5: Readonly<Record<string, SubscribeOptions>> = {
  noLocal: { noLocal: true },
  retainAsPublished: { retainAsPublished: true },
  retainHandling: { retainHandling: 1 },
  properties: { properties: { subscriptionIdentifier: 1 } },
  'onError "reject"': { onMessage: () => {}, onError: "reject" },
};

for (const [name, options] of Object.entries(NEEDS_5)) {
  Deno.test(`subscribe rejects with a TypeError for ${name} under MQTT 3.1.1`, async () => {
    const { client, server } = await connected({ protocolVersion: 4 });
    const subscribing = client.subscribe("a", options);
    subscribing.catch(() => {});
    assertEquals(await server.sent(), []);
    await assertRejects(() => subscribing, TypeError);
  });
}
