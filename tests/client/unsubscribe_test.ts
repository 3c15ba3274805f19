// Filters are left: by a Subscription, and by the client for those that no Subscription stands for.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AbortedError,
  ConnectionLostError,
  type Message,
  type Subscription,
  UnsubscribeError,
  type UnsubscribeOptions,
} from "../../mod.ts";
import {
  comeBack,
  connectedOften,
  KEPT,
  lose,
  LOST,
  reconnected,
} from "./away.ts";
import { isPending, settled } from "./clock.ts";
import { publish, suback, unsuback } from "./packets.ts";
import { connected, grantUnsubscribe, subscribed } from "./server.ts";

/** Collects what a loop gets until it ends. */
async function payloadsOf(messages: AsyncIterable<Message>): Promise<string[]> {
  const payloads: string[] = [];
  for await (const message of messages) payloads.push(message.text());
  return payloads;
}

Deno.test("unsubscribe of a Subscription sends UNSUBSCRIBE when the last user of a filter leaves", async () => {
  const { client, server } = await connected();
  const first = await subscribed({ client, server }, ["a", "b"]);
  const second = await subscribed({ client, server }, ["b", "c"]);
  const leaving = first.unsubscribe();
  const { packetId, topicFilters } = await server.next("unsubscribe");
  assertEquals(topicFilters, ["a"]);
  assert(await isPending(leaving));
  server.send(unsuback(packetId, [0]));
  await leaving;
  const last = second.unsubscribe();
  await grantUnsubscribe(server, ["b", "c"]);
  await last;
});

Deno.test("unsubscribe of a Subscription whose filters all have another user sends nothing, and ends its loop", async () => {
  const { client, server } = await connected();
  const first = await subscribed({ client, server }, "a");
  const second = await subscribed({ client, server }, "a");
  const loops = [first, second].map(payloadsOf);
  server.send(publish("a", "1"));
  await settled();
  await first.unsubscribe();
  server.send(publish("a", "2"));
  assertEquals(await loops[0], ["1"]);
  assertEquals(await server.sent(), []);
  client.close();
  await assertRejects(async () => await loops[1]);
});

Deno.test("unsubscribe of a Subscription: the loop gets what came before UNSUBACK, then ends", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  const looping = payloadsOf(subscription);
  const leaving = subscription.unsubscribe();
  const { packetId } = await server.next("unsubscribe");
  server.send(
    publish("a", "1"),
    publish("a", "2", { packetId: 1 }),
    unsuback(packetId, [0]),
    publish("a", "3"),
  );
  await leaving;
  assertEquals(await looping, ["1", "2"]);
  assertEquals((await server.sent()).length, 1, "the message is acknowledged");
});

Deno.test("unsubscribe of a Subscription, called in its loop, ends it after what is waiting", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  const payloads: string[] = [];
  const looping = (async () => {
    for await (const message of subscription) {
      payloads.push(message.text());
      if (payloads.length === 1) await subscription.unsubscribe();
    }
  })();
  server.send(publish("a", "1", { packetId: 1 }));
  await grantUnsubscribe(server, ["a"], publish("a", "2", { packetId: 2 }));
  await looping;
  assertEquals(payloads, ["1", "2"]);
  assertEquals((await server.sent()).length, 2);
});

Deno.test("unsubscribe of a Subscription is done once, however often it is called", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a");
  const looping = payloadsOf(subscription);
  const leaving = [subscription.unsubscribe(), subscription.unsubscribe()];
  for (const wait of leaving) assert(await isPending(wait));
  await grantUnsubscribe(server, ["a"], publish("a", "1"));
  await Promise.all(leaving);
  assertEquals(await looping, ["1"]);
  await subscription.unsubscribe();
  assertEquals(await server.sent(), []);
});

Deno.test("await using leaves the filter of a Subscription", async () => {
  const { client, server } = await connected();
  const block = (async () => {
    await using subscription = await subscribed({ client, server }, "a");
    assertEquals(subscription.granted, [0]);
  })();
  const { packetId, topicFilters } = await server.next("unsubscribe");
  assertEquals(topicFilters, ["a"]);
  assert(await isPending(block));
  server.send(unsuback(packetId, [0]));
  await block;
});

Deno.test("await using of a Subscription does not fail where the client has ended before it", async () => {
  const { client, server } = await connected();
  {
    await using subscription = await subscribed({ client, server }, "a");
    assertEquals(subscription.granted, [0]);
    client.close();
  }
});

Deno.test("unsubscribe of a Subscription rejects where the server refuses, and its loop has ended", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a");
  const looping = payloadsOf(subscription);
  const leaving = subscription.unsubscribe();
  const { packetId } = await server.next("unsubscribe");
  server.send(unsuback(packetId, [0x87]));
  const error = await assertRejects(() => leaving, UnsubscribeError);
  assertEquals(error.reasonCodes, [0x87]);
  assertEquals(await looping, []);
});

Deno.test("unsubscribe of a Subscription rejects where the wire is lost before UNSUBACK, and its loop throws", async () => {
  const { client, server } = await connected({ reconnect: false });
  const subscription = await subscribed({ client, server }, "a");
  const looping = payloadsOf(subscription);
  const leaving = subscription.unsubscribe();
  await server.next("unsubscribe");
  server.close();
  await assertRejects(
    () => leaving,
    ConnectionLostError,
    'Cannot unsubscribe from "a"',
  );
  await assertRejects(() => looping, ConnectionLostError);
});

Deno.test("unsubscribe of a Subscription that nobody awaits does not end the process when it fails", async () => {
  const { client, server } = await connected({ reconnect: false });
  const subscription = await subscribed({ client, server }, "a");
  void subscription.unsubscribe();
  await server.next("unsubscribe");
  server.close();
  await client.closed;
  await settled();
});

