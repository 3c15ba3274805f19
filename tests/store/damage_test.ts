// Logs cut off anywhere and broken anywhere: they open, and lose only what they must.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  FRAME_SIZE_MIN,
  frameSize,
  LOG_HEADER_SIZE,
} from "../../src/store/log.ts";
import type { StoreChange } from "../../src/store/store.ts";
import { Disk } from "./disk.ts";
import {
  type Contents,
  contentsOf,
  openStore,
  PATH,
  put,
  remove,
  sumOf,
} from "./log_bench.ts";

/** A change, and where its frame stands. */
interface Framed {
  readonly change: StoreChange;
  readonly start: number;
  readonly end: number;
}

/** Values of any size, keys that come again, removals of what is there and of what is not. */
const CHANGES: readonly StoreChange[] = [
  put(1, "one"),
  put(2, ""),
  put(131_073, "a message ".repeat(5)),
  remove(1),
  put(2, "another two"),
  remove(99),
  put(1, "one again"),
  put(131_074, "x"),
  remove(131_073),
  put(2 ** 40, "far away"),
];

const LOG = await logOf(CHANGES);
const FRAMES = framed(CHANGES);

/** The log of changes, appended some at a time. */
async function logOf(changes: readonly StoreChange[]): Promise<Uint8Array> {
  const disk = new Disk();
  const { store } = await openStore(disk);
  for (let start = 0; start < changes.length; start += 3) {
    store.append(changes.slice(start, start + 3));
  }
  await store.close();
  return disk.read(PATH);
}

function framed(changes: readonly StoreChange[]): Framed[] {
  let end = LOG_HEADER_SIZE;
  return changes.map((change) => {
    const start = end;
    end += frameSize(change);
    return { change, start, end };
  });
}

function diskWith(log: Uint8Array): Disk {
  const disk = new Disk();
  disk.write(PATH, log);
  return disk;
}

/** What must be there where all bytes from `start` to `end` may be broken. */
function expected(
  frames: readonly Framed[],
  start: number,
  end: number,
): Contents {
  return sumOf(frames.flatMap((frame) => {
    const isWell = frame.end <= start || frame.start >= end;
    if (isWell) return [frame.change];
    // The key is known where the first part of the frame is not touched: its old value does not come back.
    return frame.start + FRAME_SIZE_MIN <= start
      ? [remove(frame.change.key)]
      : [];
  }));
}

function broken(start: number, bytes: Iterable<number>): Uint8Array {
  const log = LOG.slice();
  log.set([...bytes].slice(0, log.length - start), start);
  return log;
}

/** The files beside the log that hold what was put aside. */
function putAside(disk: Disk): Uint8Array[] {
  return disk.names.filter((name) => name.includes(".corrupt-"))
    .map((name) => disk.read(name));
}

Deno.test("open() takes every prefix of a log, and has all changes that are whole", async () => {
  for (let length = 0; length <= LOG.length; length++) {
    const disk = diskWith(LOG.slice(0, length));
    const whole = FRAMES.filter(({ end }) => end <= length);
    const { store, contents, damages } = await openStore(disk);
    assertEquals(contents, sumOf(whole.map(({ change }) => change)));
    const boundary = whole.at(-1)?.end ?? Math.min(length, LOG_HEADER_SIZE);
    const isWhole = length === 0 ||
      length === boundary && length >= LOG_HEADER_SIZE;
    assertEquals(damages.length, isWhole ? 0 : 1, `${length} bytes`);
    for (const { message, changesMax } of damages) {
      assert(message.includes("bytes of an unfinished write were cut off"));
      assertEquals(changesMax, 0);
    }
    store.append([put(7, "new")]);
    await store.close();
    const again = await openStore(disk);
    assertEquals(again.contents, { ...contents, 7: "new" });
    assertEquals(again.damages, []);
    assertEquals(putAside(disk), []);
  }
});

Deno.test("open() takes a log with any one byte broken, and loses the change that the byte was in", async () => {
  for (let position = 0; position < LOG.length; position++) {
    for (const bits of [0x01, 0x10, 0x80, 0xFF]) {
      const byte = (LOG[position] ?? 0) ^ bits;
      const disk = diskWith(broken(position, [byte]));
      const { store, contents, damages } = await openStore(disk);
      assertEquals(
        contents,
        expected(FRAMES, position, position + 1),
        `byte ${position}`,
      );
      assertEquals(damages.length, 1, `byte ${position}`);
      store.append([put(7, "new")]);
      await store.close();
      const again = await openStore(disk);
      assertEquals(again.contents, { ...contents, 7: "new" });
      assertEquals(again.damages, [], "it was written anew");
      assertEquals(putAside(disk).length, 1);
    }
  }
});

