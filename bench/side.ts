// One side of a row: a contender's process, warmed up, run, and its counts checked.

import { checkCounts, checkOutcome } from "./check.ts";
import { Child } from "./child.ts";
import { place } from "./cores.ts";
import { type Contender, isTime, type Row } from "./rows.ts";
import type { Sink } from "./sink.ts";
import type { Job, Outcome, Task } from "./task.ts";
import { commandOf } from "./tools.ts";

/** What a side is made from. */
export interface SideOptions {
  readonly row: Row;
  readonly contender: Contender;
  /** Undefined for rows that need none. */
  readonly sink: Sink | undefined;
}

/** How long a side runs. */
export interface Pace {
  /** How long the last run of the warm-up is to take at least. */
  readonly warmUpSeconds: number;
  /** How long a run that counts is to take. */
  readonly runSeconds: number;
}

/** The first run of a warm-up has so many messages. */
const FIRST_COUNT = 2_000;

/** A run of the warm-up has at most so many times the messages of the one before: what is cold tells little. */
const GROWTH_MAX = 20;

/** A contender at its work, in a process of its own. */
export class Side implements AsyncDisposable {
  readonly #options: SideOptions;
  readonly #child: Child;
  #count = FIRST_COUNT;
  #runs = 0;

  /** Starts its process. */
  constructor(options: SideOptions) {
    this.#options = options;
    const [command = "", ...args] = commandOf(options.contender);
    this.#child = new Child(command, args);
  }

  /** Has its process and the sink's run on the cores that the row asks for. */
  async settle(): Promise<void> {
    const { row: { job }, sink } = this.#options;
    if (sink === undefined) return;
    await place(sink.pid, job);
    await place(this.#child.pid, job);
  }

  /** Runs until it is warm, and finds out how many messages a run is to have. */
  async warmUp({ warmUpSeconds, runSeconds }: Pace): Promise<void> {
    let { seconds } = await this.#run();
    while (seconds < warmUpSeconds) {
      this.#grow(Math.min(1.5 * warmUpSeconds / seconds, GROWTH_MAX));
      ({ seconds } = await this.#run());
    }
    this.#grow(runSeconds / seconds);
  }

  /** One run that counts. */
  async figure(): Promise<number> {
    const { messages, seconds, p50Us = NaN } = await this.#run();
    return isTime(this.#options.row.job) ? p50Us : messages / seconds;
  }

  #grow(growth: number): void {
    this.#count = 1_000 * Math.ceil(this.#count * growth / 1_000);
  }

  async #run(): Promise<Outcome> {
    const { row: { name, job }, contender, sink } = this.#options;
    const { program, protocolVersion } = contender;
    const task: Task = {
      ...job,
      port: sink?.port ?? 0,
      clientId: `${name}-${program}-${protocolVersion}-${++this.#runs}`,
      topic: topicOf(job, this.#count),
      protocolVersion,
      count: this.#count,
    };
    await this.#child.tell(task);
    // The programs in sides/ answer so; the counts are checked.
    const outcome = await this.#child.hear() as Outcome;
    checkOutcome(task, outcome);
    if (sink !== undefined) checkCounts(task, await sink.counts(task.clientId));
    return outcome;
  }

  /** Ends its process. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

/** What the sink does depends on the topic: sink/main.c. */
function topicOf({ work, size, qos, window }: Job, count: number): string {
  if (work === "round-trip") return "echo/temperature";
  if (!work.startsWith("receive")) return "bench/temperature";
  return `source/${count}/${size}/${qos}/${window}`;
}
