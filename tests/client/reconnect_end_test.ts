// What cannot pass ends the client with its error, instead of trying for ever.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  ConnectError,
  ConnectionLostError,
  type ConnectOptions,
  ProtocolError,
} from "../../mod.ts";
import type { ConnackPacket } from "../../src/codec/packet.ts";
import { isPending, settled } from "./clock.ts";
import { listen } from "./listen.ts";
import { ack, disconnect, publish } from "./packets.ts";
import { answered, connected, subscribed } from "./server.ts";

const FULL: ConnectOptions = { random: () => 1 };

const RESUMED = { sessionPresent: true };

/** A client whose connection was lost, and whose next attempt is answered so. */
async function answeredAgain(
  answer: Partial<ConnackPacket>,
  options: ConnectOptions = {},
) {
  const connection = await connected({ ...FULL, ...options });
  const { server, clock, listener } = connection;
  server.close();
  await clock.advance(1_000);
  await answered(listener, answer);
  await settled();
  return connection;
}

Deno.test("a takeover by another client with the same id ends the client", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const published = client.publish("a", "x", { qos: 1 });
  await server.next("publish");
  server.send(disconnect(0x8E));
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertEquals(error.reasonCode, 0x8E);
  await assertRejects(() => published, ConnectionLostError, "taken over");
  await clock.advance(60_000);
  assertEquals(listener.waiting, 0);
  assertEquals(clock.timers, 0);
});

for (const reasonCode of [0x84, 0x8A, 0x9D]) {
  Deno.test(`${reasonCode} of CONNACK on a reconnect ends the client with it`, async () => {
    const { client, clock, listener } = await answeredAgain({
      reasonCode,
      properties: { reasonString: "no", serverReference: "other:1883" },
    });
    const error = await client.closed;
    assertInstanceOf(error, ConnectionLostError);
    assertEquals(error.reasonCode, reasonCode);
    assertEquals(error.reasonString, "no");
    assertEquals(error.serverReference, "other:1883");
    assertInstanceOf(error.cause, ConnectError);
    assertStringIncludes(error.message, "refused");
    await clock.advance(60_000);
    assertEquals(listener.waiting, 0);
    assertEquals(clock.timers, 0);
  });
}

Deno.test("a client that has ended on a reconnect ends every wait with the reason", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const subscription = await subscribed({ client, server }, "a");
  const waits = [
    client.publish("a", "x", { qos: 1 }),
    client.subscribe("b"),
    client[Symbol.asyncIterator]().next(),
    subscription[Symbol.asyncIterator]().next(),
  ];
  await settled();
  server.close();
  await clock.advance(1_000);
  await answered(listener, { reasonCode: 0x8A });
  for (const wait of waits) {
    const error = await assertRejects(() => wait, ConnectionLostError);
    assertEquals(error.reasonCode, 0x8A);
  }
});

for (const reasonCode of [0x88, 0x89, 0x97, 0x9F, 0x9C]) {
  Deno.test(`${reasonCode} of CONNACK on a reconnect waits, and tells it`, async () => {
    const answer = {
      reasonCode,
      properties: { serverReference: "other:1883" },
    };
    const { client, clock, listener } = await answeredAgain(answer);
    assert(await isPending(client.closed));
    const events = listen(client);
    await clock.advance(2_000);
    await answered(listener, answer);
    await settled();
    const failed = events.at(-1);
    assert(failed?.type === "retry-failed");
    assertEquals(failed.error.reasonCode, reasonCode);
    assertEquals(failed.error.serverReference, "other:1883");
    await clock.advance(4_000);
    await answered(listener, RESUMED);
    await settled();
    assert(client.connected);
    client.close();
  });
}

Deno.test("credentials that were accepted once and are refused now are tried five times", async () => {
  const refusal = { reasonCode: 0x87 };
  const { client, clock, listener } = await answeredAgain(refusal);
  for (const waitMs of [2_000, 4_000, 8_000]) {
    await clock.advance(waitMs);
    await answered(listener, refusal);
  }
  assert(await isPending(client.closed));
  await clock.advance(16_000);
  await answered(listener, refusal);
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertEquals(error.reasonCode, 0x87);
});

