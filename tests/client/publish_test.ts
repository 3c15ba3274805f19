// publish(): what goes out, in which order, and what it resolves with.

import { assert, assertEquals } from "@std/assert";
import type { Payload } from "../../mod.ts";
import { isPending } from "./clock.ts";
import { ack, publish } from "./packets.ts";
import { connected } from "./server.ts";

const SUCCESS = { reasonCode: 0, reasonString: undefined, userProperties: [] };

for (const protocolVersion of [3, 4, 5] as const) {
  Deno.test(`publish resolves with undefined at QoS 0, version ${protocolVersion}`, async () => {
    const { client, server } = await connected({ protocolVersion });
    assertEquals(await client.publish("a/b", "hello"), undefined);
    assertEquals(await server.next("publish"), publish("a/b", "hello"));
  });

  Deno.test(`publish resolves at PUBACK at QoS 1, version ${protocolVersion}`, async () => {
    const { client, server } = await connected({ protocolVersion });
    const published = client.publish("a/b", "hello", { qos: 1 });
    assertEquals(
      await server.next("publish"),
      publish("a/b", "hello", { qos: 1, packetId: 1 }),
    );
    assert(await isPending(published));
    server.send(ack("puback", 1));
    assertEquals(await published, SUCCESS);
  });

  Deno.test(`publish resolves at PUBCOMP at QoS 2, version ${protocolVersion}`, async () => {
    const { client, server } = await connected({ protocolVersion });
    const published = client.publish("a/b", "hello", { qos: 2 });
    assertEquals(
      await server.next("publish"),
      publish("a/b", "hello", { qos: 2, packetId: 1 }),
    );
    server.send(ack("pubrec", 1));
    assertEquals(await server.next("pubrel"), ack("pubrel", 1));
    assert(await isPending(published));
    server.send(ack("pubcomp", 1));
    assertEquals(await published, SUCCESS);
  });
}

Deno.test("publish resolves with what the server says", async () => {
  const { client, server } = await connected();
  const published = client.publish("a", "x", { qos: 1 });
  await server.next("publish");
  const userProperties = [["k", "1"], ["k", "2"]] as const;
  const properties = { reasonString: "nobody listens", userProperties };
  server.send(ack("puback", 1, 0x10, properties));
  assertEquals(await published, { reasonCode: 0x10, ...properties });
});

Deno.test("publish sends retain and properties", async () => {
  const { client, server } = await connected();
  const properties = {
    payloadFormatIndicator: 1,
    messageExpiryInterval: 60,
    contentType: "text/plain",
    responseTopic: "answers",
    correlationData: Uint8Array.of(1, 2),
    userProperties: [["k", "1"], ["k", "2"]],
  } as const;
  await client.publish("a", "x", { retain: true, properties });
  assertEquals(
    await server.next("publish"),
    publish("a", "x", { retain: true, properties }),
  );
});

const BYTES = Uint8Array.of(0, 104, 105, 0xC3, 0xA9, 0);

const PAYLOADS: readonly (readonly [string, () => Payload, Uint8Array])[] = [
  ["a string", () => "hié", new TextEncoder().encode("hié")],
  ["an empty string", () => "", new Uint8Array(0)],
  [
    "a string with U+0000 and beyond the BMP",
    () => "\0🦟",
    new TextEncoder().encode("\0🦟"),
  ],
  [
    "a string with a lone surrogate",
    () => "a\uD800b",
    new TextEncoder().encode("a\uFFFDb"),
  ],
  ["a Uint8Array", () => BYTES.slice(), BYTES],
  ["an empty Uint8Array", () => new Uint8Array(0), new Uint8Array(0)],
  [
    "a part of a Uint8Array",
    () => BYTES.slice().subarray(1, 5),
    BYTES.slice(1, 5),
  ],
  ["an ArrayBuffer", () => BYTES.slice().buffer, BYTES],
  [
    "a DataView",
    () => new DataView(BYTES.slice().buffer, 1, 3),
    BYTES.slice(1, 4),
  ],
  [
    "a Uint16Array",
    () => new Uint16Array(BYTES.slice().buffer, 2, 1),
    BYTES.slice(2, 4),
  ],
];

