// Processes that are killed by SIGKILL around their packets, many times: `kill_run.ts [TIMES] [KIND...]`.

import { findMosquitto } from "../support/mosquitto.ts";
import { killSubscriber } from "./kill_incoming.ts";
import { killPublisher } from "./kill_outgoing.ts";
import type { KillOptions, KillOutcome } from "./kill_process.ts";

/** What is killed, and how. */
export interface KillKind {
  readonly name: string;
  readonly what: string;
  readonly promise: string;
  readonly protocolVersion: 4 | 5;
  readonly durability: "flush" | "sync";
  readonly run: (options: KillOptions) => Promise<KillOutcome>;
}

const DIRECTIONS = [
  {
    what: "outgoing",
    promise: "QoS 2 exactly once, QoS 1 at least once and the order of both",
    run: killPublisher,
  },
  {
    what: "incoming",
    promise: "what was acknowledged from coming again, and all else in order",
    run: killSubscriber,
  },
];

const WAYS = [[4, "flush"], [5, "flush"], [5, "sync"]] as const;

/** All kinds. */
export const KILL_KINDS: readonly KillKind[] = DIRECTIONS.flatMap((direction) =>
  WAYS.map(([protocolVersion, durability]) => ({
    ...direction,
    name: `${direction.what}-${protocolVersion}-${durability}`,
    protocolVersion,
    durability,
  }))
);

if (import.meta.main) {
  const executable = await findMosquitto();
  if (executable === undefined) throw new Error("There is no mosquitto here");
  const [times = "200", ...names] = Deno.args;
  let faults = 0;
  for (const { name, run, protocolVersion, durability } of KILL_KINDS) {
    if (names.length > 0 && !names.includes(name)) continue;
    const begun = performance.now();
    const outcome = await run({
      executable,
      protocolVersion,
      durability,
      times: Number(times),
    });
    const ms = Math.round(performance.now() - begun);
    console.log(name, outcome, `${ms} ms`);
    faults += outcome.faults.length;
  }
  Deno.exit(faults === 0 ? 0 : 1);
}
