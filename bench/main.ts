// The benchmarks: midge beside its peers, in turns, in one run. README.md tells how to read them.

import { measure } from "./measure.ts";
import { HELP, type Options, parseOptions } from "./options.ts";
import { Report } from "./report.ts";
import { chooseRows, isStart, needsSink, type Row } from "./rows.ts";
import { Sink } from "./sink.ts";
import { measureStarts } from "./starts.ts";
import { findTools, isPossible } from "./tools.ts";

const QUICK = { rounds: 3, pace: { warmUpSeconds: 0.4, runSeconds: 0.3 } };
const FULL = { rounds: 7, pace: { warmUpSeconds: 1, runSeconds: 1 } };

/** Runs the benchmarks as the command line asks; gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  let options;
  try {
    options = parseOptions(args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n\n${HELP}`);
    return 2;
  }
  const rows = chooseRows(options.names);
  if (options.help) console.log(HELP);
  else if (options.list) { for (const { name } of rows) console.log(name); }
  else if (rows.length > 0) return await run(rows, options);
  else {
    console.error("No row has such a name: --list says them all");
    return 2;
  }
  return 0;
}

/** Runs rows; gives 1 where one has failed. What the figures are does not matter. */
async function run(rows: readonly Row[], options: Options): Promise<number> {
  const tools = await findTools(rows);
  const report = new Report(tools);
  await using sink = tools.compiler === undefined
    ? undefined
    : await Sink.start(tools.compiler);
  for (const row of rows) {
    if (!isPossible(row, tools)) {
      report.skip(row);
      continue;
    }
    try {
      const bench = {
        sink: needsSink(row.job) ? sink : undefined,
        ...(options.quick ? QUICK : FULL),
      };
      const measured = isStart(row.job)
        ? await measureStarts(row, bench)
        : await measure(row, bench);
      report.add(row, measured);
    } catch (error) {
      report.fail(row, error);
    }
  }
  report.end();
  if (options.json !== undefined) await report.save(options.json);
  return report.failed === 0 ? 0 : 1;
}

Deno.exit(await main(Deno.args));
