// Subscription Identifiers that the client gives its filters, and by which it tells copies apart.

import { assertEquals } from "@std/assert";
import type { Client, Message, Subscription } from "../../mod.ts";
import { Identifiers, OWN_MAX, OWN_MIN } from "../../src/client/identifiers.ts";
import type { Properties } from "../../src/codec/packet.ts";
import { connectedOften, KEPT, LOST, reconnected } from "./away.ts";
import { settled } from "./clock.ts";
import {
  ack,
  publish,
  suback,
  subscribe,
  UNIDENTIFIED,
  unsuback,
} from "./packets.ts";
import { connected, grantUnsubscribe, subscribed } from "./server.ts";

/** What the first filter of a client goes under; the next has one more, and so on. */
const [FIRST, SECOND, THIRD] = [OWN_MIN, OWN_MIN + 1, OWN_MIN + 2] as const;

const UNKNOWN = OWN_MAX;

/** A message by the subscriptions that have these identifiers. */
function copy(
  topicName: string,
  payload: string,
  subscriptionIdentifiers: readonly number[],
  options: Parameters<typeof publish>[2] = {},
) {
  const properties = { ...options.properties, subscriptionIdentifiers };
  return publish(topicName, payload, { ...options, properties });
}

/** Collects the payloads of a loop. */
function collect(messages: Subscription | Client): string[] {
  const payloads: string[] = [];
  void (async () => {
    for await (const message of messages) payloads.push(message.text());
  })().catch(() => {});
  return payloads;
}

/** A client with loops over "#" and "a/b". */
async function overlapping() {
  const connection = await connected();
  const all = collect(await subscribed(connection, "#", { qos: 1 }));
  const one = collect(await subscribed(connection, "a/b", { qos: 1 }));
  return { ...connection, all, one };
}

Deno.test("subscribe gives each filter a Subscription Identifier of its own, in a SUBSCRIBE of its own, all in one write", async () => {
  const { client, server } = await connected();
  const subscribing = client.subscribe(["a/+", "b"], { qos: 1 });
  assertEquals(await server.segment(), [
    subscribe(1, { "a/+": { qos: 1 } }, { subscriptionIdentifier: FIRST }),
    subscribe(2, { b: { qos: 1 } }, { subscriptionIdentifier: SECOND }),
  ]);
  server.send(suback(2, [0]), suback(1, [1]));
  assertEquals((await subscribing).granted, [1, 0]);
});

Deno.test("filters are asked for again under the same Subscription Identifiers, all in one write", async () => {
  const connection = await connectedOften();
  await subscribed(connection, ["a", "b"]);
  const server = await reconnected(connection, LOST);
  assertEquals(await server.segment(), [
    subscribe(3, { a: {} }, { subscriptionIdentifier: FIRST }),
    subscribe(4, { b: {} }, { subscriptionIdentifier: SECOND }),
  ]);
  connection.client.close();
});

Deno.test("a filter that is asked for by several has one Subscription Identifier, and all of them get its messages", async () => {
  const { client, server } = await connected();
  const one = collect(await subscribed({ client, server }, "a"));
  const rest = collect(await subscribed({ client, server }, "#"));
  const subscribing = client.subscribe("a");
  const packet = await server.next("subscribe");
  assertEquals(packet.properties, { subscriptionIdentifier: FIRST });
  server.send(
    suback(packet.packetId, [0]),
    copy("a", "kept", [FIRST], { retain: true }),
  );
  const other = collect(await subscribing);
  server.send(copy("a", "live", [FIRST]), copy("a", "live", [SECOND]));
  await settled();
  assertEquals([one, other, rest], [["kept", "live"], ["kept", "live"], [
    "live",
  ]]);
});

Deno.test("a filter that was left and is asked for again has another Subscription Identifier", async () => {
  const { client, server } = await connected();
  const left = await subscribed({ client, server }, "a");
  const leaving = left.unsubscribe();
  await grantUnsubscribe(server, ["a"]);
  await leaving;
  void client.subscribe("a");
  assertEquals((await server.next("subscribe")).properties, {
    subscriptionIdentifier: SECOND,
  });
});

Deno.test("each loop gets a message once where the server sends a copy for each subscription", async () => {
  const { server, all, one } = await overlapping();
  server.send(
    copy("a/b", "1", [SECOND], { packetId: 1 }),
    copy("a/b", "1", [FIRST], { packetId: 2 }),
    copy("c", "2", [FIRST], { packetId: 3 }),
    copy("a/b", "3", [FIRST]),
    copy("a/b", "3", [SECOND]),
  );
  await settled();
  assertEquals([all, one], [["1", "2", "3"], ["1", "3"]]);
  assertEquals(await server.sent(), [1, 2, 3].map((id) => ack("puback", id)));
});

