// `deno task sweep`: cuts the link to a real mosquitto at every byte of the first 2 KiB, in either direction,
// and counts what is lost, doubled, out of order, rejected or hung.

import { parseArgs } from "node:util";
import { findMosquitto, startMosquitto } from "../support/mosquitto.ts";
import { type Outcome, run, scenarioName } from "./run.ts";
import { scenarios, sweep } from "./sweep.ts";

/** Enough to keep the processor busy while the clients wait for the broker. */
const CONCURRENCY = 8;

const { values } = parseArgs({
  options: {
    step: { type: "string", default: "1" },
    only: { type: "string" },
  },
});
const executable = await findMosquitto();
if (executable === undefined) {
  console.error("The sweep needs a mosquitto, which is not installed");
  Deno.exit(1);
}
await using broker = await startMosquitto(executable);
Deno.exitCode = values.only === undefined
  ? await runAll(broker.tcp, Number(values.step))
  : await runOne(broker.tcp, values.only);

/** Prints the sums, and each run that went wrong with the command that repeats it. */
async function runAll(port: number, step: number): Promise<number> {
  const all = scenarios(step);
  const begun = performance.now();
  let runs = 0;
  let cuts = 0;
  let repeated = 0;
  const faulty: Outcome[] = [];
  await sweep(port, {
    scenarios: all,
    concurrency: CONCURRENCY,
    onOutcome(outcome) {
      runs++;
      if (outcome.isCut) cuts++;
      repeated += outcome.repeated;
      if (runs % 1_000 === 0) console.log(`${runs} of ${all.length} runs`);
      if (outcome.faults.length === 0) return;
      faulty.push(outcome);
      console.log(`deno task sweep --only ${scenarioName(outcome.scenario)}`);
      for (const fault of outcome.faults) console.log(`  ${fault}`);
    },
  });
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  console.log(
    `${runs} runs in ${seconds} s: ${cuts} cuts, ${repeated} messages of QoS 1 came again, ` +
      `${faulty.length} runs with a fault`,
  );
  return faulty.length === 0 ? 0 : 1;
}

/** Repeats one run, and prints its packets. */
async function runOne(port: number, name: string): Promise<number> {
  const scenario = scenarios(1).find((one) => scenarioName(one) === name);
  if (scenario === undefined) {
    console.error(`There is no scenario ${name}`);
    return 1;
  }
  const { faults, trace } = await run(port, scenario);
  for (const line of [...trace, ...faults]) console.log(line);
  return faults.length === 0 ? 0 : 1;
}
