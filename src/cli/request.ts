/**
 * `midge request`: sends a request, and prints the replies.
 *
 * @module
 */
import type { Client } from "../../mod.ts";
import { payloadOf } from "./given_payload.ts";
import { givenProperties } from "./given_properties.ts";
import type { Values } from "./option.ts";
import { Output } from "./output.ts";
import { formatOf } from "./output_format.ts";
import { parse } from "./parse.ts";
import { REQUEST } from "./request_options.ts";
import { run } from "./run.ts";
import { targetOf } from "./server.ts";
import { SHARED } from "./shared_options.ts";
import { writeError } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";
import { environment } from "./variables.ts";

const OPTIONS = { ...REQUEST, ...SHARED };

/** The exit code when the time is over, as subscribe has it. */
const TIMED_OUT = 27;

const TIMEOUT_MS = 10_000;

/** Runs `midge request` and returns the exit code. */
export async function request(args: readonly string[]): Promise<number> {
  const values = parse(args, OPTIONS, { variables: environment() });
  if (values.help || values.version) {
    return (await import("./help.ts")).inform("request", values);
  }
  const target = targetOf(values);
  const [topic, ...others] = [
    ...values.topic === undefined ? [] : [values.topic],
    ...target.topics,
  ];
  if (topic === undefined) {
    throw new UsageError("request needs a topic: -t TOPIC");
  }
  if (others.length > 0) throw new UsageError("request takes one topic alone");
  const payload = await payloadOf("request", values);
  const asked = { topic, payload, values };
  return await run(values, target, {
    openEnded: false,
    lasts: false,
    work: (client, stop) => ask(client, stop, asked),
  });
}

async function ask(
  client: Client,
  signal: AbortSignal,
  { topic, payload, values }: {
    topic: string;
    payload: string | Uint8Array;
    values: Values<typeof OPTIONS>;
  },
): Promise<number> {
  const { count = 1, timeout = TIMEOUT_MS } = values;
  const format = await formatOf(values);
  const output = new Output(Deno.stdout);
  const replies = client.requestMany(topic, payload, {
    qos: values.qos ?? 0,
    replyQos: values.replyQos ?? 0,
    ...await givenProperties("publish", values),
    count,
    timeoutMs: timeout,
    signal,
  });
  let got = 0;
  for await (const reply of replies) {
    got++;
    format(reply, output);
    await output.written();
  }
  if (got === count) return 0;
  if (!values.quiet) {
    const what = got === 0 ? "no reply" : `${got} of ${count} replies`;
    writeError(`midge: ${what} within ${timeout / 1_000} s`);
  }
  return TIMED_OUT;
}
