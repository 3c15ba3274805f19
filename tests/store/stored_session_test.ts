// What a store gives back to the session that goes on, wherever the process ended and whatever the disk lost.

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { StoreError } from "../../src/errors.ts";
import type { StoreRecord } from "../../src/session/record.ts";
import type { SessionBinding } from "../../src/store/binding.ts";
import {
  decodeFlight,
  FLIGHT_KEYS,
  MESSAGE_KEYS,
} from "../../src/store/record_codec.ts";
import type { StoreChange, StoreEntry } from "../../src/store/store.ts";
import {
  SessionReader,
  type StoredSession,
} from "../../src/store/stored_session.ts";
import {
  accepted,
  ANYBODY,
  anySteps,
  Changes,
  emptied,
  entriesOf,
  History,
  keptSteps,
  sessionOf,
  type Step,
  WALL_AHEAD,
} from "./history.ts";

const NOW = WALL_AHEAD;

const BINDING: SessionBinding = {
  clientId: "me",
  server: "server",
  protocolVersion: 5,
  sessionExpiryInterval: 300,
  keepAlive: 60,
  seenAt: NOW,
};

/** What records make, appended all at once. */
function restored(...records: StoreRecord[]): StoredSession {
  const changes = new Changes();
  changes.record(records);
  return sessionOf(entriesOf(changes.all));
}

/** A session with this binding, as it is for an asker. */
function bound(binding: Partial<SessionBinding>, asker = {}): StoredSession {
  const changes = new Changes();
  changes.ledger.bind({ ...BINDING, ...binding });
  changes.append();
  return sessionOf(entriesOf(changes.all), asker);
}

Deno.test("SessionReader gives an empty session for an empty store", () => {
  const { session, ledger, binding, unknown, lost } = sessionOf([]);
  const { queue, ...rest } = session;
  assertEquals(rest, {
    published: [],
    released: [],
    owned: [],
    lastOrder: 0,
    isLost: false,
  });
  assertEquals([queue.length, queue.size, queue.shift()], [0, 0, undefined]);
  assertEquals(ledger.hasChanges, false);
  assertEquals([binding, unknown, lost], [undefined, [], 0]);
});

Deno.test("SessionReader gives a message back as it was accepted", () => {
  const { session } = restored(accepted(7, 2, {
    topicName: "ä/b",
    payload: Uint8Array.of(1, 2, 255),
    retain: true,
    properties: {
      contentType: "x",
      correlationData: Uint8Array.of(9),
      messageExpiryInterval: 60,
      userProperties: [["a", "1"], ["a", "2"]],
    },
    expiresAt: 12_345.5,
  }));
  assertEquals(session.queue.length, 1);
  assertEquals(session.queue.shift(), {
    order: 7,
    topicName: "ä/b",
    payload: Uint8Array.of(1, 2, 255),
    qos: 2,
    retain: true,
    properties: {
      contentType: "x",
      correlationData: Uint8Array.of(9),
      messageExpiryInterval: 60,
      userProperties: [["a", "1"], ["a", "2"]],
    },
    expiresAt: 12_346,
  });
  assertEquals(session.lastOrder, 7);
});

Deno.test("SessionReader gives a text back as its UTF-8, and QoS 0 that waited for a connection", () => {
  const { session } = restored(accepted(1, 0, { payload: "ä" }));
  const message = session.queue.shift();
  assertEquals(message?.qos, 0);
  assertEquals(message?.payload, Uint8Array.of(0xC3, 0xA4));
});

Deno.test("SessionReader leaves out a Topic Alias, which was the old connection's", () => {
  const properties = { topicAlias: 3, contentType: "x" };
  const { session } = restored(accepted(1, 1, { properties }));
  assertEquals(session.queue.shift()?.properties, { contentType: "x" });
});

Deno.test("SessionReader counts a Message Expiry Interval down by the wall clock", () => {
  const changes = new Changes();
  changes.record([accepted(1, 1, { expiresAt: 5_000 })]);
  const expiresAt = (wallAhead: number) => {
    const reader = new SessionReader(wallAhead);
    for (const entry of entriesOf(changes.all)) reader.take(entry);
    return reader.finish(ANYBODY).session.queue.shift()?.expiresAt;
  };
  // The new process's own clock began 3 s before the message expires; or long after.
  assertEquals(expiresAt(WALL_AHEAD + 2_000), 3_000);
  assertEquals(expiresAt(WALL_AHEAD + 60_000), 1);
});

