/**
 * `midge test`: the old tool that shows whether a server works. It publishes to one topic each second,
 * prints what comes on another, and ends when `quit` comes there.
 *
 * @module
 */
import type {
  Client,
  Message,
  PublishOptions,
  SubscribeOptions,
} from "../../mod.ts";
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
  const trial = {
    topic: values.topicP ?? "test/1",
    filter: values.topicS ?? "test/2",
    count: values.count ?? Infinity,
    intervalMs: values.interval ?? 1_000,
    publishOptions: await givenProperties("publish", values),
    subscribeOptions: await givenProperties("subscribe", values),
  };
  return await run(values, target, {
    openEnded: values.count === undefined,
    work: async (client, stop) => {
      if (!values.quiet) {
        writeError(
          `midge: publishing to ${trial.topic}; ends when quit is published to ${trial.filter}`,
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
    printUntilQuit(subscription, output),
    publishEach(client, trial),
    output.failed,
    new Promise((resolve) => stop.addEventListener("abort", resolve)),
  ]);
  await output.written();
}

async function printUntilQuit(
  messages: AsyncIterable<Message>,
  output: Output,
): Promise<void> {
  const print = classic(Deno.stdout.isTerminal() ? VISIBLE : RAW);
  for await (const message of messages) {
    print(message, output);
    output.start();
    if (message.text() === "quit") return;
  }
}

async function publishEach(
  client: Client,
  { topic, count, intervalMs, publishOptions }: Trial,
): Promise<void> {
  for (let number = 1; number <= count; number++) {
    await client.publish(
      topic,
      `midge test message ${number}`,
      publishOptions,
    );
    if (number === count) return;
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
