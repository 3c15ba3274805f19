// A publisher that is killed again and again around its packets, with a real mosquitto. What arrives is compared
// with what the publisher was told and with what its store had. Run by itself: `kill_run.ts [TIMES]`.

import { connect, fileStore } from "../../mod.ts";
import { MESSAGE_KEYS, MessageDecoder } from "../../src/store/record_codec.ts";
import { findMosquitto } from "../support/mosquitto.ts";
import { RestartedMosquitto } from "../support/restarted_mosquitto.ts";
import { type KillProxy, startKillProxy, type Trigger } from "./kill_proxy.ts";

const PUBLISHER = new URL("kill_publisher.ts", import.meta.url).pathname;

const decoder = new TextDecoder();

/** The packets around which the process is killed, each before it goes on and right after it has. */
const TRIGGERS: readonly Omit<Trigger, "count">[] = [
  { direction: "to-client", type: 5, passes: false }, // PUBREC
  { direction: "to-client", type: 5, passes: true },
  { direction: "to-server", type: 6, passes: false }, // PUBREL
  { direction: "to-server", type: 6, passes: true },
  { direction: "to-client", type: 7, passes: false }, // PUBCOMP
  { direction: "to-client", type: 7, passes: true },
  { direction: "to-server", type: 3, passes: false }, // PUBLISH
  { direction: "to-server", type: 3, passes: true },
  { direction: "to-client", type: 4, passes: false }, // PUBACK
  { direction: "to-client", type: 4, passes: true },
];

/** What came of all runs. */
export interface KillOutcome {
  /** How often the process was killed. */
  readonly kills: number;
  /** How many different messages have arrived. */
  readonly arrived: number;
  /** How many the stores had at the kills. */
  readonly stored: number;
  /** Of QoS 1, how many have arrived again. */
  readonly repeated: number;
  /** Whatever breaks a promise, one sentence each. */
  readonly faults: readonly string[];
}

/** How a publisher is killed. */
export interface KillOptions {
  /** Where mosquitto is. */
  readonly executable: string;
  readonly protocolVersion: 4 | 5;
  /** How often. */
  readonly times: number;
}

/** Kills a publisher so many times, then lets one finish. */
export async function killRun(
  { executable, protocolVersion, times }: KillOptions,
): Promise<KillOutcome> {
  const folder = await Deno.makeTempDir({ prefix: "midge-kill-" });
  await using broker = new RestartedMosquitto({
    executable,
    persistence: true,
  });
  await broker.start();
  const arrivals = new Arrivals();
  await using subscriber = await connect(broker.url, {
    clientId: "subscriber",
    cleanStart: false,
    onMessage: (message) => arrivals.add(message.topic, message.text()),
    ack: "receipt",
  });
  await subscriber.subscribe("kill/+", { qos: 2 });
  const path = `${folder}/state.log`;
  // To the client it is one server all the time: another address would be another server.
  using proxy = startKillProxy(broker.port);
  const url = `mqtt://127.0.0.1:${proxy.port}`;
  const publish = (run?: number) =>
    publisher([url, `${protocolVersion}`, path], run);
  try {
    for (let run = 1; run <= times; run++) {
      const kind = TRIGGERS[run % TRIGGERS.length];
      if (kind === undefined) throw new RangeError("There is no such kind");
      // Some early in the life of a process, where it resends, and some later.
      const trigger = { ...kind, count: 1 + run * 37 % 150 };
      arrivals.settled(run, await killOnce(proxy, trigger, () => publish(run)));
      arrivals.stored(await storedIn(path));
    }
    const { code } = await publish().status;
    if (code !== 0) arrivals.faults.push(`The last process ended with ${code}`);
    await subscriber.publish("kill/end", "0:0", { qos: 2 });
    await arrivals.ended;
    return arrivals.outcome(times);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** One process from its start to its end by SIGKILL: the lines it has printed. */
async function killOnce(
  proxy: KillProxy,
  trigger: Trigger,
  start: () => Deno.ChildProcess,
): Promise<string[]> {
  const child = start();
  proxy.arm(trigger, () => child.kill("SIGKILL"));
  const output = await new Response(child.stdout).text();
  const { signal } = await child.status;
  if (signal !== "SIGKILL") throw new Error("The process ended by itself");
  return output.split("\n").slice(0, -1);
}

function publisher(args: readonly string[], run?: number): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", PUBLISHER, ...args],
      ...(run === undefined ? [] : [`${run}`]),
    ],
    stdin: "null",
    stdout: run === undefined ? "null" : "piped",
    stderr: "inherit",
  }).spawn();
}

