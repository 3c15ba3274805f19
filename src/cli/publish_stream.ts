/**
 * Publishing many messages: those of standard input, and one that is repeated. Many are under way at
 * once, their order is kept, and the first that is refused ends it. While the connection is away nothing
 * more is read: what would be published then, at QoS 0, would be lost.
 *
 * @module
 */
import type { Client } from "../../mod.ts";
import { Casualties } from "./casualties.ts";
import { connected } from "./connected.ts";
import { LINE_FEED, NUL, split } from "./input.ts";
import { type Common, type Outgoing, readMessage } from "./json_message.ts";
import { UnderWay } from "./under_way.ts";
import { UsageError } from "./usage_error.ts";

/** Where the messages come from. */
export type Source =
  | { readonly type: "lines" }
  | { readonly type: "nul" }
  | { readonly type: "jsonl" }
  | {
    readonly type: "repeat";
    readonly payload: string | Uint8Array;
    readonly count: number;
    readonly intervalMs: number;
  };

/** How many messages may be under way at once: enough that the round trip does not count. */
const UNDER_WAY_MAX = 1_000;

/** What is to be published, and what ends it. */
export interface Stream {
  readonly source: Source;
  readonly common: Common;
  /** Fires when a signal has come. */
  readonly stop: AbortSignal;
  /** Whether nothing is told on stderr. */
  readonly quiet: boolean;
  /** Has what is published kept, so that another run can go on with it; left out where nothing is kept. */
  readonly keep?: (fate: Fate) => StreamKeeping;
}

/** How messages of an earlier run, which come back, fare in this one. */
export interface Fate {
  /** Is told of each that has failed. */
  readonly onFailed: (error: unknown) => void;
  /** Fires when it is of no use to go on. */
  readonly ended: AbortSignal;
}

/** Knows what an earlier run has taken, and keeps what this one takes. */
export interface StreamKeeping {
  /** The messages of a line that are still to be published; `read` has them all. */
  messages(line: Line, read: () => Outgoing[]): Promise<Outgoing[]>;
  /** The message that was published last has failed. */
  refused(message: Outgoing, error: unknown): void;
  /** The input has ended. */
  inputEnded(): Promise<void>;
  /** All that this run has published is settled. */
  settled(): Promise<void>;
}

/** A line of the input, or another part of it. */
export type Line = string | Uint8Array;

/** Publishes all messages of a source, and returns the exit code. */
export async function publishStream(
  client: Client,
  { source, common, stop, quiet, keep }: Stream,
): Promise<number> {
  const underWay = new UnderWay();
  const casualties = new Casualties({ quiet });
  stop.addEventListener("abort", () => underWay.fail(stop.reason));
  void client.closed.then((error) => {
    casualties.ended();
    underWay.fail(error);
  });
  const onFailed = (error: unknown) => {
    try {
      casualties.add(error);
    } catch {
      underWay.fail(error);
    }
  };
  const keeping = keep?.({ onFailed, ended: underWay.failed });
  let number = 0;
  let last: Outgoing | undefined;
  const hasPublished = () => last !== undefined;
  for await (const line of linesOf(source, { underWay, hasPublished })) {
    number++;
    const read = () => messagesOf(line, { source, common, number });
    const messages = keeping === undefined
      ? read()
      : await keeping.messages(line, read);
    for (const message of messages) {
      const { topic, payload, options } = message;
      await connected(client, underWay.failed);
      last = message;
      underWay.add(
        client.publish(topic, payload, options).catch((error) => {
          if (message === last) keeping?.refused(message, error);
          casualties.add(error);
        }),
      );
      await underWay.fewerThan(UNDER_WAY_MAX);
    }
  }
  await keeping?.inputEnded();
  await underWay.fewerThan(1);
  await keeping?.settled();
  // What has cost messages may have ended the client as well: then it is that which is told.
  if (casualties.code !== 0) await connected(client, underWay.failed);
  casualties.tell();
  return casualties.code;
}

/** What the pace of a source depends on. */
interface Pace {
  readonly underWay: UnderWay;
  /** Whether anything was published: for what an earlier run has taken nobody waits. */
  readonly hasPublished: () => boolean;
}

/** Each line of a source, as soon as it is known. */
async function* linesOf(
  source: Source,
  pace: Pace,
): AsyncGenerator<Line, void> {
  const { underWay } = pace;
  if (source.type === "repeat") {
    yield* repeated(source, pace);
    return;
  }
  const delimiter = source.type === "nul" ? NUL : LINE_FEED;
  yield* split(Deno.stdin.readable, delimiter, underWay.failed);
}

async function* repeated(
  source: Source & { type: "repeat" },
  { underWay, hasPublished }: Pace,
): AsyncGenerator<Line, void> {
  const { payload, count, intervalMs } = source;
  for (let number = 1; number <= count; number++) {
    yield payload;
    const isPaced = intervalMs > 0 && number < count && hasPublished();
    if (isPaced) await underWay.pause(intervalMs);
  }
}

/** The messages that a line is: one for each topic. */
function messagesOf(
  line: Line,
  { source, common, number }: Pick<Stream, "source" | "common"> & {
    readonly number: number;
  },
): Outgoing[] {
  if (source.type !== "jsonl" || typeof line === "string") {
    const { topics, options } = common;
    return topics.map((topic) => ({ topic, payload: line, options }));
  }
  try {
    return readMessage(line, common);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`line ${number} of standard input: ${error.message}`);
  }
}
