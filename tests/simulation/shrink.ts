// Makes a scenario that fails as short as it can be, and tells it.

import { makeScenario, type Scenario } from "./scenario.ts";
import { Trace } from "./trace.ts";
import { World } from "./world.ts";

/** So many runs are enough: what is left then is short. */
const RUNS_MAX = 300;

/** How many lines of a trace are shown: the end of it. */
const LINES_MAX = 250;

/** Leaves out what the failure does not need. The same rule must fail. */
export async function shrink(
  scenario: Scenario,
  rule: string,
): Promise<Scenario> {
  let runs = 0;
  const fails = async (candidate: Scenario) => {
    if (++runs > RUNS_MAX) return false;
    const { violation } = await new World(candidate).run();
    return violation?.rule === rule;
  };
  let best = scenario;
  for (let size = best.steps.length; size >= 1; size = size >> 1) {
    for (let at = 0; at < best.steps.length;) {
      const steps = best.steps.toSpliced(at, size);
      if (await fails({ ...best, steps })) best = { ...best, steps };
      else at += size;
    }
  }
  for (const candidate of simpler(best)) {
    const tried = candidate(best);
    if (await fails(tried)) best = tried;
  }
  return best;
}

/** What may be left out besides steps: cuts of packets, delays and faults. */
function simpler(
  { clients }: Scenario,
): ((scenario: Scenario) => Scenario)[] {
  return [
    (scenario) => ({ ...scenario, wires: { ...scenario.wires, cuts: false } }),
    (scenario) => ({ ...scenario, wires: { ...scenario.wires, delayMs: 0 } }),
    ...clients.flatMap(({ faults }, client) => [
      (scenario: Scenario) => withFaults(scenario, client, () => []),
      ...faults.map((_, index) => (scenario: Scenario) =>
        withFaults(scenario, client, (all) => all.with(index, null))
      ),
    ]),
  ];
}

type Faults = Scenario["clients"][number]["faults"];

function withFaults(
  scenario: Scenario,
  client: number,
  change: (faults: Faults) => Faults,
): Scenario {
  const plan = scenario.clients[client];
  if (plan === undefined || plan.faults.length === 0) return scenario;
  const clients = scenario.clients.with(client, {
    ...plan,
    faults: change(plan.faults),
  });
  return { ...scenario, clients };
}

/** The failure of a seed: its rule, the command that shows it again, the shortest scenario, and what happened in it. */
export async function explain(seed: number): Promise<string> {
  const whole = makeScenario(seed);
  const { violation } = await new World(whole).run();
  if (violation === undefined) return `Seed ${seed} keeps every rule`;
  const scenario = await shrink(whole, violation.rule);
  const trace = new Trace();
  const report = await new World(scenario, trace).run();
  const { steps, ...rest } = scenario;
  return [
    `Seed ${seed} breaks "${violation.rule}": ${violation.why}`,
    `Again: deno task simulate --seeds 1 --from ${seed}`,
    `The scenario, made as short as it can be: ${JSON.stringify(rest)}`,
    ...steps.map((step) => `  ${JSON.stringify(step)}`),
    `What happens in it, until "${report.violation?.rule}": ${report.violation?.why}`,
    ...trace.lines.slice(-LINES_MAX),
  ].join("\n");
}
