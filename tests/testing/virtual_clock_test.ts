// The clock that tests make pass: in which order timers ring, what is done between them, and a whole application with
// its client in virtual time.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { AbortedError, connect } from "../../mod.ts";
import { Broker, VirtualClock } from "../../testing.ts";

const HOUR_MS = 3_600_000;

Deno.test("VirtualClock stands still until it is advanced", async () => {
  const clock = new VirtualClock();
  const before = clock.now();
  await new Promise((resolve) => setImmediate(resolve));
  assertEquals(clock.now(), before);
  await clock.advance(1_234.5);
  assertEquals(clock.now(), before + 1_234.5);
  assertEquals(clock.wallNow(), clock.now());
});

Deno.test("VirtualClock rings timers in order, and those of the same time as they were set", async () => {
  const clock = new VirtualClock();
  const start = clock.now();
  const rung: [string, number][] = [];
  const ring = (name: string) => () => rung.push([name, clock.now() - start]);
  clock.schedule(ring("late"), 30);
  clock.schedule(ring("first of two"), 20);
  clock.schedule(ring("second of two"), 20);
  clock.schedule(ring("at once"), -5);
  clock.schedule(ring("taken back"), 10)();
  clock.schedule(ring("too late"), 31);
  await clock.advance(30);
  assertEquals(rung, [
    ["at once", 0],
    ["first of two", 20],
    ["second of two", 20],
    ["late", 30],
  ]);
  assertEquals(clock.timers, 1);
});

Deno.test("VirtualClock lets a program that a timer sets going run before the next timer", async () => {
  const clock = new VirtualClock();
  const done: string[] = [];
  const program = async () => {
    for (let i = 0; i < 100; i++) await undefined;
    for (let turn = 0; turn < 50; turn++) {
      await new Promise<void>((resolve) => clock.afterTurn(resolve));
    }
    done.push("the program");
  };
  clock.schedule(() => void program(), 5);
  clock.schedule(() => done.push("the next timer"), 6);
  await clock.advance(6);
  assertEquals(done, ["the program", "the next timer"]);
});

Deno.test("VirtualClock rings a timer that a timer has set, where it is due by then", async () => {
  const clock = new VirtualClock();
  const start = clock.now();
  const rung: number[] = [];
  const again = () => {
    rung.push(clock.now() - start);
    clock.schedule(again, 10);
  };
  clock.schedule(again, 10);
  await clock.advance(35);
  assertEquals(rung, [10, 20, 30]);
});

Deno.test("VirtualClock advance goes on where another one ends", async () => {
  const clock = new VirtualClock();
  const start = clock.now();
  const times: number[] = [];
  await Promise.all([
    clock.advance(10).then(() => times.push(clock.now() - start)),
    clock.advance(5).then(() => times.push(clock.now() - start)),
  ]);
  assertEquals(times, [10, 15]);
});

Deno.test("VirtualClock sleep resolves when its time has passed", async () => {
  const clock = new VirtualClock();
  const woken: number[] = [];
  const program = (async () => {
    for (let minute = 1; minute <= 3; minute++) {
      await clock.sleep(60_000);
      woken.push(minute);
    }
  })();
  await clock.advance(120_000);
  assertEquals(woken, [1, 2]);
  await clock.until(program);
  assertEquals(woken, [1, 2, 3]);
});

Deno.test("VirtualClock until lets no more time pass than it takes, and gives what came of it", async () => {
  const clock = new VirtualClock();
  const start = clock.now();
  let rung = false;
  clock.schedule(() => rung = true, 1_001);
  const value = await clock.until(clock.sleep(1_000).then(() => "tea"));
  assertEquals([value, clock.now() - start, rung], ["tea", 1_000, false]);
  await assertRejects(
    () => clock.until(clock.sleep(1).then(() => Promise.reject(Error("no")))),
    Error,
    "no",
  );
  assertEquals(await clock.until(Promise.resolve("at once")), "at once");
  assertEquals(clock.now() - start, 1_001);
});

