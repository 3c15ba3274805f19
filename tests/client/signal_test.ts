// A signal that lives as long as the program: what has settled leaves nothing on it.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AbortedError,
  ConnectError,
  type Store,
  SubscribeError,
} from "../../mod.ts";
import { settled } from "./clock.ts";
import { countingSignal } from "./counting_signal.ts";
import { ack, connack, suback } from "./packets.ts";
import { connected, dial, grantUnsubscribe, subscribed } from "./server.ts";

Deno.test("connect leaves nothing on its signal, whether it resolves or rejects", async () => {
  const { signal, listeners } = countingSignal();
  await connected({ signal });
  assertEquals(listeners(), 0);
  const { connecting, listener } = dial({ signal });
  const server = await listener.accept();
  await server.next("connect");
  server.send(connack({ reasonCode: 0x87 }));
  await assertRejects(() => connecting, ConnectError);
  assertEquals(listeners(), 0);
});

Deno.test("connect with a signal does not wait for a store that does not answer, and closes it when it does", async () => {
  const asked = Promise.withResolvers<void>();
  const opening = Promise.withResolvers<void>();
  let isClosed = false;
  const store: Store = {
    open() {
      asked.resolve();
      return opening.promise;
    },
    append() {},
    close() {
      isClosed = true;
    },
  };
  const abort = new AbortController();
  const { connecting } = dial({ signal: abort.signal, store });
  await asked.promise;
  abort.abort("enough");
  const { cause } = await assertRejects(() => connecting, AbortedError);
  assertEquals([cause, isClosed], ["enough", false]);
  opening.resolve();
  await settled();
  assert(isClosed);
  const never = dial({ signal: AbortSignal.abort(), store });
  await assertRejects(() => never.connecting, AbortedError);
});

Deno.test("calls with a signal that is none reject with a TypeError, and send nothing", async () => {
  // What a program without types may hand in.
  const signal = JSON.parse("{}");
  await assertRejects(() => dial({ signal }).connecting, TypeError, "signal");
  const { client, server } = await connected();
  for (
    const call of [
      () => client.publish("a", "x", { signal }),
      () => client.publish("a", "x", { qos: 1, signal }),
      () => client.subscribe("a", { signal }),
      () => client.unsubscribe("a", { signal }),
      () => client.request("a", "x", { signal }),
      () => client.reauthenticate({ signal }),
    ]
  ) await assertRejects(call, TypeError, "signal must be an AbortSignal");
  await settled();
  assertEquals(await server.sent(), []);
  client.close();
});

Deno.test("reauthenticate rejects where its options are none", async () => {
  const { client } = await connected();
  await assertRejects(
    () => client.reauthenticate(JSON.parse("null")),
    TypeError,
    "the options must be an object",
  );
  client.close();
});

Deno.test("connect leaves no timer behind", async () => {
  const { clock } = await connected({ keepAlive: 0 });
  await settled();
  assertEquals(clock.timers, 0);
});

Deno.test("publish leaves nothing on its signal, whether it resolves or rejects", async () => {
  const { signal, listeners } = countingSignal();
  const { client, server } = await connected();
  await client.publish("a", "x", { signal });
  const slow = client.publish("a", new Uint8Array(3 << 20), { signal });
  await server.next("publish");
  await server.next("publish");
  await slow;
  for (const [reasonCode, qos] of [[0, 1], [0x87, 1], [0x87, 2]] as const) {
    const published = client.publish("a", "x", { qos, signal });
    const { packetId } = await server.next("publish");
    server.send(ack(qos === 1 ? "puback" : "pubrec", packetId, reasonCode));
    await published.catch(() => {});
  }
  assertEquals(listeners(), 0);
  const lost = client.publish("a", "x", { qos: 1, signal });
  client.close();
  await lost.catch(() => {});
  assertEquals(listeners(), 0);
});

Deno.test("subscribe leaves nothing on its signal once the subscription is left or refused", async () => {
  const { signal, listeners } = countingSignal();
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a", { signal });
  assertEquals(listeners(), 1, "it ends the subscription later");
  const leaving = subscription.unsubscribe({ signal });
  await grantUnsubscribe(server, ["a"]);
  await leaving;
  assertEquals(listeners(), 0);
  const refused = client.subscribe("b", { signal });
  const { packetId } = await server.next("subscribe");
  server.send(suback(packetId, [0x87]));
  await assertRejects(() => refused, SubscribeError);
  assertEquals(listeners(), 0);
});

Deno.test("subscribe leaves nothing on its signal where it cannot be sent", async () => {
  const { signal, listeners } = countingSignal();
  const { client } = await connected({}, {
    properties: { maximumPacketSize: 50 },
  });
  const properties = { subscriptionIdentifier: 0 };
  await assertRejects(() => client.subscribe("a", { properties, signal }));
  await assertRejects(() => client.subscribe("a".repeat(50), { signal }));
  await assertRejects(() => client.unsubscribe("a".repeat(50), { signal }));
  assertEquals(listeners(), 0);
});

Deno.test("subscribe leaves nothing on its signal once the client has ended", async () => {
  const { signal, listeners } = countingSignal();
  const { client, server } = await connected();
  await subscribed({ client, server }, "a", { signal });
  client.close();
  await settled();
  assertEquals(listeners(), 0);
});

Deno.test("one signal ends everything that waits with it", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a", { signal });
  const messages = subscription[Symbol.asyncIterator]();
  const waits = [
    client.publish("b", "x", { qos: 1, signal }),
    client.subscribe("c", { signal }),
    client.unsubscribe("d", { signal }),
  ];
  await server.sent();
  controller.abort("enough");
  for (const wait of waits) {
    const error = await assertRejects(() => wait, AbortedError);
    assertEquals(error.cause, "enough");
  }
  await grantUnsubscribe(server, ["a"]);
  assertEquals(await messages.next(), { done: true, value: undefined });
});
