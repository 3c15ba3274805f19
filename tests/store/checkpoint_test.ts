// How far a program has come, wherever the process ended: no checkpoint without its message, and none lost with it.

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { StoreRecord } from "../../src/session/record.ts";
import { laterOf } from "../../src/store/checkpoint.ts";
import { Ledger } from "../../src/store/ledger.ts";
import {
  CHECKPOINT_KEY,
  decodeCheckpoint,
  FLIGHT_KEYS,
  MESSAGE_KEYS,
} from "../../src/store/record_codec.ts";
import type { StoreChange } from "../../src/store/store.ts";
import {
  accepted,
  ANYBODY,
  Changes,
  entriesOf,
  History,
  keptSteps,
  sessionOf,
  WALL_AHEAD,
} from "./history.ts";
import { SessionReader } from "../../src/store/stored_session.ts";
import { openStore, PATH, turn } from "./log_bench.ts";
import { Disk } from "./disk.ts";

/** What records that are appended one by one leave. */
function left(...records: StoreRecord[]): string | undefined {
  const changes = new Changes();
  for (const record of records) changes.record([record]);
  return sessionOf(entriesOf(changes.all)).checkpoint;
}

const settled = (order: number): StoreRecord => ({ type: "settled", order });

Deno.test("A checkpoint outlives the end of its message, whatever the order of the ends", () => {
  const one = accepted(1, 1, { checkpoint: "one" });
  const two = accepted(2, 2, { checkpoint: "two" });
  assertEquals(left(), undefined);
  assertEquals(left(accepted(1)), undefined);
  assertEquals(left(one), "one");
  assertEquals(left(one, settled(1)), "one");
  assertEquals(left(one, two, settled(2), settled(1)), "two");
  assertEquals(left(one, two, settled(1), settled(2)), "two");
  assertEquals(left(one, settled(1), accepted(2), settled(2)), "one");
  assertEquals(
    left(
      two,
      { type: "sent", order: 2, packetId: 1 },
      { type: "released", order: 2 },
    ),
    "two",
  );
});

Deno.test("A checkpoint that comes with no message holds until the next one, and can say that there is none", () => {
  const one = accepted(1, 1, { checkpoint: "one" });
  const apart: StoreRecord = { type: "checkpoint", checkpoint: "apart" };
  const none: StoreRecord = { type: "checkpoint", checkpoint: undefined };
  assertEquals(left(apart), "apart");
  assertEquals(left(one, apart), "apart");
  assertEquals(left(one, apart, settled(1)), "apart");
  assertEquals(left(apart, one), "one");
  assertEquals(left(one, none), undefined);
  assertEquals(left(one, none, settled(1)), undefined);
  assertEquals(
    left(one, none, accepted(2, 1, { checkpoint: "two" }), settled(1)),
    "two",
  );
});

Deno.test("A checkpoint of the next process holds, though no message is left from the one before", () => {
  const first = new Changes();
  for (const order of [1, 2, 3]) {
    first.record([accepted(order, 1, { checkpoint: `${order}` })]);
    first.record([settled(order)]);
  }
  const { ledger, session } = sessionOf(entriesOf(first.all));
  assertEquals(session.lastOrder, 3);
  const next = new Changes(ledger);
  const order = session.lastOrder + 1;
  next.record([accepted(order, 1, { checkpoint: "next" })]);
  const { checkpoint } = sessionOf(entriesOf([...first.all, ...next.all]));
  assertEquals(checkpoint, "next");
});

Deno.test("A checkpoint with no message holds in the next process too, while the message of the one before is on its way", () => {
  const first = new Changes();
  first.record([accepted(7, 1, { checkpoint: "seven" })]);
  const next = new Changes(sessionOf(entriesOf(first.all)).ledger);
  next.record([{ type: "checkpoint", checkpoint: "apart" }]);
  const { checkpoint } = sessionOf(entriesOf([...first.all, ...next.all]));
  assertEquals(checkpoint, "apart");
});

/** What a history appends, and after how many changes which checkpoint holds. */
class Told {
  readonly changes: StoreChange[] = [];
  readonly holds: { readonly from: number; readonly text?: string }[] = [];
  readonly #history = new History();
  #number = 0;
  #changes: Changes;

