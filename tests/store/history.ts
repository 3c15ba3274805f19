/**
 * Histories of sessions as their records tell them, and what a store makes of each.
 *
 * @module
 */
import fc from "fast-check";
import type { QoS } from "../../src/codec/packet.ts";
import type { StoreRecord } from "../../src/session/record.ts";
import { Ledger } from "../../src/store/ledger.ts";
import type { StoreChange, StoreEntry } from "../../src/store/store.ts";
import {
  type Asker,
  SessionReader,
  type StoredSession,
} from "../../src/store/stored_session.ts";

/** What the wall clock has more than the driver's. */
export const WALL_AHEAD = 1_700_000_000_000;

/** Somebody whom every session belongs to. */
export const ANYBODY: Asker = {
  clientId: undefined,
  servers: ["server"],
  wallNow: WALL_AHEAD,
};

/** A message that was accepted, and what became of it. */
export interface Sent {
  readonly qos: QoS;
  state: "queued" | "published" | "released" | "settled";
  packetId: number;
  /** Whether it was sent at any time. */
  wasSent: boolean;
}

/** An "accepted" record. */
export function accepted(
  order: number,
  qos: QoS = 1,
  rest: Partial<Extract<StoreRecord, { type: "accepted" }>> = {},
): StoreRecord {
  return {
    type: "accepted",
    order,
    topicName: `topic/${order}`,
    payload: `payload ${order}`,
    qos,
    retain: false,
    properties: {},
    expiresAt: 0,
    ...rest,
  };
}

/** One thing that may happen; numbers are taken modulo what there is. */
export type Step =
  | { readonly type: "publish"; readonly qos: 1 | 2 }
  | { readonly type: "send" }
  | { readonly type: "answer"; readonly index: number }
  | { readonly type: "abort"; readonly index: number }
  | { readonly type: "own"; readonly packetId: number }
  | { readonly type: "complete"; readonly index: number }
  | { readonly type: "lose" };

const qos = fc.constantFrom(1 as const, 2 as const);
const index = fc.nat(1_000);

/** Steps of a session that the server keeps. */
export const keptSteps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant("publish"), qos }) },
    { weight: 4, arbitrary: fc.constant({ type: "send" }) },
    { weight: 5, arbitrary: fc.record({ type: fc.constant("answer"), index }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("abort"), index }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("own"),
        packetId: fc.integer({ min: 1, max: 9 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("complete"), index }),
    },
  ),
  { maxLength: 60, size: "max" },
);

/** Steps of sessions that the server forgets at times. */
export const anySteps: fc.Arbitrary<Step[]> = fc.tuple(
  keptSteps,
  fc.array(index, { maxLength: 3 }),
).map(([steps, losses]) => {
  const all: Step[] = [...steps];
  for (const loss of losses) {
    all.splice(loss % (all.length + 1), 0, { type: "lose" });
  }
  return all;
});

/** What is so after some steps, and the records that say so: a session without the protocol. */
export class History {
  readonly messages = new Map<number, Sent>();
  readonly owned = new Set<number>();
  /** In the order of their PUBRECs. */
  released: number[] = [];
  #nextId = 1;

  /** Does a step; its records are what one turn of a session would give. */
  take(step: Step): StoreRecord[] {
    switch (step.type) {
      case "publish": {
        const order = this.messages.size + 1;
        const sent = { state: "queued", packetId: 0, wasSent: false } as const;
        this.messages.set(order, { ...sent, qos: step.qos });
        return [accepted(order, step.qos)];
      }
      case "send":
        return this.#send();
      case "answer":
        return this.#answer(step.index);
      case "abort":
        return this.#settle(pick(this.orders("queued"), step.index));
      case "own":
        if (this.owned.has(step.packetId)) return [];
        this.owned.add(step.packetId);
        return [{ type: "owned", packetId: step.packetId }];
      case "complete": {
        const packetId = pick([...this.owned], step.index);
        if (packetId === undefined) return [];
        this.owned.delete(packetId);
        return [{ type: "completed", packetId }];
      }
      case "lose":
        return this.#lose();
    }
  }

