// The log written anew while it is in use, and the process ended at every step of it.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { frameSize, LOG_HEADER_SIZE } from "../../src/store/log.ts";
import type { LogOptions } from "../../src/store/log_keeper.ts";
import type { Store, StoreChange } from "../../src/store/store.ts";
import { Disk, SystemError } from "./disk.ts";
import {
  type Contents,
  contentsOf,
  openStore,
  PATH,
  put,
  remove,
  sumOf,
  turn,
} from "./log_bench.ts";

const NEW = `${PATH}.new`;

type Durability = LogOptions["durability"];

const DURABILITIES: readonly Durability[] = ["flush", "sync"];

/** Appends that make much garbage and keep a little: 30 keys, each overwritten or removed time and again. */
function appends(count: number, size = 20): StoreChange[][] {
  return Array.from(
    { length: count },
    (_, group) =>
      Array.from({ length: 3 }, (_, index) => {
        const key = (group * 7 + index * 11) % 30;
        return (group + index) % 4 === 3
          ? remove(key)
          : put(key, `${group}.${index} `.padEnd(size, "x"));
      }),
  );
}

/** How large a log is that holds this and nothing else. */
function sizeOf(contents: Contents): number {
  return Object.entries(contents)
    .reduce(
      (sum, [key, value]) => sum + frameSize(put(Number(key), value)),
      LOG_HEADER_SIZE,
    );
}

for (const durability of DURABILITIES) {
  Deno.test(`append() has the log written anew when most of it is garbage, with ${durability}`, async () => {
    const disk = new Disk();
    const options = { durability, garbageMax: 2_000 };
    const { store } = await openStore(disk, options);
    const groups = appends(300);
    let largest = 0;
    for (const group of groups) {
      await store.append(group);
      await turn();
      largest = Math.max(largest, disk.read(PATH).length);
    }
    await store.close();
    const contents = sumOf(groups.flat());
    assert(largest < 2_000 + 2 * sizeOf(contents), `it had ${largest} bytes`);
    assertEquals(await contentsOf(disk), contents);
    assertEquals(disk.names.includes(NEW), false);
  });

  Deno.test(`append() goes on while the log is written anew, piece by piece, with ${durability}`, async () => {
    const disk = new Disk();
    const options = { durability, garbageMax: 600_000 };
    const { store } = await openStore(disk, options);
    const groups = Array.from({ length: 150 }, (_, index) => [
      put(100 + index, "kept ".repeat(1_000)),
      put(500, "overwritten ".repeat(500)),
    ]);
    for (const group of groups) await store.append(group);
    let meanwhile = 0;
    const before = disk.read(PATH).length;
    for (let index = 0; index < 50; index++) {
      // Some of it was copied already, some was not.
      const group = [
        put(100 + index, "new"),
        remove(249 - index),
        put(600 + index, "added"),
        remove(600 + index - 1),
      ];
      groups.push(group);
      await store.append(group);
      await turn();
      if (disk.names.includes(NEW)) meanwhile++;
    }
    await store.close();
    const contents = sumOf(groups.flat());
    assertEquals(await contentsOf(disk), contents);
    assert(meanwhile > 2, `${meanwhile} appends came while it was copied`);
    assert(disk.read(PATH).length < before / 1.5);
  });

  Deno.test(`What append() has taken is there whenever the process ends, with ${durability}`, async () => {
    const whole = await Script.run(durability, Infinity);
    assertEquals(whole.taken, whole.groups.length);
    let inCopies = 0;
    for (let step = 0; step < whole.operations; step++) {
      for (const part of [0, 0.5, 1]) {
        const script = await Script.run(durability, step, part);
        assert(script.taken < whole.groups.length, `it ended at ${step}`);
        if (script.disk.names.includes(NEW)) inCopies++;
        await script.check(script.disk.afterKill());
        if (durability === "flush") continue;
        for (const names of ["old names", "new names"] as const) {
          await script.check(script.disk.afterPowerLoss(names));
        }
      }
    }
    assert(inCopies > 50, `${inCopies} times it ended in a copy`);
  });
}

/** A process that appends until it is ended. */
class Script {
  readonly disk = new Disk();
  readonly groups = appends(60);
  /** How many appends were begun, and how many were taken. */
  begun = 0;
  taken = 0;
  #hasEnded = false;

  static async run(
    durability: Durability,
    stopAfter: number,
    partOfWrite = 0,
  ): Promise<Script> {
    const script = new Script();
    // A sync takes its time, and appends come in the meantime.
    Object.assign(script.disk, { stopAfter, partOfWrite, onSync: someTurns });
    await script.#run(durability).catch(() => script.#hasEnded = true);
    assertEquals(script.#hasEnded, stopAfter < Infinity);
    // What goes on in the background comes to its end as well.
    for (let count = 0; count < 10; count++) await turn();
    return script;
  }

  get operations(): number {
    return this.disk.operations;
  }

  async #run(durability: Durability): Promise<void> {
    const options = { durability, garbageMax: 700 };
    const { store } = await openStore(this.disk, options);
    for (const group of this.groups) {
      this.begun++;
      void this.#append(store, group);
      await turn();
    }
    // To close it does nothing that could be lost.
    await store.close();
    if (this.taken < this.groups.length) throw new Error("It has failed");
  }

  async #append(store: Store, group: readonly StoreChange[]): Promise<void> {
    try {
      await store.append(group);
      this.taken++;
    } catch {
      this.#hasEnded = true;
    }
  }

  /** All that was taken must be there; of what was begun, the first changes may be. */
  async check(disk: Disk): Promise<void> {
    const contents = await contentsOf(disk);
    assertEquals(disk.names.includes(NEW), false, "no copy is left");
    const changes = this.groups.slice(0, this.taken).flat();
    const first = sumOf(changes);
    if (isSame(contents, first)) return;
    for (const change of this.groups.slice(this.taken, this.begun).flat()) {
      changes.push(change);
      if (isSame(contents, sumOf(changes))) return;
    }
    assertEquals(contents, first);
  }
}