  constructor(ledger = new Ledger()) {
    this.#changes = new Changes(ledger);
  }

  /** Every third step goes with a checkpoint of its own. */
  take(steps: Parameters<History["take"]>[0][]): void {
    for (const step of steps) {
      for (const record of this.#history.take(step)) {
        const text = `${++this.#number}`;
        if (record.type !== "accepted") this.#record(record);
        else {
          const checkpoint = this.#number % 3 === 0 ? undefined : text;
          this.#record({ ...record, checkpoint }, checkpoint);
        }
        if (this.#number % 7 === 0) {
          this.#record({ type: "checkpoint", checkpoint: `${text} apart` });
        }
      }
    }
  }

  #record(record: StoreRecord, text?: string): void {
    const key = record.type === "accepted"
      ? MESSAGE_KEYS + record.order
      : CHECKPOINT_KEY;
    const apart = record.type === "checkpoint" ? record.checkpoint : undefined;
    const said = text ?? apart;
    const changes = this.#changes.record([record]);
    const at = changes.findIndex((change) => change.key === key);
    if (said !== undefined) {
      this.holds.push({ from: this.changes.length + at + 1, text: said });
    }
    this.changes.push(...changes);
  }
}

Deno.test("The checkpoint that holds after any part of the changes is the last that was kept by then", () => {
  fc.assert(
    fc.property(keptSteps, fc.nat(), (steps, chance) => {
      const told = new Told();
      told.take(steps);
      const end = chance % (told.changes.length + 1);
      const { text } = told.holds.findLast(({ from }) => from <= end) ?? {};
      const some = entriesOf(told.changes.slice(0, end));
      assertEquals(sessionOf(some).checkpoint, text);
      // What the reader itself makes good takes nothing away.
      const { ledger } = sessionOf(some);
      const more = new Changes(ledger).append();
      const all = entriesOf([...told.changes.slice(0, end), ...more]);
      assertEquals(sessionOf(all).checkpoint, text);
    }),
    { numRuns: 500 },
  );
});

Deno.test("A checkpoint with no message outlives the message of the one before, though that ends before it is kept", () => {
  const changes = new Changes();
  changes.record([accepted(1, 1, { checkpoint: "one" }), accepted(2)]);
  changes.ledger.kept();
  changes.record([{ type: "checkpoint", checkpoint: "apart" }]);
  changes.record([settled(1)]);
  changes.ledger.kept();
  assertEquals(sessionOf(entriesOf(changes.all)).checkpoint, "apart");
});

Deno.test("Where a store fails, the checkpoint that it had kept holds again", () => {
  const changes = new Changes();
  const { ledger } = changes;
  changes.record([accepted(1, 1, { checkpoint: "kept" })]);
  ledger.kept();
  // The append fails; all in it is refused, and appended again with what follows.
  const failed = changes.record([
    accepted(2, 1, { checkpoint: "refused" }),
    settled(1),
  ]);
  ledger.revoke();
  changes.record([settled(2)]);
  assertEquals(sessionOf(entriesOf(changes.all)).checkpoint, "kept");
  assertEquals(failed.map(({ key }) => key), [
    MESSAGE_KEYS + 2,
    CHECKPOINT_KEY,
    MESSAGE_KEYS + 1,
  ]);
});

Deno.test("Where a store fails before it has kept any checkpoint, there is none", () => {
  const changes = new Changes();
  changes.record([accepted(1, 1, { checkpoint: "refused" })]);
  changes.ledger.revoke();
  changes.record([settled(1)]);
  assertEquals(sessionOf(entriesOf(changes.all)).checkpoint, undefined);
});

Deno.test("A checkpoint whose bytes are lost is no flight: no packet id is taken for it", () => {
  const reader = new SessionReader(WALL_AHEAD);
  const message = "20 bytes cannot be read";
  reader.takeDamage({ message, changesMax: 1, key: CHECKPOINT_KEY });
  const { session, checkpoint } = reader.finish(ANYBODY);
  assertEquals([session.released, session.owned, checkpoint], [
    [],
    [],
    undefined,
  ]);
  assertEquals(CHECKPOINT_KEY, FLIGHT_KEYS);
});

