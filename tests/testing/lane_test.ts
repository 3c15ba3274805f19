// Bytes that are under way: when they arrive, in which order, and in which pieces.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Lane } from "../../src/testing/lane.ts";
import { isPending, VirtualClock } from "../client/clock.ts";

async function take(lane: Lane, max = 100): Promise<string | null> {
  return (await lane.take(max))?.toHex() ?? null;
}

Deno.test("Lane brings bytes in order, no more than asked for at once, to the end", async () => {
  const lane = new Lane(new VirtualClock());
  lane.push(Uint8Array.of(1, 2, 3));
  lane.push(Uint8Array.of(4));
  assertEquals(await take(lane, 2), "0102");
  assertEquals(await take(lane, 2), "03");
  assertEquals(await take(lane), "04");
  const waiting = take(lane);
  assert(await isPending(waiting));
  lane.end();
  lane.push(Uint8Array.of(5));
  assertEquals(await waiting, null);
});

Deno.test("Lane keeps the order where bytes become faster", async () => {
  const clock = new VirtualClock();
  const lane = new Lane(clock);
  lane.set(100, []);
  lane.push(Uint8Array.of(1));
  lane.set(10, []);
  lane.push(Uint8Array.of(2));
  // The second would be here, were the first one not.
  await clock.advance(99);
  const first = take(lane);
  assert(await isPending(first));
  await clock.advance(1);
  assertEquals(await first, "01");
  assertEquals(await take(lane), "02");
  lane.push(Uint8Array.of(3));
  const third = take(lane);
  await clock.advance(10);
  assertEquals(await third, "03");
});

Deno.test("Lane that hurries holds up nothing, now or later", async () => {
  const clock = new VirtualClock();
  const lane = new Lane(clock);
  lane.set(100, []);
  lane.push(Uint8Array.of(1));
  const first = take(lane);
  assert(await isPending(first));
  lane.hurry();
  assertEquals(await first, "01");
  lane.push(Uint8Array.of(2));
  assertEquals(await take(lane), "02");
  assertEquals(clock.timers, 0);
});

Deno.test("Lane that breaks loses what is under way, and says why", async () => {
  const clock = new VirtualClock();
  const lane = new Lane(clock);
  lane.set(100, []);
  lane.push(Uint8Array.of(1));
  const first = take(lane);
  first.catch(() => {});
  assert(await isPending(first));
  lane.break(new Error("broken"));
  await assertRejects(() => first, Error, "broken");
  lane.push(Uint8Array.of(2));
  await assertRejects(() => take(lane), Error, "broken");
  assertEquals(clock.timers, 0);
});
