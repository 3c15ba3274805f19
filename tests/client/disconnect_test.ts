// disconnect(): the end in order that the program asks for.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConnectionLostError, type DisconnectOptions } from "../../mod.ts";
import { isPending, settled } from "./clock.ts";
import { listen } from "./listen.ts";
import { ack, goodbye, publish } from "./packets.ts";
import { connected } from "./server.ts";

Deno.test("disconnect sends DISCONNECT as its last packet, ends its side, and resolves when the server closes", async () => {
  for (const protocolVersion of [3, 4, 5] as const) {
    const { client, server, clock } = await connected({ protocolVersion });
    const events = listen(client);
    const disconnecting = client.disconnect();
    assertEquals(await server.rest(), [goodbye(protocolVersion)]);
    assert(await isPending(disconnecting));
    server.close();
    await disconnecting;
    assertEquals(await client.closed, undefined);
    assertEquals(events, [{ type: "closed", error: undefined }]);
    assertEquals(clock.timers, 0);
  }
});

Deno.test("disconnect waits 1 s for a server that does not close", async () => {
  const { client, server, clock } = await connected();
  const disconnecting = client.disconnect();
  assertEquals(await server.rest(), [goodbye()]);
  await clock.advance(999);
  assert(await isPending(disconnecting));
  await clock.advance(1);
  await disconnecting;
  assertEquals(await client.closed, undefined);
});

Deno.test("disconnect carries its Reason Code", async () => {
  const { client, server } = await connected();
  void client.disconnect({ reasonCode: 4 });
  assertEquals(await server.rest(), [goodbye(5, 4)]);
});

Deno.test("disconnect carries Session Expiry Interval, Reason String and User Properties", async () => {
  const { client, server } = await connected();
  const properties = {
    sessionExpiryInterval: 60,
    reasonString: "off home",
    userProperties: [["b", "1"], ["a", "2"], ["b", "1"]],
  } as const;
  void client.disconnect({ properties });
  assertEquals(await server.rest(), [
    { type: "disconnect", reasonCode: 0, properties },
  ]);
});

Deno.test("disconnect keeps what it says of itself where only words are added", async () => {
  const { client, server } = await connected();
  void client.disconnect({ properties: { reasonString: "off home" } });
  const [packet] = await server.rest();
  assertEquals(packet, {
    type: "disconnect",
    reasonCode: 0,
    properties: { sessionExpiryInterval: 0, reasonString: "off home" },
  });
});

Deno.test("disconnect never raises the Session Expiry Interval from 0, and refuses properties that a client has not", async () => {
  const { client } = await connected({
    properties: { sessionExpiryInterval: 0 },
  });
  await assertRejects(
    () => client.disconnect({ properties: { sessionExpiryInterval: 1 } }),
    RangeError,
    "sessionExpiryInterval was 0 at CONNECT",
  );
  for (
    const properties of [
      { serverReference: "elsewhere" },
      { reasonString: 1 },
      { reasonString: "\u0000" },
    ]
  ) {
    await assertRejects(
      // Some of these are no properties of DISCONNECT by their types either.
      () => client.disconnect({ properties } as DisconnectOptions),
      TypeError,
    );
  }
  assertEquals(client.connected, true);
  client.close();
  const old = await connected({ protocolVersion: 4 });
  await assertRejects(
    () => old.client.disconnect({ properties: { reasonString: "x" } }),
    TypeError,
  );
  old.client.close();
});

Deno.test("disconnect waits for the publishes that were accepted", async () => {
  const { client, server } = await connected(
    {},
    { properties: { receiveMaximum: 1 } },
  );
  const published = [
    client.publish("a", "1", { qos: 1 }),
    client.publish("a", "2", { qos: 2 }),
    client.publish("a", "3"),
  ];
  const disconnecting = client.disconnect();
  assertEquals(
    (await server.sent()).map((packet) => packet.type),
    ["publish", "publish"],
  );
  server.send(ack("puback", 1));
  const { packetId } = await server.next("publish");
  server.send(ack("pubrec", packetId));
  await server.next("pubrel");
  assertEquals(await server.sent(), []);
  server.send(ack("pubcomp", packetId));
  await Promise.all(published);
  assertEquals(await server.rest(), [goodbye()]);
  server.close();
  await disconnecting;
});

Deno.test("disconnect sends what was published at QoS 0 before DISCONNECT, however slow the server reads", async () => {
  const { client, server } = await connected();
  const payload = new Uint8Array(3 << 20);
  const published = client.publish("a", payload);
  void client.publish("b", "small");
  const disconnecting = client.disconnect();
  await settled();
  assertEquals((await server.next("publish")).payload.length, payload.length);
  assertEquals(await server.next("publish"), publish("b", "small"));
  assertEquals(await server.rest(), [goodbye()]);
  await published;
  server.close();
  await disconnecting;
});

Deno.test("disconnect gives up on publishes after timeoutMs: they reject, DISCONNECT is sent all the same", async () => {
  const { client, server, clock } = await connected(
    {},
    { properties: { receiveMaximum: 1 } },
  );
  const first = client.publish("a", "1", { qos: 1 });
  const second = client.publish("a", "2", { qos: 1 });
  const disconnecting = client.disconnect({ timeoutMs: 2_000 });
  await server.next("publish");
  await clock.advance(1_999);
  assertEquals(await server.sent(), []);
  await clock.advance(1);
  assertEquals(await server.rest(), [goodbye()]);
  server.close();
  const one = await assertRejects(() => first, ConnectionLostError);
  const two = await assertRejects(() => second, ConnectionLostError);
  assertEquals(one.delivery, "unknown");
  assertEquals(two.delivery, "not-sent");
  await disconnecting;
  assertEquals(await client.closed, undefined);
});

