// What goes wrong as a test says: on wires in memory and on ports, and in the broker's answers.

import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  type Client,
  connect,
  ConnectError,
  ConnectionLostError,
  type ConnectOptions,
  PublishError,
  ReasonCode,
  SubscribeError,
} from "../../mod.ts";
import { Broker, VirtualClock, type WireFaults } from "../../testing.ts";
import { isPending, settled } from "../client/clock.ts";
import { take } from "../support/take.ts";

/** Comes back at once. */
const AT_ONCE = { initialMs: 1, maxMs: 1 } as const;

interface Stage extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly broker: Broker;
  /** A client that names each packet it sends and receives. */
  connect(options?: ConnectOptions): Promise<Client>;
  readonly lines: string[];
}

/** A broker in virtual time. */
function makeStage(): Stage {
  const clock = new VirtualClock();
  const broker = new Broker({ clock });
  const lines: string[] = [];
  return {
    clock,
    broker,
    lines,
    connect: (options) =>
      clock.until(broker.connect({
        clientId: "lamp",
        protocolVersion: 5,
        random: () => 1,
        reconnect: AT_ONCE,
        debug: (line) => lines.push(line),
        ...options,
      })),
    [Symbol.asyncDispose]: () => broker.close(),
  };
}

function sent(lines: readonly string[], packet: string): string[] {
  return lines.filter((line) => line.includes(packet));
}

Deno.test("Faults cut before a PUBACK has the client send its message again", async () => {
  await using stage = makeStage();
  const { broker, clock, lines } = stage;
  broker.faults.next({ cut: { from: "broker", before: "puback" } });
  await using client = await stage.connect();
  await clock.until(client.publish("a", "x", { qos: 1 }));
  assertEquals(broker.messages.map((message) => message.text()), ["x", "x"]);
  assertEquals(sent(lines, "PUBLISH").length, 2);
  assertEquals(sent(lines, "PUBACK").length, 1);
});

Deno.test("Faults cut behind a PUBREC has QoS 2 arrive once all the same", async () => {
  await using stage = makeStage();
  const { broker, clock, lines } = stage;
  broker.faults.next({ cut: { from: "broker", after: "pubrec", how: "fin" } });
  await using client = await stage.connect();
  await clock.until(client.publish("a", "x", { qos: 2 }));
  assertEquals(broker.messages.length, 1);
  assertEquals(sent(lines, "PUBREC").length, 1);
  assertEquals(sent(lines, "CONNACK").length, 2);
});

Deno.test("Faults cut after so many bytes of a CONNECT, wherever that is", async () => {
  await using stage = makeStage();
  const { broker, clock } = stage;
  for (const afterBytes of [0, 1, 2, 11, 20]) {
    for (const how of ["fin", "reset"] as const) {
      broker.faults.next({ cut: { from: "client", afterBytes, how } });
      await assertRejects(
        () => clock.until(broker.connect({ protocolVersion: 5 })),
        ConnectError,
      );
    }
  }
  await clock.advance(0);
  assertEquals(broker.stats.connections, 0);
});

Deno.test("Faults cut by fin lets arrive what was sent, by reset does not", async () => {
  for (const how of ["fin", "reset"] as const) {
    await using stage = makeStage();
    const { broker, clock } = stage;
    // The second message is behind the cut, the first before it.
    broker.faults.next({
      delayMs: { broker: 100 },
      cut: { from: "broker", after: "publish", how },
    });
    const client = await stage.connect({ reconnect: false });
    const subscribing = client.subscribe("a");
    await clock.advance(100);
    const messages = await subscribing;
    broker.publish("a", "first");
    broker.publish("a", "second");
    const got: string[] = [];
    const reading = (async () => {
      for await (const message of messages) got.push(message.text());
    })();
    reading.catch(() => {});
    await clock.advance(100);
    assertEquals(got, how === "fin" ? ["first"] : []);
    assert(await client.closed instanceof ConnectionLostError);
    await clock.advance(0);
    assertEquals(
      broker.clients.length === 0 || !broker.clients[0]?.isConnected,
      true,
    );
  }
});