Deno.test("each loop gets a message once where the server sends one copy for all subscriptions", async () => {
  const { server, all, one } = await overlapping();
  server.send(
    copy("a/b", "1", [FIRST, SECOND], { packetId: 1 }),
    copy("a/b", "2", [SECOND, FIRST]),
    copy("c", "3", [FIRST]),
  );
  await settled();
  assertEquals([all, one], [["1", "2", "3"], ["1", "2"]]);
  assertEquals(await server.sent(), [ack("puback", 1)]);
});

Deno.test("a message goes to every loop that matches where its Subscription Identifiers say nothing", async () => {
  for (
    const identifiers of [
      [],
      [UNKNOWN],
      [1],
      [SECOND, UNKNOWN],
      // Of an earlier process: "c" is here under that identifier.
      [THIRD],
      [SECOND, THIRD],
    ]
  ) {
    const { client, server, all, one } = await overlapping();
    const other = collect(await subscribed({ client, server }, "c"));
    server.send(
      identifiers.length === 0
        ? publish("a/b", "1")
        : copy("a/b", "1", identifiers),
    );
    await settled();
    assertEquals([all, one, other], [["1"], ["1"], []], `${identifiers}`);
  }
});

Deno.test("the retained messages that a subscription brings go to its filter's loops alone", async () => {
  const { client, server } = await connected();
  const all = collect(await subscribed({ client, server }, "#"));
  const one = collect(
    await subscribed(
      { client, server },
      "a/b",
      {},
      copy("a/b", "kept", [SECOND], { retain: true }),
    ),
  );
  await settled();
  assertEquals([all, one], [[], ["kept"]]);
});

Deno.test("a copy whose filter nobody takes from goes to the loops that match", async () => {
  const { client, server } = await connected();
  await subscribed({ client, server }, "#");
  await settled();
  const one = collect(await subscribed({ client, server }, "a/b"));
  const other = collect(await subscribed({ client, server }, "a/+"));
  server.send(copy("a/b", "1", [FIRST]), copy("a/b", "2", [SECOND]));
  await settled();
  assertEquals([one, other], [["1", "2"], ["1"]]);
});

Deno.test("copies that wait are claimed by those whose filters they came by, whoever comes first", async () => {
  for (const turn of ["in one macrotask", "one after the other"]) {
    const { client, server } = await connected();
    const subscriptions = [
      await subscribed({ client, server }, "#", { qos: 1 }),
      await subscribed({ client, server }, "a/b", { qos: 1 }),
    ];
    await settled();
    server.send(
      copy("a/b", "by #", [FIRST], { packetId: 1 }),
      copy("a/b", "by a/b", [SECOND], { packetId: 2 }),
      copy("a/b", "by both", [FIRST, SECOND], { packetId: 3 }),
      copy("a/b", "by none", [UNKNOWN], { packetId: 4 }),
    );
    await settled();
    assertEquals(client.stats().unclaimed, 4);
    const came: string[][] = [];
    for (const subscription of subscriptions.reverse()) {
      came.push(collect(subscription));
      if (turn === "one after the other") await settled();
    }
    await settled();
    assertEquals(
      came,
      turn === "one after the other"
        // What both may have, the first has.
        ? [["by a/b", "by both", "by none"], ["by #"]]
        : [["by a/b", "by both", "by none"], ["by #", "by both", "by none"]],
    );
    assertEquals(
      (await server.sent()).length,
      4,
      "each is acknowledged",
    );
  }
});

Deno.test("what the client's loop has not taken yet is claimed by those whose filters it came by", async () => {
  const { client, server } = await connected();
  const all = await subscribed({ client, server }, "#");
  const one = await subscribed({ client, server }, "a/b");
  await settled();
  const rest = client[Symbol.asyncIterator]();
  server.send(copy("a/b", "by #", [FIRST]), copy("a/b", "by a/b", [SECOND]));
  await settled();
  const came = [one, all].map(collect);
  await settled();
  assertEquals(came, [["by a/b"], ["by #"]]);
  await rest.return?.();
});

