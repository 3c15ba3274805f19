// Messages in hand over a reconnect: an acknowledgement belongs to the connection its PUBLISH came on.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Message, QoS } from "../../mod.ts";
import type { PublishPacket } from "../../src/codec/packet.ts";
import {
  comeBack,
  connectedOften,
  KEPT,
  lose,
  LOST,
  reconnected,
} from "./away.ts";
import { settled } from "./clock.ts";
import { listen } from "./listen.ts";
import { ack, publish } from "./packets.ts";
import { subscribed } from "./server.ts";

/** A message of QoS 1 or 2 to topic "a", its packet id its payload. */
function message(
  qos: QoS,
  packetId: number,
  options: Partial<PublishPacket> = {},
): PublishPacket {
  return publish("a", `${packetId}`, { qos, packetId, ...options });
}

const DUP = { dup: true };

/** The loop asks for its next message, and waits for it until the client ends. */
function goOn(loop: AsyncIterator<Message>): void {
  loop.next().catch(() => {});
}

for (const qos of [1, 2] as const) {
  const type = qos === 1 ? "puback" : "pubrec";

  Deno.test(`a message of QoS ${qos} in a loop's hand over a reconnect is not delivered again, and acknowledged when it comes again and the loop goes on`, async () => {
    const connection = await connectedOften();
    const { client, server } = connection;
    const loop = (await subscribed(connection, "a"))[Symbol.asyncIterator]();
    server.send(message(qos, 1), message(qos, 2));
    assertEquals((await loop.next()).value?.text(), "1");
    const next = await reconnected(connection, KEPT);
    next.send(message(qos, 1, DUP), message(qos, 2, DUP), message(qos, 3));
    assertEquals(await next.sent(), []);
    assertEquals((await loop.next()).value?.text(), "2");
    assertEquals(await next.sent(), [ack(type, 1)]);
    assertEquals((await loop.next()).value?.text(), "3");
    assertEquals(await next.sent(), [ack(type, 2)]);
    assertEquals(client.stats().messagesReceived, 3);
    client.close();
  });

  Deno.test(`a message of QoS ${qos} that a loop went on from while away is acknowledged as soon as it comes again`, async () => {
    const connection = await connectedOften();
    const { client, server } = connection;
    const loop = (await subscribed(connection, "a"))[Symbol.asyncIterator]();
    server.send(message(qos, 1), message(qos, 2));
    await loop.next();
    await lose(connection);
    assertEquals((await loop.next()).value?.text(), "2");
    const next = await comeBack(connection, KEPT);
    assertEquals(await next.sent(), []);
    next.send(message(qos, 1, DUP), message(qos, 2, DUP));
    assertEquals(await next.sent(), [ack(type, 1)]);
    goOn(loop);
    assertEquals(await next.sent(), [ack(type, 2)]);
    client.close();
  });

  Deno.test(`a message of QoS ${qos} is never acknowledged where the server has lost the session, though the loop goes on`, async () => {
    const connection = await connectedOften();
    const { client, server } = connection;
    const loop = (await subscribed(connection, "a"))[Symbol.asyncIterator]();
    server.send(message(qos, 1), message(qos, 2));
    await loop.next();
    const next = await reconnected(connection, LOST);
    await next.next("subscribe");
    // The server's first message has an identifier that stood for another.
    next.send(message(qos, 1, { payload: new TextEncoder().encode("new") }));
    assertEquals((await loop.next()).value?.text(), "2");
    assertEquals((await loop.next()).value?.text(), "new");
    assertEquals(await next.sent(), []);
    goOn(loop);
    assertEquals(await next.sent(), [ack(type, 1)]);
    client.close();
  });

  Deno.test(`message.ack() of QoS ${qos} counts whenever it is called, and only where its message came`, async () => {
    for (const when of ["away", "back", "again"] as const) {
      for (const session of [KEPT, LOST]) {
        const connection = await connectedOften();
        const { client, server } = connection;
        const messages: Message[] = [];
        await subscribed(connection, "a", {
          ack: "manual",
          onMessage: (message) => messages.push(message),
        });
        server.send(message(qos, 1));
        await settled();
        const [first] = messages;
        assert(first !== undefined);
        await lose(connection);
        if (when === "away") await first.ack();
        const next = await comeBack(connection, session);
        const isKept = session === KEPT;
        if (!isKept) await next.next("subscribe");
        if (when === "back") await first.ack();
        assertEquals(await next.sent(), []);
        next.send(message(qos, 1, DUP));
        await settled();
        if (when === "again") await first.ack();
        assertEquals(await next.sent(), isKept ? [ack(type, 1)] : []);
        // To a server that has lost the session it is another message.
        assertEquals(messages.length, isKept ? 1 : 2);
        await messages.at(-1)?.ack();
        assertEquals(await next.sent(), isKept ? [] : [ack(type, 1)]);
        client.close();
      }
    }
  });

  Deno.test(`a handler of QoS ${qos} that ends while away, or on the next connection, has its message acknowledged there, in order`, async () => {
    const connection = await connectedOften();
    const { client, server } = connection;
    const running = new Map<string, () => void>();
    await subscribed(connection, "a", {
      concurrency: 3,
      onMessage: (message) =>
        new Promise<void>((resolve) => running.set(message.text(), resolve)),
    });
    server.send(message(qos, 1), message(qos, 2), message(qos, 3));
    await settled();
    assertEquals([...running.keys()], ["1", "2", "3"]);
    await lose(connection);
    running.get("2")?.();
    const next = await comeBack(connection, KEPT);
    next.send(message(qos, 1, DUP), message(qos, 2, DUP));
    assertEquals(await next.sent(), []);
    running.get("1")?.();
    assertEquals(await next.sent(), [ack(type, 1), ack(type, 2)]);
    running.get("3")?.();
    assertEquals(await next.sent(), []);
    next.send(message(qos, 3, DUP));
    assertEquals(await next.sent(), [ack(type, 3)]);
    assertEquals(running.size, 3);
    client.close();
  });

  Deno.test(`message.reject() of QoS ${qos} while away is said when the message comes again`, async () => {
    const connection = await connectedOften();
    const { client, server } = connection;
    const loop = (await subscribed(connection, "a"))[Symbol.asyncIterator]();
    server.send(message(qos, 1));
    const { value } = await loop.next();
    await lose(connection);
    await value?.reject(0x97);
    const next = await comeBack(connection, KEPT);
    next.send(message(qos, 1, DUP));
    assertEquals(await next.sent(), [ack(type, 1, 0x97)]);
    client.close();
  });

  Deno.test(`a message of QoS ${qos} that a loop was left with over a loss waits for the next loop, once`, async () => {
    const connection = await connectedOften();
    const { client, server } = connection;
    const subscription = await subscribed(connection, "a");
    const loop = subscription[Symbol.asyncIterator]();
    server.send(message(qos, 1));
    await loop.next();
    await lose(connection);
    await loop.return?.();
    const next = await comeBack(connection, KEPT);
    next.send(message(qos, 1, DUP));
    await settled();
    const second = subscription[Symbol.asyncIterator]();
    assertEquals((await second.next()).value?.text(), "1");
    goOn(second);
    assertEquals(await next.sent(), [ack(type, 1)]);
    client.close();
  });

  Deno.test(`a message of QoS ${qos} in the inbox over a reconnect is there once, for the loop that comes`, async () => {
    const connection = await connectedOften();
    const { client, server } = connection;
    server.send(message(qos, 1));
    await settled();
    assertEquals(client.stats().unclaimed, 1);
    const next = await reconnected(connection, KEPT, message(qos, 1, DUP));
    assertEquals(client.stats().unclaimed, 1);
    const loop = client[Symbol.asyncIterator]();
    assertEquals((await loop.next()).value?.text(), "1");
    assertEquals(await next.sent(), []);
    goOn(loop);
    assertEquals(await next.sent(), [ack(type, 1)]);
    client.close();
  });

  Deno.test(`a message of QoS ${qos} that nobody claims while away is acknowledged when it comes again`, async () => {
    const connection = await connectedOften({
      reconnect: { initialMs: 40_000 },
    });
    const { client, server, clock } = connection;
    const events = listen(client);
    server.send(message(qos, 1));
    await settled();
    await lose(connection);
    await clock.advance(30_000);
    assertEquals(client.stats().messagesUnclaimed, 1);
    assert(events.some(({ type }) => type === "unclaimed"));
    const next = await comeBack(connection, KEPT, message(qos, 1, DUP));
    assertEquals(await next.sent(), [ack(type, 1)]);
    client.close();
  });

  Deno.test(`a stall of QoS ${qos} is counted anew on the next connection`, async () => {
    const connection = await connectedOften();
    const { client, server, clock } = connection;
    const events = listen(client);
    const loop = (await subscribed(connection, "a"))[Symbol.asyncIterator]();
    server.send(message(qos, 1));
    await loop.next();
    await clock.advance(9_000);
    const next = await reconnected(connection, KEPT);
    await clock.advance(9_000);
    const stalls = () => events.filter(({ type }) => type === "stalled").length;
    assertEquals(stalls(), 0);
    next.send(message(qos, 1, DUP));
    await clock.advance(9_999);
    assertEquals(stalls(), 0);
    await clock.advance(1);
    assertEquals(stalls(), 1);
    client.close();
  });
}

