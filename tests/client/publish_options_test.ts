// publish(): what is wrong with a call, and what the server's limits do not allow.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { PublishError, type PublishOptions } from "../../mod.ts";
import { settled } from "./clock.ts";
import { ack, publish } from "./packets.ts";
import { connected } from "./server.ts";

const LIMITS: readonly (readonly [string, object, PublishOptions, string])[] = [
  ["Maximum QoS 0", { maximumQoS: 0 }, { qos: 1 }, "x"],
  ["Maximum QoS 1", { maximumQoS: 1 }, { qos: 2 }, "x"],
  ["Retain Available 0", { retainAvailable: false }, { retain: true }, "x"],
  [
    "Maximum Packet Size at QoS 0",
    { maximumPacketSize: 20 },
    {},
    "x".repeat(20),
  ],
  [
    "Maximum Packet Size at QoS 1",
    { maximumPacketSize: 20 },
    { qos: 1 },
    "x"
      .repeat(20),
  ],
];

for (const [name, properties, options, payload] of LIMITS) {
  Deno.test(`publish rejects with a PublishError, not sent, for the server's ${name}`, async () => {
    const { client, server } = await connected({}, { properties });
    const error = await assertRejects(
      () => client.publish("a", payload, options),
      PublishError,
    );
    assertEquals(error.delivery, "not-sent");
    await client.publish("a", "fits");
    assertEquals(await server.sent(), [publish("a", "fits")]);
    assertEquals(client.stats().inFlight, 0);
  });
}

Deno.test("publish rejects a message that waits for its turn and is larger than Maximum Packet Size", async () => {
  const { client, server } = await connected({}, {
    properties: { receiveMaximum: 1, maximumPacketSize: 20 },
  });
  void client.publish("a", "1", { qos: 1 });
  const tooLarge = client.publish("a", "x".repeat(20), { qos: 1 });
  const behind = client.publish("a", "3", { qos: 1 });
  assertEquals((await server.sent()).length, 1);
  server.send(ack("puback", 1));
  const error = await assertRejects(() => tooLarge, PublishError);
  assertEquals(error.delivery, "not-sent");
  const [packet] = await server.sent();
  assert(packet?.type === "publish");
  server.send(ack("puback", packet.packetId));
  await behind;
});

/** What a program in JavaScript may hand over, whatever the types say. */
const WRONG: readonly (readonly [
  string,
  typeof TypeError | typeof RangeError,
  readonly [unknown, unknown, unknown?],
])[] = [
  ["an empty topic", TypeError, ["", "x"]],
  ["an empty topic with an alias that was never given", TypeError, ["", "x", {
    properties: { topicAlias: 1 },
  }]],
  ["a topic with a wildcard", TypeError, ["a/+", "x"]],
  ["a topic with U+0000", TypeError, ["a\0", "x"]],
  ["a topic with a lone surrogate", TypeError, ["\uDC00", "x"]],
  ["a topic of 65,536 bytes", TypeError, ["a".repeat(65_536), "x"]],
  ["a topic that is a number", TypeError, [7, "x"]],
  ["no topic", TypeError, [undefined, "x"]],
  ["a payload that is a number", TypeError, ["a", 7]],
  ["a payload that is an object", TypeError, ["a", { x: 1 }]],
  ["no payload", TypeError, ["a", undefined]],
  ["QoS 3", RangeError, ["a", "x", { qos: 3 }]],
  ["QoS 1.5", RangeError, ["a", "x", { qos: 1.5 }]],
  ["an option that does not exist", TypeError, ["a", "x", { QoS: 1 }]],
  ["options that are none", TypeError, ["a", "x", 1]],
  ["a property that does not exist", TypeError, ["a", "x", {
    properties: { expiry: 1 },
  }]],
  ["a property that PUBLISH does not have", TypeError, ["a", "x", {
    properties: { receiveMaximum: 1 },
  }]],
  ["a property out of range", RangeError, ["a", "x", {
    qos: 1,
    properties: { messageExpiryInterval: -1 },
  }]],
  ["a Response Topic with a wildcard", TypeError, ["a", "x", {
    properties: { responseTopic: "a/#" },
  }]],
];

for (const [name, mistake, [topic, payload, options]] of WRONG) {
  Deno.test(`publish never throws, it rejects with a ${mistake.name} for ${name}`, async () => {
    const { client, server } = await connected();
    const rejected = client.publish(
      topic as string,
      payload as string,
      options as PublishOptions,
    );
    assertInstanceOf(rejected, Promise);
    const error = await assertRejects(() => rejected, mistake);
    assertMatch(error.message, /^Cannot (publish to|encode PUBLISH)/);
    await client.publish("a", "goes on");
    assertEquals(await server.sent(), [publish("a", "goes on")]);
  });
}

Deno.test("publish rejects with a TypeError for properties under MQTT 3.1.1", async () => {
  const { client, server } = await connected({ protocolVersion: 4 });
  for (const qos of [0, 1] as const) {
    await assertRejects(
      () => client.publish("a", "x", { qos, properties: { contentType: "t" } }),
      TypeError,
    );
  }
  assertEquals(await server.sent(), []);
});

Deno.test("publish looks at options that were changed since the last call", async () => {
  const { client, server } = await connected();
  const options: { qos: number } = { qos: 0 };
  await client.publish("a", "x", options as PublishOptions);
  options.qos = 3;
  await assertRejects(
    () => client.publish("a", "x", options as PublishOptions),
    RangeError,
  );
  await settled();
  assertEquals((await server.sent()).length, 1);
});

Deno.test("publish says which topic could not be published to, and why", async () => {
  const { client } = await connected();
  await assertRejects(
    () => client.publish("a/#", "x"),
    TypeError,
    'Cannot publish to "a/#": a Topic Name must not contain wildcards',
  );
});
