// What happens in one simulation, as plain data: made from a seed, and made smaller when something fails.

import type { ProtocolVersion, QoS } from "../../src/codec/packet.ts";
import type { OfflinePolicy } from "../../src/session/offline.ts";
import type { LostFlight } from "../../src/session/options.ts";
import { Random } from "../fuzz/random.ts";
import type { Fault, FaultType, WireManners } from "./wires.ts";

/** How a program takes messages. */
export interface ConsumerPlan {
  readonly form: "loop" | "handler";
  readonly ack: "processed" | "receipt" | "manual";
  /** How long a loop waits before it begins. */
  readonly lateMs: number;
  /** How long a message takes it. */
  readonly workMs: number;
  /** It leaves after so many messages, in one of three ways, and comes back after a time; 0: never. */
  readonly leavesAfter: number;
  readonly leaves: "break" | "throw" | "ack and break";
  readonly awayMs: number;
  /** Of a handler: how many run at once, and every how many fail. */
  readonly concurrency: number;
  readonly failsEvery: number;
  readonly onError: "close" | "reject" | "acknowledge";
}

/** One thing that a program, the broker or a wire does. */
export type Step =
  & { readonly at: number; readonly client: number }
  & (
    | {
      readonly type: "publish";
      readonly topic: number;
      readonly qos: QoS;
      readonly count: number;
      readonly size: number;
      /** Whether each one is awaited. */
      readonly awaits: boolean;
      /** Given up after a time; 0: never. */
      readonly abortMs: number;
    }
    | {
      readonly type: "subscribe";
      readonly slot: number;
      readonly qos: QoS;
      readonly consumer: ConsumerPlan;
      readonly abortMs: number;
    }
    | { readonly type: "unsubscribe"; readonly slot: number }
    | {
      readonly type: "take over";
      readonly ms: number;
      readonly clean: boolean;
    }
    | { readonly type: "forget" | "dismiss" | "close" | "disconnect" }
    | { readonly type: "cut"; readonly fault: FaultType }
    | { readonly type: "kill"; readonly kill: Kill }
    | { readonly type: "outage"; readonly ms: number }
  );

/** The store that a client has, in a log. */
export interface StorePlan {
  readonly durability: "flush" | "sync";
  /** The log is written anew when it has so many bytes of no more use. */
  readonly garbageMax: number;
  /** The longest time that an append waits before it is written, and then until it is told. A sync may take more. */
  readonly delayMs: number;
}

/** How a process ends without a word. */
export interface Kill {
  /** Between two events; before an operation of its disk, or in the middle of a write; when bytes have left for the wire. */
  readonly point: "event" | "disk" | "wire";
  /** How many events there still are, or operations, or bytes. */
  readonly after: number;
  /** How much of the write that it ends in is done: 0 to 1. */
  readonly part: number;
  /** The machine goes down with it: what was not synced is lost, and the server hears nothing. */
  readonly isPowerCut: boolean;
  /** How long it is until the program is started again. */
  readonly downMs: number;
}

/** One client. */
export interface ClientPlan {
  readonly protocolVersion: ProtocolVersion;
  readonly cleanStart: boolean;
  readonly keepAlive: number;
  /** 0: the default. Under MQTT 3.x it is `maxInflight`. */
  readonly receiveMaximum: number;
  readonly maximumPacketSize: number;
  readonly topicAliasMaximum: number;
  readonly sessionExpiryInterval: number;
  readonly readAhead: number;
  readonly hardBoundBytes: number;
  readonly overflow: "pause" | "drop";
  readonly offlineMax: number;
  readonly policy: OfflinePolicy;
  readonly offlineQos0: boolean;
  readonly lostQos1: LostFlight;
  /** The handler of the whole client, which gets what no loop or handler of a subscription takes. */
  readonly onMessage: ConsumerPlan | null;
  /** Its slots' filters overlap. */
  readonly overlaps: boolean;
  /** Only a program with a store is ever killed. */
  readonly store: StorePlan | null;
  /** The faults of its wires, in the order in which they are opened; the rest are sound. */
  readonly faults: readonly (Fault | null)[];
}