Deno.test("copies that were kept for a loop that did not begin go on to those whose filters they came by", async () => {
  const { client, server } = await connected();
  const all = collect(await subscribed({ client, server }, "a/#"));
  const other = collect(await subscribed({ client, server }, "+/b"));
  await subscribed(
    { client, server },
    ["a/b", "a/+"],
    {},
    copy("a/b", "by all three", [FIRST, SECOND, THIRD]),
    copy("a/b", "by a/b", [THIRD]),
  );
  await settled();
  // What came by a filter that nobody takes from is given to all that match.
  assertEquals([all, other], [["by all three", "by a/b"], [
    "by all three",
    "by a/b",
  ]]);
});

Deno.test("copies that were kept for a loop that did not begin go to another of the same filter, and to no other", async () => {
  const { client, server } = await connected();
  const later = await subscribed({ client, server }, "a");
  await settled();
  const all = collect(await subscribed({ client, server }, "#"));
  await subscribed({ client, server }, "a", {}, copy("a", "1", [FIRST]));
  const one = collect(later);
  await settled();
  assertEquals([one, all], [["1"], []]);
});

Deno.test("a copy that waits for a filter that is left then is claimed by whoever matches", async () => {
  const { client, server } = await connected();
  const left = await subscribed({ client, server }, "a");
  const other = await subscribed({ client, server }, "#");
  await settled();
  server.send(copy("a", "1", [FIRST]));
  await settled();
  const leaving = left.unsubscribe();
  await grantUnsubscribe(server, ["a"]);
  await leaving;
  const all = collect(other);
  await settled();
  assertEquals(all, ["1"]);
});

Deno.test("a shared subscription and a plain one to the same topic each get their own copies", async () => {
  const { client, server } = await connected();
  const plain = collect(await subscribed({ client, server }, "a"));
  const shared = collect(
    await subscribed({ client, server }, "a", { shared: "group" }),
  );
  server.send(
    copy("a", "1", [FIRST]),
    copy("a", "1", [SECOND]),
    copy("a", "2", [FIRST]),
    copy("a", "3", [FIRST, SECOND]),
  );
  await settled();
  assertEquals([plain, shared], [["1", "2", "3"], ["1", "3"]]);
});

Deno.test("Message does not show the client's own Subscription Identifiers, but those that subscribe was given and those of others", async () => {
  const { client, server } = await connected();
  const messages: Message[] = [];
  const onMessage = (message: Message) => void messages.push(message);
  await subscribed({ client, server }, "a", { onMessage });
  await subscribed({ client, server }, "#", {
    onMessage,
    properties: { subscriptionIdentifier: 7 },
  });
  const contentType = "text/plain";
  server.send(
    copy("a", "", [FIRST]),
    copy("a", "", [FIRST], { properties: { contentType } }),
    copy("a", "", [UNKNOWN]),
    copy("b", "", [7], { properties: { contentType } }),
    copy("b", "", [8, UNKNOWN, 7]),
  );
  await settled();
  assertEquals(
    messages.map(({ topic, properties }): [string, Properties] => [
      topic,
      properties,
    ]),
    [
      ["a", {}],
      ["a", { contentType }],
      // Nobody knows by which subscription it came.
      ["a", {}],
      ["a", {}],
      ["b", { contentType, subscriptionIdentifiers: [7] }],
      ["b", { subscriptionIdentifiers: [8, 7] }],
    ],
  );
  // What has come can be sent on as it is.
  const [, message] = messages;
  void client.publish("c", "", { properties: message?.properties ?? {} });
  assertEquals((await server.next("publish")).properties, { contentType });
});

Deno.test("a Subscription Identifier that subscribe was given has priority, also for a filter that is in use", async () => {
  const { client, server } = await connected();
  const all = collect(await subscribed({ client, server }, "#"));
  const first = collect(await subscribed({ client, server }, "a"));
  const properties = { subscriptionIdentifier: 7 };
  const subscribing = client.subscribe(["a", "b"], { properties });
  assertEquals(
    await server.next("subscribe"),
    subscribe(3, { a: {}, b: {} }, properties),
  );
  server.send(suback(3, [0, 0]));
  const given = collect(await subscribing);
  server.send(
    copy("a", "1", [7]),
    copy("b", "2", [7]),
    copy("a", "3", [FIRST]),
  );
  await settled();
  assertEquals([all, first, given], [["3"], ["1"], ["1", "2"]]);
  // Whoever joins later without one leaves it as it is.
  void client.subscribe("a");
  assertEquals((await server.next("subscribe")).properties, properties);
});

