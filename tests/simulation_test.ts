// Clients and the broker in one process in virtual time, over wires that are slow and fail, and with stores that
// outlive the kills of the clients' processes. What fails is told with its seed, the command that shows it again,
// the scenario made as short as it can be, and its packets.

import { assert, assertEquals } from "@std/assert";
import { makeScenario } from "./simulation/scenario.ts";
import { explain } from "./simulation/shrink.ts";
import { Trace } from "./simulation/trace.ts";
import { World } from "./simulation/world.ts";

/** In parts, so that one that fails names its seeds, and the others still tell. */
const PARTS = 10;
const SEEDS_A_PART = 100;

for (let part = 0; part < PARTS; part++) {
  const from = 1 + part * SEEDS_A_PART;
  const to = from + SEEDS_A_PART - 1;
  Deno.test(`Client and BrokerMachine keep their promises over wires that fail and through kills, seeds ${from} to ${to}`, async () => {
    for (let seed = from; seed <= to; seed++) {
      const { violation } = await new World(makeScenario(seed)).run();
      if (violation !== undefined) throw new Error(await explain(seed));
    }
  });
}

Deno.test("a seed of the simulation is replayed exactly", async () => {
  // Processes with stores of both kinds are killed in them.
  for (const seed of [4, 6]) {
    const traces: string[][] = [];
    for (let time = 0; time < 2; time++) {
      const trace = new Trace();
      const { kills } = await new World(makeScenario(seed), trace).run();
      assert(kills > 2, "there is little to be replayed");
      traces.push(trace.lines);
    }
    assertEquals(traces[0], traces[1]);
  }
});