/** The whole. */
export interface Scenario {
  readonly seed: number;
  readonly wires: WireManners;
  readonly broker: {
    readonly receiveMaximum: number;
    readonly inflightMax: number;
    readonly topicAliasMaximum: number;
    readonly outgoingTopicAliasMaximum: number;
    readonly maximumPacketSize: number;
    readonly outgoingSizeMax: number;
  };
  readonly clients: readonly ClientPlan[];
  readonly steps: readonly Step[];
}

/** How many topics there are. */
export const TOPICS = 3;

/** When the last step is taken, at the latest. */
const LENGTH_MS = 12_000;

/** A bound in bytes that a few messages of QoS 0 reach. */
const SMALL_BOUND = 8_000;

const FAULTS: readonly FaultType[] = [
  "fin",
  "fin",
  "reset",
  "reset",
  "reset",
  "silence",
  "mute",
];

/** The scenario of a seed. */
export function makeScenario(seed: number): Scenario {
  const random = new Random(seed);
  const clients = Array.from(
    { length: 2 + random.below(2) },
    () => makeClient(random),
  );
  const steps: Step[] = [];
  clients.forEach((plan, client) => {
    if (client === 0 && random.once(2)) return;
    for (let slot = 0; slot < TOPICS; slot++) {
      if (random.once(3)) continue;
      steps.push({
        at: random.below(50),
        client,
        type: "subscribe",
        slot,
        qos: random.of([1, 2, 2]),
        consumer: makeConsumer(random, plan.protocolVersion),
        abortMs: 0,
      });
    }
  });
  const count = 10 + random.below(30);
  for (let index = 0; index < count; index++) {
    const client = random.below(clients.length);
    const plan = clients[client];
    if (plan === undefined) continue;
    steps.push(makeStep(random, plan, { at: random.below(LENGTH_MS), client }));
  }
  const stored = withStores(new Random(seed * 17), clients, steps);
  steps.sort((a, b) => a.at - b.at);
  return {
    seed,
    wires: {
      delayMs: random.of([0, 5, 30, 200]),
      capacity: random.of([200, 2_000, 1 << 20]),
      cuts: !random.once(4),
    },
    broker: {
      receiveMaximum: random.of([1, 2, 5, 65_535]),
      inflightMax: random.of([1, 3, 20]),
      topicAliasMaximum: random.of([0, 2, 10]),
      outgoingTopicAliasMaximum: random.of([0, 1, 10]),
      maximumPacketSize: random.of([300, 1 << 20]),
      outgoingSizeMax: random.of([60, 2_000, 1 << 18]),
    },
    clients: stored,
    steps,
  };
}

/** Gives some clients a store, and has them killed. */
function withStores(
  random: Random,
  clients: readonly ClientPlan[],
  steps: Step[],
): ClientPlan[] {
  return clients.map((plan, client) => {
    if (random.once(plan.cleanStart ? 2 : 4)) return plan;
    const store: StorePlan = {
      durability: random.of(["flush", "sync"]),
      garbageMax: random.of([100, 300, 1_000, 1 << 20]),
      delayMs: random.of([0, 5, 5, 100]),
    };
    for (let count = random.below(6); count > 0; count--) {
      const kill = makeKill(random, store);
      steps.push({ at: random.below(LENGTH_MS), client, type: "kill", kill });
    }
    return { ...plan, store };
  });
}

function makeKill(random: Random, { durability }: StorePlan): Kill {
  const point = random.of(["event", "disk", "disk", "wire"] as const);
  return {
    point,
    after: random.below(point === "wire" ? 200 : 12),
    part: random.below(11) / 10,
    isPowerCut: durability === "sync" && random.once(2),
    downMs: random.of([0, 10, 500, random.below(6_000)]),
  };
}