async function someTurns(): Promise<void> {
  for (let count = 0; count < 3; count++) await turn();
}

function isSame(one: Contents, other: Contents): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

Deno.test("append() is done in its order where it comes while the log changes places with its copy", async () => {
  const disk = new Disk();
  const options = { durability: "sync", garbageMax: 1_000 } as const;
  const { store } = await openStore(disk, options);
  await store.append([put(1, "x".repeat(1_200))]);
  // From here on each sync waits to be told.
  const syncs: PromiseWithResolvers<void>[] = [];
  disk.onSync = () => {
    const sync = Promise.withResolvers<void>();
    syncs.push(sync);
    return sync.promise;
  };
  const appended = [store.append([put(1, "small")])];
  const next = async () => {
    syncs.shift()?.resolve();
    await turn();
  };
  while (syncs.length === 0) await turn();
  // One sync is the append's own, one the copy's; the copy's second one is in the changing of places.
  for (
    const group of [[put(2, "a"), put(3, "a")], [put(2, "b")], [remove(3)]]
  ) {
    await next();
    appended.push(store.append(group));
  }
  const all = Promise.all(appended);
  let isDone = false;
  all.then(() => isDone = true);
  while (!isDone) await next();
  assertEquals(await contentsOf(disk.afterPowerLoss()), { 1: "small", 2: "b" });
  disk.onSync = () => Promise.resolve();
  await store.close();
  assert(disk.read(PATH).length < 1_000, "it was written anew");
});

Deno.test("The log is on the disk when it is written anew, with flush too: a loss of power does not leave an empty one", async () => {
  const disk = new Disk();
  disk.write(PATH, await syncedLog());
  const { store, contents } = await openStore(disk, { garbageMax: 300 });
  store.append([put(2, "x".repeat(400)), remove(2)]);
  while (disk.read(PATH).length > 300) await turn();
  assertEquals(contents, { 1: "there long since" });
  const after = disk.afterPowerLoss("new names");
  assertEquals(await contentsOf(after), contents);
  await store.close();
});

/** A log that was there before, and has been on the disk ever since. */
async function syncedLog(): Promise<Uint8Array> {
  const disk = new Disk();
  const { store } = await openStore(disk);
  store.append([put(1, "there long since")]);
  await store.close();
  return disk.read(PATH);
}

Deno.test("close() gives up the copy under way, and leaves nothing of it", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk, { garbageMax: 1_000_000 });
  const kept = [1, 2, 3, 4].map((key) => put(key, "x".repeat(300_000)));
  for (const change of [...kept, ...kept]) store.append([change]);
  assert(disk.names.includes(NEW), "it is written anew");
  await store.close();
  assertEquals(disk.names.includes(NEW), false);
  const { operations } = disk;
  await turn();
  assertEquals(disk.operations, operations, "nothing is done any more");
  assertEquals(await contentsOf(disk), sumOf(kept));
});

Deno.test("The log goes on as it is where it cannot be written anew, and is when it can be", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk, { garbageMax: 1_000 });
  disk.failures.set("rename", new SystemError("EIO"));
  const groups = appends(200, 50);
  for (const group of groups.slice(0, 100)) {
    store.append(group);
    await turn();
  }
  const before = disk.read(PATH).length;
  assert(before > 10_000);
  assertEquals(disk.names.includes(NEW), false, "what was begun is removed");
  disk.failures.clear();
  for (const group of groups.slice(100)) {
    store.append(group);
    await turn();
  }
  assert(disk.read(PATH).length < before / 2);
  await store.close();
  assertEquals(await contentsOf(disk), sumOf(groups.flat()));
});

Deno.test("The log is not written anew where the disk has lost a part of it: the next open() finds what", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk, { garbageMax: 1_000 });
  store.append([put(1, "kept"), put(2, "kept too")]);
  const log = disk.read(PATH);
  log[LOG_HEADER_SIZE + 1] = 0x55;
  for (const group of appends(50, 50)) {
    store.append([
      ...group.map(({ key, value }) => ({ key: key + 10, value })),
    ]);
    await turn();
  }
  await store.close();
  const { contents, damages } = await openStore(disk);
  assertEquals(contents[1], undefined);
  assertEquals(contents[2], "kept too");
  assertEquals(damages.length, 1);
});

Deno.test("What append() has taken is there after anything: appends, turns, copies, ends of the process and of the power", async () => {
  const change = fc.oneof(
    fc.tuple(fc.nat(12), fc.string({ maxLength: 60 }))
      .map(([key, value]) => put(key, value)),
    fc.nat(12).map(remove),
  );
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.array(change, { maxLength: 5 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("kill" as const, "power" as const),
    },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      async (steps) => {
        let disk = new Disk();
        const options = { durability: "sync", garbageMax: 150 } as const;
        let { store } = await openStore(disk, options);
        const taken: StoreChange[] = [];
        for (const step of steps) {
          if (Array.isArray(step)) {
            await store.append(step);
            taken.push(...step);
            continue;
          }
          disk = step === "kill" ? disk.afterKill() : disk.afterPowerLoss();
          const opened = await openStore(disk, options);
          assertEquals(opened.contents, sumOf(taken));
          assertEquals(opened.damages, []);
          store = opened.store;
        }
      },
    ),
    { numRuns: 300 },
  );
});
