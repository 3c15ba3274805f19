// `deno task mutants`: plants one fault after the other in a copy of src/, and shows what catches each. One that
// is caught by nothing is a rule that is missing.
//
//   deno task mutants
//   deno task mutants --only "DUP"

import { parseArgs } from "node:util";
import { DURABLE_MUTANTS } from "./durable_mutants.ts";
import { type Mutant, MUTANTS } from "./mutant_list.ts";

/** Enough that each fault has its chance. */
const SEEDS = 1_500;

/** A fault that keeps time from passing, or the machine busy, has shown itself. */
const HUNG_MS = 240_000;

const ROOT = new URL("../../", import.meta.url);
const COPIED = ["deno.json", "deno.lock", "mod.ts", "testing.ts", "src"];
const TESTS = [
  "simulation",
  "fuzz",
  "session",
  "client",
  "std",
  "store",
  "support",
  "every_step_test.ts",
];

/** Where the scenarios are. */
const SCENARIOS = [
  "tests/session/",
  "tests/client/",
  "tests/every_step_test.ts",
  ...["log_store", "rewrite", "ledger", "stored_session"].map((name) =>
    `tests/store/${name}_test.ts`
  ),
];

const { values } = parseArgs({
  options: { only: { type: "string", default: "" } },
});

/** What a command has said, and whether it was content. */
interface Said {
  readonly isWell: boolean;
  readonly text: string;
}

const folder = await Deno.makeTempDir({ prefix: "midge-mutants-" });
let survivors = 0;
/** Why the scenarios fail without a fault; they count only where they do not. */
let scenarioFault: string | undefined;
try {
  await copy(folder);
  const untouched = await simulate(folder);
  if (untouched !== undefined) {
    throw new Error(`Without a fault the simulation fails: ${untouched}`);
  }
  scenarioFault = await test(folder);
  if (scenarioFault !== undefined) {
    console.log(
      `Without a fault there fails ${scenarioFault}: only the simulation counts`,
    );
  }
  for (const mutant of [...MUTANTS, ...DURABLE_MUTANTS]) {
    if (!mutant.fault.includes(values.only)) continue;
    const caughtBy = await plant(folder, mutant);
    if (caughtBy === undefined) survivors++;
    console.log(`${mutant.fault}: ${caughtBy ?? "SURVIVES"}`);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
console.log(`${survivors} faults survive`);
Deno.exit(survivors === 0 ? 0 : 1);

/** Plants a fault, sees what catches it, and takes it out again. */
async function plant(
  folder: string,
  { fault, path, text, instead }: Mutant,
): Promise<string | undefined> {
  const file = `${folder}/src/${path}`;
  const source = await Deno.readTextFile(file);
  if (source.split(text).length !== 2) {
    throw new Error(
      `"${fault}" is out of date: src/${path} must have this once: ${text}`,
    );
  }
  await Deno.writeTextFile(file, source.replace(text, () => instead));
  try {
    const bySimulation = await simulate(folder);
    if (bySimulation !== undefined || scenarioFault !== undefined) {
      return bySimulation;
    }
    return await test(folder);
  } finally {
    await Deno.writeTextFile(file, source);
  }
}

/** The first seed that fails, and its rule; undefined where none does. */
async function simulate(folder: string): Promise<string | undefined> {
  const { isWell, text } = await deno(folder, [
    "run",
    "-A",
    "--no-check",
    "tests/simulation/main.ts",
    `--seeds=${SEEDS}`,
    "--brief",
    "--first",
  ]);
  if (isWell) return undefined;
  return text.split("\n").find((line) => line.startsWith("seed ")) ??
    `the simulation: ${text.trim().split("\n")[0]}`;
}

/** The first scenario that fails. */
async function test(folder: string): Promise<string | undefined> {
  const { isWell, text } = await deno(folder, [
    "test",
    "-A",
    "--no-check",
    "--fail-fast",
    ...SCENARIOS,
  ]);
  if (isWell) return undefined;
  const line = text.split("\n").find((line) => line.includes("FAILED"));
  return `the scenario "${line?.replace(/ \.\.\. .*/, "") ?? text.trim()}"`;
}

async function deno(folder: string, args: string[]): Promise<Said> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let hasHung = false;
  const timer = setTimeout(() => {
    hasHung = true;
    child.kill("SIGKILL");
  }, HUNG_MS);
  const { success, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  const said = decoder.decode(stdout) + decoder.decode(stderr);
  return {
    isWell: success,
    text: hasHung ? "it comes to no end" : said,
  };
}

async function copy(folder: string): Promise<void> {
  for (const name of COPIED) await copyTree(name, folder);
  await Deno.mkdir(`${folder}/tests`);
  for (const name of TESTS) await copyTree(`tests/${name}`, folder);
}

async function copyTree(path: string, folder: string): Promise<void> {
  const from = new URL(path, ROOT);
  const to = `${folder}/${path}`;
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) {
    await copyTree(`${path}/${name}`, folder);
  }
}
