// connect(): what CONNECT says, what CONNACK means, and what comes right behind it.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { ConnectionLostError, ProtocolError } from "../../mod.ts";
import { isPending } from "./clock.ts";
import { ack, connack, disconnect, publish } from "./packets.ts";
import { connected, dial } from "./server.ts";

Deno.test("connect resolves when CONNACK has accepted, and not before", async () => {
  const { connecting, listener } = dial();
  const server = await listener.accept();
  await server.next("connect");
  assert(await isPending(connecting));
  const bytes = server.encode(connack());
  for (const byte of bytes.subarray(0, -1)) {
    server.sendBytes(Uint8Array.of(byte));
  }
  assert(await isPending(connecting));
  server.sendBytes(bytes.subarray(-1));
  assertEquals((await connecting).connection.protocolVersion, 5);
});

Deno.test("connect asks for a clean start, 60 s of keep alive and at most 1,000 messages at once", async () => {
  const { connectPacket } = await connected();
  const { clientId, ...rest } = connectPacket;
  assertMatch(clientId, /^midge[A-Za-z0-9]{17}$/);
  assertEquals(rest, {
    type: "connect",
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 60,
    username: undefined,
    password: undefined,
    will: undefined,
    properties: { receiveMaximum: 1_000, sessionExpiryInterval: 300 },
  });
});

Deno.test("connect makes another client id for each client", async () => {
  const first = await connected();
  const second = await connected();
  assertEquals(first.client.connection.clientId, first.connectPacket.clientId);
  assertNotEquals(first.connectPacket.clientId, second.connectPacket.clientId);
});

Deno.test("connect carries what it is asked for", async () => {
  const { connectPacket } = await connected({
    clientId: "lamp",
    username: "user",
    password: Uint8Array.of(0, 255),
    cleanStart: false,
    keepAlive: 65_535,
    protocolVersion: 5,
    will: {
      topic: "lamp/state",
      payload: "gone",
      qos: 2,
      retain: true,
      properties: { willDelayInterval: 5 },
    },
    properties: { sessionExpiryInterval: 10, topicAliasMaximum: 3 },
  });
  assertEquals(connectPacket, {
    type: "connect",
    protocolVersion: 5,
    cleanStart: false,
    keepAlive: 65_535,
    clientId: "lamp",
    username: "user",
    password: Uint8Array.of(0, 255),
    will: {
      topicName: "lamp/state",
      payload: new TextEncoder().encode("gone"),
      qos: 2,
      retain: true,
      properties: { willDelayInterval: 5 },
    },
    properties: {
      receiveMaximum: 1_000,
      sessionExpiryInterval: 10,
      topicAliasMaximum: 3,
    },
  });
});

Deno.test("connect copies the will and the password before it returns", async () => {
  const payload = Uint8Array.of(1, 2, 3);
  const password = Uint8Array.of(4, 5, 6);
  const { listener } = dial({
    username: "user",
    password,
    will: { topic: "a", payload },
  });
  payload.fill(0);
  password.fill(0);
  const server = await listener.accept();
  const packet = await server.next("connect");
  assertEquals(packet.will?.payload, Uint8Array.of(1, 2, 3));
  assertEquals(packet.password, Uint8Array.of(4, 5, 6));
});

Deno.test("connect keeps the session for ever under MQTT 5 where cleanStart is false", async () => {
  const { connectPacket } = await connected({ cleanStart: false });
  assertEquals(connectPacket.cleanStart, false);
  assertEquals(connectPacket.properties, {
    receiveMaximum: 1_000,
    sessionExpiryInterval: 0xffff_ffff,
  });
});

Deno.test("connect sends Clean Session as it was asked under MQTT 3.x", async () => {
  for (const cleanStart of [true, false]) {
    const { connectPacket } = await connected({
      protocolVersion: 4,
      cleanStart,
    });
    assertEquals(connectPacket.cleanStart, cleanStart);
    assertEquals(connectPacket.properties, {});
  }
});