Deno.test("disconnect waits 5 s for publishes where nothing else is said", async () => {
  const { client, server, clock } = await connected();
  void client.publish("a", "1", { qos: 1 });
  void client.disconnect();
  await server.next("publish");
  await clock.advance(4_999);
  assertEquals(await server.sent(), []);
  await clock.advance(1);
  assertEquals(await server.rest(), [goodbye()]);
});

Deno.test("disconnect with timeoutMs 0 still says DISCONNECT", async () => {
  const { client, server } = await connected();
  void client.publish("a", "1", { qos: 1 });
  const disconnecting = client.disconnect({ timeoutMs: 0 });
  assertEquals(
    (await server.rest()).map(({ type }) => type),
    ["publish", "disconnect"],
  );
  server.close();
  await disconnecting;
});

Deno.test("disconnect waits timeoutMs for a server that does not read, and 1 s for DISCONNECT to leave", async () => {
  const { client, clock } = await connected();
  const published = client.publish("a", new Uint8Array(3 << 20));
  const disconnecting = client.disconnect();
  await clock.advance(5_999);
  assert(await isPending(disconnecting));
  await clock.advance(1);
  await disconnecting;
  await assertRejects(() => published, ConnectionLostError);
  assertEquals(clock.timers, 0);
});

Deno.test("disconnect rejects what waits for an answer that will not come", async () => {
  const { client, server } = await connected();
  const subscribing = client.subscribe("a");
  await server.next("subscribe");
  const disconnecting = client.disconnect();
  await server.next("disconnect");
  server.close();
  await disconnecting;
  await assertRejects(() => subscribing, ConnectionLostError, "disconnected");
});

Deno.test("disconnect is done once, however often it is called", async () => {
  const { client, server } = await connected();
  const calls = [client.disconnect(), client.disconnect({ reasonCode: 4 })];
  assertEquals(await server.rest(), [goodbye()]);
  server.close();
  await Promise.all(calls);
  await client.disconnect();
});

Deno.test("disconnect resolves where the wire is lost meanwhile", async () => {
  const { client, server } = await connected({ reconnect: false });
  const published = client.publish("a", "1", { qos: 1 });
  const disconnecting = client.disconnect();
  await server.next("publish");
  server.close();
  await disconnecting;
  const error = await assertRejects(() => published, ConnectionLostError);
  assertEquals(error.delivery, "unknown");
});

Deno.test("disconnect resolves after the client has ended", async () => {
  const { client } = await connected();
  client.close();
  await client.disconnect();
});

Deno.test("disconnect may be awaited in a loop, which then ends", async () => {
  const { client, server } = await connected();
  const looping = (async () => {
    let count = 0;
    for await (const _ of client) {
      count++;
      await client.disconnect();
    }
    return count;
  })();
  server.send(publish("a", "1"), publish("a", "2"));
  await server.next("disconnect");
  server.close();
  assertEquals(await looping, 1);
});

Deno.test("disconnect sends nothing behind DISCONNECT, and hears nothing", async () => {
  const { client, server } = await connected();
  const disconnecting = client.disconnect();
  await server.next("disconnect");
  server.send(publish("a", "x", { packetId: 1 }), ack("pubrel", 9));
  await settled();
  assertEquals(await server.rest(), []);
  assertEquals(client.stats().unclaimed, 0);
  server.close();
  await disconnecting;
  assertEquals(await client.closed, undefined);
});

Deno.test("disconnect ends normally where the server resets the wire behind DISCONNECT", async () => {
  const { client, server } = await connected();
  const disconnecting = client.disconnect();
  await server.next("disconnect");
  server.sendBytes("nonsense");
  server.close();
  await disconnecting;
  assertEquals(await client.closed, undefined);
});

Deno.test("await using disconnects normally", async () => {
  const ended = (async () => {
    const { client, server } = await connected();
    const using = (async () => {
      await using same = client;
      await same.publish("a", "x");
    })();
    assertEquals(await server.rest(), [publish("a", "x"), goodbye()]);
    server.close();
    await using;
    return client;
  })();
  assertEquals(await (await ended).closed, undefined);
});

Deno.test("await using disconnects normally where an exception is under way", async () => {
  const { client, server } = await connected();
  const using = (async () => {
    await using _same = client;
    throw new Error("the program's own");
  })();
  using.catch(() => {});
  assertEquals(await server.rest(), [goodbye()]);
  server.close();
  await assertRejects(() => using, Error, "the program's own");
});

/** What a program in JavaScript may hand over, whatever the types say. */
const WRONG: readonly (readonly [
  string,
  typeof TypeError | typeof RangeError,
  unknown,
])[] = [
  ["an option that does not exist", TypeError, { timeout: 1 }],
  ["options that are none", TypeError, 5_000],
  ["a negative timeoutMs", RangeError, { timeoutMs: -1 }],
  ["a timeoutMs that is no number", RangeError, { timeoutMs: NaN }],
  ["a reasonCode of the server's", RangeError, { reasonCode: 0x8B }],
  ["a reasonCode that is none", RangeError, { reasonCode: 3 }],
  ["a reasonCode of 256", RangeError, { reasonCode: 256 }],
];

for (const [name, mistake, options] of WRONG) {
  Deno.test(`disconnect never throws, it rejects with a ${mistake.name} for ${name}, and changes nothing`, async () => {
    const { client, server } = await connected();
    const disconnecting = client.disconnect(options as DisconnectOptions);
    await assertRejects(() => disconnecting, mistake, "Cannot disconnect");
    await client.publish("a", "goes on");
    assertEquals(await server.sent(), [publish("a", "goes on")]);
  });
}
