// Requests and replies: what leaves, what comes back to whom, and what becomes of a request without a reply.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { PublishPacket } from "../../src/codec/packet.ts";
import {
  AbortedError,
  ConnectionLostError,
  ReasonCode,
  RequestError,
} from "../../mod.ts";
import {
  comeBack,
  connectedOften,
  KEPT,
  lose,
  LOST,
  reconnected,
} from "./away.ts";
import { isPending, settled } from "./clock.ts";
import { countingSignal } from "./counting_signal.ts";
import { listen } from "./listen.ts";
import { ack, connack, publish, suback } from "./packets.ts";
import { connected, dial, type ServerEnd, subscribed } from "./server.ts";

/** Grants the response topic, and takes the request. */
async function takeRequest(server: ServerEnd): Promise<PublishPacket> {
  const { packetId, subscriptions } = await server.next("subscribe");
  server.send(suback(packetId, subscriptions.map(({ qos }) => qos)));
  return await server.next("publish");
}

/** The reply to a request. */
function reply({ properties }: PublishPacket, payload: string): PublishPacket {
  const { responseTopic, correlationData } = properties;
  assert(responseTopic !== undefined && correlationData !== undefined);
  return publish(responseTopic, payload, { properties: { correlationData } });
}

Deno.test("request sends a Response Topic of its own with Correlation Data, and resolves with the reply", async () => {
  const { client, server } = await connected();
  const asking = client.request("clock/now", "zone", {
    properties: { contentType: "text/plain" },
  });
  const request = await takeRequest(server);
  assertEquals(new TextDecoder().decode(request.payload), "zone");
  assertEquals(request.properties.contentType, "text/plain");
  assert(request.properties.responseTopic?.startsWith("reply/midge"));
  server.send(reply(request, "noon"));
  assertEquals((await asking).text(), "noon");
  client.close();
});

Deno.test("request subscribes to its Response Topic once, and tells replies apart in any order", async () => {
  const { client, server } = await connected();
  const one = client.request("a", "1");
  const two = client.request("b", "2");
  const first = await takeRequest(server);
  const second = await server.next("publish");
  assertEquals(first.properties.responseTopic, second.properties.responseTopic);
  server.send(reply(second, "two"), reply(first, "one"));
  assertEquals((await one).text(), "one");
  assertEquals((await two).text(), "two");
  client.close();
});

Deno.test("request begins its Response Topic with the server's Response Information", async () => {
  const properties = { responseInformation: "tenant/7/" };
  const { client, server } = await connected({}, { properties });
  void client.request("a", "").catch(() => {});
  const { properties: { responseTopic } } = await takeRequest(server);
  assert(responseTopic?.startsWith("tenant/7/midge"), responseTopic);
  client.close();
});

Deno.test("request may have its payload's buffer reused at once", async () => {
  const { client, server } = await connected();
  const payload = new TextEncoder().encode("mine");
  void client.request("a", payload).catch(() => {});
  payload.fill(0);
  const request = await takeRequest(server);
  assertEquals(new TextDecoder().decode(request.payload), "mine");
  client.close();
});

Deno.test("request rejects with a RequestError when its time is over, and a reply that comes later is for nobody", async () => {
  const { client, server, clock } = await connected({ keepAlive: 0 });
  const asking = client.request("a", "", { timeoutMs: 2_000 });
  const request = await takeRequest(server);
  await clock.advance(1_999);
  assert(await isPending(asking));
  await clock.advance(1);
  const error = await assertRejects(() => asking, RequestError);
  assertEquals(error.message, 'Cannot request "a": no reply came within 2 s');
  assertEquals(error.reasonCode, undefined);
  server.send(reply(request, "late"));
  const next = client.request("a", "");
  const again = await server.next("publish");
  server.send(reply(again, "in time"));
  assertEquals((await next).text(), "in time");
  client.close();
});

Deno.test("request rejects at once where the server says that nobody is subscribed", async () => {
  const { client, server } = await connected();
  const asking = client.request("a", "", { qos: 1 });
  const { packetId } = await takeRequest(server);
  server.send(ack("puback", packetId, ReasonCode.noMatchingSubscribers));
  const error = await assertRejects(() => asking, RequestError);
  assertEquals(error.reasonCode, 0x10);
  client.close();
});

Deno.test("request rejects with an AbortedError when its signal fires, and when it has fired", async () => {
  const { client, server } = await connected();
  const abort = new AbortController();
  const asking = client.request("a", "", { signal: abort.signal });
  await takeRequest(server);
  abort.abort("enough");
  const error = await assertRejects(() => asking, AbortedError);
  assertEquals(error.cause, "enough");
  const { signal } = abort;
  await assertRejects(() => client.request("a", "", { signal }), AbortedError);
  client.close();
});

Deno.test("request rejects when the client ends first", async () => {
  const { client, server } = await connected();
  const asking = client.request("a", "");
  await takeRequest(server);
  client.close("reason");
  await assertRejects(() => asking, ConnectionLostError, 'Cannot request "a"');
  await assertRejects(() => client.request("a", ""), ConnectionLostError);
});

