// The real clock: what the client takes for granted of it.

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { realClock } from "../../src/client/clock.ts";

Deno.test("realClock calls back once, not before its time", async () => {
  const before = realClock.now();
  let calls = 0;
  await new Promise<void>((resolve) =>
    realClock.schedule(() => {
      calls++;
      resolve();
    }, 20)
  );
  assertGreaterOrEqual(realClock.now() - before, 19);
  assertEquals(calls, 1);
});

Deno.test("realClock calls back for a time that is over, and one with a fraction", async () => {
  for (const ms of [-5, 0, 0.2]) {
    await new Promise<void>((resolve) => realClock.schedule(resolve, ms));
  }
});

Deno.test("realClock does not call back what was taken back", async () => {
  let calls = 0;
  realClock.schedule(() => calls++, 1)();
  await new Promise<void>((resolve) => realClock.schedule(resolve, 20));
  assertEquals(calls, 0);
});

Deno.test("realClock takes any time, and holds up no process with what was taken back", () => {
  for (const ms of [Infinity, 1e12, Number.MAX_SAFE_INTEGER]) {
    realClock.schedule(() => {}, ms)();
  }
});

Deno.test("realClock.afterTurn calls back behind all microtasks", async () => {
  let microtasks = 0;
  const atTheEnd = new Promise<number>((resolve) =>
    realClock.afterTurn(() => resolve(microtasks))
  );
  for (let i = 0; i < 100; i++) {
    await undefined;
    microtasks++;
  }
  assertEquals(await atTheEnd, 100);
});

Deno.test("realClock tells both times in milliseconds", () => {
  assert(Math.abs(realClock.wallNow() - Date.now()) < 1_000);
  assert(Math.abs(realClock.now() - performance.now()) < 1_000);
});
