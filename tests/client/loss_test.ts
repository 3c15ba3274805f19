// The ends that nobody asked for: the wire's and the server's.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  ConnectionLostError,
  type ConnectOptions,
  type Wire,
} from "../../mod.ts";
import { memoryWires } from "../../src/transport/memory.ts";
import { isPending, settled } from "./clock.ts";
import { listen } from "./listen.ts";
import { ack, connack, disconnect, publish } from "./packets.ts";
import { connected, dial, ServerEnd, subscribed } from "./server.ts";

Deno.test("a wire of one's own whose close throws, since it was closed already, costs the connection alone", async () => {
  const [ours, theirs] = memoryWires();
  const wire: Wire = {
    read: (into) => ours.read(into),
    write: (bytes) => ours.write(bytes),
    // As a Deno.Conn does the second time.
    close() {
      throw new Deno.errors.BadResource("Bad resource ID");
    },
  };
  const transport = { open: () => Promise.resolve(wire) };
  const { connecting } = dial({ transport, reconnect: false });
  const server = new ServerEnd(theirs);
  await server.next("connect");
  server.send(connack());
  const client = await connecting;
  ours.close();
  assertInstanceOf(await client.closed, ConnectionLostError);
});

Deno.test("a close by the server ends the client with a ConnectionLostError that has no cause", async () => {
  const { client, server, clock } = await connected({ reconnect: false });
  const events = listen(client);
  server.close();
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertEquals(error.cause, undefined);
  assertEquals(error.reasonCode, undefined);
  assertEquals(
    error.message,
    "The connection to server.test:1883 was lost: the server closed it",
  );
  assertEquals(events, [{ type: "closed", error }]);
  assertEquals(clock.timers, 0);
});

Deno.test("every wait settles with a ConnectionLostError when the connection is lost", async () => {
  const { client, server } = await connected({ reconnect: false });
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
  server.close();
  for (const wait of waits) {
    const error = await assertRejects(() => wait, ConnectionLostError);
    assertStringIncludes(error.message, "the server closed it");
  }
});

/** A client on a wire whose reads and writes the test can make fail. */
async function connectedOn(
  change: (wire: Wire) => Wire,
  options: ConnectOptions = {},
) {
  const [ours, theirs] = memoryWires();
  const server = new ServerEnd(theirs);
  const wire = change(ours);
  const { connecting, clock } = dial({
    reconnect: false,
    ...options,
    transport: { open: () => Promise.resolve(wire) },
  });
  const { protocolVersion } = await server.next("connect");
  server.send(connack({ protocolVersion }));
  return { client: await connecting, server, clock };
}

Deno.test("an error of the wire's read ends the client, and is its cause", async () => {
  const cause = new Deno.errors.ConnectionReset("Connection reset by peer");
  const broken = Promise.withResolvers<never>();
  const { client } = await connectedOn((wire) => ({
    read: (into) => Promise.race([wire.read(into), broken.promise]),
    write: (bytes) => wire.write(bytes),
    close: () => wire.close(),
  }));
  broken.reject(cause);
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertStrictEquals(error.cause, cause);
  assertStringIncludes(error.message, "Connection reset by peer");
});

Deno.test("an error of the wire's write ends the client, where the server says nothing within 1 s, and is its cause", async () => {
  const cause = new Deno.errors.BrokenPipe("Broken pipe");
  let isBroken = false;
  const { client, clock } = await connectedOn((wire) => ({
    read: (into) => wire.read(into),
    write: (bytes) => isBroken ? Promise.reject(cause) : wire.write(bytes),
    close: () => wire.close(),
  }));
  isBroken = true;
  const published = client.publish("a", "x", { qos: 1 });
  await clock.advance(999);
  assert(await isPending(client.closed));
  await clock.advance(1);
  const error = await assertRejects(() => published, ConnectionLostError);
  assertEquals(error.delivery, "unknown");
  const lost = await client.closed;
  assertInstanceOf(lost, ConnectionLostError);
  assertStrictEquals(lost.cause, cause);
});

Deno.test("the server's DISCONNECT is told though the wire's write fails first", async () => {
  let isBroken = false;
  const failed = Promise.withResolvers<void>();
  const { client, server } = await connectedOn((wire) => ({
    async read(into) {
      if (isBroken) await failed.promise;
      return await wire.read(into);
    },
    write(bytes) {
      if (!isBroken) return wire.write(bytes);
      failed.resolve();
      return Promise.reject(new Deno.errors.BrokenPipe("Broken pipe"));
    },
    close: () => wire.close(),
  }));
  isBroken = true;
  // A read is under way that is not held up: this ends it, and the next one waits for the write.
  server.send(publish("a", "before"));
  await settled();
  server.send(disconnect(0x8E));
  void client.publish("a", "x", { qos: 1 });
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertEquals(error.reasonCode, 0x8E);
});

Deno.test("the server's DISCONNECT is told though the wire's write fails while reading is paused", async () => {
  let isBroken = false;
  const broken = new Deno.errors.BrokenPipe("Broken pipe");
  const { client, server } = await connectedOn((wire) => ({
    read: (into) => wire.read(into),
    write: (bytes) => isBroken ? Promise.reject(broken) : wire.write(bytes),
    close: () => wire.close(),
  }));
  const messages = client[Symbol.asyncIterator]();
  const bytes = server.encode(publish("a", new Uint8Array(1 << 20)));
  for (let i = 0; i < 30; i++) server.sendBytes(bytes);
  server.send(disconnect(0x8B));
  await settled();
  isBroken = true;
  assert(await isPending(client.closed));
  await client.publish("a", "x");
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertEquals(error.reasonCode, 0x8B);
  for (let i = 0; i < 30; i++) await messages.next();
  await assertRejects(() => messages.next(), ConnectionLostError);
});

Deno.test("a DISCONNECT of the server ends the client with what it says", async () => {
  const { client, server } = await connected({ reconnect: false });
  const published = client.publish("a", "x", { qos: 1 });
  await server.next("publish");
  const properties = {
    reasonString: "moving house",
    serverReference: "other:1883",
  };
  server.send(disconnect(0x9D, properties), ack("puback", 1));
  for (
    const error of [
      await client.closed,
      await assertRejects(() => published, ConnectionLostError),
    ]
  ) {
    assertInstanceOf(error, ConnectionLostError);
    assertEquals(error.reasonCode, 0x9D);
    assertEquals(error.reasonString, properties.reasonString);
    assertEquals(error.serverReference, properties.serverReference);
    assertStringIncludes(error.message, "server moved");
    assertStringIncludes(error.message, "moving house");
  }
  assertEquals(await server.rest(), []);
});
