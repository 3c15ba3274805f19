// A Message as it comes: its fields, its texts, and whatever way its bytes were cut.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Message } from "../../mod.ts";
import { ack, publish } from "./packets.ts";
import { connected, type ServerEnd } from "./server.ts";

/** Sends bytes in pieces, each read on its own. */
function sendInPieces(server: ServerEnd, bytes: Uint8Array, size: number) {
  for (let start = 0; start < bytes.length; start += size) {
    server.sendBytes(bytes.subarray(start, start + size));
  }
}

async function first(messages: AsyncIterable<Message>): Promise<Message> {
  for await (const message of messages) return message;
  throw new Error("There was none");
}

Deno.test("Message has what PUBLISH said", async () => {
  const { client, server } = await connected();
  const properties = {
    contentType: "text/plain",
    responseTopic: "answers",
    correlationData: Uint8Array.of(1, 2),
    subscriptionIdentifiers: [3, 4],
    userProperties: [["k", "1"], ["k", "2"]],
  } as const;
  server.send(publish("a/b", "hello", {
    qos: 2,
    retain: true,
    dup: true,
    packetId: 9,
    properties,
  }));
  const message = await first(client);
  assertEquals(message.topic, "a/b");
  assertEquals(message.payload, new TextEncoder().encode("hello"));
  assertEquals(message.qos, 2);
  assertEquals(message.retain, true);
  assertEquals(message.dup, true);
  assertEquals(message.packetId, 9);
  assertEquals(message.properties, properties);
});

Deno.test("Message.text and Message.json read the payload", async () => {
  const { client, server } = await connected();
  const messages = client[Symbol.asyncIterator]();
  const next = async (payload: Uint8Array | string) => {
    server.send(publish("a", payload));
    const { value } = await messages.next();
    if (value === undefined) throw new Error("The loop has ended");
    return value;
  };
  assertEquals((await next("été 🦟")).text(), "été 🦟");
  assertEquals((await next("")).text(), "");
  assertEquals(
    (await next("\uFEFFx")).text(),
    "\uFEFFx",
    "no character is taken away",
  );
  assertEquals((await next(Uint8Array.of(0x61, 0xFF))).text(), "a\uFFFD");
  assertEquals((await next('{"t":21.5}')).json<{ t: number }>().t, 21.5);
  const none = await next("{");
  assertThrows(() => none.json(), SyntaxError);
});

for (const size of [1, 2, 7, 126, 127, 128, 65_535]) {
  Deno.test(`Message comes whole where its bytes come ${size} at a time`, async () => {
    const { client, server } = await connected();
    const messages = client[Symbol.asyncIterator]();
    // The lengths at which Remaining Length grows, 127 among them.
    const lengths = [0, 1, 120, 121, 122, 123, 124, 125, 126, 127, 128, 20_000];
    const payloads = lengths.map((length) =>
      new Uint8Array(length).map((_, i) => i * 7)
    );
    const packets = payloads.map((payload) => publish("a/b", payload));
    sendInPieces(server, server.encode(...packets), size);
    for (const payload of payloads) {
      assertEquals((await messages.next()).value?.payload, payload);
    }
  });
}

Deno.test("Message keeps its payload while later ones come", async () => {
  const { client, server } = await connected();
  const messages = client[Symbol.asyncIterator]();
  const kept: Message[] = [];
  // More than one block of 64 KiB, so that every block is used to its end.
  for (let i = 0; i < 400; i++) {
    server.send(publish("a", new Uint8Array(1_000).fill(i)));
    const { value } = await messages.next();
    if (value !== undefined) kept.push(value);
  }
  for (const [i, { payload }] of kept.entries()) {
    assertEquals(payload, new Uint8Array(1_000).fill(i));
  }
});

Deno.test("Message.ack and Message.reject of QoS 0 do nothing", async () => {
  const { client, server } = await connected();
  server.send(publish("a", "x"));
  const message = await first(client);
  await message.ack();
  await message.reject();
  assertEquals(await server.sent(), []);
});

Deno.test("Message.reject refuses for good, with the Reason Code", async () => {
  const { client, server } = await connected();
  server.send(
    publish("a", "1", { packetId: 1 }),
    publish("a", "2", { packetId: 2, qos: 2 }),
    publish("a", "3", { packetId: 3 }),
  );
  const messages = client[Symbol.asyncIterator]();
  await (await messages.next()).value?.reject();
  await (await messages.next()).value?.reject(0x99);
  await messages.next();
  assertEquals(await server.sent(), [
    ack("puback", 1, 0x83),
    ack("pubrec", 2, 0x99),
  ]);
  // A refused QoS 2 message has left its Packet Identifier: the next is another message.
  server.send(publish("a", "4", { packetId: 2, qos: 2 }));
  assertEquals((await messages.next()).value?.text(), "4");
});

Deno.test("Message.reject after an acknowledgement does nothing, nor does the reverse", async () => {
  const { client, server } = await connected();
  server.send(
    publish("a", "1", { packetId: 1 }),
    publish("a", "2", { packetId: 2 }),
  );
  const messages = client[Symbol.asyncIterator]();
  const one = (await messages.next()).value;
  await one?.ack();
  await one?.reject();
  await one?.ack();
  const two = (await messages.next()).value;
  await two?.reject(0x80);
  await two?.ack();
  assertEquals(await server.sent(), [
    ack("puback", 1),
    ack("puback", 2, 0x80),
  ]);
});

Deno.test("Message.reject rejects with a RangeError for what is no refusal", async () => {
  const { client, server } = await connected();
  server.send(publish("a", "1", { packetId: 1 }));
  const message = await first(client);
  for (const reasonCode of [0, 0x10, 0x7F, 0x81, 0x8F, 0x100, 128.5, NaN]) {
    await assertRejects(() => message.reject(reasonCode), RangeError);
  }
  assertEquals(await server.sent(), []);
});

Deno.test("Message.reject rejects with a TypeError under MQTT 3.1.1, and the message stays", async () => {
  const { client, server } = await connected({ protocolVersion: 4 });
  server.send(publish("a", "1", { packetId: 1 }));
  const message = await first(client);
  await assertRejects(
    () => message.reject(),
    TypeError,
    "Cannot reject a message",
  );
  assertEquals(await server.sent(), []);
  await message.ack();
  assertEquals(await server.sent(), [ack("puback", 1)]);
});
