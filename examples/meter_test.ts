// The meter, tested in virtual time: hours with cuts, silent wires and a broker that is away pass in milliseconds, and
// `deno test examples/` needs no permission for it.

import { assertEquals, assertRejects } from "@std/assert";
import { type Client, ConnectionLostError, ReasonCode } from "../mod.ts";
import { Broker, VirtualClock } from "../testing.ts";
import { type Reading, runMeter } from "./meter.ts";

const MINUTE_MS = 60_000;

/** A meter at work, and the numbers of the readings that the broker has, in the order in which they came. */
async function startMeter(clock: VirtualClock, broker: Broker): Promise<{
  readonly client: Client;
  readonly running: Promise<void>;
  readonly numbers: () => number[];
}> {
  const client = await broker.connect({ clientId: "meter", keepAlive: 30 });
  const running = runMeter(client, {
    read: () => 42,
    sleep: (ms) => clock.sleep(ms),
  });
  const numbers = () =>
    broker.messages.map((message) => message.json<Reading>().number);
  return { client, running, numbers };
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

Deno.test("an hour has sixty readings", async () => {
  const clock = new VirtualClock();
  await using broker = new Broker({ clock });
  const { client, running, numbers } = await startMeter(clock, broker);
  await clock.advance(60 * MINUTE_MS - 1);
  assertEquals(numbers(), upTo(60));
  await client.disconnect();
  await running;
});

Deno.test("a reading whose acknowledgement is cut off comes twice, and none is lost", async () => {
  const clock = new VirtualClock();
  await using broker = new Broker({ clock });
  broker.faults.next({ cut: { from: "broker", before: "puback", nth: 3 } });
  const { client, running, numbers } = await startMeter(clock, broker);
  await clock.advance(10 * MINUTE_MS - 1);
  assertEquals(numbers(), [1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10]);
  await client.disconnect();
  await running;
});

Deno.test("the readings of a night without a broker come in the morning, in order", async () => {
  const clock = new VirtualClock();
  await using broker = new Broker({ clock });
  const { client, running, numbers } = await startMeter(clock, broker);
  await clock.advance(0);
  broker.restart({ sessions: "lost", downMs: 8 * 60 * MINUTE_MS });
  await clock.advance(8 * 60 * MINUTE_MS - 1);
  assertEquals(numbers(), [1]);
  await clock.advance(5 * MINUTE_MS);
  assertEquals(numbers(), upTo(8 * 60 + 5));
  await client.disconnect();
  await running;
});

Deno.test("a wire that has gone silent is found out", async () => {
  const clock = new VirtualClock();
  await using broker = new Broker({ clock });
  const { client, running, numbers } = await startMeter(clock, broker);
  await clock.advance(0);
  broker.faults.silence("meter");
  await clock.advance(10 * MINUTE_MS - 1);
  assertEquals(numbers(), upTo(10));
  await client.disconnect();
  await running;
});

Deno.test("a meter whose place another one takes ends with the reason", async () => {
  const clock = new VirtualClock();
  await using broker = new Broker({ clock });
  const { running } = await startMeter(clock, broker);
  const ending = assertRejects(() => running, ConnectionLostError);
  await using _other = await broker.connect({ clientId: "meter" });
  const error = await ending;
  assertEquals(error.reasonCode, ReasonCode.sessionTakenOver);
});