Deno.test("Faults cut ends the wire that a client has, and says whether there was one", async () => {
  for (const how of ["fin", "reset", undefined] as const) {
    await using stage = makeStage();
    const { broker } = stage;
    const client = await stage.connect({ reconnect: false });
    assertEquals(broker.faults.cut("nobody"), false);
    assertEquals(broker.faults.cut("lamp", how), true);
    assertEquals(broker.faults.cut("lamp", how), false);
    assert(await client.closed instanceof ConnectionLostError);
    await broker.waitFor(() => broker.stats.connections === 0);
  }
});

Deno.test("Faults silence keeps the wire open, and says nothing: keep alive finds it out", async () => {
  await using stage = makeStage();
  const { broker, clock } = stage;
  await using client = await stage.connect({ keepAlive: 60 });
  const start = clock.now();
  assertEquals(broker.faults.silence("lamp"), true);
  const publishing = client.publish("a", "x", { qos: 1 });
  await clock.advance(30_000);
  assertEquals([client.connected, broker.messages.length], [true, 0]);
  assertEquals(broker.clients[0]?.isConnected, true);
  // The same client comes back over another wire, while the broker still has the old one.
  await clock.until(publishing);
  assertEquals(broker.messages.length, 1);
  assertGreaterOrEqual(clock.now() - start, 60_000);
  assertEquals(broker.stats.connections, 1);
});

Deno.test("Faults silence lets the broker not hear of the end of the wire: its keep alive finds it out", async () => {
  await using stage = makeStage();
  const { broker, clock } = stage;
  const client = await stage.connect({
    keepAlive: 60,
    will: { topic: "will", payload: "gone" },
  });
  broker.faults.silence("lamp");
  client.close();
  await clock.advance(89_999);
  assertEquals([broker.stats.connections, broker.messages.length], [1, 0]);
  // The broker lets a silent wire go a second after it has said why.
  await clock.advance(1_001);
  assertEquals([broker.stats.connections, broker.messages.length], [0, 1]);
});

Deno.test("Faults silence at a place lets through what comes before it", async () => {
  await using stage = makeStage();
  const { broker, clock } = stage;
  broker.faults.next({ silence: { from: "client", after: "publish" } });
  await using client = await stage.connect({ keepAlive: 10 });
  const publishing = client.publish("a", "x", { qos: 1 });
  await clock.advance(1_000);
  assertEquals(broker.messages.length, 1);
  assert(await isPending(publishing));
  await clock.until(publishing);
  assertEquals(broker.messages.length, 2);
});

Deno.test("Faults drop loses the acknowledgement that is chosen, and nothing else", async () => {
  for (const packet of ["puback", "pubrec", "pubcomp"] as const) {
    await using stage = makeStage();
    const { broker, clock } = stage;
    broker.faults.next({ drop: { from: "broker", packet, nth: 2 } });
    await using client = await stage.connect();
    const qos = packet === "puback" ? 1 : 2;
    const publishing = ["1", "2", "3"].map((payload) =>
      client.publish("a", payload, { qos })
    );
    await clock.advance(0);
    const pending = await Promise.all(publishing.map(isPending));
    assertEquals(pending, [false, true, false]);
    broker.faults.cut("lamp");
    await clock.until(Promise.all(publishing));
  }
});

Deno.test("Faults drop of a SUBACK leaves subscribe() waiting until the next connection", async () => {
  await using stage = makeStage();
  const { broker, clock } = stage;
  broker.faults.next({ drop: [{ from: "broker", packet: "suback" }] });
  await using client = await stage.connect();
  const subscribing = client.subscribe("a");
  await clock.advance(1_000);
  assertEquals(broker.stats.subscriptions, 1);
  assert(await isPending(subscribing));
  broker.faults.cut("lamp");
  const messages = await clock.until(subscribing);
  broker.publish("a", "x");
  const [message] = await take(messages, 1);
  assertEquals(message?.text(), "x");
});

