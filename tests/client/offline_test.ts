// What is published while the connection is away: it waits, within its bounds, and every promise settles.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  AbortedError,
  ConnectionLostError,
  type ConnectOptions,
  type OfflineOptions,
  PublishError,
} from "../../mod.ts";
import type {
  ConnackPacket,
  Packet,
  Properties,
} from "../../src/codec/packet.ts";
import { comeBack, connectedOften, KEPT, lose, LOST } from "./away.ts";
import { isPending, settled } from "./clock.ts";
import { listen } from "./listen.ts";
import { ack } from "./packets.ts";
import { type Connected, dial } from "./server.ts";

const decoder = new TextDecoder();

/** A client that has just lost its connection. */
async function away(
  offline: OfflineOptions = {},
  options: ConnectOptions = {},
  answer: Partial<ConnackPacket> = {},
): Promise<Connected> {
  const connection = await connectedOften({ ...options, offline }, answer);
  await lose(connection);
  assert(!connection.client.connected);
  return connection;
}

/** The payloads of the PUBLISHes among packets. */
function payloads(packets: readonly Packet[]): string[] {
  return packets.flatMap((packet) =>
    packet.type === "publish" ? [decoder.decode(packet.payload)] : []
  );
}

/** How a promise has ended by now. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  if (await isPending(promise)) return "pending";
  return await promise.then(
    (value) => value,
    (error) => [error.constructor.name, error.delivery],
  );
}

const NOT_SENT = ["PublishError", "not-sent"];

Deno.test("what is published while away is sent on the next connection, in order, and settles then", async () => {
  for (const answer of [KEPT, LOST]) {
    const connection = await away();
    const { client } = connection;
    const buffer = new TextEncoder().encode("2");
    const published = [
      client.publish("a", "1", { qos: 1 }),
      client.publish("a", buffer, { qos: 2 }),
    ];
    buffer.fill(0); // It is the caller's again.
    assertEquals([client.stats().queued, client.stats().inFlight], [2, 0]);
    const server = await comeBack(connection, answer);
    assertEquals(payloads(await server.sent()), ["1", "2"]);
    server.send(ack("puback", 1), ack("pubrec", 2));
    assertEquals((await published[0])?.reasonCode, 0);
    assertEquals((await server.next("pubrel")).packetId, 2);
    server.send(ack("pubcomp", 2));
    assertEquals((await published[1])?.reasonCode, 0);
    assertEquals([client.stats().queued, client.stats().inFlight], [0, 0]);
    client.close();
  }
});

Deno.test("10,000 messages or 16 MiB wait by default, and the next publish rejects", async () => {
  const { client } = await away();
  for (let i = 0; i < 10_000; i++) void client.publish("a", "x", { qos: 1 });
  const error = await assertRejects(
    () => client.publish("a", "x", { qos: 1 }),
    PublishError,
    "there is no connection, and the queue is full: 10000 messages",
  );
  assertEquals(error.delivery, "not-sent");
  assertEquals(client.stats().queued, 10_000);
  client.close();
  const other = await away();
  const payload = new Uint8Array((8 << 20) - 1);
  for (let i = 0; i < 2; i++) {
    void other.client.publish("a", payload, { qos: 1 });
  }
  await assertRejects(
    () => other.client.publish("a", "", { qos: 1 }),
    PublishError,
    "2 messages of 16777216 bytes",
  );
  other.client.close();
});

Deno.test("what is published on a connection has no such bound", async () => {
  const connection = await connectedOften({ offline: { messagesMax: 1 } }, {
    properties: { receiveMaximum: 1 },
  });
  const { client, server } = connection;
  const published = ["1", "2", "3"].map((payload) =>
    client.publish("a", payload, { qos: 1 })
  );
  assertEquals(client.stats().queued, 2);
  await server.next("publish");
  // Of what waits by then, all is kept; nothing is taken in besides.
  await lose(connection);
  assertEquals(
    await outcome(client.publish("a", "4", { qos: 1 })),
    NOT_SENT,
  );
  const next = await comeBack(connection, KEPT);
  assertEquals(payloads(await next.sent()), ["1", "2", "3"]);
  next.send(ack("puback", 1), ack("puback", 2), ack("puback", 3));
  await Promise.all(published);
  client.close();
});

Deno.test("policy drop-oldest rejects the oldest, counts it and tells it", async () => {
  const connection = await away({ messagesMax: 2, policy: "drop-oldest" });
  const { client } = connection;
  const events = listen(client);
  const published = ["1", "2", "3", "4"].map((payload) =>
    client.publish(payload, payload, { qos: 1 })
  );
  assertEquals(await outcome(published[0] ?? Promise.resolve()), NOT_SENT);
  assertEquals(await outcome(published[1] ?? Promise.resolve()), NOT_SENT);
  const stats = client.stats();
  assertEquals([stats.publishesDropped, stats.publishesFailed], [2, 2]);
  assertEquals(
    events.flatMap((event) =>
      event.type === "publish-failed" ? [[event.topic, event.delivery]] : []
    ),
    [["1", "not-sent"], ["2", "not-sent"]],
  );
  const server = await comeBack(connection, KEPT);
  assertEquals(payloads(await server.sent()), ["3", "4"]);
  client.close();
});

Deno.test("policy wait rejects and drops nothing: what has no room waits for it", async () => {
  const connection = await away({ messagesMax: 1, policy: "wait" });
  const { client } = connection;
  const published = ["1", "2", "3"].map((payload) =>
    client.publish("a", payload, { qos: 1 })
  );
  const server = await comeBack(connection, KEPT);
  assertEquals(payloads(await server.sent()), ["1", "2", "3"]);
  server.send(ack("puback", 1), ack("puback", 2), ack("puback", 3));
  await Promise.all(published);
  client.close();
});

Deno.test("QoS 0 rejects at once while away", async () => {
  const { client } = await away();
  const error = await assertRejects(
    () => client.publish("a", "1"),
    ConnectionLostError,
    'Cannot publish to "a" at QoS 0: there is no connection',
  );
  assertEquals(error.delivery, "not-sent");
  client.close();
});

Deno.test("QoS 0 waits where it is asked to, and resolves when it has its room", async () => {
  const connection = await away({
    qos0: true,
    messagesMax: 2,
    policy: "wait",
  });
  const { client } = connection;
  const buffer = new TextEncoder().encode("2");
  assertEquals(await client.publish("a", "1"), undefined);
  assertEquals(await client.publish("a", buffer), undefined);
  buffer.fill(0);
  const third = client.publish("a", "3");
  assertEquals(await outcome(third), "pending");
  const server = await comeBack(connection, KEPT);
  assertEquals(await outcome(third), undefined);
  assertEquals(payloads(await server.sent()), ["1", "2", "3"]);
  assertEquals(await outcome(client.publish("a", "4")), undefined);
  assertEquals(payloads(await server.sent()), ["4"]);
  client.close();
});

Deno.test("QoS 0 that has been accepted and is dropped, has expired or is refused is told by status", async () => {
  const connection = await away({
    qos0: true,
    messagesMax: 3,
    policy: "drop-oldest",
  });
  const { client, clock } = connection;
  const events = listen(client);
  const properties = { messageExpiryInterval: 1 };
  for (const topic of ["dropped", "sent"]) await client.publish(topic, "");
  await client.publish("expired", "", { properties });
  await client.publish("refused", "", { retain: true });
  await clock.advance(1_000 - 1);
  const answer = { ...KEPT, properties: { retainAvailable: false } };
  const server = await comeBack(connection, answer);
  const failed = events.flatMap((event) =>
    event.type === "publish-failed" ? [event.topic] : []
  );
  assertEquals(failed.sort(), ["dropped", "expired", "refused"]);
  assertEquals(payloads(await server.sent()).length, 1);
  assertEquals(client.stats().publishesFailed, 3);
  client.close();
});

Deno.test("a signal takes back what waits, of QoS 0 for as long as it has no room", async () => {
  const connection = await away({
    qos0: true,
    messagesMax: 2,
    policy: "wait",
  });
  const { client } = connection;
  const controller = new AbortController();
  const { signal } = controller;
  const published = [
    client.publish("a", "1", { qos: 1, signal }),
    client.publish("a", "2", { signal }),
    client.publish("a", "3", { signal }),
    client.publish("a", "4", { qos: 2, signal }),
  ];
  assertEquals(client.stats().queued, 4);
  controller.abort();
  const aborted = ["AbortedError", "not-sent"];
  assertEquals(await Promise.all(published.map(outcome)), [
    aborted,
    undefined,
    aborted,
    aborted,
  ]);
  assertEquals(client.stats().publishesFailed, 3);
  const server = await comeBack(connection, KEPT);
  assertEquals(payloads(await server.sent()), ["2"]);
  client.close();
});

Deno.test("QoS 0 that waits for room has it when another is taken back", async () => {
  const { client } = await away({ qos0: true, messagesMax: 1, policy: "wait" });
  const controller = new AbortController();
  const { signal } = controller;
  const first = client.publish("a", "1", { qos: 1, signal });
  const second = client.publish("a", "2");
  assertEquals(await outcome(second), "pending");
  controller.abort();
  assertEquals(await outcome(second), undefined);
  assertEquals(await outcome(first), ["AbortedError", "not-sent"]);
  client.close();
});

Deno.test("QoS 0 overtakes no other QoS 0 that waits behind a full window, and is told by its own topic", async () => {
  const connection = await away({ qos0: true });
  const { client } = connection;
  const events = listen(client);
  const published = [
    client.publish("one", "1", { qos: 1 }),
    client.publish("two", "2", { qos: 1 }),
  ];
  await client.publish("before", "3");
  const server = await comeBack(connection, {
    ...KEPT,
    properties: { receiveMaximum: 1 },
  });
  await client.publish("behind", "4");
  assertEquals(payloads(await server.sent()), ["1"]);
  client.close();
  await Promise.allSettled(published);
  await settled();
  const failed = events.flatMap((event) =>
    event.type === "publish-failed" ? [event.topic] : []
  );
  assertEquals(failed, ["one", "two", "before", "behind"]);
});

Deno.test("an aborted publish that was sent is not sent anew to a server that has lost the session", async () => {
  const connection = await connectedOften();
  const { client, server } = connection;
  const controller = new AbortController();
  const { signal } = controller;
  const published = client.publish("a", "1", { qos: 1, signal });
  await server.next("publish");
  await lose(connection);
  controller.abort();
  const error = await assertRejects(() => published, AbortedError);
  assertEquals(error.delivery, "unknown");
  const next = await comeBack(connection, LOST);
  assertEquals(await next.sent(), []);
  assertEquals(client.stats().inFlight, 0);
  client.close();
});

Deno.test("a message that expires while it waits rejects when its time is over, not when the client comes back", async () => {
  // The first connection lost, the client waits for a minute.
  const connection = await connectedOften({
    reconnect: { initialMs: 60_000 },
  });
  const { client, clock } = connection;
  await lose(connection);
  const publish = (messageExpiryInterval: number) =>
    client.publish("a", `${messageExpiryInterval}`, {
      qos: 1,
      properties: { messageExpiryInterval },
    });
  const [soon, late] = [publish(10), publish(90)];
  await clock.advance(9_999);
  assertEquals(await outcome(soon), "pending");
  await clock.advance(1);
  const error = await assertRejects(() => soon, PublishError);
  assertEquals(error.delivery, "not-sent");
  assertStringIncludes(error.message, "Message Expiry Interval has passed");
  await clock.advance(49_000);
  const server = await comeBack(connection, KEPT);
  const packet = await server.next("publish");
  assertEquals(packet.properties.messageExpiryInterval, 90 - 60);
  server.send(ack("puback", packet.packetId));
  await late;
  client.close();
});

Deno.test("what the next server does not take rejects with the limit, and what is behind it goes on", async () => {
  const cases: [Properties, string][] = [
    [{ maximumQoS: 1 }, "the server's Maximum QoS is 1"],
    [{ maximumPacketSize: 30 }, "the server takes at most 30"],
    [{ retainAvailable: false }, "the server has no retained messages"],
  ];
  for (const [properties, why] of cases) {
    const connection = await away();
    const { client } = connection;
    const beyond = client.publish("a", "x".repeat(30), {
      qos: 2,
      retain: true,
    });
    const within = client.publish("a", "1", { qos: 1 });
    const server = await comeBack(connection, { ...KEPT, properties });
    const error = await assertRejects(() => beyond, PublishError, why);
    assertEquals(error.delivery, "not-sent");
    const { packetId } = await server.next("publish");
    server.send(ack("puback", packetId));
    await within;
    client.close();
  }
});

Deno.test("close while away ends all that waits at once, and says what is known of it", async () => {
  const connection = await connectedOften({ offline: { qos0: true } });
  const { client, server } = connection;
  const sent = client.publish("a", "sent", { qos: 1 });
  await server.next("publish");
  await lose(connection);
  const waits = client.publish("a", "waits", { qos: 2 });
  await client.publish("b", "accepted");
  const subscribing = client.subscribe("s");
  const leaving = client.unsubscribe("u");
  const events = listen(client);
  client.close("enough");
  assertEquals(await Promise.all([sent, waits].map(outcome)), [
    ["ConnectionLostError", "unknown"],
    ["ConnectionLostError", "not-sent"],
  ]);
  await assertRejects(() => subscribing, ConnectionLostError);
  await assertRejects(() => leaving, ConnectionLostError);
  assertInstanceOf(await client.closed, ConnectionLostError);
  assertEquals(
    events.map((event) =>
      event.type === "publish-failed" ? event.topic : event.type
    ),
    ["a", "a", "b", "closed"],
  );
  assertEquals(connection.clock.timers, 0);
});

Deno.test("disconnect while away waits for a connection and what was accepted, for its time", async () => {
  const patient = await away();
  const published = patient.client.publish("a", "1", { qos: 1 });
  const disconnected = patient.client.disconnect();
  const server = await comeBack(patient, KEPT);
  const { packetId } = await server.next("publish");
  server.send(ack("puback", packetId));
  await published;
  await server.next("disconnect");
  server.close();
  await disconnected;

  const hasty = await away({}, { reconnect: { initialMs: 60_000 } });
  const rejected = hasty.client.publish("a", "1", { qos: 1 });
  const over = hasty.client.disconnect({ timeoutMs: 3_000 });
  await hasty.clock.advance(2_999);
  assertEquals(await outcome(rejected), "pending");
  await hasty.clock.advance(1);
  await over;
  assertEquals(await outcome(rejected), ["ConnectionLostError", "not-sent"]);
  assertEquals(await hasty.client.closed, undefined);
  assertEquals(hasty.clock.timers, 0);
});

Deno.test("an awaited publish of QoS 0 whose bytes have not left when the connection is lost rejects", async () => {
  const connection = await connectedOften();
  const { client } = connection;
  const published = client.publish("a", new Uint8Array(1 << 20));
  assertEquals(await outcome(published), "pending");
  await lose(connection);
  assertEquals(await outcome(published), ["ConnectionLostError", "unknown"]);
  await comeBack(connection, KEPT);
  await settled();
  client.close();
});

Deno.test("wrong options of the offline queue, and of a lost session, are told at once", async () => {
  const cases: [object, string][] = [
    [{ offline: { messagesMax: -1 } }, "offline.messagesMax must be"],
    [{ offline: { bytesMax: 0.5 } }, "offline.bytesMax must be"],
    [
      { offline: { policy: "drop" } },
      'offline.policy must be "reject", "drop-oldest" or "wait"',
    ],
    [{ offline: { qos0: 1 } }, "offline.qos0 must be true or false"],
    [{ offline: { max: 1 } }, 'there is no option "offline.max"'],
    [{ offline: null }, "offline must be an object"],
    [
      { sessionLost: { qos1: "unknown" } },
      'sessionLost.qos1 must be "resend" or "reject"',
    ],
    [{ sessionLost: { qos2: "" } }, "sessionLost.qos2 must be"],
    [
      { sessionLost: { qos0: "resend" } },
      'there is no option "sessionLost.qos0"',
    ],
  ];
  for (const [options, why] of cases) {
    const error = await assertRejects(() => dial(options).connecting);
    assert(error instanceof TypeError || error instanceof RangeError);
    assertStringIncludes(error.message, why);
  }
});