for (const [name, make, bytes] of PAYLOADS) {
  Deno.test(`publish sends ${name}, and copies it before it returns`, async () => {
    const { client, server } = await connected();
    for (const qos of [0, 1, 2] as const) {
      const payload = make();
      void client.publish("a", payload, { qos });
      spoil(payload);
      assertEquals((await server.next("publish")).payload, bytes);
    }
  });
}

Deno.test("publish copies the payload of a message that must wait for its turn", async () => {
  const { client, server } = await connected(
    {},
    { properties: { receiveMaximum: 1 } },
  );
  const payload = Uint8Array.of(1);
  void client.publish("a", payload, { qos: 1 });
  payload.fill(2);
  void client.publish("a", payload, { qos: 1 });
  payload.fill(3);
  assertEquals((await server.next("publish")).payload, Uint8Array.of(1));
  server.send(ack("puback", 1));
  assertEquals((await server.next("publish")).payload, Uint8Array.of(2));
});

function spoil(payload: Payload): void {
  if (typeof payload === "string") return;
  const buffer = ArrayBuffer.isView(payload) ? payload.buffer : payload;
  new Uint8Array(buffer).fill(0xEE);
}

Deno.test("publish sends messages of every QoS in the order of the calls, those of one turn in one segment", async () => {
  const { client, server } = await connected();
  for (let i = 0; i < 3; i++) {
    for (const qos of [1, 0, 2] as const) {
      void client.publish("a", `${i}, QoS ${qos}`, { qos });
    }
  }
  const payloads = (await server.segment()).map((packet) =>
    packet.type === "publish" && new TextDecoder().decode(packet.payload)
  );
  assertEquals(
    payloads,
    ["0", "1", "2"].flatMap((i) =>
      ["1", "0", "2"].map((qos) => `${i}, QoS ${qos}`)
    ),
  );
});

Deno.test("publish resolves in whatever order the acknowledgements come", async () => {
  const { client, server } = await connected();
  const order: string[] = [];
  const published = ["1", "2", "3"].map((payload) =>
    client.publish("a", payload, { qos: 1 }).then(() => order.push(payload))
  );
  await server.sent();
  server.send(ack("puback", 3), ack("puback", 1), ack("puback", 2));
  await Promise.all(published);
  assertEquals(order, ["3", "1", "2"]);
});

Deno.test("publish keeps to the server's Receive Maximum", async () => {
  const { client, server } = await connected(
    {},
    { properties: { receiveMaximum: 2 } },
  );
  const payloads = ["1", "2", "3", "4"];
  const published = payloads.map((payload) =>
    client.publish("a", payload, { qos: 1 })
  );
  assertEquals((await server.sent()).length, 2);
  assertEquals(client.stats().inFlight, 2);
  assertEquals(client.stats().queued, 2);
  server.send(ack("puback", 2));
  assertEquals(await server.sent(), [
    publish("a", "3", { packetId: 3 }),
  ]);
  server.send(ack("puback", 1), ack("puback", 3));
  const [last] = await server.sent();
  assert(last?.type === "publish");
  server.send(ack("puback", last.packetId));
  await Promise.all(published);
  assertEquals(client.stats().inFlight, 0);
});

Deno.test("publish keeps to maxInflight under MQTT 3.x", async () => {
  const { client, server } = await connected({
    protocolVersion: 4,
    maxInflight: 1,
  });
  void client.publish("a", "1", { qos: 1 });
  void client.publish("a", "2", { qos: 1 });
  assertEquals((await server.sent()).length, 1);
  server.send(ack("puback", 1));
  assertEquals((await server.sent()).length, 1);
});

Deno.test("publish sends QoS 0 past messages that wait for their turn", async () => {
  const { client, server } = await connected(
    {},
    { properties: { receiveMaximum: 1 } },
  );
  void client.publish("a", "1", { qos: 1 });
  void client.publish("a", "2", { qos: 1 });
  await client.publish("a", "3");
  assertEquals(await server.sent(), [
    publish("a", "1", { packetId: 1 }),
    publish("a", "3"),
  ]);
});

Deno.test("publish sends a payload of 3 MiB whole", async () => {
  const { client, server } = await connected();
  const payload = new Uint8Array(3 << 20).map((_, i) => i % 251);
  const published = client.publish("a", payload);
  assertEquals((await server.next("publish")).payload, payload);
  await published;
});