Deno.test("three broken rules in a row with no message acknowledged between end the client", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const poison = Uint8Array.of(0x30, 4, 0, 1, 0xFF, 0);
  server.sendBytes(poison);
  assertEquals(await server.rest(), [disconnect(0x81)]);
  for (const waitMs of [1_000, 2_000]) {
    assert(await isPending(client.closed));
    await clock.advance(waitMs);
    const next = await answered(listener, RESUMED);
    next.server.sendBytes(poison);
    assertEquals(await next.server.rest(), [disconnect(0x81)]);
  }
  const error = await client.closed;
  assertInstanceOf(error?.cause, ProtocolError);
  assertEquals(clock.timers, 0);
});

for (const direction of ["out", "in"] as const) {
  Deno.test(`a message acknowledged between, on its way ${direction}, makes broken rules begin anew`, async () => {
    const { client, server, clock, listener } = await connected({
      ...FULL,
      ack: "receipt",
    });
    client[Symbol.asyncIterator]().next().catch(() => {});
    server.sendBytes(Uint8Array.of(0, 0));
    for (const waitMs of [1_000, 2_000, 4_000, 8_000]) {
      await clock.advance(waitMs);
      const { server: next } = await answered(listener, RESUMED);
      await settled();
      if (direction === "out") {
        const published = client.publish("a", "x", { qos: 1 });
        const { packetId } = await next.next("publish");
        next.send(ack("puback", packetId));
        await published;
      } else {
        next.send(publish("a", "x", { packetId: 1 }));
        await next.next("puback");
      }
      next.sendBytes(Uint8Array.of(0, 0));
    }
    assert(await isPending(client.closed));
    client.close();
  });
}

Deno.test("the client ends after so many attempts, with the error of the last", async () => {
  const { client, server, clock, listener } = await connected({
    random: () => 1,
    protocolVersion: 4,
    reconnect: { attempts: 2, initialMs: 10 },
  });
  server.close();
  for (const waitMs of [10, 20]) {
    assert(await isPending(client.closed));
    await clock.advance(waitMs);
    (await listener.accept()).close();
  }
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertStringIncludes(error.message, "without CONNACK");
  assertEquals(clock.timers, 0);
});

Deno.test("the client ends when the total time is over", async () => {
  const { client, server, clock, listener } = await connected({
    random: () => 1,
    protocolVersion: 4,
    reconnect: { totalMs: 2_500 },
  });
  server.close();
  await clock.advance(1_000);
  (await listener.accept()).close();
  await clock.advance(1_499);
  assertEquals(listener.waiting, 0);
  await clock.advance(1);
  (await listener.accept()).close();
  assertInstanceOf(await client.closed, ConnectionLostError);
});

Deno.test("what Deno does not permit ends the client", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  listener.open = () => Promise.reject(new Deno.errors.NotCapable("no net"));
  server.close();
  await clock.advance(1_000);
  assertStringIncludes((await client.closed)?.message ?? "", "no net");
});

Deno.test("a wire that cannot be had is waited for", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  const open = listener.open.bind(listener);
  const refused = new Deno.errors.ConnectionRefused("refused");
  listener.open = () => Promise.reject(refused);
  const events = listen(client);
  server.close();
  await clock.advance(1_000 + 2_000 + 4_000);
  listener.open = open;
  await clock.advance(8_000);
  await answered(listener, RESUMED);
  await settled();
  assert(client.connected);
  const failures = events.filter(({ type }) => type === "retry-failed");
  assertEquals(failures.length, 3);
  client.close();
});

Deno.test("a server that answers in a lower version than the one it had accepted ends the client", async () => {
  const { client, server, clock, listener } = await connected(FULL);
  server.close();
  await clock.advance(1_000);
  const second = await listener.accept();
  await second.next("connect");
  second.sendBytes(Uint8Array.of(0x20, 2, 0, 0));
  const error = await client.closed;
  assertStringIncludes(error?.message ?? "", "MQTT 3.1.1");
  assertEquals(await second.rest(), []);
});

Deno.test("reconnect: false has a loss end the client, and keeps no session for it", async () => {
  const { client, server, clock, connectPacket, listener } = await connected({
    reconnect: false,
  });
  assertEquals(connectPacket.properties.sessionExpiryInterval, undefined);
  server.close();
  assertInstanceOf(await client.closed, ConnectionLostError);
  await clock.advance(60_000);
  assertEquals(listener.waiting, 0);
});
