/**
 * `midge test`: the old tool that shows whether a server works. It publishes to one topic each second,
 * prints what comes on another, and ends when `quit` comes there.
 *
 * @module
 */
import {
  type Client,
  matchTopic,
  type Message,
  type PublishOptions,
  type SubscribeOptions,
} from "../../mod.ts";
import { connected } from "./connected.ts";
import { givenProperties } from "./given_properties.ts";
import { classic, RAW, VISIBLE } from "./format.ts";
import { SHARED } from "./shared_options.ts";
import { TEST } from "./test_options.ts";
import { Output } from "./output.ts";
import { parse } from "./parse.ts";
import { run } from "./run.ts";
import { targetOf } from "./server.ts";
import { writeError } from "./terminal.ts";
import { environment } from "./variables.ts";

const OPTIONS = { ...TEST, ...SHARED };

/** How long the last message may take to come back. */
const ECHO_MS = 1_000;

/** What is published and awaited. */
interface Trial {
  readonly topic: string;
  readonly filter: string;
  readonly count: number;
  readonly intervalMs: number;
  readonly publishOptions: PublishOptions;
  readonly subscribeOptions: SubscribeOptions;
}

/** Runs `midge test` and returns the exit code. */
export async function test(args: readonly string[]): Promise<number> {
  const values = parse(args, OPTIONS, {
    positional: "host",
    variables: environment(),
  });
  if (values.help || values.version) {
    return (await import("./help.ts")).inform("test", values);
  }
  const target = targetOf(values);
  const topic = values.topicP ?? "test/1";
  const trial = {
    topic,
    // Nobody else publishes to a broker of its own.
    filter: values.topicS ?? (values.embedded ? topic : "test/2"),
    count: values.count ?? Infinity,
    intervalMs: values.interval ?? (values.embedded ? 500 : 1_000),
    publishOptions: await givenProperties("publish", values),
    subscribeOptions: await givenProperties("subscribe", values),
  };
  return await run(values, target, {
    openEnded: values.count === undefined,
    lasts: true,
    work: async (client, stop) => {
      if (!values.quiet) {
        writeError(
          values.embedded
            ? `midge: publishing to ${trial.topic} at a broker of its own, and printing what comes on ${trial.filter}`
            : `midge: publishing to ${trial.topic}; ends when quit is published to ${trial.filter}`,
        );
      }
      await tryOut(client, trial, stop);
      return 0;
    },
  });
}

/** Whatever comes first ends it: `quit`, the last message, a signal, a lost connection or output. */
async function tryOut(
  client: Client,
  trial: Trial,
  stop: AbortSignal,
): Promise<void> {
  const output = new Output(Deno.stdout);
  const subscription = await client.subscribe(trial.filter, {
    ...trial.subscribeOptions,
    signal: stop,
  });
  await Promise.race([
    printUntilQuit(
      subscription,
      output,
      isEcho(trial) ? trial.count : Infinity,
    ),
    publishEach(client, trial, stop).then(() => echo(trial)),
    output.failed,
    new Promise((resolve) => stop.addEventListener("abort", resolve)),
  ]);
  await output.written();
}

/** Whether what is published comes back. */
function isEcho({ topic, filter }: Trial): boolean {
  return matchTopic(filter, topic);
}

/** The last message is given its time to come back, where it does. */
async function echo(trial: Trial): Promise<void> {
  if (!isEcho(trial)) return;
  await new Promise((resolve) => setTimeout(resolve, ECHO_MS));
}

async function printUntilQuit(
  messages: AsyncIterable<Message>,
  output: Output,
  count: number,
): Promise<void> {
  const print = classic(Deno.stdout.isTerminal() ? VISIBLE : RAW);
  let printed = 0;
  for await (const message of messages) {
    print(message, output);
    output.start();
    if (message.text() === "quit" || ++printed >= count) return;
  }
}

async function publishEach(
  client: Client,
  { topic, count, intervalMs, publishOptions }: Trial,
  stop: AbortSignal,
): Promise<void> {
  for (let number = 1; number <= count; number++) {
    // A message of QoS 0 goes out on a connection, or not at all.
    await connected(client, stop);
    await client.publish(
      topic,
      `midge test message ${number}`,
      publishOptions,
    );
    if (number === count) return;
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
