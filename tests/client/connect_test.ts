// connect(): what CONNECT says, what CONNACK means, and who is on the other end.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ConnectError, ProtocolError } from "../../mod.ts";
import { isPending } from "./clock.ts";
import { ack, connack, publish } from "./packets.ts";
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
    properties: { receiveMaximum: 1_000 },
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
    sessionExpiryInterval: 0,
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

const REFUSALS_5 = [
  ...[0x80, 0x81, 0x82, 0x83, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90],
  ...[0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F],
];

for (const reasonCode of REFUSALS_5) {
  Deno.test(`connect rejects with a ConnectError that has Reason Code ${reasonCode} of MQTT 5`, async () => {
    const { connecting, listener } = dial();
    const server = await listener.accept();
    await server.next("connect");
    server.send(connack({
      reasonCode,
      properties: { reasonString: "not today", serverReference: "other:1883" },
    }));
    const error = await assertRejects(() => connecting, ConnectError);
    assertEquals(error.reasonCode, reasonCode);
    assertEquals(error.reasonString, "not today");
    assertEquals(error.serverReference, "other:1883");
    assertEquals(error.protocolVersion, 5);
    assertMatch(
      error.message,
      /^Cannot connect to server\.test:1883: .*not today/,
    );
    assertEquals(await server.rest(), []);
    assertEquals(listener.waiting, 0);
  });
}

for (const protocolVersion of [3, 4] as const) {
  for (const reasonCode of [1, 2, 3, 4, 5]) {
    Deno.test(`connect rejects with a ConnectError that has return code ${reasonCode} of version ${protocolVersion}`, async () => {
      const { connecting, listener } = dial({ protocolVersion });
      const server = await listener.accept();
      assertEquals(
        (await server.next("connect")).protocolVersion,
        protocolVersion,
      );
      server.send(connack({ protocolVersion, reasonCode }));
      const error = await assertRejects(() => connecting, ConnectError);
      assertEquals(error.reasonCode, reasonCode);
      assertEquals(error.protocolVersion, protocolVersion);
      assertEquals(await server.rest(), []);
      assertEquals(listener.waiting, 0);
    });
  }
}

const STRANGERS: readonly (readonly [string, string, Uint8Array])[] = [
  [
    "HTTP",
    "HTTP",
    new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"),
  ],
  ["a TLS alert", "TLS", Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70)],
  ["a TLS handshake", "TLS", Uint8Array.of(0x16, 3, 3, 0, 74, 2, 0)],
];

for (const [name, protocol, bytes] of STRANGERS) {
  Deno.test(`connect says that the port speaks ${protocol} where the peer answers with ${name}`, async () => {
    const { connecting, listener } = dial();
    const server = await listener.accept();
    await server.next("connect");
    server.sendBytes(bytes);
    const error = await assertRejects(() => connecting, ConnectError);
    assertStringIncludes(error.message, protocol);
    assertEquals(error.reasonCode, undefined);
    assertEquals(listener.waiting, 0, "it is not tried again");
  });
}

Deno.test("connect rejects, with the clause, where something else comes before CONNACK", async () => {
  const { connecting, listener } = dial();
  const server = await listener.accept();
  await server.next("connect");
  server.send(publish("a", "too early"));
  const error = await assertRejects(() => connecting, ConnectError);
  assertInstanceOf(error.cause, ProtocolError);
  assertEquals(error.cause.clause, "MQTT-3.2.0-1");
  assertEquals(await server.rest(), []);
  assertEquals(listener.waiting, 0);
});

Deno.test("connect rejects where the server says Session Present to a Clean Start", async () => {
  const { connecting, listener } = dial();
  const server = await listener.accept();
  await server.next("connect");
  server.send(connack({ sessionPresent: true }));
  const error = await assertRejects(() => connecting, ConnectError);
  assertInstanceOf(error.cause, ProtocolError);
  assertEquals(error.cause.clause, "MQTT-3.2.2-4");
});

Deno.test("connect takes Session Present where cleanStart is false, in every version", async () => {
  for (const protocolVersion of [3, 4, 5] as const) {
    const { client } = await connected(
      { protocolVersion, cleanStart: false },
      // MQTT 3.1 has no Session Present, and a server may set the flag all the same.
      { sessionPresent: protocolVersion > 3 },
    );
    assertEquals(client.connection.sessionPresent, protocolVersion > 3);
  }
});

Deno.test("connect rejects with the transport's error as cause", async () => {
  const cause = new Deno.errors.ConnectionRefused("nobody listens");
  const { connecting } = dial({
    transport: { open: () => Promise.reject(cause) },
  });
  const error = await assertRejects(
    () => connecting,
    ConnectError,
    "Cannot connect to server.test:1883: connection refused",
  );
  assertEquals(error.cause, cause);
  assertEquals(error.reasonCode, undefined);
});

Deno.test("connect resolves though the server closes right behind CONNACK", async () => {
  const { connecting, listener } = dial();
  const server = await listener.accept();
  await server.next("connect");
  server.send(connack());
  server.close();
  const client = await connecting;
  assertEquals((await client.closed)?.name, "ConnectionLostError");
});

Deno.test("connect leaves no timer behind when it is refused", async () => {
  const { connecting, listener, clock } = dial();
  const server = await listener.accept();
  await server.next("connect");
  server.send(connack({ reasonCode: 0x87 }));
  await assertRejects(() => connecting, ConnectError);
  assertEquals(await server.rest(), []);
  assertEquals(clock.timers, 0);
});

Deno.test("connect loses nothing that follows CONNACK in its segment", async () => {
  const { client, server } = await connected({}, {}, ack("pubrel", 5));
  assertEquals(client.connection.protocolVersion, 5);
  assertEquals(await server.sent(), [ack("pubcomp", 5, 0x92)]);
});
