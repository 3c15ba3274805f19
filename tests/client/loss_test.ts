// The ends that nobody asked for: the wire's, the server's, and those that a broken rule brings about.

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
  ProtocolError,
  type Wire,
} from "../../mod.ts";
import type { OutgoingPacket } from "../../src/codec/packet.ts";
import { memoryWires } from "../../src/transport/memory.ts";
import { isPending, settled } from "./clock.ts";
import { listen } from "./listen.ts";
import { ack, connack, disconnect, publish } from "./packets.ts";
import { connected, dial, ServerEnd, subscribed } from "./server.ts";

Deno.test("a close by the server ends the client with a ConnectionLostError that has no cause", async () => {
  const { client, server, clock } = await connected();
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
  const { client, server } = await connected();
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

interface Fault {
  readonly reasonCode: number;
  readonly bytes?: readonly number[];
  readonly packets?: readonly OutgoingPacket[];
  readonly options?: ConnectOptions;
}

/** What a server must not send, and the Reason Code that DISCONNECT says of it. */
const FAULTS: Readonly<Record<string, Fault>> = {
  "a packet type of 0": { reasonCode: 0x81, bytes: [0x00, 0x00] },
  "a PUBLISH of QoS 3": {
    reasonCode: 0x81,
    bytes: [0x36, 6, 0, 1, 0x61, 0, 1, 0],
  },
  "a Remaining Length of five bytes": {
    reasonCode: 0x81,
    bytes: [0x30, 0xFF, 0xFF, 0xFF, 0xFF, 1],
  },
  "a PUBREL with the wrong flags": {
    reasonCode: 0x81,
    bytes: [0x60, 2, 0, 1],
  },
  "a Topic Name that is not UTF-8": {
    reasonCode: 0x81,
    bytes: [0x30, 4, 0, 1, 0xFF, 0],
  },
  "a PUBACK of Packet Identifier 0": {
    reasonCode: 0x82,
    bytes: [0x40, 2, 0, 0],
  },
  "a second CONNACK": { reasonCode: 0x82, packets: [connack()] },
  "a packet that only a client sends": {
    reasonCode: 0x82,
    packets: [{ type: "pingreq" }],
  },
  "an AUTH that nobody asked for": {
    reasonCode: 0x82,
    packets: [{
      type: "auth",
      reasonCode: 0x18,
      properties: { authenticationMethod: "of the server's own" },
    }],
  },
  "a Topic Alias above our maximum": {
    reasonCode: 0x94,
    packets: [publish("a", "x", { properties: { topicAlias: 1 } })],
  },
  "a Topic Alias that stands for nothing": {
    reasonCode: 0x82,
    packets: [publish("", "x", { properties: { topicAlias: 1 } })],
    options: { properties: { topicAliasMaximum: 1 } },
  },
  "a packet above our Maximum Packet Size": {
    reasonCode: 0x95,
    packets: [publish("a", "x".repeat(100))],
    options: { properties: { maximumPacketSize: 100 } },
  },
  // Mosquitto 2.0 sends up to twice as many: that much is borne.
  "more unacknowledged messages than four times our Receive Maximum": {
    reasonCode: 0x93,
    packets: [1, 2, 3, 4, 5, 6, 7, 8, 9].map((packetId) =>
      publish("a", "x", { packetId, qos: packetId === 1 ? 2 : 1 })
    ),
    options: { properties: { receiveMaximum: 2 } },
  },
  "a PUBCOMP in place of a PUBREC": {
    reasonCode: 0x82,
    packets: [ack("pubcomp", 2)],
  },
  "a PUBREC for a message of QoS 1": {
    reasonCode: 0x82,
    packets: [ack("pubrec", 1)],
  },
  "a PUBACK for a message of QoS 2": {
    reasonCode: 0x82,
    packets: [ack("puback", 2)],
  },
};

for (const [name, fault] of Object.entries(FAULTS)) {
  const { reasonCode, options } = fault;
  const send = (server: ServerEnd) => {
    if (fault.bytes !== undefined) {
      server.sendBytes(Uint8Array.from(fault.bytes));
    } else server.send(...fault.packets ?? []);
  };

  Deno.test(`${name} ends the connection: DISCONNECT ${reasonCode} is sent, the wire closed, the clause told`, async () => {
    const { client, server, clock } = await connected({
      protocolVersion: 5,
      ...options,
    });
    const published = ([1, 2] as const).map((qos) =>
      client.publish("a", "x", { qos })
    );
    await server.sent();
    send(server);
    const error = await client.closed;
    assertInstanceOf(error, ConnectionLostError);
    assertInstanceOf(error.cause, ProtocolError);
    assertEquals(error.cause.reasonCode, reasonCode);
    assertStringIncludes(error.message, `[${error.cause.clause}]`);
    for (const wait of published) {
      await assertRejects(() => wait, ConnectionLostError);
    }
    assertEquals(await server.rest(), [disconnect(reasonCode)]);
    assertEquals(clock.timers, 0);
  });

  if (options !== undefined || reasonCode === 0x94) continue;
  Deno.test(`${name} ends the connection without DISCONNECT under MQTT 3.1.1`, async () => {
    if (fault.packets?.some(({ type }) => type === "auth")) return;
    const { client, server } = await connected({ protocolVersion: 4 });
    void client.publish("a", "x", { qos: 1 });
    void client.publish("a", "x", { qos: 2 });
    await server.sent();
    if (name === "a second CONNACK") {
      server.send(connack({ protocolVersion: 4 }));
    } else send(server);
    const error = await client.closed;
    assertInstanceOf(error?.cause, ProtocolError);
    assertEquals(await server.rest(), []);
  });
}

Deno.test("four times our Receive Maximum of unacknowledged messages is borne", async () => {
  const { client, server } = await connected({
    properties: { receiveMaximum: 2 },
  });
  for (let packetId = 1; packetId <= 8; packetId++) {
    server.send(publish("a", "x", { packetId }));
  }
  assert(await isPending(client.closed));
  assertEquals(client.stats().messagesReceived, 8);
});

Deno.test("a server of MQTT 3.1.1 has no DISCONNECT", async () => {
  const { client, server } = await connected({ protocolVersion: 4 });
  server.sendBytes(Uint8Array.of(0xE0, 0));
  assertInstanceOf((await client.closed)?.cause, ProtocolError);
});

Deno.test("messages before what breaks the rules, in the same segment, are delivered; nothing behind it is looked at", async () => {
  const { client, server } = await connected();
  const messages = client[Symbol.asyncIterator]();
  const one = server.encode(publish("a", "1"));
  const two = server.encode(publish("a", "2"));
  server.sendBytes(Uint8Array.of(...one, 0xF0, 1, 0x55, ...two));
  assertEquals((await messages.next()).value?.text(), "1");
  const error = await assertRejects(() => messages.next(), ConnectionLostError);
  assertInstanceOf(error.cause, ProtocolError);
});

Deno.test("DISCONNECT with its reason follows the packet whose write is under way", async () => {
  const { client, server } = await connected();
  const payload = new Uint8Array(3 << 20).fill(7);
  const published = client.publish("a", payload);
  published.catch(() => {});
  assert(await isPending(published));
  server.sendBytes(Uint8Array.of(0, 0));
  await client.closed;
  assertEquals((await server.next("publish")).payload, payload);
  assertEquals(await server.rest(), [disconnect(0x81)]);
});

Deno.test("the wire is closed 1 s after the rules were broken where the server does not read", async () => {
  const { client, server, clock } = await connected();
  void client.publish("a", new Uint8Array(3 << 20));
  await settled();
  server.sendBytes(Uint8Array.of(0, 0));
  assertInstanceOf((await client.closed)?.cause, ProtocolError);
  await clock.advance(1_000);
  assertEquals(clock.timers, 0);
  assertEquals(await server.rest(), [], "the packet was cut");
});

Deno.test("hostile lengths cost no memory: 268,435,455 bytes announced, none sent", async () => {
  const { client, server } = await connected();
  const before = Deno.memoryUsage().external;
  server.sendBytes(Uint8Array.of(0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0, 1, 0x61));
  await settled();
  assert(Deno.memoryUsage().external - before < 16 << 20);
  assert(await isPending(client.closed));
});
