// The broker as an application's tests have it: over wires in memory and on ports, with our own client.

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  connect,
  ConnectError,
  ConnectionLostError,
  PublishError,
  SubscribeError,
} from "../../mod.ts";
import { Broker, type BrokerEvent } from "../../testing.ts";
import { settled, VirtualClock } from "../client/clock.ts";
import { take } from "../support/take.ts";

const VERSIONS = [3, 4, 5] as const;

const QOS = [0, 1, 2] as const;

for (const protocolVersion of VERSIONS) {
  Deno.test({
    name:
      `Broker in memory needs no permission, under version ${protocolVersion}`,
    permissions: "none",
    async fn() {
      await using broker = new Broker();
      await using client = await broker.connect({ protocolVersion });
      assertEquals(client.connection.protocolVersion, protocolVersion);
      const messages = await client.subscribe("a/+", { qos: 2 });
      for (const qos of QOS) {
        await client.publish(`a/${qos}`, `at ${qos}`, { qos });
      }
      const taken = await take(messages, 3);
      assertEquals(taken.map(({ qos, topic }) => `${qos} ${topic}`), [
        "0 a/0",
        "1 a/1",
        "2 a/2",
      ]);
      assertEquals(
        broker.messages.map((
          { topic, qos, clientId },
        ) => [topic, qos, clientId]),
        QOS.map((qos) => [`a/${qos}`, qos, client.connection.clientId]),
      );
    },
  });
}

Deno.test("Broker transport serves those who call connect() themselves, with the url that it has", async () => {
  await using broker = new Broker();
  await using client = await connect(broker.url, {
    transport: broker.transport,
  });
  await client.publish("a", "x", { qos: 1 });
  const [seen] = await broker.seen("a");
  assertEquals(seen?.text(), "x");
});

Deno.test("Broker transport gives up where the signal has fired", async () => {
  await using broker = new Broker();
  const reason = new Error("enough");
  await assertRejects(
    () => broker.transport.open(AbortSignal.abort(reason)),
    Error,
    "enough",
  );
  assertEquals(broker.stats.connections, 0);
});

Deno.test("Broker publish reaches subscribers, is retained where asked, and copies", async () => {
  await using broker = new Broker();
  const payload = new TextEncoder().encode("before");
  broker.publish("a", payload, { qos: 1, retain: true });
  payload.fill(0x2d);
  await using client = await broker.connect({ protocolVersion: 5 });
  const messages = await client.subscribe("a", { qos: 2 });
  broker.publish("a", "live", {
    qos: 2,
    properties: { contentType: "text/plain" },
  });
  broker.publish("a", payload.buffer);
  const [kept, live, buffer] = await take(messages, 3);
  assertEquals([kept?.text(), kept?.retain, kept?.qos], ["before", true, 1]);
  assertEquals([live?.text(), live?.retain, live?.qos], ["live", false, 2]);
  assertEquals(live?.properties.contentType, "text/plain");
  assertEquals([buffer?.text(), buffer?.qos], ["------", 0]);
  assertEquals(broker.messages.map(({ clientId }) => clientId), [
    undefined,
    undefined,
    undefined,
  ]);
  assertThrows(() => broker.publish("a/#", ""), TypeError);
});

Deno.test("Broker seen does not care which comes first, and sees wills", async () => {
  await using broker = new Broker();
  const waiting = broker.seen("will/+");
  const client = await broker.connect({
    clientId: "lost",
    will: { topic: "will/lost", payload: "gone" },
  });
  client.close();
  const [will] = await waiting;
  assertEquals([will?.clientId, will?.text()], ["lost", "gone"]);
  assertEquals(await broker.seen("will/lost"), await waiting);
});

Deno.test("Broker clients tells of sessions, with a connection and without", async () => {
  await using broker = new Broker();
  const client = await broker.connect({
    clientId: "stays",
    cleanStart: false,
  });
  await client.subscribe(["a", "b/#"]);
  assertEquals(
    broker.clients.map(({ clientId, isConnected, topicFilters }) => [
      clientId,
      isConnected,
      topicFilters,
    ]),
    [["stays", true, ["a", "b/#"]]],
  );
  await client.disconnect();
  broker.publish("a", "kept for it");
  assertEquals(broker.clients.map(({ isConnected }) => isConnected), [false]);
  assertEquals(broker.stats.sessions, 1);
});

