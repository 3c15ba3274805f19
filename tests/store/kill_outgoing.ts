// A publisher that is killed again and again around its packets, with a real mosquitto. What arrives is compared
// with what the publisher was told and with what its store had.

import { connect, fileStore } from "../../mod.ts";
import { MESSAGE_KEYS, MessageDecoder } from "../../src/store/record_codec.ts";
import { RestartedMosquitto } from "../support/restarted_mosquitto.ts";
import {
  type KilledAt,
  killOnce,
  type KillOptions,
  type KillOutcome,
  linesOf,
  startProgram,
  triggerOf,
} from "./kill_process.ts";
import { startKillProxy } from "./kill_proxy.ts";

const decoder = new TextDecoder();

const KILLED_AT: readonly KilledAt[] = [
  { direction: "to-client", type: 5 }, // PUBREC
  { direction: "to-server", type: 6 }, // PUBREL
  { direction: "to-client", type: 7 }, // PUBCOMP
  { direction: "to-server", type: 3 }, // PUBLISH
  { direction: "to-client", type: 4 }, // PUBACK
];

/** Kills a publisher so many times, then lets one finish. */
export async function killPublisher(
  { executable, protocolVersion, durability, times }: KillOptions,
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
  const publisher = (...run: number[]) =>
    startProgram("kill_publisher.ts", [
      ...[url, protocolVersion, durability, path],
      ...run,
    ]);
  try {
    for (let run = 1; run <= times; run++) {
      const trigger = triggerOf(KILLED_AT, run);
      const lines = await killOnce(proxy, trigger, () => publisher(run));
      arrivals.settled(run, lines);
      arrivals.stored(await storedIn(path));
    }
    const last = publisher();
    await linesOf(last);
    const { code } = await last.status;
    if (code !== 0) arrivals.faults.push(`The last process ended with ${code}`);
    await subscriber.publish("kill/end", "0:0", { qos: 2 });
    await arrivals.ended;
    return arrivals.outcome(times);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
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
  readonly #again = { 1: 0, 2: 0 };
  readonly #end = Promise.withResolvers<void>();
  #stored = 0;
  #outOfOrder = 0;

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
    if (came <= series.last) return this.#addAgain(topic, payload);
    if (came > series.last + 1) {
      this.#outOfOrder++;
      this.faults.push(`${topic} ${payload} came behind ${series.last}`);
    }
    series.last = came;
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
    let [arrived, lost] = [0, 0];
    for (const [name, { last, due }] of this.#series) {
      arrived += last;
      if (last >= due) continue;
      lost += due - last;
      this.faults.push(`Of ${name}, ${last} came of ${due} that must`);
    }
    return {
      kills,
      arrived,
      left: this.#stored,
      again: this.#again,
      againByServer: 0,
      lost,
      outOfOrder: this.#outOfOrder,
      faults: this.faults,
    };
  }

  #addAgain(topic: string, payload: string): void {
    const qos = topic === "kill/1" ? 1 : 2;
    this.#again[qos]++;
    if (qos === 2) this.faults.push(`${topic} ${payload} came again`);
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
}