Deno.test("request rejects where its Response Topic is refused, and the next one asks for it again", async () => {
  const { client, server } = await connected();
  const asking = client.request("a", "");
  const { packetId } = await server.next("subscribe");
  server.send(suback(packetId, [ReasonCode.notAuthorized]));
  await assertRejects(() => asking, Error, "not authorized");
  void client.request("a", "").catch(() => {});
  await takeRequest(server);
  client.close();
});

Deno.test("request asks for its Response Topic again where the server has refused it on the way back", async () => {
  const connection = await connectedOften();
  const { client } = connection;
  const first = client.request("a", "");
  connection.server.send(reply(await takeRequest(connection.server), ""));
  await first;
  const server = await reconnected(connection, LOST);
  const { packetId } = await server.next("subscribe");
  server.send(suback(packetId, [ReasonCode.notAuthorized]));
  await settled();
  const asking = client.request("a", "");
  server.send(reply(await takeRequest(server), "answer"));
  assertEquals((await asking).text(), "answer");
  client.close();
});

Deno.test("request needs MQTT 5, and refuses options that do not exist", async () => {
  const { client } = await connected({ protocolVersion: 4 });
  await assertRejects(
    () => client.request("a", ""),
    TypeError,
    'Cannot request "a": that needs MQTT 5',
  );
  const options = { timeoutMs: 1, wait: 1 };
  await assertRejects(
    () => client.request("a", "", options),
    TypeError,
    'there is no option "wait"',
  );
  client.close();
});

Deno.test("request with a replyQos of 1 warns that replies wait behind what is not acknowledged", async () => {
  const { client, server } = await connected();
  const events = client.status();
  void client.request("a", "", { replyQos: 1 }).catch(() => {});
  const { value } = await events.next();
  assertEquals(value?.type, "warning");
  const { subscriptions } = await server.next("subscribe");
  assertEquals(subscriptions.map(({ qos }) => qos), [1]);
  client.close();
});

for (const resend of [false, true]) {
  const name = resend
    ? "request with resend is sent again after a reconnect"
    : "request waits on after a reconnect, and is not sent again";
  Deno.test(name, async () => {
    const { connecting, listener, clock } = dial({
      reconnect: { initialMs: 1 },
      keepAlive: 0,
    });
    const server = await listener.accept();
    await server.next("connect");
    server.send(connack());
    const client = await connecting;
    const asking = client.request("a", "question", { resend });
    const request = await takeRequest(server);
    await settled();
    server.close();
    await clock.advance(10);
    const second = await listener.accept();
    await second.next("connect");
    second.send(connack({ sessionPresent: true }));
    await settled();
    assertEquals(
      (await second.sent()).map((packet) => packet.type),
      resend ? ["publish"] : [],
    );
    second.send(reply(request, "answer"));
    assertEquals((await asking).text(), "answer");
    client.close();
  });
}

Deno.test("request takes one timer for all, and leaves nothing behind where its payload is none", async () => {
  const { client, server, clock } = await connected({ keepAlive: 0 });
  const before = clock.timers;
  const { signal, listeners } = countingSignal();
  const payload = JSON.parse("7");
  await assertRejects(
    () => client.request("a", payload, { signal }),
    TypeError,
  );
  assertEquals([clock.timers - before, listeners()], [0, 0]);
  const first = client.request("a", "", { timeoutMs: 2_000 });
  server.send(reply(await takeRequest(server), ""));
  await first;
  const slow = client.request("a", "", { timeoutMs: 3_000 });
  const quick = client.request("a", "", { timeoutMs: 1_000 });
  assertEquals(clock.timers - before, 1);
  const over = Promise.all([
    assertRejects(() => slow, RequestError, "3 s"),
    assertRejects(() => quick, RequestError, "1 s"),
  ]);
  await clock.advance(999);
  assert(await isPending(quick));
  await clock.advance(1);
  await assertRejects(() => quick, RequestError);
  await clock.advance(1_999);
  assert(await isPending(slow));
  await clock.advance(1);
  await over;
  client.close();
  assertEquals(clock.timers, 0);
});

Deno.test("requestMany gives replies until there are so many, or its time is over", async () => {
  const { client, server, clock } = await connected({ keepAlive: 0 });
  const counted = Array.fromAsync(
    client.requestMany("a", "", { count: 2 }),
    (message) => message.text(),
  );
  const request = await takeRequest(server);
  server.send(reply(request, "1"), reply(request, "2"), reply(request, "3"));
  assertEquals(await counted, ["1", "2"]);
  const timed = Array.fromAsync(
    client.requestMany("a", "", { timeoutMs: 100 }),
    (message) => message.text(),
  );
  const again = await server.next("publish");
  server.send(reply(again, "x"));
  await clock.advance(100);
  assertEquals(await timed, ["x"]);
  client.close();
});

Deno.test("requestMany, left, takes no more replies", async () => {
  const { client, server, clock } = await connected({ keepAlive: 0 });
  const replies = client.requestMany("a", "");
  const request = await takeRequest(server);
  server.send(reply(request, "1"));
  for await (const message of replies) {
    assertEquals(message.text(), "1");
    break;
  }
  assertEquals(await replies.next(), { done: true, value: undefined });
  client.close();
  assertEquals(clock.timers, 0);
});

