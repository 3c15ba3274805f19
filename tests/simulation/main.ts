// `deno task simulate`: runs the scenarios of many seeds, and shows the first that fails.
//
//   deno task simulate --seeds 10000
//   deno task simulate --seeds 1 --from 4711
//   deno task simulate --seeds 10000 --brief    (a line for each that fails; with --first, for the first)

import { parseArgs } from "node:util";
import { makeScenario } from "./scenario.ts";
import { explain } from "./shrink.ts";
import { World } from "./world.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    brief: { type: "boolean", default: false },
    first: { type: "boolean", default: false },
  },
});
const from = Number(values.from);
const seeds = Number(values.seeds);
const begun = performance.now();
const sums = { messages: 0, wires: 0, faults: 0 };
let failed = 0;

for (let seed = from; seed < from + seeds; seed++) {
  const { violation, ...counts } = await new World(makeScenario(seed)).run();
  sums.messages += counts.messages;
  sums.wires += counts.wires;
  sums.faults += counts.faults;
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
    `${sums.faults} cut, ${seconds.toFixed(1)} s, ${
      (seeds / seconds).toFixed(1)
    } seeds/s`,
);
Deno.exit(failed === 0 ? 0 : 1);