Deno.test("VirtualClock until gives up when its time has passed", async () => {
  const clock = new VirtualClock();
  const start = clock.now();
  const never = new Promise<void>(() => {});
  await assertRejects(() => clock.until(never), AbortedError, "3600000 ms");
  assertEquals(clock.now() - start, HOUR_MS);
  await assertRejects(() => clock.until(never, { withinMs: 5 }), AbortedError);
  assertEquals(clock.now() - start, HOUR_MS + 5);
});

Deno.test("VirtualClock refuses what is no time", async () => {
  const clock = new VirtualClock();
  for (const ms of [-1, NaN, Infinity]) {
    await assertRejects(() => clock.advance(ms), RangeError);
    await assertRejects(
      () => clock.until(Promise.resolve(), { withinMs: ms }),
      RangeError,
    );
  }
});

Deno.test("VirtualClock suspend moves the wall clock alone", () => {
  const clock = new VirtualClock();
  const before = clock.now();
  clock.suspend(5_000);
  assertEquals([clock.now(), clock.wallNow()], [before, before + 5_000]);
});

Deno.test({
  name: "VirtualClock keeps a client alive for a hundred hours, in no time",
  permissions: "none",
  async fn() {
    const clock = new VirtualClock();
    const lines: string[] = [];
    await using broker = new Broker({ clock });
    await using client = await broker.connect({
      keepAlive: 3_600,
      debug: (line) => lines.push(line),
    });
    await clock.advance(100 * HOUR_MS);
    assertEquals(client.connected, true);
    assertEquals(
      lines.filter((line) => /PINGRESP/.test(line)).length,
      100,
    );
  },
});

Deno.test("VirtualClock brings a client back after its backoff, where its random number says", async () => {
  const clock = new VirtualClock();
  const start = clock.now();
  await using broker = new Broker({ clock });
  await using client = await broker.connect({
    clientId: "lamp",
    random: () => 1,
    reconnect: { initialMs: 1_000, maxMs: 60_000 },
  });
  const changes: [string, number][] = [];
  const watching = (async () => {
    for await (const { type } of client.status()) {
      changes.push([type, clock.now() - start]);
    }
  })();
  broker.faults.refuseWires(2_500);
  broker.faults.cut("lamp");
  await clock.advance(10_000);
  assertEquals(client.connected, true);
  // Tries after 1 and 2 s: the first finds no wires.
  assertEquals(changes, [
    ["lost", 0],
    ["connecting", 1_000],
    ["retry-failed", 1_000],
    ["connecting", 3_000],
    ["back", 3_000],
  ]);
  await client.disconnect();
  await watching;
});

Deno.test("VirtualClock lets messages, wills and sessions expire", async () => {
  const clock = new VirtualClock();
  await using broker = new Broker({ clock });
  const client = await broker.connect({
    clientId: "lamp",
    cleanStart: false,
    protocolVersion: 5,
    reconnect: false,
    properties: { sessionExpiryInterval: 3_600 },
    will: { topic: "will", properties: { willDelayInterval: 60 } },
  });
  await client.subscribe("lamp/set", { qos: 1 });
  client.close();
  await clock.advance(0);
  broker.publish("lamp/set", "on", {
    qos: 1,
    properties: { messageExpiryInterval: 120 },
  });
  assertEquals(broker.clients[0]?.queued, 1);
  await clock.advance(60_000);
  assertEquals(broker.messages.map(({ topic }) => topic), ["lamp/set", "will"]);
  await clock.advance(60_000);
  await using back = await broker.connect({
    clientId: "lamp",
    cleanStart: false,
    protocolVersion: 5,
    properties: { sessionExpiryInterval: 3_600 },
  });
  assertEquals(back.connection.sessionPresent, true);
  assertEquals(broker.stats.messagesDropped.expired, 1);
  back.close();
  await clock.advance(HOUR_MS);
  assertEquals(broker.clients, []);
});

Deno.test("VirtualClock holds no timer of a client and a broker that have ended", async () => {
  const clock = new VirtualClock();
  {
    await using broker = new Broker({ clock });
    await using client = await connect(broker.url, {
      transport: broker.transport,
      clock,
    });
    await client.publish("a", "x", { qos: 2 });
    assert(clock.timers > 0);
  }
  await clock.advance(0);
  assertEquals(clock.timers, 0);
});