Deno.test("unsubscribe of a Subscription takes a signal", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a");
  const controller = new AbortController();
  const leaving = subscription.unsubscribe({ signal: controller.signal });
  await server.next("unsubscribe");
  controller.abort("no");
  const error = await assertRejects(() => leaving, AbortedError);
  assertEquals(error.cause, "no");
});

Deno.test("a filter that is left and asked for again at once goes on", async () => {
  const { client, server } = await connected();
  const first = await subscribed({ client, server }, "a");
  const old = payloadsOf(first);
  void first.unsubscribe();
  const subscribing = client.subscribe("a");
  const left = await server.next("unsubscribe");
  const asked = await server.next("subscribe");
  server.send(
    unsuback(left.packetId, [0]),
    suback(asked.packetId, [0]),
    publish("a", "1"),
  );
  assertEquals(await old, []);
  const messages = (await subscribing)[Symbol.asyncIterator]();
  assertEquals((await messages.next()).value?.text(), "1");
});

Deno.test("Client.unsubscribe leaves filters that no Subscription stands for", async () => {
  const { client, server } = await connected();
  const leaving = client.unsubscribe(["a", "b"]);
  const { packetId, topicFilters } = await server.next("unsubscribe");
  assertEquals(topicFilters, ["a", "b"]);
  server.send(unsuback(packetId, [0, 0x11]));
  assertEquals(await leaving, [0, 0x11]);
});

Deno.test("Client.unsubscribe resolves with no Reason Codes under MQTT 3.x", async () => {
  for (const protocolVersion of [3, 4] as const) {
    const { client, server } = await connected({ protocolVersion });
    const leaving = client.unsubscribe("a");
    await server.next("unsubscribe");
    server.send(unsuback(1, []));
    assertEquals(await leaving, []);
  }
});

Deno.test("Client.unsubscribe rejects with an UnsubscribeError where the server refuses", async () => {
  const { client, server } = await connected();
  const leaving = client.unsubscribe(["a", "b"]);
  await server.next("unsubscribe");
  server.send(unsuback(1, [0, 0x87], { reasonString: "stay" }));
  const error = await assertRejects(() => leaving, UnsubscribeError);
  assertEquals(error.reasonCodes, [0, 0x87]);
  assertEquals(error.reasonString, "stay");
});

Deno.test("Client.unsubscribe rejects when its signal fires", async () => {
  const { client, server } = await connected();
  const controller = new AbortController();
  const { signal } = controller;
  const leaving = client.unsubscribe("a", { signal });
  await server.next("unsubscribe");
  controller.abort("no");
  await assertRejects(() => leaving, AbortedError);
  await assertRejects(() => client.unsubscribe("a", { signal }), AbortedError);
  server.send(unsuback(1, [0]));
  assertEquals(await server.sent(), []);
});

/** What a program in JavaScript may hand over, whatever the types say. */
const WRONG: readonly (readonly [string, unknown, unknown?])[] = [
  ["no filter", undefined],
  ["an empty list", []],
  ["a wrong filter", ["a", "#/b"]],
  ["a filter that is a number", 7],
  ["an option that does not exist", "a", { qos: 1 }],
];

for (const [name, filters, options] of WRONG) {
  Deno.test(`Client.unsubscribe never throws, it rejects with a TypeError for ${name}`, async () => {
    const { client, server } = await connected();
    const leaving = client.unsubscribe(
      filters as string,
      options as UnsubscribeOptions,
    );
    await assertRejects(() => leaving, TypeError, "Cannot unsubscribe");
    assertEquals(await server.sent(), []);
  });
}

Deno.test("Subscription.unsubscribe never throws, it rejects with a TypeError for an option that does not exist", async () => {
  const { client, server } = await connected();
  const subscription: Subscription = await subscribed({ client, server }, "a");
  const options = { timeout: 1 } as UnsubscribeOptions;
  const leaving = subscription.unsubscribe(options);
  await assertRejects(() => leaving, TypeError);
  assertEquals(await server.sent(), []);
});

Deno.test("unsubscribe of a Subscription that could not begin may be called again", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a");
  const looping = payloadsOf(subscription);
  const options = { timeout: 1 } as UnsubscribeOptions;
  await assertRejects(() => subscription.unsubscribe(options), TypeError);
  const signal = AbortSignal.abort();
  await assertRejects(
    () => subscription.unsubscribe({ signal }),
    AbortedError,
  );
  server.send(publish("a", "1"));
  const leaving = subscription.unsubscribe();
  await grantUnsubscribe(server, ["a"]);
  await leaving;
  assertEquals(await looping, ["1"]);
});

Deno.test("a filter whose last user is refused, or given up before it was sent, is left where the server has it for an earlier one", async () => {
  for (const end of ["refused", "refused in part", "given up"]) {
    const connection = await connectedOften();
    const { client } = connection;
    const first = await subscribed(connection, "a");
    let { server } = connection;
    const controller = new AbortController();
    const { signal } = controller;
    if (end === "given up") await lose(connection);
    const second = client.subscribe("a", {
      signal,
      partial: end === "refused in part",
    });
    second.catch(() => {});
    await first.unsubscribe();
    if (end === "given up") {
      controller.abort();
      server = await comeBack(connection, KEPT);
    } else {
      const { packetId } = await server.next("subscribe");
      server.send(suback(packetId, [0x87]));
    }
    await grantUnsubscribe(server, ["a"]);
    await settled();
    server = await reconnected({ ...connection, server }, LOST);
    assertEquals(await server.sent(), [], end);
    client.close();
  }
});