/** The messages that a killed process has left, as topic and payload. */
async function storedIn(path: string): Promise<[string, string][]> {
  const messages = new MessageDecoder();
  const found: [string, string][] = [];
  const store = fileStore(path);
  await store.open(({ key, value }) => {
    if (key < MESSAGE_KEYS) return;
    const { packet } = messages.decode(value);
    found.push([packet.topicName, decoder.decode(packet.payload)]);
  });
  await store.close();
  return found;
}

/** What has arrived of one process at one QoS, and how far it must come. */
interface Series {
  last: number;
  due: number;
}

/** Compares what comes with what was promised. */
class Arrivals {
  readonly faults: string[] = [];
  readonly #series = new Map<string, Series>();
  readonly #end = Promise.withResolvers<void>();
  #stored = 0;
  #repeated = 0;

  /** Resolves when the last message has come. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  /** A message has come. Those of one process and QoS are numbered from 1 in their order. */
  add(topic: string, payload: string): void {
    if (topic === "kill/end") return this.#end.resolve();
    const [run = "", number = ""] = payload.split(":");
    const series = this.#of(`${topic} ${run}`);
    const came = Number(number);
    if (came === series.last + 1) series.last = came;
    else if (came <= series.last && topic === "kill/1") this.#repeated++;
    else this.#fault(topic, payload, `came behind ${series.last}`);
  }

  /** What the process has printed: these were settled. */
  settled(run: number, lines: readonly string[]): void {
    for (const line of lines) {
      const [qos, number] = line.split(":");
      this.#due(`kill/${qos} ${run}`, Number(number));
    }
  }

  /** These were accepted. */
  stored(messages: readonly (readonly [string, string])[]): void {
    this.#stored += messages.length;
    for (const [topic, payload] of messages) {
      const [run, number] = payload.split(":");
      this.#due(`${topic} ${run}`, Number(number));
    }
  }

  /** What came of it all. */
  outcome(kills: number): KillOutcome {
    let arrived = 0;
    for (const [name, { last, due }] of this.#series) {
      arrived += last;
      if (last < due) {
        this.faults.push(`Of ${name}, ${last} came of ${due} that must`);
      }
    }
    const [stored, repeated] = [this.#stored, this.#repeated];
    return { kills, arrived, stored, repeated, faults: this.faults };
  }

  #due(name: string, number: number): void {
    const series = this.#of(name);
    series.due = Math.max(series.due, number);
  }

  #of(name: string): Series {
    const series = this.#series.get(name) ?? { last: 0, due: 0 };
    this.#series.set(name, series);
    return series;
  }

  #fault(topic: string, payload: string, what: string): void {
    this.faults.push(`${topic} ${payload} ${what}`);
  }
}

if (import.meta.main) {
  const executable = await findMosquitto();
  if (executable === undefined) throw new Error("There is no mosquitto here");
  const begun = performance.now();
  let faults = 0;
  for (const protocolVersion of [4, 5] as const) {
    const times = Number(Deno.args[0] ?? 200) / 2;
    const outcome = await killRun({ executable, protocolVersion, times });
    console.log(protocolVersion, outcome);
    faults += outcome.faults.length;
  }
  console.log(`${Math.round(performance.now() - begun)} ms`);
  Deno.exit(faults === 0 ? 0 : 1);
}
