/**
 * The work of `midge subscribe`: ask for the filters, print what comes, and know when it is enough.
 *
 * @module
 */
import {
  type Client,
  matchTopic,
  type Message,
  type SubscribeOptions,
  type Subscription,
  type UnsubscribeOptions,
} from "../../mod.ts";
import type { Format } from "./format.ts";
import type { Replier } from "./reply.ts";
import { Output } from "./output.ts";
import { GOODBYE_TIMEOUT_MS } from "./run.ts";
import { writeError } from "./terminal.ts";
import { UnderWay } from "./under_way.ts";

/** The exit code when the time is over, which is mosquitto_sub's. */
const TIMED_OUT = 27;

/** Below this a Reason Code is a success. */
const FAILURE_MIN = 0x80;

/** What is to be received, what is printed of it, and when it ends. */
export interface Reception {
  /** The Topic Filters, and what is asked of the server for each. */
  readonly subscriptions: readonly {
    readonly filter: string;
    readonly options: SubscribeOptions;
  }[];
  /** Topic Filters of a resumed session to leave. */
  readonly unsubscribe: {
    readonly filters: readonly string[];
    readonly options: UnsubscribeOptions;
  };
  readonly format: Format;
  readonly count: number;
  readonly timeoutMs: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly exitAfterSubscribe: boolean;
  readonly noRetained: boolean;
  readonly retainedOnly: boolean;
  readonly filterOut: readonly string[];
  /** What happens to a retained message once it is printed. */
  readonly removal: "none" | "dry run" | "all";
  /** Answers a request, and rejects never. */
  readonly reply: Replier | undefined;
}

/** Receives until it is enough, the time is over or a signal comes; returns the exit code. */
export async function receive(
  client: Client,
  stop: AbortSignal,
  reception: Reception,
): Promise<number> {
  const { timeoutMs, idleTimeoutMs } = reception;
  const idle = new IdleTimer(idleTimeoutMs);
  const end = AbortSignal.any([
    ...[stop, idle.signal],
    ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]),
  ]);
  end.addEventListener("abort", () => {
    // The loop ends in order when the client disconnects.
    const timeoutMs = stop.aborted ? 0 : GOODBYE_TIMEOUT_MS;
    client.disconnect({ timeoutMs }).catch(() => {});
  });
  const printer = new Printer(client, reception, () => idle.restart());
  try {
    const asking = ask(client, reception, end);
    const [enough] = await Promise.race([
      Promise.all([printer.run(), asking]),
      printer.failed,
      deserted(client, asking),
      overdue(end),
    ]);
    if (enough) return 0;
  } catch (error) {
    if (!end.aborted) throw error;
  }
  return stop.aborted ? 0 : TIMED_OUT;
}

/** Leaves and asks for what is to be left and asked for, in one write. */
async function ask(
  client: Client,
  { subscriptions, unsubscribe }: Reception,
  signal: AbortSignal,
): Promise<readonly Subscription[]> {
  const leaving = unsubscribe.filters.length > 0 &&
    client.unsubscribe(unsubscribe.filters, { ...unsubscribe.options, signal });
  // Each filter has a subscription of its own: one that is refused later on does not take others with it.
  const asked = subscriptions.map(({ filter, options }) =>
    client.subscribe(filter, { ...options, signal })
  );
  const [subscribed] = await Promise.all([Promise.all(asked), leaving]);
  return subscribed;
}

/** Rejects when the server, asked again after it had lost the session, has refused the last filter: nothing will come. */
async function deserted(
  client: Client,
  asking: Promise<readonly Subscription[]>,
): Promise<never> {
  const status = client.status();
  const subscriptions = await asking;
  for await (const event of status) {
    if (event.type !== "subscription-refused") continue;
    const hasAny = subscriptions.some(({ granted }) =>
      granted.some((code) => code < FAILURE_MIN)
    );
    if (!hasAny) throw event.error;
  }
  return await new Promise(() => {});
}

/** When the end has come and the reader of the output pauses, it is not waited for any longer. */
function overdue(end: AbortSignal): Promise<[boolean]> {
  return new Promise((resolve) => {
    end.addEventListener("abort", () => {
      AbortSignal.timeout(2 * GOODBYE_TIMEOUT_MS)
        .addEventListener("abort", () => resolve([false]));
    });
  });
}

/** Prints what the client receives. */
class Printer {
  /** Rejects when the output has failed, or clearing what is retained. */
  readonly failed: Promise<never>;
  readonly #client: Client;
  readonly #reception: Reception;
  readonly #onMessages: () => void;
  readonly #output = new Output(Deno.stdout);
  readonly #removals = new UnderWay();
  readonly #answers = new UnderWay();
  #wanted: number;

  constructor(client: Client, reception: Reception, onMessages: () => void) {
    this.#client = client;
    this.#reception = reception;
    this.#onMessages = onMessages;
    this.#wanted = reception.count;
    const { failed } = this.#removals;
    this.failed = Promise.race([
      this.#output.failed,
      new Promise<never>((_, reject) =>
        failed.addEventListener("abort", () => reject(failed.reason))
      ),
    ]);
  }

  /** Returns true when it was enough, false when the client has ended before. */
  async run(): Promise<boolean> {
    if (this.#reception.exitAfterSubscribe) return true;
    try {
      // The client's own loop has what a resumed session brings, too, whichever filter it came by.
      for await (const batch of this.#client.batches()) {
        this.#onMessages();
        const taken = this.#print(batch);
        // What is acknowledged is out of our hands: it must be printed first.
        const isOwned = taken.some((message) => message.qos > 0);
        if (isOwned || this.#output.isFull) await this.#output.written();
        else this.#output.start();
        if (taken.length === batch.length && this.#wanted > 0) continue;
        for (const message of taken) await message.ack();
        await this.#removals.fewerThan(1);
        await this.#answers.fewerThan(1);
        return true;
      }
      return false;
    } finally {
      await this.#output.written();
    }
  }

  /** Prints until it is enough; returns what it has dealt with. */
  #print(batch: readonly Message[]): readonly Message[] {
    const { format, retainedOnly, reply } = this.#reception;
    for (const [at, message] of batch.entries()) {
      if (retainedOnly && !message.retain) return batch.slice(0, at);
      if (!this.#isWanted(message)) continue;
      format(message, this.#output);
      if (message.retain) this.#clear(message.topic);
      if (reply !== undefined) this.#answers.add(reply(this.#client, message));
      if (--this.#wanted === 0) return batch.slice(0, at + 1);
    }
    return batch;
  }

  #isWanted({ topic, retain }: Message): boolean {
    const { noRetained, filterOut } = this.#reception;
    return !(noRetained && retain) &&
      !filterOut.some((filter) => matchTopic(filter, topic));
  }

  #clear(topic: string): void {
    const { removal } = this.#reception;
    if (removal === "dry run") writeError(`midge: would clear ${topic}`);
    if (removal !== "all") return;
    this.#removals.add(
      this.#client.publish(topic, "", { qos: 1, retain: true }),
    );
  }
}

/** Fires when nothing happened for a time. */
class IdleTimer {
  readonly #controller = new AbortController();
  #lastAt = performance.now();

  constructor(timeoutMs: number | undefined) {
    if (timeoutMs !== undefined) this.#check(timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(): void {
    this.#lastAt = performance.now();
  }

  /** A timer that rings too early looks again: so it is not set anew for each message. */
  #check(timeoutMs: number): void {
    const left = this.#lastAt + timeoutMs - performance.now();
    if (left <= 0) this.#controller.abort();
    else setTimeout(() => this.#check(timeoutMs), left);
  }
}
