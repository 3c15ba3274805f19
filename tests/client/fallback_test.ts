// The fallback from MQTT 5 to 3.1.1 to 3.1: when it happens, and above all when it does not.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ConnectError, type ConnectOptions, type Wire } from "../../mod.ts";
import type { ProtocolVersion } from "../../src/codec/packet.ts";
import { settled } from "./clock.ts";
import { connack, publish } from "./packets.ts";
import { connected, dial, Listener, type ServerEnd } from "./server.ts";

/** The server's ways to say that it does not speak a version. */
const DENIALS: Readonly<Record<string, (server: ServerEnd) => void>> = {
  "Reason Code 0x84": (server) =>
    server.send(connack({ protocolVersion: 5, reasonCode: 0x84 })),
  "a CONNACK of two bytes with return code 1": (server) =>
    server.send(connack({ protocolVersion: 4, reasonCode: 1 })),
  "a close without CONNACK": (server) => server.close(),
};

/** Takes the next wire and the version that CONNECT asks for on it. */
async function attempt(
  listener: Listener,
): Promise<{ server: ServerEnd; protocolVersion: ProtocolVersion }> {
  const server = await listener.accept();
  const { protocolVersion } = await server.next("connect");
  return { server, protocolVersion };
}

for (const [name, deny] of Object.entries(DENIALS)) {
  Deno.test(`connect falls back from 5 to 3.1.1 at ${name}`, async () => {
    const { connecting, listener } = dial();
    const first = await attempt(listener);
    assertEquals(first.protocolVersion, 5);
    deny(first.server);
    const second = await attempt(listener);
    assertEquals(second.protocolVersion, 4);
    second.server.send(connack({ protocolVersion: 4 }));
    const client = await connecting;
    assertEquals(client.connection.protocolVersion, 4);
    assertEquals(await first.server.rest(), [], "the first wire is closed");
    const published = client.publish("a", "x");
    assertEquals(await second.server.next("publish"), publish("a", "x"));
    await published;
  });

  Deno.test(`connect does not fall back at ${name} where the version was asked for`, async () => {
    const { connecting, listener } = dial({ protocolVersion: 5 });
    const { server } = await attempt(listener);
    deny(server);
    const error = await assertRejects(() => connecting, ConnectError);
    assertEquals(error.protocolVersion, 5);
    assertEquals(listener.waiting, 0);
  });
}

Deno.test("connect falls back where the wire is reset without CONNACK: a close, with CONNECT unread", async () => {
  const listener = new Listener();
  const versions: Wire[] = [];
  const { connecting } = dial({
    transport: {
      async open(signal) {
        const wire = await listener.open(signal);
        if (versions.push(wire) > 1) return wire;
        const reset = new Deno.errors.ConnectionReset("reset by peer");
        return { ...wire, read: () => Promise.reject(reset) };
      },
    },
  });
  await listener.accept();
  const second = await attempt(listener);
  assertEquals(second.protocolVersion, 4);
  second.server.send(connack({ protocolVersion: 4 }));
  assertEquals((await connecting).connection.protocolVersion, 4);
});

Deno.test("connect falls back to 3.1 where the server denies 3.1.1 as well", async () => {
  const { connecting, listener } = dial({ username: "user", password: "pw" });
  const first = await attempt(listener);
  first.server.send(connack({ reasonCode: 0x84 }));
  const second = await attempt(listener);
  assertEquals(second.protocolVersion, 4);
  second.server.send(connack({ protocolVersion: 4, reasonCode: 1 }));
  const third = await listener.accept();
  const packet = await third.next("connect");
  assertEquals(packet.protocolVersion, 3);
  assertEquals(packet.username, "user");
  assertEquals(packet.clientId.length, 22, "3.1 allows 23 at most");
  third.send(connack({ protocolVersion: 3 }));
  assertEquals((await connecting).connection.protocolVersion, 3);
});

Deno.test("connect tries each version once, and names all that it tried", async () => {
  const { connecting, listener } = dial();
  const asked = [];
  for (let i = 0; i < 3; i++) {
    const { server, protocolVersion } = await attempt(listener);
    asked.push(protocolVersion);
    server.close();
  }
  const error = await assertRejects(() => connecting, ConnectError);
  assertEquals(asked, [5, 4, 3]);
  for (const name of ["MQTT 5", "MQTT 3.1.1", "MQTT 3.1"]) {
    assertStringIncludes(error.message, name);
  }
  await settled();
  assertEquals(listener.waiting, 0);
});

Deno.test("connect keeps its client id through the versions", async () => {
  const { listener } = dial();
  const ids = [];
  for (let i = 0; i < 3; i++) {
    const server = await listener.accept();
    ids.push((await server.next("connect")).clientId);
    server.close();
  }
  assertEquals(new Set(ids).size, 1);
});

Deno.test("connect does not fall back where the server says nothing", async () => {
  const { connecting, clock, listener } = dial({ connectTimeoutMs: 5_000 });
  const { server } = await attempt(listener);
  await clock.advance(5_000);
  await assertRejects(() => connecting, ConnectError, "5 s");
  assertEquals(await server.rest(), []);
  assertEquals(listener.waiting, 0);
});

