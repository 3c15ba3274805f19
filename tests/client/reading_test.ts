// Backpressure: consumers that are far behind pause reading, and nothing else may come of it.

import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLess,
  assertLessOrEqual,
} from "@std/assert";
import { KeepAliveError } from "../../mod.ts";
import type { PublishPacket } from "../../src/codec/packet.ts";
import { comeBack, connectedOften, KEPT, lose } from "./away.ts";
import { isPending, settled } from "./clock.ts";
import { ack, publish, suback } from "./packets.ts";
import {
  type Connected,
  connected,
  grantUnsubscribe,
  subscribed,
} from "./server.ts";

const KIB = 1 << 10;
const MIB = 1 << 20;

/** A loop that takes nothing, and a server that sends it far too much. */
async function flooded(
  { client, server }: Pick<Connected, "client" | "server">,
  { count, size }: { count: number; size: number },
) {
  const subscription = await subscribed({ client, server }, "a");
  const messages = subscription[Symbol.asyncIterator]();
  const bytes = server.encode(publish("a", new Uint8Array(size)));
  // In pieces: a wire in memory holds 1 MiB, the rest waits at the server.
  for (let i = 0; i < count; i++) server.sendBytes(bytes);
  await settled();
  return messages;
}

for (const readAhead of [64, 1, 4_096]) {
  Deno.test(`reading pauses when ${readAhead} messages of QoS 0 wait, but for what one turn brings, and goes on`, async () => {
    const { client, server } = await connected(
      readAhead === 64 ? {} : { readAhead },
    );
    const count = 20_000;
    const messages = await flooded({ client, server }, { count, size: 100 });
    assertGreater(client.stats().waiting, readAhead);
    for (let i = 0; i < count; i++) {
      assertLessOrEqual(client.stats().waiting, readAhead + 64);
      await messages.next();
    }
    assertEquals(client.stats().messagesReceived, count);
  });
}

Deno.test("reading pauses when 4,096 messages of QoS 1 wait, under MQTT 3.1.1, but for what one turn brings", async () => {
  const { client, server } = await connected({ protocolVersion: 4 });
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  const messages = subscription[Symbol.asyncIterator]();
  const count = 10_000;
  for (let packetId = 1; packetId <= count; packetId++) {
    server.send(publish("a", "x", { packetId }));
  }
  await settled();
  assertGreater(client.stats().waiting, 4_096);
  assertLessOrEqual(client.stats().waiting, 4_096 + 64);
  for (let i = 0; i < count; i++) await messages.next();
  assertEquals(client.stats().messagesReceived, count);
});

Deno.test("reading pauses when 16 MiB wait, and goes on", async () => {
  const { client, server } = await connected();
  const messages = await flooded({ client, server }, { count: 40, size: MIB });
  assertGreater(client.stats().waitingBytes, 16 * MIB);
  assertLess(client.stats().waitingBytes, 18 * MIB);
  for (let i = 0; i < 40; i++) {
    await messages.next();
    assertLess(client.stats().waitingBytes, 18 * MIB);
  }
  assertEquals(client.stats().messagesReceived, 40);
});

Deno.test("reading pauses for a slow handler, too", async () => {
  const { client, server } = await connected();
  const goOn = Promise.withResolvers<void>();
  let calls = 0;
  await subscribed({ client, server }, "a", {
    onMessage: async () => {
      calls++;
      await goOn.promise;
    },
  });
  const bytes = server.encode(publish("a", new Uint8Array(MIB)));
  for (let i = 0; i < 40; i++) server.sendBytes(bytes);
  await settled();
  assertEquals(calls, 1);
  assertLess(client.stats().waitingBytes, 18 * MIB);
  goOn.resolve();
  await settled();
  assertEquals(calls, 40);
});

Deno.test("await publish inside a loop that is far behind does not deadlock", async () => {
  const { client, server } = await connected();
  const messages = await flooded({ client, server }, { count: 40, size: MIB });
  for (let i = 0; i < 5; i++) {
    await messages.next();
    const published = client.publish("b", `${i}`, { qos: 1 });
    const { packetId } = await server.next("publish");
    server.send(ack("puback", packetId));
    assertEquals((await published)?.reasonCode, 0);
  }
});

Deno.test("await publish for each of 10,000 messages of QoS 1 neither deadlocks nor grows", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  const count = 10_000;
  let sent = 0;
  let most = 0;
  const send = () => {
    const packetId = sent++ % 60_000 + 1;
    server.send(publish("a", "x", { packetId }));
  };
  const serving = (async () => {
    for (let i = 0; i < 1_000; i++) send();
    for (let answered = 0; answered < 2 * count; answered++) {
      const packet = await server.nextOf("publish", "puback");
      if (packet.type === "publish") {
        server.send(ack("puback", packet.packetId));
      } else if (sent < count) send();
    }
  })();
  let received = 0;
  for await (const message of subscription) {
    await client.publish("b", message.payload, { qos: 1 });
    most = Math.max(most, client.stats().waiting);
    if (++received < count) continue;
    await message.ack();
    break;
  }
  await serving;
  assertLess(most, 1_000);
  assertEquals(client.stats().inFlight, 0);
});

for (const qos of [0, 1, 2] as const) {
  Deno.test(`await publish of QoS ${qos} inside a loop that is far behind does not deadlock, though the server reads nothing before it has written all`, async () => {
    const { client, server } = await connected();
    const messages = await flooded({ client, server }, {
      count: 30,
      size: MIB,
    });
    await messages.next();
    assertLess(client.stats().messagesReceived, 20);
    const payload = new Uint8Array(3 * MIB);
    const published = client.publish("b", payload, { qos });
    await settled();
    assertEquals(client.stats().messagesReceived, 30);
    const packet = await server.next("publish");
    assertEquals(packet.payload.length, payload.length);
    const { packetId } = packet;
    if (qos === 1) server.send(ack("puback", packetId));
    if (qos === 2) {
      server.send(ack("pubrec", packetId), ack("pubcomp", packetId));
    }
    await published;
  });
}