Deno.test("open() takes a log with bytes broken in a row, and loses the changes that they were in", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: LOG_HEADER_SIZE, max: LOG.length - 1 }),
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      async (start, bytes) => {
        // A byte that happens to be what it was would not be broken.
        const wrong = bytes.map((byte, index) =>
          byte === LOG[start + index] ? byte ^ 1 : byte
        );
        const disk = diskWith(broken(start, wrong));
        const { contents } = await openStore(disk);
        const end = Math.min(LOG.length, start + bytes.length);
        assertEquals(contents, expected(FRAMES, start, end));
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("open() tells the key of a value that is broken, unless a later change has made it good", async () => {
  const last = FRAMES.findLast(({ change }) => change.key === 2 ** 40);
  const first = FRAMES.find(({ change }) => change.key === 1);
  assert(last !== undefined && first !== undefined);
  const tell = async ({ end }: Framed) => {
    const { damages } = await openStore(diskWith(broken(end - 5, [0])));
    return damages.map(({ changesMax, key }) => ({ changesMax, key }));
  };
  assertEquals(await tell(last), [{ changesMax: 1, key: 2 ** 40 }]);
  assertEquals(await tell(first), [{ changesMax: 0, key: undefined }]);
});

Deno.test("open() calls doubtful what stands before a frame that is gone, and nothing behind it", async () => {
  const gone = FRAMES[5];
  assert(gone !== undefined);
  const disk = diskWith(broken(gone.start, [0x55]));
  const { entries, damages } = await openStore(disk);
  assertEquals(
    entries.map(({ key, doubtful }) => [key, doubtful]),
    [[2, true], [1, undefined], [131_074, undefined], [2 ** 40, undefined]],
  );
  assertEquals(damages.map(({ changesMax }) => changesMax), [1]);
});

Deno.test("open() puts the bytes aside that it cannot read, and says where they are", async () => {
  const [first, , third] = FRAMES;
  assert(first !== undefined && third !== undefined);
  const log = broken(first.start, [0x55]);
  log[third.end - 1] = (log[third.end - 1] ?? 0) ^ 1;
  const disk = diskWith(log);
  const { damages } = await openStore(disk);
  const [name = ""] = disk.names.filter((each) => each.includes(".corrupt-"));
  assertEquals(damages.map(({ message }) => message), [
    `${
      first.end - first.start
    } bytes at 32 of ${PATH} cannot be read; they are kept in ${name}`,
    `${
      third.end - third.start
    } bytes at ${third.start} of ${PATH} cannot be read; they are kept in ${name}`,
  ]);
  assertEquals([...disk.read(name)], [
    ...log.subarray(first.start, first.end),
    ...log.subarray(third.start, third.end),
  ]);
});

Deno.test("open() takes no frames out of a value, where its own frame is broken", async () => {
  const value = new TextDecoder("latin1").decode(LOG);
  const inner = Uint8Array.from(value, (each) => each.charCodeAt(0));
  const changes = [put(1, "before"), { key: 2, value: inner }, put(3, "after")];
  const log = await logOf(changes);
  const start = LOG_HEADER_SIZE + frameSize(put(1, "before"));
  log[start + 5] = 0x55;
  const { contents } = await openStore(diskWith(log));
  assertEquals(contents, { 1: "before", 3: "after" });
});

Deno.test("open() cuts off zeros behind the last frame, which a loss of power leaves", async () => {
  const log = new Uint8Array(LOG.length + 5_000);
  log.set(LOG);
  const disk = diskWith(log);
  const { contents, damages, store } = await openStore(disk);
  assertEquals(contents, sumOf(CHANGES));
  assertEquals(damages.map(({ changesMax }) => changesMax), [0]);
  await store.close();
  assertEquals(disk.read(PATH).length, LOG.length);
  assertEquals(putAside(disk), []);
});

Deno.test("open() has all the rest where what is broken can neither be put aside nor written anew", async () => {
  const disk = diskWith(broken(LOG_HEADER_SIZE, [0x55]));
  disk.capacity = LOG.length;
  const { store, contents, damages } = await openStore(disk);
  assertEquals(
    contents,
    expected(FRAMES, LOG_HEADER_SIZE, LOG_HEADER_SIZE + 1),
  );
  assertEquals(damages.map(({ message }) => message), [
    `23 bytes at 32 of ${PATH} cannot be read, and could not be kept: ENOSPC: as the disk was told to say`,
  ]);
  disk.capacity = Infinity;
  store.append([put(7, "new")]);
  await store.close();
  assertEquals(await contentsOf(disk), { ...contents, 7: "new" });
});
