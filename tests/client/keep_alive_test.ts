// Keep Alive: who is silent for how long, and when a server is taken for dead.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { ConnectionLostError, KeepAliveError } from "../../mod.ts";
import { isPending } from "./clock.ts";
import { publish } from "./packets.ts";
import { connected } from "./server.ts";

const PINGREQ = { type: "pingreq" } as const;
const PINGRESP = { type: "pingresp" } as const;

Deno.test("PINGREQ goes out when nothing was sent for one interval, and the answer is life", async () => {
  const { client, server, clock } = await connected({ keepAlive: 10 });
  for (let i = 0; i < 5; i++) {
    await clock.advance(9_999);
    assertEquals(await server.sent(), []);
    await clock.advance(1);
    assertEquals(await server.sent(), [PINGREQ]);
    server.send(PINGRESP);
  }
  assert(await isPending(client.closed));
});

Deno.test("PINGREQ goes out though much is received: the server must hear of us", async () => {
  const { server, clock } = await connected({ keepAlive: 10 });
  for (let second = 0; second < 10; second++) {
    assertEquals(await server.sent(), []);
    await clock.advance(1_000);
    server.send(publish("a", "x"));
  }
  assertEquals(await server.sent(), [PINGREQ]);
});

Deno.test("PINGREQ goes out though much is sent: a dead server must be noticed", async () => {
  const { client, server, clock } = await connected({ keepAlive: 10 });
  for (let second = 0; second < 10; second++) {
    await client.publish("a", "x");
    assertEquals(await server.sent(), [publish("a", "x")]);
    await clock.advance(1_000);
  }
  assertEquals(await server.sent(), [PINGREQ]);
});

Deno.test("PINGREQ does not go out while both sides send", async () => {
  const { client, server, clock } = await connected({ keepAlive: 10 });
  for (let second = 0; second < 60; second++) {
    await client.publish("a", "x");
    server.send(publish("a", "x"));
    await clock.advance(1_000);
    assertEquals(await server.sent(), [publish("a", "x")]);
  }
});

// Short ones too, for which nothing else makes the client look at the time.
for (const keepAlive of [10, 1]) {
  Deno.test(`a server that does not answer PINGREQ within one interval of ${keepAlive} s ends the client with a KeepAliveError`, async () => {
    const { client, server, clock } = await connected({
      reconnect: false,
      keepAlive,
    });
    await clock.advance(keepAlive * 1000);
    assertEquals(await server.sent(), [PINGREQ]);
    await clock.advance(keepAlive * 1000 - 1);
    assert(await isPending(client.closed));
    await clock.advance(1);
    const error = await client.closed;
    assertInstanceOf(error, ConnectionLostError);
    assertInstanceOf(error.cause, KeepAliveError);
    // "Keep Alive timeout" (0x8D) is the server's to say, and this one does not listen anyway (3.14.2.1).
    assertEquals(await server.rest(), []);
    assertEquals(clock.timers, 0);
  });
}

Deno.test("a server whose bytes still come is not dead, though they are no PINGRESP", async () => {
  const { client, server, clock } = await connected({
    reconnect: false,
    keepAlive: 10,
  });
  const bytes = server.encode(publish("a", "x".repeat(100)));
  await clock.advance(10_000);
  for (let i = 0; i < 20; i++) {
    server.sendBytes(bytes.subarray(i, i + 1));
    await clock.advance(9_000);
  }
  assert(await isPending(client.closed));
  await clock.advance(10_000);
  assertInstanceOf((await client.closed)?.cause, KeepAliveError);
});

Deno.test("keepAlive 0 turns it off", async () => {
  const { client, server, clock } = await connected({ keepAlive: 0 });
  await clock.advance(24 * 3_600_000);
  assertEquals(await server.sent(), []);
  assert(await isPending(client.closed));
});

Deno.test("Server Keep Alive is used in place of ours, 0 too", async () => {
  const short = await connected({ keepAlive: 60 }, {
    properties: { serverKeepAlive: 5 },
  });
  await short.clock.advance(5_000);
  assertEquals(await short.server.sent(), [PINGREQ]);
  const off = await connected({ keepAlive: 60 }, {
    properties: { serverKeepAlive: 0 },
  });
  await off.clock.advance(3_600_000);
  assertEquals(await off.server.sent(), []);
});

Deno.test("PINGREQ goes out within 5 s when the machine was suspended, and a server that is gone is noticed", async () => {
  const { client, server, clock } = await connected({
    reconnect: false,
    keepAlive: 60,
  });
  await clock.advance(6_000);
  clock.suspend(3_600_000);
  await clock.advance(5_000);
  assertEquals(await server.sent(), [PINGREQ]);
  await clock.advance(60_000);
  assertInstanceOf((await client.closed)?.cause, KeepAliveError);
});

Deno.test("PINGREQ does not go out for a wall clock that was set by less than 5 s", async () => {
  const { server, clock } = await connected({ keepAlive: 60 });
  await clock.advance(6_000);
  clock.suspend(4_900);
  await clock.advance(5_000);
  assertEquals(await server.sent(), []);
});

Deno.test("a long write that goes on is life; one that stands still for long is not", async () => {
  const { client, server, clock } = await connected({
    reconnect: false,
    keepAlive: 60,
  });
  const published = client.publish("a", new Uint8Array(8 << 20));
  published.catch(() => {});
  // The server reads 64 KiB every 5 s: all of it would take ten intervals.
  for (let i = 0; i < 60; i++) {
    await server.segment();
    await clock.advance(5_000);
  }
  assert(await isPending(client.closed));
  await clock.advance(300_000);
  assertInstanceOf((await client.closed)?.cause, KeepAliveError);
});