Deno.test("subscribe and unsubscribe inside a loop that is far behind do not deadlock", async () => {
  const { client, server } = await connected();
  await flooded({ client, server }, { count: 40, size: MIB });
  const subscribing = client.subscribe("b");
  const { packetId } = await server.next("subscribe");
  server.send(suback(packetId, [0]));
  const leaving = (await subscribing).unsubscribe();
  await grantUnsubscribe(server, ["b"]);
  await leaving;
});

Deno.test("request and requestMany inside a loop that is far behind do not deadlock, and reading pauses again", async () => {
  const connection = await connected();
  const { client, server } = connection;
  const first = client.request("ask", "");
  const { packetId } = await server.next("subscribe");
  server.send(suback(packetId, [0]));
  const reply = ({ properties }: PublishPacket) => {
    const { responseTopic = "", correlationData = new Uint8Array() } =
      properties;
    return publish(responseTopic, "", { properties: { correlationData } });
  };
  server.send(reply(await server.next("publish")));
  await first;
  await flooded({ client, server }, { count: 40, size: MIB });
  const many = client.requestMany("ask", "");
  const request = await server.next("publish");
  for (let i = 0; i < 5; i++) server.send(reply(request));
  await settled();
  assertLess(client.stats().messagesReceived, 30);
  const { value } = await many.next();
  assertEquals(value?.topic, request.properties.responseTopic);
  const asking = client.request("ask", "");
  server.send(reply(await server.next("publish")));
  await asking;
  await flooded({ client, server }, { count: 40, size: MIB });
  assertLess(client.stats().messagesReceived, 60);
  client.close();
});

Deno.test("disconnect of a client that is far behind ends in order", async () => {
  const { client, server } = await connected();
  await flooded({ client, server }, { count: 40, size: MIB });
  const disconnecting = client.disconnect();
  await server.next("disconnect");
  server.close();
  await disconnecting;
  assertEquals(await client.closed, undefined);
});

Deno.test("messages of QoS 1 never pause reading under MQTT 5: the Receive Maximum is below the mark", async () => {
  const { client, server } = await connected();
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  subscription[Symbol.asyncIterator]();
  const other = await subscribed({ client, server }, "b");
  const messages = other[Symbol.asyncIterator]();
  for (let packetId = 1; packetId <= 1_000; packetId++) {
    server.send(publish("a", "x", { packetId }));
  }
  server.send(publish("b", "gets through"));
  assertEquals((await messages.next()).value?.text(), "gets through");
});

Deno.test("a loop that takes nothing for an hour costs no disconnect while the server lives", async () => {
  const { client, server, clock } = await connected({ keepAlive: 10 });
  const count = 200;
  const messages = await flooded(
    { client, server },
    { count, size: 256 * KIB },
  );
  let pings = 0;
  for (let i = 0; i < 360; i++) {
    await clock.advance(10_000);
    for (const { type } of await server.sent()) {
      assertEquals(type, "pingreq");
      pings++;
      server.send({ type: "pingresp" });
    }
  }
  assertGreater(pings, 10);
  assert(await isPending(client.closed));
  // One read of 64 KiB for each PINGRESP that was overdue, and no more.
  assertLess(client.stats().waitingBytes, 17 * MIB + 361 * 64 * KIB);
  for (let i = 0; i < count; i++) await messages.next();
  assertEquals(client.stats().messagesReceived, count);
});

Deno.test("a client whose loop is far behind comes back when its connection is lost", async () => {
  const connection = await connectedOften();
  const { client } = connection;
  await flooded(connection, { count: 200, size: 10 });
  assertGreater(client.stats().waiting, 64);
  await lose(connection);
  await comeBack(connection, KEPT);
  assert(client.connected);
});

Deno.test("a server that dies while reading is paused is noticed", async () => {
  const { client, server, clock } = await connected({
    reconnect: false,
    keepAlive: 10,
  });
  // Just above the mark: the wire is empty, and nothing more will come.
  await flooded({ client, server }, { count: 17, size: MIB });
  await clock.advance(10_000);
  assertEquals((await server.sent()).map(({ type }) => type), ["pingreq"]);
  await clock.advance(60_000);
  assertInstanceOf((await client.closed)?.cause, KeepAliveError);
});

Deno.test("a server that is read from once more before it is taken for dead has a second for that, whatever the client does meanwhile", async () => {
  const { client, server, clock } = await connected({
    reconnect: false,
    keepAlive: 10,
  });
  await flooded({ client, server }, { count: 17, size: MIB });
  await clock.advance(10_000);
  assertEquals((await server.sent()).map(({ type }) => type), ["pingreq"]);
  await clock.advance(10_000);
  for (let i = 0; i < 9; i++) {
    await client.publish("b", "");
    await clock.advance(100);
  }
  assert(await isPending(client.closed));
  server.send({ type: "pingresp" });
  await settled();
  await clock.advance(5_000);
  assert(await isPending(client.closed));
  client.close();
});

Deno.test("a wire that is closed while reading is paused is noticed, and what came before is delivered", async () => {
  const { client, server } = await connected({ reconnect: false });
  const messages = await flooded({ client, server }, { count: 40, size: MIB });
  server.close();
  await settled();
  assert(await isPending(client.closed));
  let count = 0;
  try {
    while (!(await messages.next()).done) count++;
  } catch {
    // The loop has come to the loss.
  }
  assertGreater(count, 16);
  assert(!await isPending(client.closed));
});
