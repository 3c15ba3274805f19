// Rows whose figure is the time that processes take from their start to their end, with all modules in the
// runtime's cache.

import type { Bench, Measured } from "./measure.ts";
import type { Row } from "./rows.ts";
import type { Job } from "./task.ts";

/** A round's figure is the least of so many starts: whatever else the machine does only adds to it. */
const STARTS = 10;

/** What a side starts; what an empty script takes is the runtime's doing, and taken off where there is one. */
interface Side {
  readonly command: readonly string[];
  readonly empty: readonly string[] | undefined;
}

/** Measures such a row. Throws where a process fails. */
export async function measureStarts(
  { job, midge, peer }: Row,
  { sink, rounds }: Bench,
): Promise<Measured> {
  const port = sink?.port ?? 0;
  const ours = sideOf(job, midge.program, port);
  const theirs = sideOf(job, peer.program, port);
  const commands = [ours.command, ours.empty, theirs.command, theirs.empty];
  const measured: { midge: number[]; peer: number[] } = { midge: [], peer: [] };
  await leastTimes(commands, 1); // It fills the caches.
  for (let round = 0; round < rounds; round++) {
    const [our = 0, ourEmpty = 0, their = 0, theirEmpty = 0] = await leastTimes(
      commands,
      STARTS,
    );
    measured.midge.push(our - ourEmpty);
    measured.peer.push(their - theirEmpty);
  }
  return measured;
}

/** Runs commands by turns, and gives the shortest time of each, in microseconds; 0 where there is none. */
async function leastTimes(
  commands: readonly (readonly string[] | undefined)[],
  starts: number,
): Promise<readonly number[]> {
  const least = commands.map((command) => command ? Infinity : 0);
  for (let start = 0; start < starts; start++) {
    for (const [index, command] of commands.entries()) {
      if (command === undefined) continue;
      least[index] = Math.min(least[index] ?? 0, await timeOf(command));
    }
  }
  return least;
}

function sideOf({ work }: Job, program: string, port: number): Side {
  const command = commandOf(program);
  if (work === "start-import") {
    return { command, empty: commandOf(program.replace("import", "empty")) };
  }
  const args = program.endsWith(".mjs") ? [String(port)] : publishArgs(port);
  return { command: [...command, ...args], empty: undefined };
}

function commandOf(program: string): readonly string[] {
  const path = `${import.meta.dirname}/sides/${program}`;
  if (program.endsWith(".mjs")) return ["node", path];
  if (!program.endsWith(".ts")) return [program];
  // Bench's own deno.json names the peers' packages, which midge has no part in.
  const flags = ["--quiet", "--no-config", "--allow-all"];
  const command = [Deno.execPath(), "run", ...flags, path];
  return program.endsWith("cli.ts") ? [...command, "publish"] : command;
}

/** The command line is that of mosquitto_pub. */
function publishArgs(port: number): readonly string[] {
  const where = ["-h", "127.0.0.1", "-p", String(port)];
  return [...where, "-t", "bench/start", "-m", "hello"];
}

async function timeOf(
  [command = "", ...args]: readonly string[],
): Promise<number> {
  const begin = performance.now();
  const { success } = await new Deno.Command(command, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn().status;
  const micros = 1_000 * (performance.now() - begin);
  if (!success) throw new Error(`It has failed: ${command} ${args.join(" ")}`);
  return micros;
}
