import { assertEquals, assertRejects } from "@std/assert";
import { GroupSync } from "../../src/store/group_sync.ts";
import { turn } from "./log_bench.ts";

/** Syncs that end when they are told to. */
class Syncs {
  readonly running: PromiseWithResolvers<void>[] = [];
  readonly group = new GroupSync(() => {
    const sync = Promise.withResolvers<void>();
    this.running.push(sync);
    return sync.promise;
  });

  get begun(): number {
    return this.running.length;
  }

  /** Asks for a sync; what is returned says whether it has resolved. */
  request(): () => boolean {
    let isDone = false;
    this.group.request().then(() => isDone = true);
    return () => isDone;
  }

  async end(number: number): Promise<void> {
    this.running[number]?.resolve();
    await turn();
  }
}

Deno.test("GroupSync has those that come during a sync share the next one", async () => {
  const syncs = new Syncs();
  const first = syncs.request();
  const others = [syncs.request(), syncs.request(), syncs.request()];
  assertEquals(syncs.begun, 1);
  await syncs.end(0);
  assertEquals(first(), true);
  assertEquals(others.map((isDone) => isDone()), [false, false, false]);
  assertEquals(syncs.begun, 2);
  const last = syncs.request();
  await syncs.end(1);
  assertEquals(others.map((isDone) => isDone()), [true, true, true]);
  assertEquals(last(), false);
  await syncs.end(2);
  assertEquals(last(), true);
  assertEquals(syncs.begun, 3);
});

Deno.test("GroupSync syncs each time where nothing is under way", async () => {
  const syncs = new Syncs();
  for (const number of [0, 1, 2]) {
    const isDone = syncs.request();
    assertEquals(syncs.begun, number + 1);
    await syncs.end(number);
    assertEquals(isDone(), true);
  }
});

Deno.test("GroupSync.idle() waits for the sync under way and for the next", async () => {
  const syncs = new Syncs();
  await syncs.group.idle();
  syncs.request();
  syncs.request();
  let isIdle = false;
  const idle = syncs.group.idle().then(() => isIdle = true);
  await syncs.end(0);
  assertEquals(isIdle, false);
  await syncs.end(1);
  await idle;
  assertEquals(isIdle, true);
});

Deno.test("GroupSync rejects for all who wait where a sync fails, and is idle then", async () => {
  const syncs = new Syncs();
  const waiting = [syncs.group.request(), syncs.group.request()];
  syncs.running[0]?.reject(new Error("EIO"));
  for (const request of waiting) {
    await assertRejects(() => request, Error, "EIO");
  }
  await syncs.group.idle();
});
