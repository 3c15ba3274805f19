// close(): the program drops the wire, and every wait settles.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { ConnectionLostError } from "../../mod.ts";
import { isPending, settled } from "./clock.ts";
import { publish } from "./packets.ts";
import { connected, subscribed } from "./server.ts";

Deno.test("close drops the wire at once, without DISCONNECT", async () => {
  const { client, server, clock } = await connected();
  const reason = { code: 7 };
  client.close(reason);
  assertEquals(await server.rest(), []);
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertStrictEquals(error.cause, reason);
  assertEquals(clock.timers, 0);
});

Deno.test("close settles every wait with an error that has the reason", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "b");
  const waits = [
    client.publish("a", "x", { qos: 1 }),
    client.publish("a", "x", { qos: 2 }),
    client.publish("a", new Uint8Array(3 << 20)),
    client.subscribe("c"),
    client.unsubscribe("d"),
    subscription.unsubscribe(),
    client[Symbol.asyncIterator]().next(),
    subscription[Symbol.asyncIterator]().next(),
  ];
  await settled();
  const reason = new Error("enough");
  client.close(reason);
  for (const wait of waits) {
    const error = await assertRejects(() => wait, ConnectionLostError);
    const cause = error.cause instanceof ConnectionLostError
      ? error.cause.cause
      : error.cause;
    assertStrictEquals(cause, reason);
  }
});

Deno.test("close ends a disconnect that waits", async () => {
  const { client, server } = await connected();
  void client.publish("a", "x", { qos: 1 });
  const disconnecting = client.disconnect();
  await server.next("publish");
  const reason = new Error("enough");
  client.close(reason);
  await disconnecting;
  assertStrictEquals((await client.closed)?.cause, reason);
});

Deno.test("close may be called again, and the first reason stays", async () => {
  const { client } = await connected();
  client.close("first");
  client.close("second");
  assertEquals((await client.closed)?.cause, "first");
});

Deno.test("Client.closed waits while the client lives", async () => {
  const { client } = await connected();
  assert(await isPending(client.closed));
});

Deno.test("close in a handler keeps the rest of the segment from everybody, and nothing is acknowledged", async () => {
  const { client, server } = await connected();
  const payloads: string[] = [];
  for (const filter of ["a", "+"]) {
    await subscribed({ client, server }, filter, {
      qos: 1,
      onMessage: (message) => {
        payloads.push(`${filter} ${message.text()}`);
        client.close();
      },
    });
  }
  server.send(
    publish("a", "1", { packetId: 1 }),
    publish("a", "2", { packetId: 2 }),
    publish("a", "3"),
  );
  await client.closed;
  assertEquals(payloads.filter((payload) => !payload.endsWith("1")), []);
  assertEquals(await server.rest(), []);
});