  /** The messages that are in a state. */
  orders(state: Sent["state"]): number[] {
    return [...this.messages].filter(([, sent]) => sent.state === state)
      .map(([order]) => order);
  }

  /** The packet ids that the server may know. */
  get packetIds(): number[] {
    return [...this.messages.values()]
      .filter(({ state }) => state === "published" || state === "released")
      .map(({ packetId }) => packetId);
  }

  #send(): StoreRecord[] {
    const [order] = this.orders("queued");
    const message = this.messages.get(order ?? 0);
    if (order === undefined || message === undefined) return [];
    while (this.packetIds.includes(this.#nextId)) this.#nextId++;
    const packetId = this.#nextId;
    // They come again soon: an old flight must not be taken for a new one.
    this.#nextId = this.#nextId % 5 + 1;
    Object.assign(message, { state: "published", packetId, wasSent: true });
    return [{ type: "sent", order, packetId }];
  }

  #answer(index: number): StoreRecord[] {
    const order = pick(
      [...this.orders("published"), ...this.orders("released")],
      index,
    );
    const message = this.messages.get(order ?? 0);
    if (order === undefined || message === undefined) return [];
    if (message.qos === 1 || message.state === "released") {
      return this.#settle(order);
    }
    message.state = "released";
    this.released.push(order);
    return [{ type: "released", order }];
  }

  #settle(order: number | undefined): StoreRecord[] {
    const message = this.messages.get(order ?? 0);
    if (order === undefined || message === undefined) return [];
    message.state = "settled";
    this.released = this.released.filter((each) => each !== order);
    return [{ type: "settled", order }];
  }

  /** QoS 1 is sent anew, QoS 2 is given up. */
  #lose(): StoreRecord[] {
    const published = this.orders("published");
    const isAgain = (order: number) => this.messages.get(order)?.qos === 1;
    const gone = [
      ...this.released,
      ...published.filter((order) => !isAgain(order)),
    ];
    for (const order of published.filter(isAgain)) {
      const message = this.messages.get(order);
      if (message) Object.assign(message, { state: "queued", packetId: 0 });
    }
    this.owned.clear();
    return [
      { type: "session-lost" },
      ...gone.flatMap((order) => this.#settle(order)),
    ];
  }
}

/** A store that remembers every change, so that one can be lost. */
export class Changes {
  readonly all: StoreChange[] = [];
  readonly ledger: Ledger;

  constructor(ledger = new Ledger()) {
    this.ledger = ledger;
  }

  /** Appends what the ledger has. */
  append(): StoreChange[] {
    const changes = this.ledger.take().map(({ key, value }) => ({
      key,
      value: value?.slice(),
    }));
    this.all.push(...changes);
    return changes;
  }

  /** Appends what records make. */
  record(records: readonly StoreRecord[]): StoreChange[] {
    this.ledger.record(records, WALL_AHEAD);
    return this.append();
  }
}

/** What changes add up to. */
export function entriesOf(changes: readonly StoreChange[]): StoreEntry[] {
  const entries = new Map<number, StoreEntry>();
  for (const { key, value } of changes) {
    entries.delete(key);
    if (value !== undefined) entries.set(key, { key, value });
  }
  return [...entries.values()];
}

/** The session that entries make. */
export function sessionOf(
  entries: readonly StoreEntry[],
  asker: Partial<Asker> = {},
): StoredSession {
  const reader = new SessionReader(WALL_AHEAD);
  for (const entry of entries) reader.take(entry);
  return reader.finish({ ...ANYBODY, ...asker });
}

/** The orders of all that is queued; the queue is empty then. */
export function emptied({ session }: StoredSession): number[] {
  const orders: number[] = [];
  for (
    let message = session.queue.shift();
    message !== undefined;
    message = session.queue.shift()
  ) orders.push(message.order);
  return orders;
}

function pick(orders: readonly number[], index: number): number | undefined {
  return orders[index % orders.length];
}
