// A connection that is lost and had again: what the program sees of it.

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
  KeepAliveError,
  type StatusEvent,
} from "../../mod.ts";
import { isPending, settled } from "./clock.ts";
import { listen } from "./listen.ts";
import {
  ack,
  disconnect,
  goodbye,
  publish,
  subscribe,
  UNIDENTIFIED,
} from "./packets.ts";
import { answered, connected, subscribed } from "./server.ts";

/** Waits are as long as their bounds: 1 s, 2 s, 4 s. */
const FULL: ConnectOptions = { random: () => 1 };

const RESUMED = { sessionPresent: true };

/** Events in short: what the command line makes its lines from. */
function short(events: readonly StatusEvent[]): unknown[] {
  return events.map((event) => {
    switch (event.type) {
      case "lost":
      case "retry-failed":
        return [event.type, event.attempt, event.retryInMs];
      case "connecting":
        return [event.type, event.attempt];
      default:
        return event.type;
    }
  });
}

Deno.test("a client whose connection is lost comes back by itself", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const events = listen(client);
  assert(client.connected);
  server.close();
  await clock.advance(999);
  assert(!client.connected);
  assertEquals(listener.waiting, 0);
  await clock.advance(1);
  await answered(listener, RESUMED);
  await settled();
  assert(client.connected);
  assertEquals(short(events), [
    ["lost", 1, 1_000],
    ["connecting", 1],
    "back",
  ]);
  assertEquals(events.at(-1), {
    type: "back",
    sessionPresent: true,
    awayMs: 1_000,
    filtersRestored: 0,
  });
  assertEquals(client.stats().reconnects, 1);
  client.close();
  assertEquals(clock.timers, 0);
});

Deno.test("each attempt that fails is told, with the time of the next", async () => {
  const { client, server, clock, listener } = await connected({
    ...FULL,
    protocolVersion: 5,
  });
  const events = listen(client);
  server.close();
  await clock.advance(1_000);
  (await listener.accept()).close();
  await clock.advance(2_000);
  (await listener.accept()).close();
  await clock.advance(4_000);
  await answered(listener);
  await settled();
  assertEquals(short(events), [
    ["lost", 1, 1_000],
    ["connecting", 1],
    ["retry-failed", 2, 2_000],
    ["connecting", 2],
    ["retry-failed", 3, 4_000],
    ["connecting", 3],
    "back",
    "session-lost",
  ]);
  const [lost, , failed] = events;
  assert(lost?.type === "lost" && failed?.type === "retry-failed");
  assertStringIncludes(lost.error.message, "the server closed it");
  assertStringIncludes(failed.error.message, "without CONNACK");
  client.close();
});

Deno.test("debug tells each attempt, and when the next begins", async () => {
  const lines: string[] = [];
  const { client, server, clock, listener } = await connected({
    ...FULL,
    protocolVersion: 4,
    debug: (line) => lines.push(line),
  });
  server.close();
  await clock.advance(1_000);
  (await listener.accept()).close();
  await clock.advance(2_000);
  await answered(listener);
  await settled();
  client.close();
  assertEquals(lines.filter((line) => !/^(sent|received) /.test(line)), [
    "connecting to server.test:1883",
    "lost: The connection to server.test:1883 was lost: the server closed it; retry 1 in 1000 ms",
    "connecting to server.test:1883, retry 1",
    "retry-failed: Cannot connect to server.test:1883: the server closed the connection without CONNACK; retry 2 in 2000 ms",
    "connecting to server.test:1883, retry 2",
  ]);
});

Deno.test("an attempt that gets no CONNACK in time fails, and is followed by another", async () => {
  const { client, server, clock, listener } = await connected({
    ...FULL,
    connectTimeoutMs: 3_000,
  });
  server.close();
  await clock.advance(1_000);
  const second = await listener.accept();
  await second.next("connect");
  await clock.advance(3_000);
  assertEquals(await second.rest(), []);
  await clock.advance(2_000);
  await answered(listener);
  await settled();
  assert(client.connected);
  client.close();
});