Deno.test("connect tells by client.connection what CONNACK said", async () => {
  const properties = {
    sessionExpiryInterval: 7,
    receiveMaximum: 10,
    maximumQoS: 1,
    retainAvailable: false,
    maximumPacketSize: 2_000,
    assignedClientIdentifier: "given",
    topicAliasMaximum: 4,
    wildcardSubscriptionAvailable: false,
    subscriptionIdentifiersAvailable: false,
    sharedSubscriptionAvailable: false,
    serverKeepAlive: 30,
  } as const;
  const { client } = await connected({ clientId: "", cleanStart: false }, {
    sessionPresent: true,
    properties,
  });
  const { assignedClientIdentifier, serverKeepAlive, ...limits } = properties;
  assertEquals(client.connection, {
    protocolVersion: 5,
    clientId: assignedClientIdentifier,
    sessionPresent: true,
    keepAlive: serverKeepAlive,
    ...limits,
    properties,
  });
});

Deno.test("connect tells the specification's limits by client.connection where CONNACK names none", async () => {
  const { client } = await connected({ clientId: "lamp", keepAlive: 9 });
  assertEquals(client.connection, {
    protocolVersion: 5,
    clientId: "lamp",
    sessionPresent: false,
    keepAlive: 9,
    sessionExpiryInterval: 300,
    receiveMaximum: 65_535,
    maximumQoS: 2,
    retainAvailable: true,
    maximumPacketSize: Infinity,
    topicAliasMaximum: 0,
    wildcardSubscriptionAvailable: true,
    subscriptionIdentifiersAvailable: true,
    sharedSubscriptionAvailable: true,
    properties: {},
  });
});

Deno.test("connect tells by client.connection that MQTT 3.1.1 has no MQTT 5", async () => {
  const { client } = await connected({ protocolVersion: 4, maxInflight: 5 });
  const { connection } = client;
  assertEquals(connection.protocolVersion, 4);
  assertEquals(connection.receiveMaximum, 5);
  assertEquals(connection.subscriptionIdentifiersAvailable, false);
  assertEquals(connection.sharedSubscriptionAvailable, false);
  assertEquals(connection.properties, {});
});

Deno.test("connect resolves though the server closes right behind CONNACK", async () => {
  const { connecting, listener } = dial({ reconnect: false });
  const server = await listener.accept();
  await server.next("connect");
  server.send(connack());
  server.close();
  const client = await connecting;
  assertEquals((await client.closed)?.name, "ConnectionLostError");
});

Deno.test("connect resolves, and the client ends with the reason, where DISCONNECT follows CONNACK in its segment", async () => {
  const { client, server } = await connected(
    { reconnect: false },
    {},
    disconnect(0x8E),
  );
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertEquals(error.reasonCode, 0x8E);
  assertEquals(await server.rest(), []);
});

Deno.test("connect resolves, and the client ends, where what follows CONNACK in its segment breaks the rules", async () => {
  const { client, server } = await connected(
    { reconnect: false },
    {},
    connack(),
  );
  const error = await client.closed;
  assertInstanceOf(error?.cause, ProtocolError);
  assertEquals(await server.rest(), [disconnect(0x82)]);
});

Deno.test("connect resolves, and the client ends, where a handler fails with what follows CONNACK in its segment", async () => {
  const cause = new Error("the program's own");
  const { client, server } = await connected(
    {
      reconnect: false,
      onMessage: () => {
        throw cause;
      },
    },
    {},
    publish("a", "x"),
  );
  assertEquals((await client.closed)?.cause, cause);
  assertEquals(await server.rest(), []);
});

Deno.test("connect loses nothing that follows CONNACK in its segment", async () => {
  const { client, server } = await connected({}, {}, ack("pubrel", 5));
  assertEquals(client.connection.protocolVersion, 5);
  assertEquals(await server.sent(), [ack("pubcomp", 5, 0x92)]);
});
