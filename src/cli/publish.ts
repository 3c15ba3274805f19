/**
 * `midge publish`: messages from the command line, a file or standard input.
 *
 * @module
 */
import { connected } from "./connected.ts";
import { givenProperties } from "./given_properties.ts";
import type { Values } from "./option.ts";
import { PUBLISH } from "./publish_options.ts";
import { SHARED } from "./shared_options.ts";
import { parse } from "./parse.ts";
import type { Source } from "./publish_stream.ts";
import { payloadOf } from "./given_payload.ts";
import { run } from "./run.ts";
import { targetOf } from "./server.ts";
import { UsageError } from "./usage_error.ts";
import { environment } from "./variables.ts";

const OPTIONS = { ...PUBLISH, ...SHARED };

/** How a message can be given. */
const WAYS = "-m TEXT, -f FILE, -s, -l, -n or --jsonl";

type PublishValues = Values<typeof OPTIONS>;

/** Runs `midge publish` and returns the exit code. */
export async function publish(args: readonly string[]): Promise<number> {
  const values = parse(args, OPTIONS, { variables: environment() });
  if (values.help || values.version) {
    return (await import("./help.ts")).inform("publish", values);
  }
  const target = targetOf(values);
  const topics = [...values.topic, ...target.topics];
  if (topics.length === 0 && !values.jsonl) {
    throw new UsageError("publish needs a topic: -t TOPIC");
  }
  const options = {
    qos: values.qos ?? 0,
    retain: values.retain,
    ...await givenProperties("publish", values),
  };
  const source = await sourceOf(values);
  const common = { topics, options };
  const stored = values.store === undefined
    ? undefined
    : new (await import("./publish_stored.ts")).StoredRun({
      path: values.store,
      values,
      address: target.address,
      source: streamed(source),
      common,
    });
  return await run(values, target, {
    openEnded: false,
    lasts: source.type !== "once",
    connect: stored?.connect,
    disconnect: stored?.disconnect,
    work: async (client, stop) => {
      if (stored !== undefined) return await stored.publish(client, stop);
      if (source.type === "once") {
        await connected(client, stop);
        const publishOne = (topic: string) =>
          client.publish(topic, source.payload, { ...options, signal: stop });
        await Promise.all(topics.map(publishOne));
      } else {
        const { publishStream } = await import("./publish_stream.ts");
        const { quiet } = values;
        return await publishStream(client, { source, common, stop, quiet });
      }
      return 0;
    },
  });
}

/** One message alone. */
interface Once {
  readonly type: "once";
  readonly payload: string | Uint8Array;
}

/** What is kept goes no shorter way. */
function streamed(source: Source | Once): Source {
  if (source.type !== "once") return source;
  return { type: "repeat", payload: source.payload, count: 1, intervalMs: 0 };
}

/** Where the messages come from. One that is published once takes the shortest way. */
async function sourceOf(values: PublishValues): Promise<Source | Once> {
  if (values.stdinLine) return { type: "lines" };
  if (values.stdinNull) return { type: "nul" };
  if (values.jsonl) return { type: "jsonl" };
  if (values.interval !== undefined && values.repeat === undefined) {
    throw new UsageError("--interval belongs to --repeat");
  }
  const payload = await payloadOf("publish", values, WAYS);
  return values.repeat === undefined ? { type: "once", payload } : {
    type: "repeat",
    payload,
    count: values.repeat,
    intervalMs: values.interval ?? 0,
  };
}