Deno.test("publishes under way go on where they were, and so do those made while away", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const published = [
    client.publish("a", "1", { qos: 1 }),
    client.publish("a", "2", { qos: 2 }),
    client.publish("a", "3", { qos: 2 }),
  ];
  for (let i = 0; i < 3; i++) await server.next("publish");
  server.send(ack("pubrec", 3));
  await server.next("pubrel");
  server.close();
  await settled();
  published.push(client.publish("a", "4", { qos: 1 }));
  await clock.advance(1_000);
  const { server: second } = await answered(listener, RESUMED);
  assertEquals(await second.sent(), [
    ack("pubrel", 3),
    publish("a", "1", { packetId: 1, dup: true }),
    publish("a", "2", { packetId: 2, qos: 2, dup: true }),
    publish("a", "4", { packetId: 4 }),
  ]);
  second.send(
    ...[ack("pubcomp", 3), ack("puback", 1), ack("puback", 4)],
    ack("pubrec", 2),
  );
  await second.next("pubrel");
  second.send(ack("pubcomp", 2));
  await Promise.all(published);
  client.close();
});

Deno.test("a publish of QoS 0 while away rejects at once, and was not sent", async () => {
  const { client, server } = await connected(FULL);
  server.close();
  await settled();
  const error = await assertRejects(
    () => client.publish("a", "x"),
    ConnectionLostError,
  );
  assertEquals(error.delivery, "not-sent");
  client.close();
});

Deno.test("a publish of QoS 0 that waits to be written rejects with the loss, and is unknown", async () => {
  const { client, server } = await connected(FULL);
  const published = client.publish("a", new Uint8Array(3 << 20));
  assert(await isPending(published));
  server.close();
  const error = await assertRejects(() => published, ConnectionLostError);
  assertEquals(error.delivery, "unknown");
  assertStringIncludes(error.message, "the server closed it");
  client.close();
});

Deno.test("a subscribe and an unsubscribe that were unanswered at the loss are asked on the next connection", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const subscribing = client.subscribe("a");
  const unsubscribing = client.unsubscribe("b");
  await settled();
  server.close();
  await clock.advance(1_000);
  const { server: second } = await answered(listener, RESUMED);
  const { packetId } = await second.next("subscribe");
  const { packetId: other } = await second.next("unsubscribe");
  second.send(
    { type: "suback", packetId, reasonCodes: [0], properties: {} },
    { type: "unsuback", packetId: other, reasonCodes: [0], properties: {} },
  );
  assertEquals((await subscribing).granted, [0]);
  assertEquals(await unsubscribing, [0]);
  client.close();
});

Deno.test("a loop goes on over a reconnect: what waits in its queue stays, and what comes later follows", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const subscription = await subscribed({ client, server }, "a");
  const loop = subscription[Symbol.asyncIterator]();
  server.send(publish("a", "1"), publish("a", "2"));
  assertEquals((await loop.next()).value?.text(), "1");
  server.close();
  await clock.advance(1_000);
  assertEquals((await loop.next()).value?.text(), "2");
  const next = loop.next();
  assert(await isPending(next));
  const { server: second } = await answered(
    listener,
    RESUMED,
    publish("a", "3"),
  );
  assertEquals((await next).value?.text(), "3");
  assertEquals(await second.sent(), []);
  client.close();
});

Deno.test("a message that was in hand at the loss is acknowledged once it has come again", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  const loop = subscription[Symbol.asyncIterator]();
  server.send(publish("a", "1", { packetId: 7 }));
  await loop.next();
  server.close();
  await clock.advance(1_000);
  const next = loop.next();
  const { server: second } = await answered(
    listener,
    RESUMED,
    publish("a", "1", { packetId: 7, dup: true }),
    publish("a", "2", { packetId: 8 }),
  );
  assertEquals((await next).value?.text(), "2");
  assertEquals(await second.next("puback"), ack("puback", 7));
  client.close();
});

