// Filters that several subscriptions of one client ask for.

import { assertEquals, assertRejects } from "@std/assert";
import { SubscribeError } from "../../mod.ts";
import { publish, suback, subscribe, UNIDENTIFIED } from "./packets.ts";
import { connected, grantUnsubscribe, subscribed } from "./server.ts";

Deno.test("subscribe asks again, with the higher QoS, for a filter that is in use", async () => {
  const { client, server } = await connected({}, UNIDENTIFIED);
  await subscribed({ client, server }, "a", { qos: 1 });
  for (const [qos, asked] of [[0, 1], [2, 2], [1, 2]] as const) {
    const subscribing = client.subscribe(["a", `b${qos}`], { qos });
    const packet = await server.next("subscribe");
    assertEquals(
      packet,
      subscribe(packet.packetId, {
        "a": { qos: asked },
        [`b${qos}`]: { qos },
      }),
    );
    server.send(suback(packet.packetId, [asked, qos]));
    await subscribing;
  }
});

Deno.test("subscribe gives the retained messages of a second request to all users of the filter", async () => {
  const { client, server } = await connected();
  const first = await subscribed({ client, server }, "a");
  const one = first[Symbol.asyncIterator]();
  const second = await subscribed(
    { client, server },
    "a",
    {},
    publish("a", "kept", { retain: true }),
  );
  const other = second[Symbol.asyncIterator]();
  for (const messages of [one, other]) {
    const { value } = await messages.next();
    assertEquals(value?.text(), "kept");
    assertEquals(value?.retain, true);
  }
});

Deno.test("subscribe rejects with a TypeError where two want different things of one filter", async () => {
  const { client, server } = await connected();
  await subscribed({ client, server }, "a", { noLocal: true });
  for (
    const options of [{}, { noLocal: true, retainAsPublished: true }]
  ) {
    await assertRejects(
      () => client.subscribe(["b", "a"], options),
      TypeError,
      '"a"',
    );
  }
  assertEquals(await server.sent(), []);
  // Nothing is left of what was rejected: "b" is free for anybody.
  await subscribed({ client, server }, "b", { retainAsPublished: true });
});

Deno.test("subscribe forgets what a filter was asked with once it is left", async () => {
  const { client, server } = await connected({}, UNIDENTIFIED);
  const first = await subscribed({ client, server }, "a", {
    qos: 2,
    noLocal: true,
  });
  const leaving = first.unsubscribe();
  await grantUnsubscribe(server, ["a"]);
  await leaving;
  void client.subscribe("a");
  const packet = await server.next("subscribe");
  assertEquals(packet, subscribe(packet.packetId, { a: {} }));
});

Deno.test("subscribe that was refused for its QoS does not raise what the next one asks for", async () => {
  const { client, server } = await connected({}, UNIDENTIFIED);
  await subscribed({ client, server }, "a");
  const refused = client.subscribe("a", { qos: 2 });
  const { packetId } = await server.next("subscribe");
  server.send(suback(packetId, [0x87]));
  await assertRejects(() => refused, SubscribeError);
  void client.subscribe("a");
  const packet = await server.next("subscribe");
  assertEquals(packet, subscribe(packet.packetId, { a: {} }));
});
