// The Payload Format Indicator (3.3.2.3.2): a payload that is announced as UTF-8 is UTF-8, or it is refused.

import { assertEquals, assertRejects } from "@std/assert";
import { settled } from "./clock.ts";
import { listen } from "./listen.ts";
import { ack, publish } from "./packets.ts";
import { connected, dial, subscribed } from "./server.ts";

const TEXT = { payloadFormatIndicator: 1 } as const;
const BAD = Uint8Array.of(0x61, 0xFF);

for (const qos of [0, 1, 2] as const) {
  Deno.test(`Client refuses a QoS ${qos} message that is not UTF-8 though announced so, and no other`, async () => {
    const { client, server } = await connected();
    const events = listen(client);
    const topics: string[] = [];
    await subscribed({ client, server }, "#", {
      qos,
      onMessage: ({ topic }) => void topics.push(topic),
    });
    const packetId = qos === 0 ? 0 : 7;
    server.send(
      publish("bad", BAD, { qos, packetId, properties: TEXT }),
      publish("unsaid", BAD),
      publish("good", "é", { properties: TEXT }),
    );
    const type = qos === 2 ? "pubrec" : "puback";
    if (qos > 0) assertEquals(await server.next(type), ack(type, 7, 0x99));
    await settled();
    assertEquals(topics, ["unsaid", "good"]);
    assertEquals(client.connected, true);
    assertEquals(client.stats().messagesDropped, 1);
    client.close();
    await settled();
    assertEquals(
      events.filter(({ type }) => type === "payload-refused"),
      [{ type: "payload-refused", topic: "bad" }],
    );
  });
}

Deno.test("publish refuses a payload that is not UTF-8 though announced so, before a byte leaves", async () => {
  const { client, server } = await connected();
  for (const qos of [0, 1, 2] as const) {
    for (const payload of [BAD, BAD.buffer, "\uD800"]) {
      await assertRejects(
        () => client.publish("a", payload, { qos, properties: TEXT }),
        TypeError,
        "payloadFormatIndicator",
      );
    }
  }
  await client.publish("a", BAD);
  await client.publish("a", "é", { properties: TEXT });
  assertEquals((await server.sent()).length, 2);
  client.close();
});

Deno.test("connect refuses a will that is not UTF-8 though announced so", async () => {
  const will = { topic: "w", payload: BAD, properties: TEXT };
  const { connecting, listener } = dial({ will });
  await assertRejects(() => connecting, TypeError, "payloadFormatIndicator");
  assertEquals(listener.waiting, 0);
});