Deno.test("QoS 2 that was acknowledged before a loss is answered at once when it comes again, and not delivered", async () => {
  const connection = await connectedOften();
  const { client, server } = connection;
  const loop = (await subscribed(connection, "a"))[Symbol.asyncIterator]();
  server.send(message(2, 1), message(2, 2));
  await loop.next();
  await loop.next();
  assertEquals(await server.sent(), [ack("pubrec", 1)]);
  const next = await reconnected(connection, KEPT);
  next.send(message(2, 1, DUP), message(2, 2, DUP), ack("pubrel", 1));
  assertEquals(await next.sent(), [ack("pubrec", 1), ack("pubcomp", 1)]);
  assertEquals(client.stats().messagesReceived, 2);
  client.close();
});

Deno.test("what comes right behind CONNACK of a resumed session, new or again, is kept for who takes it", async () => {
  const connection = await connectedOften();
  const { client, server } = connection;
  const subscription = await subscribed(connection, "a");
  const loop = subscription[Symbol.asyncIterator]();
  server.send(message(1, 1));
  await loop.next();
  const next = await reconnected(
    connection,
    KEPT,
    message(1, 1, DUP),
    message(1, 2),
    publish("other", "", { packetId: 3 }),
  );
  assertEquals(await next.sent(), []);
  assertEquals((await loop.next()).value?.text(), "2");
  assertEquals(await next.sent(), [ack("puback", 1)]);
  await loop.return?.();
  client.close();
});