Deno.test("SessionReader gives flights back in both orders, whatever their packet ids", () => {
  const { session } = restored(
    ...[1, 2, 3, 4, 5].map((order) => accepted(order, 2)),
    { type: "sent", order: 1, packetId: 9 },
    { type: "sent", order: 2, packetId: 8 },
    { type: "sent", order: 3, packetId: 7 },
    { type: "sent", order: 4, packetId: 6 },
    { type: "released", order: 3 },
    { type: "released", order: 1 },
  );
  assertEquals(
    session.published.map(({ packetId, message }) => [packetId, message.order]),
    [[8, 2], [6, 4]],
  );
  assertEquals(
    session.released.map(({ packetId, order }) => [packetId, order]),
    [[7, 3], [9, 1]],
  );
  assertEquals(session.queue.shift()?.order, 5);
});

Deno.test("SessionReader gives messages back in their order, in whatever order the store gives them", () => {
  const changes = new Changes();
  const orders = Array.from({ length: 300 }, (_, index) => index + 1);
  changes.record(orders.map((order) => accepted(order)));
  const entries = entriesOf(changes.all);
  for (
    const mixed of [entries.toReversed(), entries.toSorted(byPayload)]
  ) assertEquals(emptied(sessionOf(mixed)), orders);
});

function byPayload(one: StoreEntry, other: StoreEntry): number {
  return `${one.key}` < `${other.key}` ? -1 : 1;
}

/** That a session is what a history says. */
function check(stored: StoredSession, history: History): void {
  const { session, unknown, lost } = stored;
  assertEquals(
    session.published.map(({ packetId, message }) => [message.order, packetId]),
    history.orders("published")
      .map((order) => [order, history.messages.get(order)?.packetId]),
  );
  assertEquals(session.released.map(({ order }) => order), history.released);
  assertEquals(
    session.owned.toSorted((one, other) => one - other),
    [...history.owned].sort((one, other) => one - other),
  );
  const queued = history.orders("queued");
  assertEquals(session.queue.length, queued.length);
  assertEquals(emptied(stored), queued);
  assertEquals([session.queue.length, session.queue.size], [0, 0]);
  assertEquals([unknown, lost], [[], 0]);
}