Deno.test("a subscription of a session that the server has lost is asked for again", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const events = listen(client);
  await subscribed({ client, server }, ["a", "b/#"], { qos: 1 });
  server.close();
  await clock.advance(1_000);
  const { server: second } = await answered(listener, UNIDENTIFIED);
  const asked = await second.next("subscribe");
  assertEquals(
    asked.subscriptions,
    subscribe(1, { "a": { qos: 1 }, "b/#": { qos: 1 } }).subscriptions,
  );
  const back = events.find(({ type }) => type === "back");
  assertEquals(back, {
    type: "back",
    sessionPresent: false,
    awayMs: 1_000,
    filtersRestored: 2,
  });
  client.close();
});

Deno.test("a server that stays silent is left, and the client comes back", async () => {
  const { client, server, clock, listener } = await connected({
    ...FULL,
    keepAlive: 10,
  });
  const events = listen(client);
  await clock.advance(10_000);
  await server.next("pingreq");
  await clock.advance(10_000);
  assertInstanceOf(lossOf(events).cause, KeepAliveError);
  await clock.advance(1_000);
  await answered(listener, RESUMED);
  await settled();
  assert(client.connected);
  client.close();
});

/** The error of the last loss. */
function lossOf(events: readonly StatusEvent[]): ConnectionLostError {
  const lost = events.findLast(({ type }) => type === "lost");
  assert(lost?.type === "lost");
  return lost.error;
}

Deno.test("a server that breaks the rules is told so, and left", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  server.sendBytes(Uint8Array.of(0, 0));
  assertEquals(await server.rest(), [disconnect(0x81)]);
  await clock.advance(1_000);
  await answered(listener, RESUMED);
  await settled();
  assert(client.connected);
  client.close();
});

Deno.test("three connections in a row that are lost within 5 s are told as flapping", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const events = listen(client);
  server.close();
  for (const waitMs of [1_000, 2_000]) {
    await clock.advance(waitMs);
    (await answered(listener)).server.close();
    await settled();
  }
  assertEquals(short(events).slice(-2), [["lost", 3, 4_000], "flapping"]);
  const flapping = events.at(-1);
  assert(flapping?.type === "flapping");
  assertEquals(flapping.error, lossOf(events));
  client.close();
});

Deno.test("a machine that was suspended while away makes the next attempt at once", async () => {
  const { client, server, clock, listener } = await connected({
    random: () => 1,
    reconnect: { initialMs: 60_000 },
  });
  server.close();
  await clock.advance(1);
  clock.suspend(3_600_000);
  await clock.advance(4_999);
  await answered(listener);
  await settled();
  assert(client.connected);
  client.close();
});

Deno.test("close while away ends at once: no further attempt, no timer", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const published = client.publish("a", "x", { qos: 1 });
  await server.next("publish");
  server.close();
  await settled();
  client.close("enough");
  assertEquals(clock.timers, 0);
  const error = await client.closed;
  assertEquals(error?.cause, "enough");
  await assertRejects(() => published, ConnectionLostError, "closed");
  await clock.advance(60_000);
  assertEquals(listener.waiting, 0);
});

Deno.test("close by whoever is told of the loss leaves no attempt behind", async () => {
  for (const random of [() => 0, () => 1]) {
    const { client, server, clock, listener } = await connected({
      random,
      debug: (line) => line.startsWith("lost") && client.close(),
    });
    server.close();
    await client.closed;
    await clock.advance(60_000);
    assertEquals(listener.waiting, 0);
    assertEquals(clock.timers, 0);
  }
});

Deno.test("a handler that fails with what follows CONNACK in its segment is the end, and no loss", async () => {
  const cause = new Error("the program's own");
  const lines: string[] = [];
  const { client, clock } = await connected(
    {
      onMessage: () => {
        throw cause;
      },
      debug: (line) => lines.push(line),
    },
    {},
    publish("a", "x"),
  );
  assertEquals((await client.closed)?.cause, cause);
  assertEquals(lines.filter((line) => line.startsWith("lost")), []);
  assertEquals(clock.timers, 0);
});

Deno.test("close during an attempt drops its wire", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  server.close();
  await clock.advance(1_000);
  const second = await listener.accept();
  await second.next("connect");
  client.close();
  assertEquals(await second.rest(), []);
  await settled();
  assertEquals(clock.timers, 0);
});

