// batches(): all that waits, as arrays, for those who count nanoseconds.

import { assert, assertEquals } from "@std/assert";
import { isPending, settled } from "./clock.ts";
import { ack, publish } from "./packets.ts";
import { connected, subscribed } from "./server.ts";

const atQos1 = (packetId: number) =>
  publish("a", `${packetId}`, { packetId, qos: 1 });

Deno.test("batches gives all that waits, and acknowledges it when the next is asked for", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 1 },
    atQos1(1),
    atQos1(2),
    publish("a", "3"),
  );
  const batches = subscription.batches();
  const payloads = async () => {
    const { value = [] } = await batches.next();
    return value.map((message) => message.text());
  };
  assertEquals(await payloads(), ["1", "2", "3"]);
  assertEquals(await server.sent(), []);
  const next = payloads();
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 2)]);
  assert(await isPending(next));
  server.send(atQos1(4));
  assertEquals(await next, ["4"]);
});

Deno.test("batches, left, puts the batch in hand back, but for what was acknowledged", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed(
    { client, server },
    "a",
    { qos: 1 },
    atQos1(1),
    atQos1(2),
    atQos1(3),
  );
  for await (const batch of subscription.batches()) {
    await batch[1]?.ack();
    break;
  }
  assertEquals(await server.sent(), [], "PUBACK 2 waits for PUBACK 1");
  server.send(atQos1(4));
  await settled();
  const { value = [] } = await subscription.batches().next();
  assertEquals(value.map((message) => message.text()), ["1", "3", "4"]);
});

Deno.test("Client.batches gives what no subscription takes", async () => {
  const { client, server } = await connected();
  server.send(atQos1(1), publish("b", "2"));
  await settled();
  for await (const batch of client.batches()) {
    assertEquals(batch.map((message) => message.text()), ["1", "2"]);
    break;
  }
});