Deno.test("SessionReader gives what any records add up to, through any number of processes", () => {
  fc.assert(
    fc.property(fc.array(anySteps, { maxLength: 4 }), (lives) => {
      const history = new History();
      const all: StoreChange[] = [];
      for (const steps of [...lives, []]) {
        const stored = sessionOf(entriesOf(all));
        assertEquals(stored.ledger.hasChanges, false);
        const changes = new Changes(stored.ledger);
        check(stored, history);
        for (const step of steps) changes.record(history.take(step));
        all.push(...changes.all);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("SessionReader loses no message and repeats none of QoS 2 where the process ends in the middle of an append", () => {
  fc.assert(
    fc.property(anySteps, fc.nat(60), fc.nat(), (steps, last, end) => {
      const history = new History();
      const changes = new Changes();
      // One step an append, and then all that is left in the append that is cut.
      for (const step of steps.slice(0, last)) {
        changes.record(history.take(step));
      }
      const before = changes.all.length;
      const isDue = history.orders("queued").concat(
        history.orders("published"),
      );
      for (const step of steps.slice(last)) {
        changes.ledger.record(history.take(step), WALL_AHEAD);
      }
      changes.append();
      const until = before + end % (changes.all.length - before + 1);
      const kept = changes.all.slice(0, until);
      const stored = sessionOf(entriesOf(kept));
      assertEquals([stored.lost, stored.unknown], [0, []]);
      const { published, released } = stored.session;
      const queued = emptied(stored);
      const there = new Set([
        ...queued,
        ...published.map(({ message }) => message.order),
        ...released.map(({ order }) => order),
      ]);
      for (const order of isDue) {
        const isGone = kept.some(({ key, value }) =>
          key === MESSAGE_KEYS + order && value === undefined
        );
        assert(there.has(order) || isGone, `${order} is lost`);
      }
      for (const order of queued) {
        const isSent = flightsIn(kept).includes(order);
        assert(
          !isSent || history.messages.get(order)?.qos === 1,
          `${order} would be sent anew`,
        );
      }
    }),
    { numRuns: 1_000 },
  );
});

/** The messages that are in flight at any time, as the changes say. */
function flightsIn(changes: readonly StoreChange[]): number[] {
  return changes.flatMap(({ key, value }) =>
    key >= FLIGHT_KEYS && key < MESSAGE_KEYS && value !== undefined
      ? [decodeFlight(value).order]
      : []
  );
}

/** What is left where one change was lost, and what the store says of it. */
function without(
  all: readonly StoreChange[],
  lost: number,
  isKeyKnown: boolean,
): StoredSession {
  const last = new Map(all.map(({ key }, index) => [key, index]));
  const key = all[lost]?.key ?? 0;
  const isMade = isKeyKnown && last.get(key) !== lost;
  const reader = new SessionReader(WALL_AHEAD);
  const remaining = all.filter((_, index) => index !== lost);
  for (const entry of entriesOf(remaining)) {
    const index = all.findLastIndex((each, index) =>
      each.key === entry.key && index !== lost
    );
    // A value that is known to be gone lets none come back.
    if (isKeyKnown && !isMade && entry.key === key) continue;
    reader.take(
      !isKeyKnown && index < lost ? { ...entry, doubtful: true } : entry,
    );
  }
  if (!isMade) {
    reader.takeDamage({
      message: "",
      changesMax: 1,
      ...(isKeyKnown ? { key } : {}),
    });
  }
  return reader.finish(ANYBODY);
}

for (const isKeyKnown of [true, false]) {
  const what = isKeyKnown ? "whose key is known" : "of which nothing is known";
  Deno.test(`SessionReader repeats no QoS 2 and frees no packet id where a change is lost ${what}`, () => {
    fc.assert(
      fc.property(keptSteps, fc.nat(), (steps: Step[], chance) => {
        const history = new History();
        const changes = new Changes();
        for (const step of steps) changes.record(history.take(step));
        const { all } = changes;
        if (all.length === 0) return;
        const lost = chance % all.length;
        // Only a value that is broken leaves its key.
        if (isKeyKnown && all[lost]?.value === undefined) return;
        const stored = without(all, lost, isKeyKnown);
        const { session, unknown } = stored;
        const queued = emptied(stored);
        const published = session.published.map(({ message }) => message.order);
        for (const order of [...queued, ...published]) {
          const message = history.messages.get(order);
          assert(message !== undefined);
          if (message.qos === 1) continue;
          assert(
            message.state === "published" && published.includes(order) ||
              !message.wasSent,
            `${order} is ${message.state}`,
          );
        }
        const ids = [...session.published, ...session.released]
          .map(({ packetId }) => packetId);
        const lostKey = all[lost]?.key ?? 0;
        for (const packetId of history.packetIds) {
          const isLostItself = !isKeyKnown &&
            lostKey - FLIGHT_KEYS === packetId;
          assert(ids.includes(packetId) || isLostItself, `id ${packetId}`);
        }
        // No more is lost than the change was about.
        const there = new Set([
          ...queued,
          ...published,
          ...history.orders("released"),
          ...unknown.map(({ order }) => order),
        ]);
        const missing = [...history.messages].filter(([order, { state }]) =>
          state !== "settled" && !there.has(order)
        );
        assert(missing.length <= 1, `${missing.length} are missing`);
        const inFlight = isKeyKnown ? 0 : history.packetIds.length;
        assert(unknown.length <= 1 + inFlight, `${unknown.length} are unknown`);
      }),
      { numRuns: 3_000 },
    );
  });
}

Deno.test("SessionReader has a message removed that was released, where the process ended before that", () => {
  const changes = new Changes();
  changes.record([accepted(1, 2), { type: "sent", order: 1, packetId: 4 }]);
  const released = changes.record([{ type: "released", order: 1 }]);
  assertEquals(released.length, 2);
  changes.all.pop();
  const { session, ledger } = sessionOf(entriesOf(changes.all));
  assertEquals(session.released.map(({ packetId }) => packetId), [4]);
  assertEquals(session.queue.length, 0);
  const next = new Changes(ledger);
  next.record([{ type: "settled", order: 1 }]);
  assertEquals(entriesOf([...changes.all, ...next.all]), []);
});

Deno.test("SessionReader takes a message for settled, and its packet id for free, where the process ended before its flight was removed", () => {
  const changes = new Changes();
  changes.record([accepted(1, 1), { type: "sent", order: 1, packetId: 4 }]);
  const settled = changes.record([{ type: "settled", order: 1 }]);
  assertEquals(settled.length, 2);
  changes.all.pop();
  const { session, ledger, lost } = sessionOf(entriesOf(changes.all));
  assertEquals(
    [session.queue.length, session.published, session.released, lost],
    [0, [], [], 0],
  );
  const next = new Changes(ledger);
  next.append();
  assertEquals(entriesOf([...changes.all, ...next.all]), []);
});

Deno.test("SessionReader gives releases in the order of their PUBRECs, also of several processes", () => {
  const changes = new Changes();
  changes.record([1, 2, 3].flatMap((order): StoreRecord[] => [
    accepted(order, 2),
    { type: "sent", order, packetId: 10 - order },
  ]));
  changes.record([{ type: "released", order: 3 }]);
  const { ledger } = sessionOf(entriesOf(changes.all));
  const next = new Changes(ledger);
  next.record([{ type: "released", order: 1 }, { type: "released", order: 2 }]);
  const entries = entriesOf([...changes.all, ...next.all])
    .sort((one, other) => one.key - other.key);
  const { released } = sessionOf(entries).session;
  assertEquals(released.map(({ order }) => order), [3, 1, 2]);
});

Deno.test("SessionReader sends no QoS 2 again of which a change may be lost, but frees its packet id", () => {
  const changes = new Changes();
  changes.record([
    accepted(1, 2),
    { type: "sent", order: 1, packetId: 4 },
    accepted(2, 1),
    { type: "sent", order: 2, packetId: 5 },
  ]);
  const reader = new SessionReader(WALL_AHEAD);
  for (const entry of entriesOf(changes.all)) {
    reader.take({ ...entry, doubtful: true });
  }
  reader.takeDamage({ message: "", changesMax: 1 });
  const { session, ledger, unknown } = reader.finish(ANYBODY);
  assertEquals(session.published.map(({ packetId }) => packetId), [5]);
  assertEquals(session.released, [{ packetId: 4, order: 3 }]);
  assertEquals(session.lastOrder, 3);
  assertEquals(unknown.map(({ topicName }) => topicName), ["topic/1"]);
  // The next process is told the same, but has nothing to be told of any more.
  changes.all.push(...new Changes(ledger).append());
  const next = sessionOf(entriesOf(changes.all));
  assertEquals(next.session.released.map(({ packetId }) => packetId), [4]);
  assertEquals([next.unknown, next.lost], [[], 0]);
});

Deno.test("SessionReader goes on to own an incoming message whose value alone is lost: there is none", () => {
  const reader = new SessionReader(WALL_AHEAD);
  reader.take({ key: 3, value: new Uint8Array(0) });
  reader.takeDamage({ message: "", changesMax: 1, key: 5 });
  const { session, ledger } = reader.finish(ANYBODY);
  assertEquals(session.owned, [3, 5]);
  assertEquals(ledger.take(), [{ key: 5, value: new Uint8Array(0) }]);
});

Deno.test("SessionReader lets one flipped byte cost one message, however many wait", () => {
  const changes = new Changes();
  const orders = Array.from({ length: 1_000 }, (_, index) => index + 1);
  changes.record(orders.map((order) => accepted(order, 2)));
  const stored = without(changes.all, 500, true);
  assertEquals([stored.lost, stored.unknown.length], [1, 0]);
  assertEquals(emptied(stored).length, 999);
  // Where it is not known what was lost, it may have been that the first was sent.
  const other = without(changes.all, 500, false);
  assertEquals(other.unknown.map(({ order }) => order), [1]);
  assertEquals(emptied(other).length, 998);
});

Deno.test("SessionReader counts a message that cannot be read, and has it removed", () => {
  const key = MESSAGE_KEYS + 1;
  for (const value of ["", "\x00", "\x00\x40\x02\x00\x01", "\x01short"]) {
    const bytes = new TextEncoder().encode(value);
    const { session, ledger, lost } = sessionOf([{ key, value: bytes }]);
    assertEquals([session.queue.length, lost], [0, 1]);
    assertEquals(ledger.take(), [{ key, value: undefined }]);
  }
});

Deno.test("SessionReader says whose session it is, and that it is another's", () => {
  assertEquals(bound({}).binding, BINDING);
  const isLost = (binding: Partial<SessionBinding>, asker = {}) =>
    bound(binding, asker).session.isLost;
  assertEquals(isLost({}), false);
  assertEquals(isLost({}, { clientId: "me" }), false);
  assertEquals(isLost({}, { clientId: "you" }), true);
});

Deno.test("SessionReader takes another port, or another name of this machine, for another way to the same server", () => {
  const ways = [
    ["broker.test:1883", "broker.test:8883", false],
    ["broker.test:1883", "Broker.Test.:1883", false],
    ["broker.test:1883", "test:1883", true],
    ["localhost:1883", "127.0.0.1:8883", false],
    ["127.0.0.1:1883", "[::1]:80", false],
    ["localhost:1883", "localhost.test:1883", true],
    ["[fe80::1]:1883", "[fe80::2]:1883", true],
    ["/run/one.sock", "/run/other.sock", true],
    ["/run/one.sock", "localhost:1883", true],
  ] as const;
  for (const [server, address, isElsewhere] of ways) {
    const { unknown } = sent({ server }, { servers: ["other", address] });
    assertEquals(unknown.length > 0, isElsewhere, `${server}, ${address}`);
  }
});

/** A session in which one message of QoS 1 and two of QoS 2 were sent, and the last of them released. */
function sent(binding: Partial<SessionBinding>, asker = {}): StoredSession {
  const changes = new Changes();
  changes.record([
    ...[1, 2, 2].flatMap((qos, index): StoreRecord[] => [
      accepted(index + 1, qos === 1 ? 1 : 2),
      { type: "sent", order: index + 1, packetId: index + 1 },
    ]),
    { type: "released", order: 3 },
  ]);
  changes.ledger.bind({ ...BINDING, ...binding });
  changes.append();
  return sessionOf(entriesOf(changes.all), asker);
}

Deno.test("SessionReader sends nothing of QoS 2 to another server, gives it back, and frees its packet id by PUBREL", () => {
  const { session, unknown, ledger } = sent({}, { servers: ["other"] });
  assertEquals(session.isLost, false);
  assertEquals(session.published.map(({ packetId }) => packetId), [1]);
  assertEquals(session.released.map(({ packetId }) => packetId), [3, 2]);
  assertEquals(unknown.map(({ order }) => order), [2]);
  assertEquals(
    ledger.take().map(({ key, value }) => [key, value !== undefined]),
    [[FLIGHT_KEYS + 2, true], [MESSAGE_KEYS + 2, false]],
  );
});

Deno.test("SessionReader says that the server cannot have the session any more: after twice its interval, and the time in which it notices that we are gone [MQTT-3.1.2-22]", () => {
  const isLost = (
    sessionExpiryInterval: number,
    seconds: number,
    keepAlive = 60,
  ) =>
    bound({ sessionExpiryInterval, keepAlive }, {
      wallNow: NOW + seconds * 1_000,
    }).session.isLost;
  assertEquals(isLost(300, 689), false);
  assertEquals(isLost(300, 690), true);
  assertEquals(isLost(30, 149), false);
  assertEquals(isLost(30, 150), true);
  assertEquals(isLost(300, 1e12, 0), false);
  assertEquals(isLost(0, 0), true);
  assertEquals(isLost(0xFFFFFFFF, 1e12), false);
});

Deno.test("SessionReader reads nothing that a later version has written", () => {
  const value = new TextEncoder().encode('{"format":3}');
  const { message, fault } = assertThrows(
    () => sessionOf([{ key: 0, value }]),
    StoreError,
  );
  assertEquals(fault, "not-a-store");
  assertEquals(
    message,
    "Cannot go on with the session: it is kept in format 3, and this version of midge knows 2",
  );
});
