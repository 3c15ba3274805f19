// Shared subscriptions (4.8.2), by the option and by name.

import { assertEquals, assertRejects } from "@std/assert";
import { Broker } from "../../testing.ts";
import { settled } from "./clock.ts";
import { publish } from "./packets.ts";
import { connected, subscribed } from "./server.ts";

Deno.test("subscribe with shared asks for $share/group/filter, and gets what the filter matches", async () => {
  const { client, server } = await connected();
  const topics: string[] = [];
  const subscription = await subscribed(
    { client, server },
    ["a/+", "b"],
    { shared: "group", onMessage: ({ topic }) => void topics.push(topic) },
    publish("a/1", ""),
    publish("b", ""),
  );
  await settled();
  assertEquals(subscription.filters, ["$share/group/a/+", "$share/group/b"]);
  assertEquals(topics, ["a/1", "b"]);
  client.close();
});

Deno.test("subscribe refuses a name of a group that is none, a filter that is shared already, and MQTT 3.x", async () => {
  const { client, server } = await connected();
  for (const shared of ["", "a/b", "a+", "#", "\u0000"]) {
    await assertRejects(() => client.subscribe("a", { shared }), TypeError);
  }
  await assertRejects(
    () => client.subscribe("$share/g/a", { shared: "h" }),
    TypeError,
    "it is shared already",
  );
  await assertRejects(
    () => client.subscribe("a", { shared: "g", noLocal: true }),
    TypeError,
    "noLocal",
  );
  assertEquals(await server.sent(), []);
  client.close();
  const old = await connected({ protocolVersion: 4 });
  await assertRejects(
    () => old.client.subscribe("a", { shared: "g" }),
    TypeError,
    "shared needs MQTT 5",
  );
  old.client.close();
});

Deno.test("Clients of one group share its messages", async () => {
  await using broker = new Broker();
  await using one = await broker.connect();
  await using other = await broker.connect();
  const got = { one: 0, other: 0 };
  await one.subscribe("a", { shared: "g", onMessage: () => got.one++ });
  await other.subscribe("a", { shared: "g", onMessage: () => got.other++ });
  for (let count = 0; count < 10; count++) broker.publish("a", "");
  await one.publish("end", "", { qos: 1 });
  await other.publish("end", "", { qos: 1 });
  assertEquals(got.one + got.other, 10);
  assertEquals([got.one > 0, got.other > 0], [true, true]);
});