Deno.test("Broker disconnect ends a client's connection with the reason", async () => {
  await using broker = new Broker();
  const client = await broker.connect({
    clientId: "one",
    protocolVersion: 5,
    reconnect: false,
  });
  assertEquals(broker.disconnect("one"), true);
  const error = await client.closed;
  assert(error instanceof ConnectionLostError);
  assertEquals(error.reasonCode, 0x98);
  assertEquals(broker.disconnect("one"), false);
  assertThrows(() => broker.disconnect("one", 0x10_00), RangeError);
});

Deno.test("Broker hooks decide who connects, publishes and subscribes", async () => {
  await using broker = new Broker({
    authenticate: ({ username, passwordText }) =>
      username === "alice" && passwordText === "secret",
    authorize: async ({ topic, action }) => {
      await settled();
      return topic !== "secret" || (action === "publish" ? 0x97 : 0x8f);
    },
  });
  const error = await assertRejects(
    () => broker.connect({ username: "alice", password: "wrong" }),
    ConnectError,
  );
  assertEquals(error.reasonCode, 0x86);
  const lower = await assertRejects(
    () => broker.connect({ username: "bob", password: "", protocolVersion: 4 }),
    ConnectError,
  );
  assertEquals(lower.reasonCode, 4);
  await using client = await broker.connect({
    username: "alice",
    password: "secret",
    protocolVersion: 5,
  });
  await client.publish("open", "", { qos: 1 });
  const refused = await assertRejects(
    () => client.publish("secret", "", { qos: 2 }),
    PublishError,
  );
  assertEquals(refused.reasonCode, 0x97);
  const subscribing = await assertRejects(
    () => client.subscribe(["open", "secret"], { qos: 1 }),
    SubscribeError,
  );
  assertEquals(subscribing.reasonCodes, [1, 0x8f]);
  assertEquals(broker.messages.map(({ topic }) => topic), ["open"]);
});

Deno.test("Broker announces the limits that it is given, and keeps to them", async () => {
  await using broker = new Broker({
    receiveMaximum: 7,
    maximumPacketSize: 100,
    maximumQoS: 1,
    serverKeepAlive: 5,
    retainAvailable: false,
  });
  await using client = await broker.connect({ protocolVersion: 5 });
  const { properties, keepAlive } = client.connection;
  assertEquals(properties.receiveMaximum, 7);
  assertEquals(properties.maximumPacketSize, 100);
  assertEquals(properties.maximumQoS, 1);
  assertEquals(properties.retainAvailable, false);
  assertEquals(keepAlive, 5);
});

Deno.test("Broker lives by the clock that it is given", async () => {
  const clock = new VirtualClock();
  await using broker = new Broker({ clock });
  const client = await broker.connect({
    protocolVersion: 5,
    will: {
      topic: "will",
      properties: { willDelayInterval: 60 },
    },
    properties: { sessionExpiryInterval: 3_600 },
  });
  client.close();
  await clock.advance(59_999);
  assertEquals(broker.messages.length, 0);
  await clock.advance(1);
  assertEquals(broker.messages.length, 1);
  await clock.advance(3_600_000);
  assertEquals(broker.clients, []);
});

Deno.test("Broker onEvent is told what happens", async () => {
  const events: BrokerEvent[] = [];
  await using broker = new Broker({ onEvent: (event) => events.push(event) });
  const client = await broker.connect({ clientId: "one" });
  await client.subscribe("a", { qos: 1 });
  await client.publish("a", "x", { qos: 1 });
  await client.disconnect();
  await settled();
  assertEquals(events.map(({ type }) => type), [
    ...["connected", "subscribed", "message"],
    ...["disconnected", "session-ended"],
  ]);
  const [connected] = events;
  assert(connected?.type === "connected");
  assertEquals([connected.clientId, connected.peer], ["one", "memory:1"]);
});

Deno.test("Broker close ends clients, waits and itself, once", async () => {
  const broker = new Broker();
  const client = await broker.connect({
    protocolVersion: 5,
    reconnect: false,
  });
  const waiting = broker.seen("never");
  waiting.catch(() => {});
  await broker.close();
  const error = await client.closed;
  assert(error instanceof ConnectionLostError);
  assertEquals(error.reasonCode, 0x8b);
  await assertRejects(() => waiting, Error, "the broker is closed");
  await assertRejects(
    () => broker.connect({ protocolVersion: 5 }),
    ConnectError,
  );
  await broker.close();
});

