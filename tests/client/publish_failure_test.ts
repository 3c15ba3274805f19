// publish() that fails: what is known of the delivery at each stage, and who is told.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { AbortedError, ConnectionLostError, PublishError } from "../../mod.ts";
import { isPending, settled } from "./clock.ts";
import { listen } from "./listen.ts";
import { ack, publish } from "./packets.ts";
import { connected } from "./server.ts";

const ONE_AT_A_TIME = { properties: { receiveMaximum: 1 } };

Deno.test("publish rejects, not sent, after the client has ended", async () => {
  for (const qos of [0, 1, 2] as const) {
    const { client } = await connected();
    client.close();
    const error = await assertRejects(
      () => client.publish("a", "x", { qos }),
      ConnectionLostError,
      'Cannot publish to "a"',
    );
    assertEquals(error.delivery, "not-sent");
  }
});

Deno.test("publish rejects, not sent, once disconnect was called", async () => {
  const { client } = await connected();
  void client.disconnect();
  const error = await assertRejects(
    () => client.publish("a", "x", { qos: 1 }),
    ConnectionLostError,
  );
  assertEquals(error.delivery, "not-sent");
});

for (const qos of [1, 2] as const) {
  Deno.test(`publish rejects, unknown, where the wire is lost before the first acknowledgement at QoS ${qos}`, async () => {
    const { client, server } = await connected({ reconnect: false });
    const published = client.publish("a", "x", { qos });
    await server.next("publish");
    server.close();
    const error = await assertRejects(() => published, ConnectionLostError);
    assertEquals(error.delivery, "unknown");
  });

  Deno.test(`publish rejects, not sent, where the wire is lost before its turn at QoS ${qos}`, async () => {
    const { client, server } = await connected(
      { reconnect: false },
      ONE_AT_A_TIME,
    );
    const first = client.publish("a", "1", { qos });
    const second = client.publish("a", "2", { qos });
    await server.next("publish");
    server.close();
    const [one, two] = await Promise.allSettled([first, second]);
    assert(one.status === "rejected" && two.status === "rejected");
    assertInstanceOf(one.reason, ConnectionLostError);
    assertInstanceOf(two.reason, ConnectionLostError);
    assertEquals(one.reason.delivery, "unknown");
    assertEquals(two.reason.delivery, "not-sent");
  });

  Deno.test(`publish rejects, refused, and goes on with the next at QoS ${qos}`, async () => {
    const { client, server } = await connected({}, ONE_AT_A_TIME);
    const first = client.publish("a", "1", { qos });
    const second = client.publish("b", "2", { qos });
    await server.next("publish");
    const type = qos === 1 ? "puback" : "pubrec";
    const userProperties = [["why", "quota"]] as const;
    const properties = { reasonString: "too much", userProperties };
    server.send(ack(type, 1, 0x97, properties));
    const error = await assertRejects(() => first, PublishError, "too much");
    assertEquals(error.delivery, "refused");
    assertEquals(error.reasonCode, 0x97);
    assertEquals(error.reasonString, "too much");
    assertEquals(error.userProperties, userProperties);
    // No PUBREL follows, and the identifier and the quota are free.
    const [packet] = await server.sent();
    assert(packet?.type === "publish");
    assertEquals(packet.topicName, "b");
    server.send(ack(type, packet.packetId, 0x87));
    await assertRejects(() => second, PublishError);
    assertEquals(client.stats().inFlight, 0);
  });
}

Deno.test("publish rejects, unknown, where the wire is lost between PUBREC and PUBCOMP", async () => {
  const { client, server } = await connected({ reconnect: false });
  const published = client.publish("a", "x", { qos: 2 });
  await server.next("publish");
  server.send(ack("pubrec", 1));
  await server.next("pubrel");
  server.close();
  const error = await assertRejects(() => published, ConnectionLostError);
  assertEquals(error.delivery, "unknown");
});

Deno.test("publish rejects, unknown, where close is called", async () => {
  const { client, server } = await connected();
  const reason = new Error("enough");
  const published = client.publish("a", "x", { qos: 1 });
  await server.next("publish");
  client.close(reason);
  const error = await assertRejects(() => published, ConnectionLostError);
  assertEquals(error.delivery, "unknown");
  assertInstanceOf(error.cause, ConnectionLostError);
  assertStrictEquals(error.cause.cause, reason);
});

Deno.test("publish rejects, not sent, where its signal is aborted already", async () => {
  const { client, server } = await connected();
  for (const qos of [0, 1, 2] as const) {
    const signal = AbortSignal.abort("no");
    const error = await assertRejects(
      () => client.publish("a", "x", { qos, signal }),
      AbortedError,
      'Cannot publish to "a"',
    );
    assertEquals(error.name, "AbortError");
    assertEquals(error.cause, "no");
    assertEquals(error.delivery, "not-sent");
  }
  assertEquals(await server.sent(), []);
});