Deno.test("subscribe with an identifier that is refused at once leaves that of a filter in use", async () => {
  const { client, server } = await connected();
  const all = collect(await subscribed({ client, server }, "#"));
  const one = collect(await subscribed({ client, server }, "a"));
  const properties = { subscriptionIdentifier: 0 };
  await client.subscribe("a", { properties }).catch(() => {});
  server.send(copy("a", "1", [FIRST]), copy("a", "1", [SECOND]));
  await settled();
  assertEquals([all, one], [["1"], ["1"]]);
});

Deno.test("a copy under an identifier that was left goes to whoever matches", async () => {
  const { client, server } = await connected();
  const all = collect(await subscribed({ client, server }, "#"));
  const other = collect(await subscribed({ client, server }, "+"));
  const left = await subscribed({ client, server }, "a");
  const leaving = left.unsubscribe();
  const { packetId } = await server.next("unsubscribe");
  server.send(unsuback(packetId, [0]), copy("a", "late", [THIRD]));
  await leaving;
  await settled();
  assertEquals([all, other], [["late"], ["late"]]);
});

Deno.test("Subscription Identifiers say nothing while the server has filters without them", async () => {
  const connection = await connectedOften({ cleanStart: false }, UNIDENTIFIED);
  const all = collect(await subscribed(connection, "#"));
  let server = await reconnected(connection, KEPT);
  // The server goes on with a filter that has none.
  const one = collect(await subscribed({ ...connection, server }, "a"));
  server.send(copy("a", "1", [SECOND]));
  await settled();
  assertEquals([all, one], [["1"], ["1"]]);
  // Where it has lost the session it is asked for all anew.
  server = await reconnected({ ...connection, server }, LOST);
  server.send(copy("a", "2", [SECOND]), copy("a", "3", [FIRST]));
  await settled();
  assertEquals([all, one], [["1", "3"], ["1", "2"]]);
  connection.client.close();
});

Deno.test("Identifiers counts on from where it begins, past those in use, and begins anew after two million", () => {
  const identifiers = new Identifiers(999_998.5);
  const next = (topicFilter: string) => {
    identifiers.enter(topicFilter);
    return identifiers.of(topicFilter);
  };
  assertEquals(next("a"), OWN_MAX - 1);
  assertEquals(next("b"), OWN_MAX);
  identifiers.give(["b"], OWN_MIN);
  assertEquals(next("c"), OWN_MIN + 1);
  identifiers.leave("c");
  assertEquals(next("c"), OWN_MIN + 2);
});

Deno.test("Identifiers knows a filter until the last consumer has left it", () => {
  const identifiers = new Identifiers(0);
  const read = () =>
    identifiers.read({ subscriptionIdentifiers: [OWN_MIN] })?.subscriptions;
  identifiers.enter("a");
  identifiers.enter("a");
  identifiers.leave("a");
  assertEquals([identifiers.has("a"), read()], [true, [new Set(["a"])]]);
  identifiers.leave("a");
  identifiers.leave("a");
  assertEquals([identifiers.has("a"), read()], [false, undefined]);
});

Deno.test("Identifiers reads the same properties anew once a filter has come or gone", () => {
  const identifiers = new Identifiers(0);
  const properties = { subscriptionIdentifiers: [OWN_MIN] };
  const read = () => identifiers.read(properties);
  identifiers.enter("a");
  assertEquals(read(), { subscriptions: [new Set(["a"])], properties: {} });
  identifiers.enter("b");
  identifiers.give(["b"], OWN_MIN);
  assertEquals(read(), { subscriptions: [new Set(["a", "b"])], properties });
  identifiers.leave("b");
  identifiers.leave("a");
  identifiers.enter("c");
  assertEquals(read(), { subscriptions: undefined, properties: {} });
  const other = { subscriptionIdentifiers: [OWN_MIN + 2] };
  assertEquals(identifiers.read(other)?.subscriptions, [new Set(["c"])]);
  identifiers.leave("c");
  assertEquals(identifiers.read(other)?.subscriptions, undefined);
});

Deno.test("Identifiers has several filters under one identifier that a program gives them", () => {
  const identifiers = new Identifiers(0);
  for (const topicFilter of ["a", "b", "c"]) identifiers.enter(topicFilter);
  identifiers.give(["a", "b", "unknown"], 7);
  identifiers.give(["c"], 7);
  const read = () =>
    identifiers.read({ subscriptionIdentifiers: [7] })?.subscriptions;
  assertEquals(read(), [new Set(["a", "b", "c"])]);
  identifiers.leave("b");
  assertEquals(read(), [new Set(["a", "c"])]);
  identifiers.give(["a"], 8);
  assertEquals([read(), identifiers.of("a")], [[new Set(["c"])], 8]);
});