Deno.test("Faults delayMs has bytes take their time, each way", async () => {
  await using stage = makeStage();
  const { broker, clock } = stage;
  const start = clock.now();
  broker.faults.every({ delayMs: { client: 30, broker: 70 } });
  const client = await stage.connect();
  assertEquals(clock.now() - start, 100);
  const publishing = client.publish("a", "x", { qos: 1 });
  await clock.advance(29);
  assertEquals(broker.messages.length, 0);
  await clock.advance(1);
  assertEquals(broker.messages.length, 1);
  await clock.advance(69);
  assert(await isPending(publishing));
  await clock.advance(1);
  await publishing;
  broker.faults.inflict("lamp", { delayMs: 5 });
  await clock.until(client.publish("a", "x", { qos: 1 }));
  assertEquals(clock.now() - start, 210);
  await clock.until(client.disconnect());
});

Deno.test("Faults delayMs keeps order, and holds up what is sent meanwhile by no more", async () => {
  await using stage = makeStage();
  const { broker, clock } = stage;
  broker.faults.next({ delayMs: { client: 100 } });
  const client = await stage.connect();
  const start = clock.now();
  const arrived: [string, number][] = [];
  for (const payload of ["0", "10", "20"]) {
    void client.publish("a", payload);
    await clock.advance(10);
  }
  for (let i = 1; i <= 3; i++) {
    const messages = await clock.until(broker.seen("a", { count: i }));
    arrived.push([messages.at(-1)?.text() ?? "", clock.now() - start]);
  }
  assertEquals(arrived, [["0", 100], ["10", 110], ["20", 120]]);
  await clock.until(client.disconnect());
});

Deno.test("Faults split cuts packets to pieces, both ways", async () => {
  await using stage = makeStage();
  const { broker, clock } = stage;
  const payload = "0123456789".repeat(50);
  for (const split of [[1], [3, 1, 500], [1_000_000]]) {
    broker.faults.next({ split });
    await using client = await stage.connect();
    const messages = await clock.until(client.subscribe("a", { qos: 2 }));
    await clock.until(client.publish("a", payload, { qos: 2 }));
    const [message] = await clock.until(take(messages, 1));
    assertEquals(message?.text(), payload);
    await clock.until(client.disconnect());
  }
});

Deno.test("Faults next are for one wire each, in order, and every() for the others", async () => {
  await using stage = makeStage();
  const { broker, clock } = stage;
  const cut = { from: "client", afterBytes: 0 } as const;
  broker.faults.every({ cut });
  broker.faults.next({}, { delayMs: 50 });
  await using one = await stage.connect({ clientId: "one" });
  assertEquals(one.connected, true);
  const before = clock.now();
  const two = await stage.connect({ clientId: "two" });
  assertEquals([two.connected, clock.now() - before], [true, 100]);
  await clock.until(two.disconnect());
  await assertRejects(() => stage.connect({ clientId: "three" }), ConnectError);
  broker.faults.next({ cut });
  broker.faults.clear();
  await using four = await stage.connect({ clientId: "four" });
  assertEquals(four.connected, true);
});

Deno.test("Faults inflict changes a wire that has been at work, and heals it", async () => {
  await using stage = makeStage();
  const { broker, clock } = stage;
  await using client = await stage.connect();
  await client.publish("a", "1", { qos: 1 });
  assertEquals(broker.faults.inflict("nobody", {}), false);
  const drop = { from: "broker", packet: "puback" } as const;
  assertEquals(broker.faults.inflict("lamp", { drop }), true);
  const lost = client.publish("a", "2", { qos: 1 });
  await client.publish("a", "3", { qos: 1 });
  assertEquals(broker.faults.inflict("lamp", {}), true);
  await client.publish("a", "4", { qos: 1 });
  assert(await isPending(lost));
  broker.faults.silence("lamp");
  assertEquals(broker.faults.inflict("lamp", {}), false);
  assertEquals(broker.faults.cut("lamp"), false);
  await clock.until(lost);
});