Deno.test("serve answers to the Response Topic with the Correlation Data, and acknowledges behind the reply", async () => {
  const { client, server } = await connected();
  const serving = client.serve(
    "clock/#",
    (request) => `${request.topic} is ${request.text()}`,
    { qos: 1 },
  );
  const { packetId } = await server.next("subscribe");
  server.send(suback(packetId, [1]));
  await serving;
  const correlationData = Uint8Array.of(1, 2, 3);
  const properties = { responseTopic: "to/me", correlationData };
  server.send(publish("clock/now", "noon", { packetId: 9, properties }));
  const answer = await server.next("publish");
  assertEquals(answer.topicName, "to/me");
  assertEquals(new TextDecoder().decode(answer.payload), "clock/now is noon");
  assertEquals(answer.properties, { correlationData });
  assertEquals(answer.qos, 1);
  server.send(ack("puback", answer.packetId));
  assertEquals(await server.next("puback"), ack("puback", 9));
  client.close();
});

Deno.test("serve gives a reply's own properties, and answers nobody where none is asked for or given", async () => {
  const { client, server } = await connected();
  const subscribing = client.serve(
    "a",
    (request) =>
      request.text() === "no"
        ? undefined
        : { payload: "{}", properties: { contentType: "application/json" } },
  );
  const { packetId } = await server.next("subscribe");
  server.send(suback(packetId, [0]));
  await subscribing;
  const properties = { responseTopic: "r" };
  server.send(
    publish("a", "yes"),
    publish("a", "no", { properties }),
    publish("a", "yes", { properties }),
  );
  const answer = await server.next("publish");
  assertEquals(answer.properties, { contentType: "application/json" });
  await settled();
  assertEquals(await server.sent(), []);
  client.close();
});

Deno.test("serve goes on where a reply is refused, and tells it", async () => {
  const { client, server } = await connected();
  const events = client.status();
  const serving = client.serve("a", () => "reply", { qos: 1 });
  const { packetId } = await server.next("subscribe");
  server.send(suback(packetId, [1]));
  await serving;
  const properties = { responseTopic: "secret" };
  server.send(publish("a", "", { packetId: 1, properties }));
  const refused = await server.next("publish");
  server.send(ack("puback", refused.packetId, ReasonCode.notAuthorized));
  assertEquals(await server.next("puback"), ack("puback", 1));
  assertEquals((await events.next()).value?.type, "publish-failed");
  client.close();
});

Deno.test("serve goes on where the connection is lost before a reply at QoS 0 is given", async () => {
  const connection = await connectedOften();
  const { client, server } = connection;
  const events = listen(client);
  const work = Promise.withResolvers<string>();
  const serving = client.serve("a", () => work.promise);
  server.send(suback((await server.next("subscribe")).packetId, [0]));
  await serving;
  const properties = { responseTopic: "back" };
  server.send(publish("a", "", { properties }));
  await settled();
  await lose(connection);
  work.resolve("reply");
  assert(await isPending(client.closed));
  const next = await comeBack(
    connection,
    KEPT,
    publish("a", "", { properties }),
  );
  assertEquals((await next.next("publish")).topicName, "back");
  const failed = events.find(({ type }) => type === "publish-failed");
  assert(failed?.type === "publish-failed");
  assertEquals([failed.topic, failed.delivery], ["back", "not-sent"]);
  client.close();
});

Deno.test("serve leaves unacknowledged what it has not answered when the client disconnects", async () => {
  const { client, server } = await connected();
  const work = Promise.withResolvers<string>();
  const serving = client.serve("a", () => work.promise, { qos: 1 });
  server.send(suback((await server.next("subscribe")).packetId, [1]));
  await serving;
  const properties = { responseTopic: "back" };
  server.send(publish("a", "", { packetId: 1, properties }));
  await settled();
  void client.publish("b", "", { qos: 1 });
  const leaving = client.disconnect();
  const { packetId } = await server.next("publish");
  work.resolve("reply");
  await settled();
  server.send(ack("puback", packetId));
  assertEquals((await server.next("disconnect")).reasonCode, 0);
  server.close();
  await leaving;
  assertEquals(await client.closed, undefined);
});

Deno.test("serve rejects with a TypeError where its handler is no function", async () => {
  const { client } = await connected();
  const handler = JSON.parse('"reply"');
  await assertRejects(() => client.serve("a", handler), TypeError);
  client.close();
});

Deno.test("request does not take messages from other subscriptions", async () => {
  const { client, server } = await connected();
  const others = await subscribed({ client, server }, "#");
  const loop = others[Symbol.asyncIterator]();
  const next = loop.next();
  const asking = client.request("a", "");
  const request = await takeRequest(server);
  server.send(publish("b", "other"), reply(request, "mine"));
  assertEquals((await next).value?.topic, "b");
  assertEquals((await asking).text(), "mine");
  client.close();
});
