// Processes that are killed at every step of a little work, with stores in a log, in virtual time: what the next one
// makes of it. What fails is told with its kill, and with its packets.

import { assert } from "@std/assert";
import {
  explainKill,
  killAtEveryStep,
  nameOf,
  VARIANTS,
} from "./simulation/every_step.ts";

/** Fewer steps there are in none. */
const STEPS_MIN = 15;

for (const variant of VARIANTS) {
  if (!variant.isQuick) continue;
  Deno.test(`Client keeps its promises when the process is killed at every step: ${nameOf(variant)}`, async () => {
    const { runs, fault } = await killAtEveryStep(variant);
    if (fault !== undefined) throw new Error(await explainKill(variant, fault));
    assert(runs > STEPS_MIN, `${runs} runs are too few to have met every step`);
  });
}