Deno.test("close during an attempt whose wire is not open yet leaves none open", async () => {
  const opening = Promise.withResolvers<AbortSignal>();
  const first = await connected(FULL);
  const { listener } = first;
  const open = listener.open.bind(listener);
  first.server.close();
  await settled();
  listener.open = (signal) => {
    opening.resolve(signal);
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  };
  await first.clock.advance(1_000);
  const signal = await opening.promise;
  first.client.close();
  assert(signal.aborted);
  listener.open = open;
  await first.clock.advance(60_000);
  assertEquals(listener.waiting, 0);
  assertEquals(first.clock.timers, 0);
});

Deno.test("disconnect while away waits for the publishes that were accepted, over a reconnect", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const published = client.publish("a", "x", { qos: 1 });
  await server.next("publish");
  server.close();
  await settled();
  const disconnecting = client.disconnect();
  await clock.advance(1_000);
  const { server: second } = await answered(listener, RESUMED);
  await second.next("publish");
  assert(await isPending(disconnecting));
  second.send(ack("puback", 1));
  await published;
  assertEquals(await second.rest(), [goodbye()]);
  second.close();
  await disconnecting;
  assertEquals(await client.closed, undefined);
});

Deno.test("disconnect while away ends after timeoutMs, whatever is unsettled", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const published = client.publish("a", "x", { qos: 1 });
  await server.next("publish");
  server.close();
  await settled();
  const disconnecting = client.disconnect({ timeoutMs: 500 });
  await clock.advance(499);
  assert(await isPending(disconnecting));
  await clock.advance(1);
  await disconnecting;
  assertEquals(await client.closed, undefined);
  const error = await assertRejects(() => published, ConnectionLostError);
  assertEquals(error.delivery, "unknown");
  assertEquals(listener.waiting, 0);
  assertEquals(clock.timers, 0);
});

Deno.test("disconnect while away, with nothing to wait for, ends at once", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  server.close();
  await settled();
  await client.disconnect();
  assertEquals(await client.closed, undefined);
  assertEquals(listener.waiting, 0);
  assertEquals(clock.timers, 0);
});

Deno.test("a loss while disconnect waits for publishes is no end: they go on", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const published = client.publish("a", "x", { qos: 1 });
  const disconnecting = client.disconnect();
  await server.next("publish");
  server.close();
  await clock.advance(1_000);
  const { server: second } = await answered(listener, RESUMED);
  const { packetId } = await second.next("publish");
  second.send(ack("puback", packetId));
  await published;
  assertEquals(await second.rest(), [goodbye()]);
  second.close();
  await disconnecting;
});

Deno.test("a handler that fails ends the client for good", async () => {
  const cause = new Error("the program's own");
  const { client, server, clock, listener } = await connected({
    ...FULL,
    onMessage: () => Promise.reject(cause),
  });
  server.send(publish("a", "x"));
  assertEquals((await client.closed)?.cause, cause);
  await clock.advance(60_000);
  assertEquals(listener.waiting, 0);
});

Deno.test("a publish that is aborted while away is not sent", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  server.close();
  await settled();
  const { signal, abort } = aborter();
  const published = client.publish("a", "x", { qos: 1, signal });
  abort();
  const error = await assertRejects(() => published, AbortedError);
  assertEquals(error.delivery, "not-sent");
  await clock.advance(1_000);
  const { server: second } = await answered(listener, RESUMED);
  assertEquals(await second.sent(), []);
  client.close();
});

function aborter(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

Deno.test("client.connection is that of the last connection while away, then that of the new one", async () => {
  const { client, server, clock, listener } = await connected(FULL, {
    properties: { receiveMaximum: 5 },
  });
  server.close();
  await settled();
  assertEquals(client.connection.receiveMaximum, 5);
  await clock.advance(1_000);
  await answered(listener, {
    sessionPresent: true,
    properties: { receiveMaximum: 9 },
  });
  await settled();
  assertEquals(client.connection.receiveMaximum, 9);
  assert(client.connection.sessionPresent);
  client.close();
});