Deno.test("publishes in flight go on where the server has kept the session: PUBREL, then PUBLISH with DUP, within the new window, then the queue", async () => {
  const connection = await connectedOften();
  const { client, server } = connection;
  const published = [1, 2, 2, 1].map((qos, index) =>
    client.publish("a", `${index + 1}`, { qos: qos === 1 ? 1 : 2 })
  );
  for (let i = 0; i < 4; i++) await server.next("publish");
  server.send(ack("pubrec", 3));
  await server.next("pubrel");
  await lose(connection);
  published.push(client.publish("a", "5", { qos: 1 }));
  const next = await comeBack(connection, {
    ...KEPT,
    properties: { receiveMaximum: 2 },
  });
  const again = (packetId: number, qos: QoS, dup = true) =>
    publish("a", `${packetId}`, { qos, packetId, dup });
  assertEquals(await next.sent(), [ack("pubrel", 3), again(1, 1), again(2, 2)]);
  next.send(ack("pubcomp", 3), ack("puback", 1));
  assertEquals(await next.sent(), [again(4, 1)]);
  next.send(ack("puback", 4), ack("pubrec", 2));
  assertEquals(await next.sent(), [ack("pubrel", 2), again(5, 1, false)]);
  next.send(ack("pubcomp", 2), ack("puback", 5));
  await Promise.all(published);
  client.close();
});

Deno.test("a handler that rejects while away ends the client where it is asked to, and all that waits with it", async () => {
  const connection = await connectedOften();
  const { client, server } = connection;
  let fail: ((error: Error) => void) | undefined;
  await subscribed(connection, "a", {
    onMessage: () => new Promise((_, reject) => fail = reject),
  });
  server.send(message(1, 1));
  await settled();
  await lose(connection);
  const published = client.publish("b", "", { qos: 1 });
  fail?.(new Error("broken"));
  await assertRejects(() => published);
  const error = await client.closed;
  assertEquals((error?.cause as Error).message, "broken");
  assertEquals(connection.clock.timers, 0);
});
