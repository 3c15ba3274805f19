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
}

/** Publishes all messages of a source, and returns the exit code. */
export async function publishStream(
  client: Client,
  { source, common, stop, quiet }: Stream,
): Promise<number> {
  const underWay = new UnderWay();
  const casualties = new Casualties({ quiet });
  stop.addEventListener("abort", () => underWay.fail(stop.reason));
  void client.closed.then((error) => {
    casualties.ended();
    underWay.fail(error);
  });
  for await (const message of messagesOf(source, common, underWay)) {
    const { topic, payload, options } = message;
    await connected(client, underWay.failed);
    underWay.add(
      client.publish(topic, payload, options)
        .catch((error) => casualties.add(error)),
    );
    await underWay.fewerThan(UNDER_WAY_MAX);
  }
  await underWay.fewerThan(1);
  casualties.tell();
  return casualties.code;
}

/** Each message of a source, as soon as it is known. */
async function* messagesOf(
  source: Source,
  common: Common,
  underWay: UnderWay,
): AsyncGenerator<Outgoing, void> {
  if (source.type === "repeat") {
    yield* repeated(source, common, underWay);
    return;
  }
  const stdin = Deno.stdin.readable;
  const delimiter = source.type === "nul" ? NUL : LINE_FEED;
  let number = 0;
  for await (const part of split(stdin, delimiter, underWay.failed)) {
    number++;
    yield* source.type === "jsonl"
      ? readLine(part, number, common)
      : addressed(part, common);
  }
}

async function* repeated(
  source: Source & { type: "repeat" },
  common: Common,
  underWay: UnderWay,
): AsyncGenerator<Outgoing, void> {
  for (let number = 1; number <= source.count; number++) {
    yield* addressed(source.payload, common);
    const last = number === source.count;
    if (source.intervalMs > 0 && !last) await underWay.pause(source.intervalMs);
  }
}

function readLine(
  line: Uint8Array,
  number: number,
  common: Common,
): Outgoing[] {
  try {
    return readMessage(line, common);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`line ${number} of standard input: ${error.message}`);
  }
}

function addressed(
  payload: string | Uint8Array,
  { topics, options }: Common,
): Outgoing[] {
  return topics.map((topic) => ({ topic, payload, options }));
}
