// A store in a log, on a disk that does as it is told.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { StoreError } from "../../src/errors.ts";
import { LogStore } from "../../src/store/log_store.ts";
import { LOG_HEADER_SIZE } from "../../src/store/log.ts";
import { Disk, SystemError } from "./disk.ts";
import {
  contentsOf,
  openStore,
  PATH,
  put,
  remove,
  sumOf,
  turn,
} from "./log_bench.ts";

/** What is wrong, as the store says it. */
function fault(action: () => unknown): StoreError {
  return assertThrows(action, StoreError);
}

Deno.test("append() returns nothing with flush, and what it has taken outlives the process", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk);
  assertEquals(store.append([put(1, "one"), put(2, "two")]), undefined);
  assertEquals(store.append([remove(1)]), undefined);
  assertEquals(await contentsOf(disk.afterKill()), { 2: "two" });
  await store.close();
});

Deno.test("append() resolves with sync when what it has taken outlives a loss of power", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk, { durability: "sync" });
  const sync = Promise.withResolvers<void>();
  disk.onSync = () => sync.promise;
  const appended = store.append([put(1, "one")]);
  assertEquals(await contentsOf(disk.afterKill()), { 1: "one" });
  assertEquals(await contentsOf(disk.afterPowerLoss()), {});
  sync.resolve();
  await appended;
  assertEquals(await contentsOf(disk.afterPowerLoss()), { 1: "one" });
  await store.close();
});

Deno.test("append() has one sync for all that come while another is under way", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk, { durability: "sync" });
  const appends = Array.from(
    { length: 100 },
    (_, key) => store.append([put(key, "x")]),
  );
  await Promise.all(appends);
  assertEquals(disk.syncs, 2);
  const all = sumOf(Array.from({ length: 100 }, (_, key) => put(key, "x")));
  assertEquals(await contentsOf(disk.afterPowerLoss()), all);
  await store.close();
});

Deno.test("append() makes one write of what it is given", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk);
  const before = disk.operations;
  store.append(Array.from({ length: 1_000 }, (_, key) => put(key, "x")));
  assertEquals(disk.operations, before + 1);
  await store.close();
});

Deno.test("append() says that the disk is full, keeps what was taken before, and goes on when there is room", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk);
  store.append([put(1, "one")]);
  const length = disk.read(PATH).length;
  disk.capacity = length + 10;
  const { message, fault: what } = fault(() => store.append([put(2, "two")]));
  assertEquals(message, `Cannot write to the store ${PATH}: no space is left`);
  assertEquals(what, "full");
  assertEquals(disk.read(PATH).length, length, "the part is cut off again");
  assertEquals(await contentsOf(disk.afterKill()), { 1: "one" });
  disk.capacity = Infinity;
  store.append([put(3, "three")]);
  await store.close();
  assertEquals(await contentsOf(disk), { 1: "one", 3: "three" });
});

Deno.test("append() writes nothing behind the part of a write that could not be cut off", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk);
  store.append([put(1, "one")]);
  disk.capacity = disk.read(PATH).length + 10;
  disk.failures.set("truncate", new SystemError("EIO"));
  fault(() => store.append([put(2, "two")]));
  disk.capacity = Infinity;
  assertEquals(fault(() => store.append([put(3, "three")])).fault, "failed");
  assertEquals(await contentsOf(disk.afterKill()), { 1: "one" });
  disk.failures.clear();
  store.append([put(3, "three")]);
  await store.close();
  assertEquals(await contentsOf(disk), { 1: "one", 3: "three" });
});

Deno.test("append() fails for all who wait where a sync fails, and for the next one: nobody knows what is on the disk", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk, { durability: "sync" });
  disk.failures.set("sync", new SystemError("EIO"));
  const appends = [
    store.append([put(1, "one")]),
    store.append([put(2, "two")]),
  ];
  for (const appended of appends) {
    await assertRejects(async () => await appended, StoreError, "EIO");
  }
  disk.failures.clear();
  assertEquals(fault(() => store.append([put(3, "three")])).fault, "failed");
  await store.close();
});

Deno.test("append() takes nothing of what has a key that is none", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk);
  assertThrows(() => store.append([put(1, "one"), put(-1, "")]), RangeError);
  store.append([put(2, "two")]);
  await store.close();
  assertEquals(await contentsOf(disk), { 2: "two" });
});