Deno.test("connect does not fall back at any other refusal", async () => {
  for (
    const answer of [
      { protocolVersion: 5, reasonCode: 0x87 },
      { protocolVersion: 5, reasonCode: 0x80 },
      { protocolVersion: 4, reasonCode: 2 },
      { protocolVersion: 4, reasonCode: 5 },
    ] as const
  ) {
    const { connecting, listener } = dial();
    const { server } = await attempt(listener);
    server.send(connack(answer));
    const error = await assertRejects(() => connecting, ConnectError);
    assertEquals(error.reasonCode, answer.reasonCode);
    assertEquals(listener.waiting, 0);
  }
});

Deno.test("connect does not fall back where the transport fails", async () => {
  let opened = 0;
  const { connecting } = dial({
    transport: {
      open() {
        opened++;
        return Promise.reject(new Deno.errors.ConnectionRefused());
      },
    },
  });
  await assertRejects(() => connecting, ConnectError);
  assertEquals(opened, 1);
});

const NEEDS_5: readonly (readonly [string, ConnectOptions])[] = [
  ["properties", { properties: { sessionExpiryInterval: 60 } }],
  ["will.properties", {
    will: { topic: "a", properties: { willDelayInterval: 5 } },
  }],
  ["password without username", { password: "secret" }],
  ["onError", { onMessage: () => {}, onError: "reject" }],
];

for (const [name, options] of NEEDS_5) {
  for (const [how, deny] of Object.entries(DENIALS)) {
    Deno.test(`connect does not fall back at ${how} from ${name}, which needs MQTT 5, and names it`, async () => {
      const { connecting, listener } = dial(options);
      const { server } = await attempt(listener);
      deny(server);
      const error = await assertRejects(() => connecting, ConnectError);
      assertStringIncludes(error.message, name);
      assertStringIncludes(error.message, "MQTT 5");
      assert(!error.message.includes("secret"));
      assertEquals(listener.waiting, 0);
    });
  }

  Deno.test(`connect rejects where CONNACK is MQTT 3.1.1's, and names ${name}, which needs MQTT 5`, async () => {
    const { connecting, listener } = dial(options);
    const { server } = await attempt(listener);
    server.send(connack({ protocolVersion: 4 }));
    const error = await assertRejects(() => connecting, ConnectError);
    assertStringIncludes(error.message, name);
    assertEquals(listener.waiting, 0);
  });
}

Deno.test("connect rejects where CONNACK is MQTT 3.1.1's and MQTT 5 was asked for", async () => {
  const { connecting, listener } = dial({ protocolVersion: 5 });
  const { server } = await attempt(listener);
  server.send(connack({ protocolVersion: 4 }));
  await assertRejects(() => connecting, ConnectError);
  assertEquals(await server.rest(), []);
});

Deno.test("connect falls back past a version that cannot have an empty clientId", async () => {
  const { connecting, listener } = dial({ clientId: "" });
  const first = await attempt(listener);
  first.server.close();
  const second = await attempt(listener);
  assertEquals(second.protocolVersion, 4);
  second.server.close();
  await assertRejects(() => connecting, ConnectError);
  await settled();
  assertEquals(listener.waiting, 0, "3.1 has no empty client id");
});

Deno.test("connect does not fall back with an empty clientId and Clean Session 0", async () => {
  const { connecting, listener } = dial({ clientId: "", cleanStart: false });
  const { server } = await attempt(listener);
  server.close();
  await assertRejects(() => connecting, ConnectError);
  assertEquals(listener.waiting, 0);
});

Deno.test("connect speaks MQTT 3.1.1 from a CONNACK of two bytes on, in both directions", async () => {
  const { client, server } = await connected(
    {},
    { protocolVersion: 4 },
  );
  assertEquals(client.connection.protocolVersion, 4);
  const published = client.publish("a", "x", { qos: 1 });
  // Without the length of properties, which MQTT 5 would have.
  assertEquals(await sentBytes(server), "32 06 00 01 61 00 01 78");
  server.sendBytes(Uint8Array.of(0x40, 2, 0, 1));
  assertEquals((await published)?.reasonCode, 0);
});

Deno.test("connect allows a server of MQTT 3.1.1 more than a Receive Maximum, which it knows nothing of", async () => {
  const { client, server } = await connected({}, { protocolVersion: 4 });
  const messages = Array.from(
    { length: 1_500 },
    (_, i) => Uint8Array.of(0x32, 5, 0, 1, 0x61, (i + 1) >> 8, i + 1),
  );
  for (const message of messages) server.sendBytes(message);
  await settled();
  assertEquals(client.stats().messagesReceived, 1_500);
  assertEquals(await server.sent(), []);
});

async function sentBytes(server: ServerEnd): Promise<string> {
  const bytes = await server.nextBytes();
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join(" ");
}
