// A log on a disk that is full: what is of no more use makes room, in the room that is held for that.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { StoreError } from "../../src/errors.ts";
import { Reserve } from "../../src/store/reserve.ts";
import { Disk, SystemError } from "./disk.ts";
import {
  type Contents,
  contentsOf,
  openStore,
  PATH,
  put,
  remove,
  turn,
} from "./log_bench.ts";

const LOCK = `${PATH}.lock`;

const CAPACITY = 6_000;
const RESERVE = 2_000;

const VALUE = "x".repeat(100);

function fullDisk(): Disk {
  const disk = new Disk();
  disk.capacity = CAPACITY;
  return disk;
}

for (const durability of ["flush", "sync"] as const) {
  Deno.test(`append() with ${durability} goes on and on where what is of use has room`, async () => {
    const disk = fullDisk();
    const options = { durability, reserve: RESERVE };
    const { store } = await openStore(disk, options);
    await store.append([put(1, "stays")]);
    for (let key = 2; key < 500; key++) {
      await store.append([put(key, VALUE)]);
      assertEquals(
        await contentsOf(disk.afterKill()),
        { 1: "stays", [key]: VALUE },
      );
      await store.append([remove(key)]);
    }
    await store.close();
    assertEquals(await contentsOf(disk), { 1: "stays" });
  });
}

Deno.test("append() on a disk that is full loses nothing wherever the process is killed", async () => {
  let hasEnded = false;
  for (let stopAfter = 1; !hasEnded; stopAfter++) {
    const disk = fullDisk();
    disk.stopAfter = stopAfter;
    // What is kept for certain, and what may be.
    let before: Contents = {};
    let after: Contents = {};
    try {
      const { store } = await openStore(disk, { reserve: RESERVE });
      for (let key = 1; key < 60; key++) {
        after = { [key]: VALUE };
        await store.append(
          key === 1 ? [put(1, VALUE)] : [put(key, VALUE), remove(key - 1)],
        );
        before = after;
      }
      await store.close();
      hasEnded = true;
    } catch (error) {
      const hasStopped = disk.operations === Infinity;
      if (!hasStopped) throw error;
    }
    const contents = await contentsOf(disk.afterKill());
    const both = { ...before, ...after };
    assert(
      [before, after, both].some((each) => equal(each, contents)),
      `killed after ${stopAfter} operations: ${Object.keys(contents)}`,
    );
  }
});

function equal(one: Contents, other: Contents): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

Deno.test("append() keeps the order of what comes while the log makes room", async () => {
  const disk = fullDisk();
  const { store } = await openStore(disk, { reserve: RESERVE });
  let waited = 0;
  for (let count = 0; count < 20; count++) {
    const appended = Array.from(
      { length: 10 },
      (_, number) =>
        store.append([put(1, `${count} ${number}`), put(2, VALUE)]),
    );
    waited += appended.filter((each) => each !== undefined).length;
    await Promise.all(appended);
    assertEquals(
      await contentsOf(disk.afterKill()),
      { 1: `${count} 9`, 2: VALUE },
    );
  }
  assert(waited > 20, "several had to wait behind one");
  await store.close();
});

Deno.test("append() says that the disk is full where all of it is of use, and keeps what it has taken", async () => {
  const disk = fullDisk();
  const { store } = await openStore(disk, { reserve: RESERVE });
  const taken: Record<number, string> = {};
  const fill = () => {
    for (let key = 1;; key++) {
      void store.append([put(key, VALUE)]);
      taken[key] = VALUE;
    }
  };
  assertEquals(assertThrows(fill, StoreError).fault, "full");
  assert(Object.keys(taken).length > 20);
  assertEquals(await contentsOf(disk.afterKill()), taken);
  disk.capacity = Infinity;
  await store.append([put(1_000, "more")]);
  await store.close();
  assertEquals(await contentsOf(disk), { ...taken, 1_000: "more" });
});

Deno.test("append() says that the disk is full where there is no room to be rid of anything, and goes on when there is", async () => {
  const disk = fullDisk();
  const { store } = await openStore(disk);
  let last = "";
  const error = await assertRejects(async () => {
    for (let count = 0;; count++) {
      await store.append([put(1, `${count} ${VALUE}`)]);
      last = `${count} ${VALUE}`;
    }
  }, StoreError);
  assertEquals(error.fault, "full");
  assertEquals(await contentsOf(disk.afterKill()), { 1: last });
  disk.capacity = Infinity;
  await store.append([put(2, "more")]);
  await store.close();
  assertEquals(await contentsOf(disk), { 1: last, 2: "more" });
});

Deno.test("append() where a sync has failed has the log written anew, and goes on when that is on the disk", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk, { durability: "sync" });
  await store.append([put(1, "one")]);
  disk.failures.set("sync", new SystemError("EIO"));
  await assertRejects(
    async () => await store.append([put(2, "two")]),
    StoreError,
    "EIO",
  );
  disk.failures.clear();
  let appended = 0;
  while (appended === 0) {
    try {
      await store.append([put(3, "three")]);
      appended++;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      await turn();
    }
  }
  const { 1: one, 3: three } = await contentsOf(disk.afterPowerLoss());
  assertEquals([one, three], ["one", "three"]);
  await store.close();
});

Deno.test("A reserve takes all of its room or none, and has it again after it was given", () => {
  const disk = new Disk();
  disk.capacity = 100;
  const reserve = new Reserve(disk, LOCK, 200);
  assertEquals(disk.read(LOCK).length, 0);
  disk.capacity = 300;
  reserve.fill();
  assertEquals(disk.read(LOCK).length, 200);
  reserve.give();
  assertEquals(disk.read(LOCK).length, 0);
  reserve.fill();
  reserve.close();
  // The next process finds it there.
  new Reserve(disk, LOCK, 200).close();
  assertEquals(disk.read(LOCK).length, 200);
});

Deno.test("A reserve leaves a file alone that holds something else", () => {
  const text = new TextEncoder().encode("the lock file of somebody else");
  const disk = new Disk();
  disk.write(LOCK, text);
  const reserve = new Reserve(disk, LOCK, 200);
  reserve.give();
  reserve.fill();
  reserve.close();
  assertEquals(disk.read(LOCK), text);
});
