// What a server must not send: it ends the connection with the reason, never the process.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  ConnectionLostError,
  type ConnectOptions,
  ProtocolError,
} from "../../mod.ts";
import type { OutgoingPacket } from "../../src/codec/packet.ts";
import { isPending, settled } from "./clock.ts";
import { ack, connack, disconnect, publish } from "./packets.ts";
import { connected, type ServerEnd } from "./server.ts";

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
      reconnect: false,
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
    const { client, server } = await connected({
      reconnect: false,
      protocolVersion: 4,
    });
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
  const { client, server } = await connected({
    reconnect: false,
    protocolVersion: 4,
  });
  server.sendBytes(Uint8Array.of(0xE0, 0));
  assertInstanceOf((await client.closed)?.cause, ProtocolError);
});

Deno.test("messages before what breaks the rules, in the same segment, are delivered; nothing behind it is looked at", async () => {
  const { client, server } = await connected({ reconnect: false });
  const messages = client[Symbol.asyncIterator]();
  const one = server.encode(publish("a", "1"));
  const two = server.encode(publish("a", "2"));
  server.sendBytes(Uint8Array.of(...one, 0xF0, 1, 0x55, ...two));
  assertEquals((await messages.next()).value?.text(), "1");
  const error = await assertRejects(() => messages.next(), ConnectionLostError);
  assertInstanceOf(error.cause, ProtocolError);
});

Deno.test("DISCONNECT with its reason follows the packet whose write is under way", async () => {
  const { client, server } = await connected({ reconnect: false });
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
  const { client, server, clock } = await connected({ reconnect: false });
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