Deno.test("Broker close that is called twice resolves twice when all is done", async () => {
  const broker = new Broker();
  const wire = await broker.transport.open(new AbortController().signal);
  // A CONNECT of a client that does not read, and does not close.
  await wire.write(Uint8Array.fromHex("100e00044d5154540502000000000161"));
  await broker.waitFor(() => broker.clients.length === 1);
  void broker.close();
  await broker.close();
  assertEquals(broker.stats.connections, 0);
});

Deno.test("Broker.listen opens a free port of loopback, and one for WebSocket where asked", async () => {
  await using broker = await Broker.listen({ websocketPort: 0 });
  assertMatch(broker.url, /^mqtt:\/\/127\.0\.0\.1:\d+$/);
  assertMatch(broker.websocketUrl ?? "", /^ws:\/\/127\.0\.0\.1:\d+\/mqtt$/);
  await using plain = await connect(broker.url);
  await using webSocket = await connect(broker.websocketUrl ?? "");
  await using memory = await broker.connect();
  const messages = await plain.subscribe("a", { qos: 1 });
  await webSocket.publish("a", "by WebSocket", { qos: 1 });
  await memory.publish("a", "by memory", { qos: 1 });
  const taken = await take(messages, 2);
  assertEquals(taken.map((message) => message.text()), [
    "by WebSocket",
    "by memory",
  ]);
});

Deno.test("Broker.listen has the WebSocket path that it is told", async () => {
  await using broker = await Broker.listen({
    websocketPort: 0,
    websocketPath: "/",
    hostname: "localhost",
  });
  assertMatch(broker.websocketUrl ?? "", /^ws:\/\/localhost:\d+\/$/);
  const error = await assertRejects(
    () => connect(`${broker.websocketUrl}mqtt`),
    ConnectError,
  );
  assertMatch(error.message, /404/);
});

/** Listens at a port that systems give to nobody who asks for any: other tests do, at the same time. */
async function listenApart(): Promise<Broker> {
  for (let port = 20_000 + Deno.pid % 10_000;; port++) {
    try {
      return await Broker.listen({ port });
    } catch (error) {
      if (port > 32_000) throw error;
    }
  }
}

Deno.test("Broker.listen gives its ports back, also where the second is taken", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const first = await listenApart();
  const port = Number(new URL(first.url).port);
  await first.close();
  await assertRejects(
    () => Broker.listen({ port, websocketPort: other.addr.port }),
    Error,
    `Cannot listen on 127.0.0.1:${other.addr.port}: the port is in use`,
  );
  await using again = await Broker.listen({ port });
  assertEquals(new URL(again.url).port, `${port}`);
});

Deno.test("Broker without ports has a url that leads nowhere", () => {
  const broker = new Broker();
  assertEquals(broker.url, "mqtt://memory.invalid");
  assertEquals(broker.websocketUrl, undefined);
});

Deno.test("Broker refuses an option that does not exist", async () => {
  const unknown = { recieveMaximum: 1, messagesMax: 1 };
  assertThrows(
    () => new Broker(unknown),
    TypeError,
    'Cannot make a broker: there is no option "recieveMaximum"',
  );
  const port = { port: 1883, messagesMax: 1 };
  assertThrows(() => new Broker(port), TypeError, '"port"');
  await assertRejects(() => Broker.listen(unknown), TypeError);
  assertThrows(() => new Broker({ receiveMaximum: 0 }), RangeError);
});

Deno.test("Broker refuses a number of messages that is none, and a WebSocket path that nobody could ask for", async () => {
  for (const messagesMax of [-1, NaN]) {
    assertThrows(
      () => new Broker({ messagesMax }),
      RangeError,
      `Cannot make a broker: messagesMax must be 0 or more, not ${messagesMax}`,
    );
  }
  for (const websocketPath of ["mqtt", "/a b", ""]) {
    await assertRejects(
      () => Broker.listen({ websocketPort: 0, websocketPath }),
      TypeError,
      'The path of a WebSocket must begin with "/"',
    );
  }
});
