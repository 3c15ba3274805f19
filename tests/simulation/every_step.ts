// A publish of each QoS and an incoming message of QoS 1 and 2, and the process killed at every step of that: at
// each event, at each operation of its disk, in the middle of each write, and behind each byte that it writes.

import type {
  ClientPlan,
  Kill,
  Scenario,
  Step,
  StorePlan,
} from "./scenario.ts";
import { CALM } from "./taker.ts";
import { Trace } from "./trace.ts";
import { World } from "./world.ts";

/** What a program is killed in. */
export interface Variant {
  readonly protocolVersion: 4 | 5;
  readonly durability: StorePlan["durability"];
  readonly isPowerCut: boolean;
  /** How long appends, syncs and wires take, at most. */
  readonly delayMs: number;
  /** What is killed: the process that does all this, or the one that goes on with it, in a session or without. */
  readonly killed: "first" | "second" | "second, session lost";
}

/** All of them, and which are run with every change of the source. */
export const VARIANTS: readonly (Variant & { readonly isQuick: boolean })[] =
  combine();

/** A kill that a rule does not outlive. */
export interface Fault {
  readonly kill: Kill;
  readonly rule: string;
  readonly why: string;
}

/** What came of all runs. */
export interface Outcome {
  readonly runs: number;
  /** The first. */
  readonly fault: Fault | undefined;
}

/** Where writes end that the process is killed in: before, within, and behind, when nobody has been told. */
const PARTS = [0, 0.5, 1];

/** More steps than that are a circle. */
const STEPS_MAX = 2_000;

/** Runs the scenario once for each step that the process can be killed at. */
export async function killAtEveryStep(variant: Variant): Promise<Outcome> {
  let runs = 0;
  for (const { point, part } of points()) {
    for (let after = 0; after < STEPS_MAX; after++) {
      const { isPowerCut } = variant;
      const kill = { point, after, part, isPowerCut, downMs: 50 };
      const scenario = scenarioOf(variant, kill);
      const { violation, kills } = await new World(scenario).run();
      runs++;
      if (violation !== undefined) {
        const { rule, why } = violation;
        return { runs, fault: { kill, rule, why } };
      }
      // It was over before it came to that.
      if (kills < killsOf(variant)) break;
    }
  }
  return { runs, fault: undefined };
}

/** The variant in a few words. */
export function nameOf(variant: Variant): string {
  const { protocolVersion, durability, isPowerCut, delayMs, killed } = variant;
  return [
    `MQTT ${protocolVersion === 5 ? 5 : "3.1.1"}`,
    `"${durability}"`,
    isPowerCut ? "power cuts" : "kills",
    delayMs > 0 ? "slow" : "quick",
    `the ${killed}`,
  ].join(", ");
}

/** What happens in the run that fails. */
export async function explainKill(
  variant: Variant,
  { kill, rule, why }: Fault,
): Promise<string> {
  const trace = new Trace();
  await new World(scenarioOf(variant, kill), trace).run();
  return [
    `${nameOf(variant)}: ${JSON.stringify(kill)} breaks "${rule}": ${why}`,
    ...trace.lines,
  ].join("\n");
}

/** One run of a variant. */
function scenarioOf(variant: Variant, kill: Kill): Scenario {
  const { delayMs, protocolVersion, killed } = variant;
  const steps: Step[] = [
    ...[0, 1].map((client): Step => ({
      at: 0,
      client,
      type: "subscribe",
      slot: client,
      qos: 2,
      consumer: { ...CALM, workMs: 1 },
      abortMs: 0,
    })),
    ...([0, 1, 2] as const).map((qos) => publish(0, qos)),
    ...([1, 2] as const).map((qos) => publish(1, qos)),
  ];
  if (killed === "first") steps.unshift({ ...AT_ONCE, kill });
  else {
    // Most is under way then, and the next process is killed in going on with it.
    steps.push({ ...AT_ONCE, at: 112, kill: { ...kill, ...NOW } });
    steps.push({ ...AT_ONCE, at: 120, kill });
    if (killed === "second, session lost") {
      steps.push({ at: 120, client: 0, type: "forget" });
    }
  }
  const client = { ...CLIENT, protocolVersion };
  const { durability } = variant;
  return {
    seed: 1,
    wires: { delayMs, capacity: 1 << 20, cuts: false },
    broker: {
      receiveMaximum: 65_535,
      inflightMax: 20,
      topicAliasMaximum: 0,
      outgoingTopicAliasMaximum: 0,
      maximumPacketSize: 1 << 20,
      outgoingSizeMax: 1 << 18,
    },
    clients: [
      { ...client, store: { durability, garbageMax: 100, delayMs } },
      client,
    ],
    steps,
  };
}

const AT_ONCE = { at: 0, client: 0, type: "kill" } as const;
const NOW = { point: "event", after: 0 } as const;

const CLIENT: ClientPlan = {
  protocolVersion: 5,
  cleanStart: false,
  keepAlive: 60,
  receiveMaximum: 0,
  maximumPacketSize: 0,
  topicAliasMaximum: 0,
  sessionExpiryInterval: 300,
  readAhead: 64,
  hardBoundBytes: 64 << 20,
  overflow: "pause",
  offlineMax: 1_000,
  policy: "reject",
  offlineQos0: false,
  lostQos1: "resend",
  onMessage: null,
  overlaps: false,
  store: null,
  faults: [],
};

function publish(client: 0 | 1, qos: 0 | 1 | 2): Step {
  return {
    at: 100 + qos,
    client,
    type: "publish",
    topic: 1 - client,
    qos,
    count: 1,
    size: 10,
    awaits: false,
    abortMs: 0,
  };
}

function killsOf({ killed }: Variant): number {
  return killed === "first" ? 1 : 2;
}

function combine(): typeof VARIANTS {
  const disks = [["flush", false], ["sync", false], ["sync", true]] as const;
  return ([4, 5] as const).flatMap((protocolVersion) =>
    disks.flatMap(([durability, isPowerCut]) =>
      [0, 3].flatMap((delayMs) =>
        (["first", "second", "second, session lost"] as const).map((
          killed,
        ) => ({
          protocolVersion,
          durability,
          isPowerCut,
          delayMs,
          killed,
          // A process without a delay writes as one with delays does, but for what may come between.
          isQuick: isPowerCut === (durability === "sync") &&
            (delayMs > 0) === (protocolVersion === 5),
        }))
      )
    )
  );
}

function points(): Pick<Kill, "point" | "part">[] {
  return [
    { point: "event", part: 0 },
    { point: "wire", part: 0 },
    ...PARTS.map((part) => ({ point: "disk" as const, part })),
  ];
}