Deno.test("Faults are for the wire that a client has now, also where another one goes later", async () => {
  await using stage = makeStage();
  const { broker, clock } = stage;
  const former = await stage.connect({ reconnect: false });
  broker.faults.silence("lamp");
  await using client = await stage.connect();
  former.close();
  await clock.advance(2_000);
  assertEquals(broker.stats.connections, 1);
  assertEquals(broker.faults.cut("lamp"), true);
  await clock.until(client.publish("a", "x", { qos: 1 }));
});

Deno.test("Faults refuse answers CONNECT with the reason, as often as it is told", async () => {
  await using stage = makeStage();
  const { broker } = stage;
  const { faults } = broker;
  faults.refuse("connect", ReasonCode.serverUnavailable, { times: 2 });
  faults.refuse("connect", ReasonCode.banned, { clientId: "other" });
  for (const protocolVersion of [5, 4] as const) {
    const error = await assertRejects(
      () => stage.connect({ protocolVersion }),
      ConnectError,
    );
    assertEquals(error.reasonCode, protocolVersion === 5 ? 0x88 : 3);
  }
  await using _client = await stage.connect();
  const error = await assertRejects(
    () => stage.connect({ clientId: "other" }),
    ConnectError,
  );
  assertEquals(error.reasonCode, 0x8a);
});

Deno.test("Faults refuse answers SUBSCRIBE and PUBLISH with the reason, before the hooks", async () => {
  const asked: string[] = [];
  await using broker = new Broker({
    authorize: ({ topic }) => {
      asked.push(topic);
      return true;
    },
  });
  await using client = await broker.connect({ protocolVersion: 5 });
  const { faults } = broker;
  faults.refuse("subscribe", ReasonCode.quotaExceeded, { topic: "b" });
  const subscribing = await assertRejects(
    () => client.subscribe(["a", "b"]),
    SubscribeError,
  );
  assertEquals(subscribing.reasonCodes, [0, 0x97]);
  await client.subscribe("b");
  for (const qos of [1, 2] as const) {
    faults.refuse("publish", ReasonCode.notAuthorized);
    const publishing = await assertRejects(
      () => client.publish("c", "", { qos }),
      PublishError,
    );
    assertEquals(publishing.reasonCode, 0x87);
    await client.publish("d", "", { qos });
  }
  assertEquals(asked, ["a", "b", "d", "d"]);
  assertEquals(broker.messages.map(({ topic }) => topic), ["d", "d"]);
});

Deno.test("Faults refuse without hooks asks for nothing once it has refused, and spares wills and QoS 0", async () => {
  await using stage = makeStage();
  const { broker } = stage;
  broker.faults.refuse("publish", ReasonCode.notAuthorized);
  await using client = await stage.connect({
    will: { topic: "will", payload: "gone" },
  });
  await client.publish("a", "nobody would be told", { qos: 0 });
  await assertRejects(() => client.publish("a", "", { qos: 1 }), PublishError);
  assertEquals(broker.messages.length, 1);
  await client.publish("a", "", { qos: 1 });
  broker.faults.refuse("publish", ReasonCode.notAuthorized);
  broker.faults.clear();
  await client.publish("a", "", { qos: 1 });
});

Deno.test("Faults refuseWires lets nobody in for a time, or until it is cleared", async () => {
  await using stage = makeStage();
  const { broker, clock } = stage;
  broker.faults.refuseWires(1_000);
  const error = await assertRejects(() => stage.connect(), ConnectError);
  assert(error.cause instanceof Deno.errors.ConnectionRefused);
  await clock.advance(1_000);
  await using _one = await stage.connect();
  broker.faults.refuseWires();
  await clock.advance(3_600_000);
  await assertRejects(() => stage.connect({ clientId: "two" }), ConnectError);
  broker.faults.clear();
  await using _two = await stage.connect({ clientId: "two" });
});

