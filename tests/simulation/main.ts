// `deno task simulate`: runs the scenarios of many seeds, and shows the first that fails.
//
//   deno task simulate --seeds 10000
//   deno task simulate --seeds 1 --from 4711
//   deno task simulate --seeds 10000 --brief    (a line for each that fails; with --first, for the first)
//   deno task simulate --every-step             (kills a process at every step of a little work instead)

import { parseArgs } from "node:util";
import {
  explainKill,
  killAtEveryStep,
  nameOf,
  VARIANTS,
} from "./every_step.ts";
import { makeScenario } from "./scenario.ts";
import { explain } from "./shrink.ts";
import { World } from "./world.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    brief: { type: "boolean", default: false },
    first: { type: "boolean", default: false },
    "every-step": { type: "boolean", default: false },
  },
});
if (values["every-step"]) await killAll();
const from = Number(values.from);
const seeds = Number(values.seeds);
const begun = performance.now();
const sums = { messages: 0, wires: 0, faults: 0, kills: 0 };
let failed = 0;

for (let seed = from; seed < from + seeds; seed++) {
  const { violation, ...counts } = await new World(makeScenario(seed)).run();
  sums.messages += counts.messages;
  sums.wires += counts.wires;
  sums.faults += counts.faults;
  sums.kills += counts.kills;
  if (violation === undefined) continue;
  failed++;
  if (values.brief) {
    console.log(
      `seed ${seed}: ${violation.rule}: ${violation.why.slice(0, 200)}`,
    );
    if (values.first) break;
    continue;
  }
  console.log(await explain(seed));
  break;
}

const seconds = (performance.now() - begun) / 1_000;
console.log(
  `${seeds} seeds from ${from}, ${failed} failed: ${sums.messages} messages, ${sums.wires} wires, ` +
    `${sums.faults} cut, ${sums.kills} kills, ${seconds.toFixed(1)} s, ${
      (seeds / seconds).toFixed(1)
    } seeds/s`,
);
Deno.exit(failed === 0 ? 0 : 1);

/** Kills at every step, in every variant. */
async function killAll(): Promise<never> {
  let failed = 0;
  for (const variant of VARIANTS) {
    const { runs, fault } = await killAtEveryStep(variant);
    console.log(`${nameOf(variant)}: ${runs} runs`);
    if (fault === undefined) continue;
    failed++;
    console.log(await explainKill(variant, fault));
  }
  Deno.exit(failed === 0 ? 0 : 1);
}
