// The first connection: it fails with the first failure, unless it is asked to go on; several servers are
// tried in turn.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  AbortedError,
  connect,
  ConnectError,
  type ConnectOptions,
  type ServerUrl,
} from "../../mod.ts";
import { isPending, settled, VirtualClock } from "./clock.ts";
import { listen } from "./listen.ts";
import { answered, dial, Listener } from "./server.ts";

const RETRY: ConnectOptions = {
  random: () => 1,
  reconnect: { retryFirst: true },
};

Deno.test("connect rejects with the first failure where nothing else is asked", async () => {
  const { connecting, clock, listener } = dial();
  await answered(listener, { reasonCode: 0x88 });
  await assertRejects(() => connecting, ConnectError, "unavailable");
  assertEquals(clock.timers, 0);
});

Deno.test("connect with retryFirst goes on until a server accepts", async () => {
  const { connecting, clock, listener } = dial(RETRY);
  const { connectPacket } = await answered(listener, { reasonCode: 0x88 });
  await clock.advance(1_000);
  await answered(listener, { reasonCode: 0x89 });
  await clock.advance(1_999);
  assertEquals(listener.waiting, 0);
  assert(await isPending(connecting));
  await clock.advance(1);
  const last = await answered(listener);
  const client = await connecting;
  assert(client.connected);
  // Nothing was accepted before: each of them is a first.
  assertEquals(last.connectPacket, connectPacket);
  client.close();
  assertEquals(clock.timers, 0);
});

Deno.test("connect with retryFirst tries the lower versions anew each time", async () => {
  const { connecting, clock, listener } = dial(RETRY);
  const versions: number[] = [];
  const close = async () => {
    const server = await listener.accept();
    versions.push((await server.next("connect")).protocolVersion);
    server.close();
  };
  for (let i = 0; i < 3; i++) await close();
  await clock.advance(1_000);
  await close();
  const { connectPacket } = await answered(listener);
  versions.push(connectPacket.protocolVersion);
  (await connecting).close();
  assertEquals(versions, [5, 4, 3, 5, 4]);
});

Deno.test("connect with retryFirst gives each attempt connectTimeoutMs", async () => {
  const { connecting, clock, listener } = dial({
    ...RETRY,
    connectTimeoutMs: 300,
  });
  for (const waitMs of [1_000, 2_000]) {
    const server = await listener.accept();
    await server.next("connect");
    await clock.advance(300);
    assertEquals(await server.rest(), []);
    await clock.advance(waitMs);
  }
  await answered(listener);
  (await connecting).close();
});

for (const reasonCode of [0x84, 0x86, 0x87, 0x8A]) {
  Deno.test(`connect with retryFirst rejects with ${reasonCode} of CONNACK`, async () => {
    const { connecting, clock, listener } = dial({
      ...RETRY,
      protocolVersion: 5,
    });
    await answered(listener, { reasonCode });
    const error = await assertRejects(() => connecting, ConnectError);
    assertEquals(error.reasonCode, reasonCode);
    assertEquals(clock.timers, 0);
  });
}

Deno.test("connect with retryFirst rejects after so many attempts", async () => {
  const { connecting, clock, listener } = dial({
    random: () => 1,
    reconnect: { retryFirst: true, attempts: 1 },
  });
  await answered(listener, { reasonCode: 0x88 });
  await clock.advance(1_000);
  await answered(listener, { reasonCode: 0x88 });
  await assertRejects(() => connecting, ConnectError, "unavailable");
});

Deno.test("connect's signal ends the wait between two attempts", async () => {
  const controller = new AbortController();
  const { connecting, clock, listener } = dial({
    ...RETRY,
    signal: controller.signal,
  });
  await answered(listener, { reasonCode: 0x88 });
  assert(await isPending(connecting));
  controller.abort("no longer");
  const error = await assertRejects(() => connecting, AbortedError);
  assertEquals(error.cause, "no longer");
  assertEquals(clock.timers, 0);
  await clock.advance(60_000);
  assertEquals(listener.waiting, 0);
});

Deno.test("connect's signal ends a later attempt", async () => {
  const controller = new AbortController();
  const { connecting, clock, listener } = dial({
    ...RETRY,
    signal: controller.signal,
  });
  await answered(listener, { reasonCode: 0x88 });
  await clock.advance(1_000);
  const second = await listener.accept();
  await second.next("connect");
  controller.abort();
  await assertRejects(() => connecting, AbortedError);
  assertEquals(await second.rest(), []);
  assertEquals(clock.timers, 0);
});