Deno.test("Faults refuses what means nothing", async () => {
  await using broker = new Broker();
  const { faults } = broker;
  const from = "client";
  // What a program without types could say.
  const nonsense = (value: unknown) => value as WireFaults;
  for (
    const wrong of [
      { cutt: {} },
      { cut: { from: "server", afterBytes: 1 } },
      { cut: { from, before: "pubakk" } },
      { cut: { from, before: "" } },
      { cut: { from, before: "puback", how: "rst" } },
      { drop: { from, packet: "ack" } },
    ]
  ) {
    assertThrows(() => faults.next(nonsense(wrong)), TypeError, "a fault");
    assertThrows(() => faults.inflict("a", nonsense(wrong)), TypeError);
  }
  for (
    const wrong of [
      { cut: { from, afterBytes: -1 } },
      { cut: { from, before: "puback", nth: 0 } },
      { silence: { from, after: "puback", nth: 1.5 } },
      { split: [1, 0] },
      { delayMs: -1 },
      { delayMs: { client: Infinity } },
    ]
  ) assertThrows(() => faults.every(nonsense(wrong)), RangeError);
  assertThrows(() => faults.refuse("connect", 0), RangeError, "CONNACK");
  assertThrows(() => faults.refuse("subscribe", 0x8a), RangeError, "SUBACK");
  assertThrows(() => faults.refuse("publish", 0x87, { times: 0 }), RangeError);
  assertThrows(() => faults.refuseWires(-1), RangeError);
});

Deno.test("Faults hold up no broker that is closed", async () => {
  for (
    const faults of [
      { delayMs: 3_600_000 },
      { silence: { from: "broker", after: "connack" } },
    ] as const
  ) {
    const clock = new VirtualClock();
    const broker = new Broker({ clock });
    const client = await broker.connect({ clientId: "lamp", reconnect: false });
    broker.faults.inflict("lamp", faults);
    void client.publish("a", "x", { qos: 1 }).catch(() => {});
    await settled();
    await broker.close();
    assert(await client.closed instanceof ConnectionLostError);
    await clock.advance(0);
    assertEquals(clock.timers, 0);
  }
});

for (const kind of ["TCP", "WebSocket"] as const) {
  Deno.test(`Faults work on ports: ${kind}`, async () => {
    await using broker = await Broker.listen({ websocketPort: 0 });
    const url = kind === "TCP" ? broker.url : broker.websocketUrl ?? "";
    const payload = "0123456789".repeat(10);
    broker.faults.next(
      { cut: { from: "broker", before: "puback" } },
      { split: [1], cut: { from: "broker", before: "pubcomp", how: "fin" } },
      { delayMs: 5 },
    );
    const client = await connect(url, {
      clientId: "lamp",
      reconnect: AT_ONCE,
      protocolVersion: 5,
    });
    await client.publish("a", payload, { qos: 1 });
    await client.publish("b", payload, { qos: 2 });
    assertEquals(broker.messages.map(({ topic }) => topic), ["a", "a", "b"]);
    broker.faults.silence("lamp");
    const publishing = client.publish("c", payload, { qos: 1 });
    publishing.catch(() => {});
    await using other = await connect(url, { clientId: "other" });
    await other.publish("d", payload, { qos: 1 });
    assertEquals(broker.messages.at(-1)?.topic, "d");
    client.close();
    await assertRejects(() => publishing);
    assertEquals(broker.clients.map(({ isConnected }) => isConnected), [
      true,
      true,
    ]);
    broker.faults.refuseWires();
    await assertRejects(
      () => connect(url, { protocolVersion: 5 }),
      ConnectError,
    );
    broker.faults.clear();
  });
}
