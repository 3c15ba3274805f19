/**
 * `midge publish --store` killed again and again, with a real mosquitto: around its packets, and by the clock. What
 * arrives is compared with the input. Run by itself: `publish_kill_run.ts [TIMES]`.
 *
 * @module
 */
import { connect } from "../../mod.ts";
import {
  type KillProxy,
  startKillProxy,
  type Trigger,
} from "../store/kill_proxy.ts";
import { findMosquitto } from "../support/mosquitto.ts";
import { RestartedMosquitto } from "../support/restarted_mosquitto.ts";
import { commandLine } from "./process.ts";

/** The packets around which the process is killed, each before it goes on and right after it has. */
const TRIGGERS: readonly Omit<Trigger, "count" | "passes">[] = [
  { direction: "to-server", type: 3 }, // PUBLISH
  { direction: "to-client", type: 5 }, // PUBREC
  { direction: "to-server", type: 6 }, // PUBREL
  { direction: "to-client", type: 7 }, // PUBCOMP
  { direction: "to-client", type: 2 }, // CONNACK
];

/** More than a run can publish before it is killed. */
const LINES_A_RUN = 1_000;

/** How long a process lives that is killed by the clock, at most. */
const LIFE_MAX_MS = 400;

/** What is published, and how. */
export type Kind = "lines" | "jsonl";

/** How the command is killed. */
export interface KillRunOptions {
  /** Where mosquitto is. */
  readonly executable: string;
  readonly kind: Kind;
  /** How often. */
  readonly times: number;
}

/** What came of all runs. */
export interface KillRunOutcome {
  /** How often the command was killed before its input had ended. */
  readonly kills: number;
  /** How many lines the input has. */
  readonly lines: number;
  /** How many of them were taken by the command that was not killed. */
  readonly left: number;
  /** Of QoS 1, how many have arrived again. */
  readonly repeated: number;
  /** Whatever breaks a promise, one sentence each. */
  readonly faults: readonly string[];
}

/** Kills the command so many times, then lets it finish. */
export async function publishKillRun(
  { executable, kind, times }: KillRunOptions,
): Promise<KillRunOutcome> {
  const folder = await Deno.makeTempDir({ prefix: "midge-publish-kill-" });
  await using broker = new RestartedMosquitto({
    executable,
    persistence: true,
  });
  await broker.start();
  const input = inputOf(kind, times * LINES_A_RUN);
  await Deno.writeTextFile(`${folder}/input`, input.join("\n"));
  const arrivals = new Arrivals();
  await using subscriber = await connect(broker.url, {
    onMessage: (message) => arrivals.add(message.topic, message.text()),
    ack: "receipt",
  });
  await subscriber.subscribe("kill/+", { qos: 2 });
  using proxy = startKillProxy(broker.port);
  const start = () => publisher(kind, folder, proxy.port);
  try {
    let kills = 0;
    let last = "";
    while (kills < times) {
      const { signal, stderr } = await killOnce(proxy, kills, start);
      last = stderr;
      if (signal !== "SIGKILL") break;
      kills++;
    }
    const { code, stderr } = await ended(start());
    if (code !== 0) arrivals.faults.push(`It ended with ${code}: ${stderr}`);
    const [, taken = "0"] = /(\d+) lines of/.exec(stderr) ?? [];
    await subscriber.publish("kill/end", "0", { qos: 2 });
    await arrivals.ended;
    if (kills < times) arrivals.faults.push(`It was too quick. ${last}`);
    arrivals.compare(kind, input.length);
    const { faults, repeated } = arrivals;
    const left = input.length - Number(taken);
    return { kills, lines: input.length, left, repeated, faults };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Lines that say their own number; as JSON every third of QoS 1. */
function inputOf(kind: Kind, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const payload = `${index + 1}`;
    if (kind === "lines") return payload;
    const qos = qosOf(kind, index + 1);
    return JSON.stringify({ topic: `kill/${qos}`, qos, payload });
  });
}

function qosOf(kind: Kind, number: number): 1 | 2 {
  return kind === "jsonl" && number % 3 === 0 ? 1 : 2;
}

/** Every second one is killed around a packet, the others some time after their start. */
async function killOnce(
  proxy: KillProxy,
  run: number,
  start: () => Deno.ChildProcess,
): Promise<Ended> {
  const child = start();
  const kind = TRIGGERS[(run >> 2) % TRIGGERS.length];
  if (kind === undefined) throw new RangeError("There is no such kind");
  if (run % 2 === 0) {
    const count = kind.type === 2 ? 1 : 1 + run * 37 % 150;
    const trigger = { ...kind, count, passes: (run & 2) === 0 };
    proxy.arm(trigger, () => child.kill("SIGKILL"));
  } else {
    const life = AbortSignal.timeout(LIFE_MAX_MS * (run * 29 % 40) / 40);
    life.addEventListener("abort", () => child.kill("SIGKILL"));
  }
  return await ended(child);
}

interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stderr: string;
}

async function ended(child: Deno.ChildProcess): Promise<Ended> {
  const stderr = await new Response(child.stderr).text();
  const { code, signal } = await child.status;
  return { code, signal, stderr };
}

function publisher(
  kind: Kind,
  folder: string,
  port: number,
): Deno.ChildProcess {
  const options = kind === "lines"
    ? ["-l", "-q", "2", "-t", "kill/2"]
    : ["--jsonl", "-q", "2"];
  const command = commandLine([
    ...["publish", "-p", `${port}`, ...options],
    ...["--store", `${folder}/store`],
  ]);
  // The input is a file, which the shell opens.
  const script = `exec "$@" < "$0"`;
  return new Deno.Command("sh", {
    args: ["-c", script, `${folder}/input`, Deno.execPath(), ...command],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

/** Compares what comes with what was promised. */
class Arrivals {
  readonly faults: string[] = [];
  repeated = 0;
  readonly #last = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  readonly #end = Promise.withResolvers<void>();

  /** Resolves when the last message has come. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  /** A message has come: its number is higher than that of all before it, unless at QoS 1 it comes again. */
  add(topic: string, payload: string): void {
    if (topic === "kill/end") return this.#end.resolve();
    const number = Number(payload);
    const last = this.#last.get(topic) ?? 0;
    if (number > last) {
      this.#last.set(topic, number);
      this.#counts.set(topic, (this.#counts.get(topic) ?? 0) + 1);
    } else if (topic === "kill/1") this.repeated++;
    else this.faults.push(`${topic} ${payload} came behind ${last}`);
  }

  /** Whether all have come, once each. */
  compare(kind: Kind, lines: number): void {
    const numbers = Array.from({ length: lines }, (_, index) => index + 1);
    for (const qos of [1, 2]) {
      const due = numbers.filter((each) => qosOf(kind, each) === qos).length;
      const came = this.#counts.get(`kill/${qos}`) ?? 0;
      if (came !== due) {
        this.faults.push(`Of QoS ${qos}, ${came} came of ${due}`);
      }
    }
  }
}

if (import.meta.main) {
  const executable = await findMosquitto();
  if (executable === undefined) throw new Error("There is no mosquitto");
  const times = Number(Deno.args[0] ?? 40);
  for (const kind of ["lines", "jsonl"] as const) {
    const outcome = await publishKillRun({ executable, kind, times });
    console.log(kind, outcome);
  }
}