Deno.test("connect's signal is of no effect on a reconnect", async () => {
  const controller = new AbortController();
  const { connecting, clock, listener } = dial({
    ...RETRY,
    signal: controller.signal,
  });
  const { server } = await answered(listener);
  const client = await connecting;
  server.close();
  await settled();
  controller.abort();
  await clock.advance(1_000);
  await answered(listener);
  await settled();
  assert(client.connected);
  client.close();
});

/** Dials several servers: each address that is tried is noted by its debug line. */
function dialSeveral(url: ServerUrl, options: ConnectOptions = {}) {
  const clock = new VirtualClock();
  const listener = new Listener();
  const tried: string[] = [];
  const connecting = connect(url, {
    clock,
    transport: listener,
    random: () => 1,
    debug(line) {
      const [, address] = /^connecting to ([^:]+)/.exec(line) ?? [];
      if (address !== undefined) tried.push(address);
    },
    ...options,
  });
  connecting.catch(() => {});
  return { connecting, clock, listener, tried };
}

const SERVERS = ["mqtt://a.test", "mqtt://b.test", "mqtt://c.test"];

Deno.test("connect tries each server once before it rejects, with the last error", async () => {
  for (const reconnect of [true, false]) {
    const { connecting, clock, listener, tried } = dialSeveral(SERVERS, {
      reconnect,
    });
    for (const reasonCode of [0x88, 0x8A, 0x87]) {
      await answered(listener, { reasonCode });
    }
    const error = await assertRejects(() => connecting, ConnectError);
    assertEquals(error.reasonCode, 0x87);
    assertStringIncludes(error.message, "c.test");
    assertEquals(tried, ["a.test", "b.test", "c.test"]);
    assertEquals(clock.timers, 0);
  }
});

Deno.test("connect takes the first server that accepts; each later attempt goes to the next", async () => {
  const { connecting, clock, listener, tried } = dialSeveral(SERVERS);
  await answered(listener, { reasonCode: 0x88 });
  const { server } = await answered(listener);
  const client = await connecting;
  server.close();
  await settled();
  await clock.advance(2_000);
  await answered(listener, { reasonCode: 0x88 });
  await clock.advance(4_000);
  await settled();
  assertEquals(tried, ["a.test", "b.test", "c.test", "a.test"]);
  client.close();
});

Deno.test("user and password of each URL are its own", async () => {
  const { connecting, listener } = dialSeveral([
    "mqtt://u1:p1@a.test",
    new URL("mqtt://u2:p2@b.test"),
  ]);
  const first = await answered(listener, { reasonCode: 0x88 });
  const second = await answered(listener);
  (await connecting).close();
  assertEquals(first.connectPacket.username, "u1");
  assertEquals(second.connectPacket.username, "u2");
  assertEquals(
    second.connectPacket.password,
    new TextEncoder().encode("p2"),
  );
});

Deno.test("connect rejects with a TypeError for a list of URLs that is empty, or has one that is none", async () => {
  for (const url of [[], ["mqtt://a.test", "b.test"]]) {
    const { connecting, tried } = dialSeveral(url);
    await assertRejects(() => connecting, TypeError);
    assertEquals(tried, []);
  }
});

Deno.test("status tells nothing of the attempts before connect has resolved, and all behind it", async () => {
  const { connecting, clock, listener } = dial(RETRY);
  await answered(listener, { reasonCode: 0x88 });
  await clock.advance(1_000);
  const { server } = await answered(listener);
  const client = await connecting;
  const events = listen(client);
  server.close();
  await settled();
  const [lost] = events;
  assert(lost?.type === "lost");
  assertInstanceOf(lost.error, Error);
  client.close();
});

Deno.test("attempts that fail at once, with no wait between them, let the program end them", async () => {
  const abort = new AbortController();
  let asked = 0;
  const { connecting } = dial({
    signal: abort.signal,
    reconnect: { retryFirst: true, maxMs: 0 },
    username() {
      if (++asked < 1_000) throw new Error("no user");
      return new Promise(() => {});
    },
  });
  await settled();
  abort.abort();
  await assertRejects(() => connecting, AbortedError);
  assert(asked < 10, `asked ${asked} times`);
});

Deno.test("connect's signal, fired as an attempt has failed, keeps the next from beginning", async () => {
  const abort = new AbortController();
  const { connecting, listener } = dial({
    signal: abort.signal,
    reconnect: { retryFirst: true, maxMs: 0 },
    debug: (line) => line.includes("retry") && abort.abort(),
  });
  (await listener.accept()).close();
  (await listener.accept()).close();
  (await listener.accept()).close();
  await assertRejects(() => connecting, AbortedError);
  await settled();
  assertEquals(listener.waiting, 0);
});