Deno.test("publish that is aborted before its turn is not sent, now or later", async () => {
  const { client, server } = await connected({}, ONE_AT_A_TIME);
  const controller = new AbortController();
  const { signal } = controller;
  void client.publish("a", "1", { qos: 1 });
  const second = client.publish("a", "2", { qos: 1, signal });
  const third = client.publish("a", "3", { qos: 1 });
  await server.next("publish");
  controller.abort("no");
  const error = await assertRejects(() => second, AbortedError);
  assertEquals(error.delivery, "not-sent");
  server.send(ack("puback", 1));
  const packet = await server.next("publish");
  assertEquals(packet.payload, new TextEncoder().encode("3"));
  server.send(ack("puback", packet.packetId));
  await third;
});

Deno.test("publish that is aborted on its way keeps its Packet Identifier until the handshake ends", async () => {
  const { client, server } = await connected();
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = client.publish("a", "1", { qos: 2, signal });
  await server.next("publish");
  controller.abort("no");
  const error = await assertRejects(() => aborted, AbortedError);
  assertEquals(error.delivery, "unknown");
  const next = client.publish("a", "2", { qos: 2 });
  assertEquals((await server.next("publish")).packetId, 2);
  server.send(ack("pubrec", 1), ack("pubrec", 2));
  assertEquals(await server.next("pubrel"), ack("pubrel", 1));
  assertEquals(await server.next("pubrel"), ack("pubrel", 2));
  server.send(ack("pubcomp", 1), ack("pubcomp", 2));
  await next;
  assertEquals(client.stats().inFlight, 0);
  assertEquals(client.stats().strayAcknowledgements, 0);
});

Deno.test("publish's signal is of no effect once it has resolved", async () => {
  const { client, server } = await connected();
  const controller = new AbortController();
  const { signal } = controller;
  const published = client.publish("a", "1", { qos: 1, signal });
  await server.next("publish");
  server.send(ack("puback", 1));
  await published;
  controller.abort("too late");
  await settled();
  assertEquals(client.stats().publishesFailed, 0);
});

Deno.test("publish that nobody awaits does not end the process, and is told and counted, however it fails", async () => {
  const { client, server } = await connected({ reconnect: false }, {
    properties: { receiveMaximum: 2 },
  });
  const events = listen(client);
  const controller = new AbortController();
  const { signal } = controller;
  void client.publish("wrong/#", "x");
  void client.publish("refused", "x", { qos: 1 });
  void client.publish("lost", "x", { qos: 1 });
  void client.publish("aborted", "x", { qos: 1, signal });
  void client.publish("queued", "x", { qos: 1 });
  await server.next("publish");
  controller.abort();
  await settled();
  server.send(ack("puback", 1, 0x87));
  await settled();
  void client.publish("queued too", "x", { qos: 1 });
  server.close();
  await client.closed;
  void client.publish("late", "x", { qos: 1 });
  await settled();
  const failures = events.flatMap((event) =>
    event.type === "publish-failed" ? [[event.topic, event.delivery]] : []
  );
  assertEquals(failures, [
    ["wrong/#", "not-sent"],
    ["aborted", "not-sent"],
    ["refused", "refused"],
    ["lost", "unknown"],
    ["queued", "unknown"],
    ["queued too", "not-sent"],
  ]);
  assertEquals(client.stats().publishesFailed, 7);
});

Deno.test("publish that fails with the connection is told before the end is", async () => {
  const { client, server } = await connected({ reconnect: false });
  const events = listen(client);
  void client.publish("a", "x", { qos: 1 });
  await server.next("publish");
  server.close();
  await settled();
  assertEquals(events.map(({ type }) => type), [
    "publish-failed",
    "closed",
  ]);
});

Deno.test("publish of QoS 0 that waits for a slow server rejects, unknown, where the wire is lost, each told and counted", async () => {
  const { client, server } = await connected();
  const events = listen(client);
  const payload = new Uint8Array(2 << 20);
  const first = client.publish("first", payload);
  const second = client.publish("second", payload);
  assert(await isPending(first));
  server.close();
  for (const published of [first, second]) {
    const error = await assertRejects(() => published, ConnectionLostError);
    assertEquals(error.delivery, "unknown");
  }
  const failures = events.filter(({ type }) => type === "publish-failed");
  assertEquals(failures.length, 2);
  assertEquals(client.stats().publishesFailed, 2);
});

Deno.test("publish of QoS 0 that waits for a slow server rejects when its signal fires", async () => {
  const { client, server } = await connected();
  const controller = new AbortController();
  const { signal } = controller;
  const payload = new Uint8Array(2 << 20).fill(1);
  const published = client.publish("a", payload, { signal });
  assert(await isPending(published));
  controller.abort("no");
  const error = await assertRejects(() => published, AbortedError);
  assertEquals(error.delivery, "unknown");
  assertEquals(client.stats().publishesFailed, 1);
  // It arrives all the same, whole, so that what follows can be read.
  assertEquals((await server.next("publish")).payload, payload);
  await client.publish("a", "next");
  assertEquals(await server.next("publish"), publish("a", "next"));
});

Deno.test("publish ignores acknowledgements of what is not in flight, and they are told", async () => {
  const { client, server } = await connected();
  const events = client.status();
  server.send(ack("puback", 7), ack("pubcomp", 8), ack("pubrec", 9));
  assertEquals((await events.next()).value, {
    type: "stray",
    packetType: "puback",
    packetId: 7,
  });
  assertEquals(await server.next("pubrel"), ack("pubrel", 9, 0x92));
  assertEquals(client.stats().strayAcknowledgements, 3);
});