Deno.test("decodeCheckpoint() and laterOf() tell an empty checkpoint from none", () => {
  const order = [0, 0, 0, 0, 0, 0, 0, 7];
  const empty = decodeCheckpoint(Uint8Array.from([...order, 0, 0]));
  const none = decodeCheckpoint(Uint8Array.from(order));
  assertEquals([empty, none], [{ order: 7, text: "" }, {
    order: 7,
    text: undefined,
  }]);
  assertThrows(() => decodeCheckpoint(Uint8Array.from([...order, 0, 1])));
  assertEquals(laterOf(none, empty), none);
  assertEquals(laterOf(none, { order: 8, text: "8" })?.text, "8");
  assertEquals(laterOf(undefined, undefined), undefined);
});

Deno.test("A checkpoint stays when its log is written anew, and only the last does", async () => {
  const disk = new Disk();
  const { store } = await openStore(disk, { garbageMax: 2_000 });
  const ledger = new Ledger();
  const text = (order: number) => `${order} of many lines`;
  for (let order = 1; order <= 2_000; order++) {
    const record = accepted(order, 1, { checkpoint: text(order) });
    ledger.record([record, settled(order)], 0);
    store.append(ledger.take());
    ledger.kept();
    // The log is written anew while others have their turn.
    await turn();
  }
  await store.close();
  const again = await openStore(disk);
  await again.store.close();
  assertEquals(again.entries.map(({ key }) => key), [CHECKPOINT_KEY]);
  assertEquals(sessionOf(again.entries).checkpoint, text(2_000));
  assertEquals(disk.read(PATH).length < 10_000, true);
});

/** A log of the version that had no checkpoints, with a message of each kind. */
const OLD_LOG =
  "bWlkZwAAAAHfJhpTOPMiX21pZGcAAAAB3yYaUzjzIl8AAABwAAAAAAAAAABwSLCPeyJm" +
  "b3JtYXQiOjEsImNsaWVudElkIjoibWUiLCJzZXJ2ZXIiOiJzZXJ2ZXIiLCJwcm90b2Nv" +
  "bFZlcnNpb24iOjUsInNlc3Npb25FeHBpcnlJbnRlcnZhbCI6NDI5NDk2NzI5NSwic2Vl" +
  "bkF0IjoxfWBgnkQAAAAMAAAAAAACAAHpp0yRADQJAAFhAAEAb25lpPpiCwAAABAAAAAA" +
  "AAEAAUbK//MAAAAAAAAAAQAAAAAAAAAAHYGXSgAAAAwAAAAAAAIAAtX1WJgANAkAAWEA" +
  "AQB0d2+ycIl/AAAAEAAAAAAAAQACJKfcowAAAAAAAAACAAAAAAAAAAAD0rV9AAAAEAAA" +
  "AAAAAQAC0zM8RQAAAAAAAAACAAAAAAAAAAF58CUY/////wAAAAAAAgACnPGqgwAAABsA" +
  "AAAAAAIAA0WoZnYBAAAAAAAPQkAyEAABYQABBQIAAAA8dGhyZWWN0xKUAAAAAAAAAAAA" +
  "AAAHngclFp4HJRY=";

Deno.test("A log of the version without checkpoints opens, and goes on with them", async () => {
  const disk = new Disk();
  disk.write(PATH, Uint8Array.fromBase64(OLD_LOG));
  const { store, entries, damages } = await openStore(disk);
  const { session, ledger, binding, checkpoint } = sessionOf(entries);
  assertEquals([damages, binding?.clientId, checkpoint], [[], "me", undefined]);
  assertEquals(
    [session.published, session.released].map((each) =>
      each.map(({ packetId }) => packetId)
    ),
    [[1], [2]],
  );
  assertEquals(session.owned, [7]);
  assertEquals(session.queue.shift()?.properties, {
    messageExpiryInterval: 60,
  });
  ledger.record([accepted(4, 1, { checkpoint: "four" })], 0);
  store.append(ledger.take());
  await store.close();
  const again = await openStore(disk);
  await again.store.close();
  assertEquals(sessionOf(again.entries).checkpoint, "four");
});
