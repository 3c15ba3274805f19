// What is needed beside Deno: a C compiler for the sink, Node and its packages for the peers.

import { type Contender, needsSink, type Row, runsOnNode } from "./rows.ts";

/** What there is on this machine. */
export interface Tools {
  /** What builds the sink; undefined where there is none. */
  readonly compiler: string | undefined;
  /** The version of Node; undefined where Node or the peers' packages are missing. */
  readonly node: string | undefined;
  /** Whether there is what puts a process on a core. */
  readonly taskset: boolean;
  /** Whether there is the command that is a peer of ours. */
  readonly mosquittoPub: boolean;
  /** The versions of the peers' packages, by name. */
  readonly packages: Readonly<Record<string, string>>;
  /** What is missing, and how that can be helped. */
  readonly missing: readonly string[];
}

/** A name and a version, as in `{ "mqtt": "npm:mqtt@5.16.0" }`. */
const PACKAGE = /^npm:(?<name>.+)@(?<version>.+)$/;

const MOSQUITTO_PUB = "mosquitto_pub";

const COMPILERS: readonly string[] = ["gcc", "clang", "cc"];

/** Finds what the rows need, and brings the peers' packages. */
export async function findTools(rows: readonly Row[]): Promise<Tools> {
  const missing: string[] = [];
  let compiler, node;
  if (rows.some((row) => needsSink(row.job))) {
    compiler = await findCompiler();
    if (compiler === undefined) missing.push("a C compiler (gcc or clang)");
  }
  const taskset = await said("taskset", ["--version"]) !== undefined;
  if (!taskset) missing.push("taskset (util-linux)");
  let mosquittoPub = false;
  if (rows.some((row) => row.peer.program === MOSQUITTO_PUB)) {
    mosquittoPub = await isThere(MOSQUITTO_PUB);
    if (!mosquittoPub) missing.push("mosquitto_pub (mosquitto-clients)");
  }
  if (rows.some((row) => runsOnNode(row.peer))) {
    node = await findNode();
    if (node === undefined) missing.push("node");
    else if (!await installPeers()) {
      node = undefined;
      missing.push("the peers' packages (npm's registry is out of reach)");
    }
  }
  const packages = await peers();
  return { compiler, node, taskset, mosquittoPub, packages, missing };
}

/** Whether a row can be run with what there is. */
export function isPossible(
  row: Row,
  { compiler, node, taskset, mosquittoPub }: Tools,
): boolean {
  if (row.peer.program === MOSQUITTO_PUB && !mosquittoPub) return false;
  return (compiler !== undefined && taskset || !needsSink(row.job)) &&
    (node !== undefined || !runsOnNode(row.peer));
}

/** The command that runs a contender. */
export function commandOf(contender: Contender): readonly string[] {
  const path = pathOf(`sides/${contender.program}`);
  if (runsOnNode(contender)) return ["node", path];
  // Bench's own deno.json names the peers' packages, which midge has no part in.
  const flags = ["--quiet", "--no-config", "--no-prompt"];
  return [Deno.execPath(), "run", ...flags, "--allow-net=127.0.0.1", path];
}

/** The first C compiler that is there. */
export async function findCompiler(): Promise<string | undefined> {
  for (const compiler of COMPILERS) {
    if (await said(compiler, ["--version"]) !== undefined) return compiler;
  }
  return undefined;
}

/** The version of Node, as in "v20.20.2". Where there is none, Deno answers in its place. */
async function findNode(): Promise<string | undefined> {
  const version = await said("node", ["--version"]);
  return version?.startsWith("v") ? version : undefined;
}

/** Puts the peers where Node finds them: bench/node_modules, as bench/deno.lock has them. */
async function installPeers(): Promise<boolean> {
  const args = ["install", "--quiet", "--frozen", "--config"];
  const config = pathOf("deno.json");
  return await said(Deno.execPath(), [...args, config]) !== undefined;
}

async function peers(): Promise<Record<string, string>> {
  const { imports } = JSON.parse(await Deno.readTextFile(pathOf("deno.json")));
  const versions: Record<string, string> = {};
  for (const specifier of Object.values<string>(imports)) {
    const { name = "", version = "" } = PACKAGE.exec(specifier)?.groups ?? {};
    versions[name] = version;
  }
  return versions;
}

/** Whether there is a command, whatever it makes of being asked. */
async function isThere(command: string): Promise<boolean> {
  try {
    await new Deno.Command(command, { args: ["--version"] }).output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What a command says; undefined where it is not there or fails. */
async function said(
  command: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(command, {
      args: [...args],
      stdin: "null",
      stderr: "inherit",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function pathOf(name: string): string {
  return `${import.meta.dirname}/${name}`;
}