Deno.test("append() says that the store is not open, before and after", async () => {
  const options = { durability: "flush", garbageMax: 1 } as const;
  const store = new LogStore(new Disk(), PATH, options);
  const { message, fault: what } = fault(() => store.append([put(1, "one")]));
  assertEquals(message, `Cannot write to the store ${PATH}: it is not open`);
  assertEquals(what, "closed");
  await store.open(() => {});
  await store.close();
  await store.close();
  assertEquals(fault(() => store.append([])).fault, "closed");
});

Deno.test("append() says that the file was removed, and has it there again with all that was taken", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk);
  store.append([put(1, "one"), put(2, "two")]);
  await store.close();
  await store.open(() => {});
  disk.remove(PATH);
  const { message, fault: what } = fault(() => store.append([put(3, "three")]));
  assertEquals(
    message,
    `Cannot write to the store ${PATH}: its file was removed; it is about to be written anew`,
  );
  assertEquals(what, "removed");
  await turn();
  assertEquals(await contentsOf(disk.afterKill()), { 1: "one", 2: "two" });
  store.append([put(3, "three")]);
  await store.close();
  assertEquals(await contentsOf(disk), { 1: "one", 2: "two", 3: "three" });
});

Deno.test("open() says that another has the store open, and takes nothing from it", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk);
  const { message, fault: what } = await assertRejects(
    () => openStore(disk),
    StoreError,
  );
  assertEquals(
    message,
    `Cannot open the store ${PATH}: another client has it open`,
  );
  assertEquals(what, "in-use");
  store.append([put(1, "one")]);
  await store.close();
  assertEquals(await contentsOf(disk), { 1: "one" });
});

Deno.test("open() touches no file that is something else", async () => {
  const text = new TextEncoder().encode("Dear diary, this is no store at all.");
  for (const length of [1, 10, 32, text.length]) {
    const disk = new Disk();
    disk.write(PATH, text.slice(0, length));
    disk.write(`${PATH}.new`, text);
    const { message, fault: what } = await assertRejects(
      () => openStore(disk),
      StoreError,
    );
    assertEquals(
      message,
      `Cannot open the store ${PATH}: the file holds something else`,
    );
    assertEquals(what, "not-a-store");
    assertEquals(disk.read(PATH), text.slice(0, length));
    assertEquals(disk.read(`${PATH}.new`), text);
  }
});

Deno.test("open() reads no format that it does not know", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk);
  await store.close();
  const later = disk.read(PATH).slice(0, LOG_HEADER_SIZE);
  // Version 2, the salt 0, and the checksum of both.
  later.set([0, 0, 0, 2, 0, 0, 0, 0, 0x78, 0xF2, 0x48, 0x91], 4);
  later.copyWithin(16, 0, 16);
  disk.write(PATH, later);
  const { message } = await assertRejects(() => openStore(disk), StoreError);
  assertEquals(
    message,
    `Cannot open the store ${PATH}: its format is 2, and this version of midge knows 1`,
  );
  assertEquals(disk.read(PATH), later);
});

Deno.test("open() lets go of the store where the one who takes its entries fails", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk);
  store.append([put(1, "one")]);
  await store.close();
  const refuse = () => {
    throw new Error("not mine");
  };
  await assertRejects(() => store.open(refuse), Error, "not mine");
  assertEquals(await contentsOf(disk), { 1: "one" });
});

Deno.test("open() reads logs of many windows, and values of any size across them", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk);
  const changes = [100, 300_000, 7, 262_144, 262_124, 0, 1_000_000, 50_000]
    .map((size, key) => put(key, `${key}`.repeat(size)));
  for (const change of changes) store.append([change]);
  await store.close();
  assertEquals(await contentsOf(disk), sumOf(changes));
  // One that is broken in the middle of it all costs itself alone.
  const log = disk.read(PATH).slice();
  log[500_000] = (log[500_000] ?? 0) ^ 1;
  disk.write(PATH, log);
  const lost = changes.filter(({ key }) => key !== 3);
  assertEquals(await contentsOf(disk), sumOf(lost));
});

Deno.test("close() waits for what is under way", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk, { durability: "sync" });
  const sync = Promise.withResolvers<void>();
  disk.onSync = () => sync.promise;
  const appended = store.append([put(1, "one")]);
  let isClosed = false;
  const closed = store.close().then(() => isClosed = true);
  await turn();
  assert(!isClosed);
  sync.resolve();
  await Promise.all([appended, closed]);
});
