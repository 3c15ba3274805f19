// connect() that fails: refusals, and peers that are no MQTT server.

import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ConnectError, ProtocolError } from "../../mod.ts";
import { connack, disconnect, publish } from "./packets.ts";
import { connected, dial } from "./server.ts";

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
  assertEquals(await server.rest(), [disconnect(0x82)]);
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

Deno.test("connect leaves no timer behind when it is refused", async () => {
  const { connecting, listener, clock } = dial();
  const server = await listener.accept();
  await server.next("connect");
  server.send(connack({ reasonCode: 0x87 }));
  await assertRejects(() => connecting, ConnectError);
  assertEquals(await server.rest(), []);
  assertEquals(clock.timers, 0);
});

Deno.test("connect says that the server closed the wire without CONNACK", async () => {
  const { connecting, listener } = dial({ protocolVersion: 5 });
  const server = await listener.accept();
  await server.next("connect");
  server.close();
  const error = await assertRejects(
    () => connecting,
    ConnectError,
    "Cannot connect to server.test:1883: the server closed the connection without CONNACK",
  );
  assertEquals(error.cause, undefined);
});