function makeClient(random: Random): ClientPlan {
  const protocolVersion = random.of<ProtocolVersion>([3, 4, 4, 5, 5, 5]);
  const hardBoundBytes = random.of([64 << 20, 64 << 20, SMALL_BOUND]);
  return {
    protocolVersion,
    onMessage: random.once(5) ? makeConsumer(random, protocolVersion) : null,
    cleanStart: random.once(3),
    keepAlive: random.of([1, 3, 5]),
    // A bound below what the server may have under way would never let a client without a loop come to rest.
    receiveMaximum: random.of(
      hardBoundBytes === SMALL_BOUND ? [1, 2, 5] : [0, 1, 2, 5],
    ),
    maximumPacketSize: random.of([0, 0, 250]),
    topicAliasMaximum: random.of([0, 2]),
    sessionExpiryInterval: random.of([2, 300, 300]),
    readAhead: random.of([2, 64]),
    hardBoundBytes,
    overflow: random.of(["pause", "pause", "drop"]),
    offlineMax: random.of([0, 3, 1_000]),
    policy: random.of(["reject", "drop-oldest", "wait"]),
    offlineQos0: random.once(2),
    lostQos1: random.of(["resend", "resend", "reject"]),
    store: null,
    // Several queues with the same messages fill a small bound, and one whose SUBACK is to come is not emptied.
    overlaps: hardBoundBytes > SMALL_BOUND && random.once(4),
    faults: Array.from(
      { length: random.below(10) },
      () => random.once(4) ? null : makeFault(random),
    ),
  };
}

function makeFault(random: Random): Fault {
  return {
    type: random.of(FAULTS),
    direction: random.of(["toServer", "toClient"]),
    afterBytes: random.once(4) ? random.below(40) : random.below(900),
  };
}

function makeConsumer(
  random: Random,
  protocolVersion: ProtocolVersion,
): ConsumerPlan {
  const form = random.of(["loop", "loop", "handler"] as const);
  return {
    form,
    ack: random.of(["processed", "processed", "receipt", "manual"]),
    lateMs: random.once(6) ? random.below(3_000) : 0,
    workMs: random.of([0, 0, 1, 20, 300]),
    leavesAfter: random.once(2) ? 1 + random.below(5) : 0,
    leaves: random.of(["break", "throw", "ack and break"]),
    awayMs: 10 + random.below(3_000),
    concurrency: random.of([1, 1, 3]),
    failsEvery: random.once(4) ? 2 + random.below(6) : 0,
    onError: random.once(8)
      ? "close"
      : protocolVersion === 5
      ? random.of(["reject", "acknowledge"])
      : "acknowledge",
  };
}

function makeStep(
  random: Random,
  plan: ClientPlan,
  base: { at: number; client: number },
): Step {
  switch (random.below(20)) {
    case 0:
      return {
        ...base,
        type: "subscribe",
        slot: random.below(TOPICS),
        qos: random.of([0, 1, 2]),
        consumer: makeConsumer(random, plan.protocolVersion),
        abortMs: random.once(4) ? 1 + random.below(100) : 0,
      };
    case 1:
    case 7:
      return { ...base, type: "unsubscribe", slot: random.below(TOPICS) };
    case 2:
    case 3:
      return { ...base, type: "cut", fault: random.of(FAULTS) };
    case 4:
      return { ...base, type: "outage", ms: random.below(4_000) };
    case 5:
      return random.once(3)
        ? {
          ...base,
          type: "take over",
          ms: random.below(500),
          clean: random.once(3),
        }
        : { ...base, type: random.of(["forget", "dismiss"]) };
    case 6:
      if (random.once(8)) {
        return { ...base, type: random.of(["close", "disconnect"]) };
      }
  }
  const qos = random.of<QoS>([0, 1, 1, 2, 2, 2]);
  return {
    ...base,
    type: "publish",
    topic: random.below(TOPICS),
    qos,
    count: random.of(qos === 0 ? [1, 3, 60] : [1, 1, 3, 10]),
    // MQTT 3.x has no word for what is too large.
    size: random.once(6) && plan.protocolVersion === 5
      ? 100 + random.below(400)
      : random.below(30),
    awaits: random.once(2),
    abortMs: random.once(6) ? 1 + random.below(400) : 0,
  };
}
