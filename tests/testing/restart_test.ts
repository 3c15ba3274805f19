// A broker that is killed and started again, and what a test waits for meanwhile.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AbortedError, connect, type ConnectOptions } from "../../mod.ts";
import { Broker, type BrokerEvent, VirtualClock } from "../../testing.ts";
import { take } from "../support/take.ts";

const LAMP: ConnectOptions = {
  clientId: "lamp",
  protocolVersion: 5,
  cleanStart: false,
  properties: { sessionExpiryInterval: 3_600 },
  reconnect: { initialMs: 1_000 },
  random: () => 1,
};

Deno.test("Broker restart with the sessions kept: a client goes on where it was", async () => {
  const clock = new VirtualClock();
  await using broker = new Broker({ clock });
  await using client = await broker.connect(LAMP);
  const messages = await client.subscribe("a", { qos: 1 });
  broker.publish("kept", "retained", { retain: true });
  broker.restart();
  assertEquals(
    broker.clients.map(({ isConnected, topicFilters }) => [
      isConnected,
      topicFilters,
    ]),
    [[false, ["a"]]],
  );
  broker.publish("a", "while it is away", { qos: 1 });
  const [message] = await clock.until(take(messages, 1));
  assertEquals(message?.text(), "while it is away");
  assertEquals(client.connection.sessionPresent, true);
  assertEquals(broker.stats.retainedMessages, 1);
});

Deno.test("Broker restart with the sessions lost: all is gone, and a client asks for its filters again", async () => {
  const clock = new VirtualClock();
  const events: BrokerEvent[] = [];
  await using broker = new Broker({
    clock,
    onEvent: (event) => events.push(event),
  });
  await using client = await broker.connect({
    ...LAMP,
    will: { topic: "will", payload: "gone" },
  });
  const messages = await client.subscribe("a", { qos: 1 });
  broker.publish("kept", "retained", { retain: true });
  broker.restart({ sessions: "lost" });
  assertEquals([broker.clients, broker.stats.retainedMessages], [[], 0]);
  await clock.until(broker.waitFor(() => broker.stats.subscriptions === 1));
  broker.publish("a", "x", { qos: 1 });
  const [message] = await clock.until(take(messages, 1));
  assertEquals(message?.text(), "x");
  assertEquals(client.connection.sessionPresent, false);
  // Who forgets everything says nothing of it either.
  assertEquals(broker.messages.map(({ topic }) => topic), ["kept", "a"]);
  assertEquals(events.filter(({ type }) => type === "connected").length, 2);
});

Deno.test("Broker restart takes as long as it is told", async () => {
  const clock = new VirtualClock();
  await using broker = new Broker({ clock });
  await using client = await broker.connect(LAMP);
  const start = clock.now();
  broker.restart({ downMs: 10_000 });
  await clock.advance(0);
  assertEquals(client.connected, false);
  await clock.until(
    broker.waitFor(() => broker.clients.some(({ isConnected }) => isConnected)),
  );
  // Tries after 1, 2, 4 and 8 s.
  assertEquals(clock.now() - start, 15_000);
});

Deno.test("Broker restart breaks silent wires as well, and leaves no timer behind", async () => {
  for (const sessions of ["kept", "lost"] as const) {
    const clock = new VirtualClock();
    const broker = new Broker({ clock });
    const client = await broker.connect({
      ...LAMP,
      properties: { sessionExpiryInterval: 0 },
    });
    broker.faults.silence("lamp");
    broker.restart({ sessions });
    assertEquals(broker.stats.connections, 0);
    client.close();
    await clock.advance(0);
    assertEquals(clock.timers, 0);
    await broker.close();
  }
});

Deno.test("Broker restart says nothing to anybody, but to those who wait for it", async () => {
  const clock = new VirtualClock();
  await using broker = new Broker({ clock });
  const client = await broker.connect({ ...LAMP, reconnect: false });
  const forgotten = broker.waitFor(() => broker.clients.length === 0);
  broker.restart({ sessions: "lost" });
  await forgotten;
  const error = await client.closed;
  assert(error?.cause instanceof Deno.errors.ConnectionReset);
});

Deno.test("Broker restart keeps the ports, and what is asked of a hook meanwhile is no matter", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<boolean>();
  await using broker = await Broker.listen({
    authorize: () => {
      asked.resolve();
      return answer.promise;
    },
  });
  const { url } = broker;
  await using client = await connect(url, {
    ...LAMP,
    reconnect: { initialMs: 1 },
  });
  const subscribing = client.subscribe("a");
  await asked.promise;
  broker.restart({ sessions: "lost" });
  answer.resolve(true);
  await subscribing;
  assertEquals(broker.url, url);
  assertEquals(broker.clients[0]?.topicFilters, ["a"]);
});

Deno.test("Broker restart refuses what it does not know", async () => {
  await using broker = new Broker();
  const sessions = "some" as "kept";
  assertThrows(() => broker.restart({ sessions }), TypeError, '"kept"');
  assertThrows(() => broker.restart({ downMs: -1 }), RangeError);
});

Deno.test("Broker waitFor resolves at once, or when it has come to that", async () => {
  await using broker = new Broker();
  await broker.waitFor(() => true);
  const subscribed = broker.waitFor(() =>
    broker.clients.some(({ topicFilters }) => topicFilters.includes("a/+"))
  );
  await using client = await broker.connect();
  await client.subscribe("a/+");
  await subscribed;
  const gone = broker.waitFor(() => broker.clients.length === 0);
  await client.disconnect();
  await gone;
});

Deno.test("Broker waitFor sees what no event tells of: an acknowledgement, and a wire that is gone", async () => {
  await using broker = new Broker();
  const client = await broker.connect({ clientId: "lamp", reconnect: false });
  const orders = await client.subscribe("set", { qos: 1, ack: "manual" });
  broker.publish("set", "on", { qos: 1 });
  for await (const order of orders) {
    assertEquals(broker.clients[0]?.inFlight, 1);
    const answered = broker.waitFor(() => broker.clients[0]?.inFlight === 0);
    await order.ack();
    await answered;
    break;
  }
  const gone = broker.waitFor(() => broker.stats.connections === 0);
  await client.disconnect();
  await gone;
});

Deno.test("Broker waitFor rejects with what the condition throws, with its signal, and at the end", async () => {
  const broker = new Broker();
  const fault = new Error("no such lamp");
  const thrown = await assertRejects(() =>
    broker.waitFor(() => {
      throw fault;
    })
  );
  assertEquals(thrown, fault);
  const aborting = new AbortController();
  const { signal } = aborting;
  const waiting = broker.waitFor(() => false, { signal });
  aborting.abort("enough");
  const aborted = await assertRejects(() => waiting, AbortedError);
  assertEquals(aborted.cause, "enough");
  await assertRejects(
    () => broker.waitFor(() => false, { signal: AbortSignal.abort() }),
    AbortedError,
  );
  const closing = broker.waitFor(() => false);
  closing.catch(() => {});
  await broker.close();
  await assertRejects(() => closing, AbortedError, "it is closed");
  await assertRejects(() => broker.waitFor(() => false), AbortedError);
  assert(await broker.waitFor(() => true).then(() => true));
});
