/**
 * `midge subscribe`: prints the messages that come.
 *
 * @module
 */
import type { SubscribeOptions } from "../../mod.ts";
import { givenProperties } from "./given_properties.ts";
import type { Values } from "./option.ts";
import { formatOf } from "./output_format.ts";
import { SHARED } from "./shared_options.ts";
import { SUBSCRIBE } from "./subscribe_options.ts";
import { parse } from "./parse.ts";
import { qos } from "./readers.ts";
import { receive, type Reception } from "./receive.ts";
import { run } from "./run.ts";
import { targetOf } from "./server.ts";
import { UsageError } from "./usage_error.ts";
import { environment } from "./variables.ts";

const OPTIONS = { ...SUBSCRIBE, ...SHARED };

type SubscribeValues = Values<typeof OPTIONS>;

/** Runs `midge subscribe` and returns the exit code. */
export async function subscribe(args: readonly string[]): Promise<number> {
  const values = parse(args, OPTIONS, { variables: environment() });
  if (values.help || values.version) {
    return (await import("./help.ts")).inform("subscribe", values);
  }
  const target = targetOf(values);
  const filters = [...values.topic, ...target.topics];
  if (filters.length + values.unsubscribe.length === 0) {
    throw new UsageError("subscribe needs a Topic Filter: -t FILTER");
  }
  const reception = await receptionOf(values, filters);
  const stored = values.store === undefined
    ? undefined
    : new (await import("./subscribe_stored.ts")).StoredSession({
      path: values.store,
      values,
      address: target.address,
      subscriptions: reception.subscriptions,
    });
  return await run(values, target, {
    openEnded: reception.count === Infinity &&
      !values.retainedOnly && !values.exitAfterSubscribe,
    lasts: true,
    connect: stored?.connect,
    work: async (client, stop) => {
      await stored?.begin(client);
      return await receive(client, stop, reception);
    },
  });
}

async function receptionOf(
  values: SubscribeValues,
  filters: readonly string[],
): Promise<Reception> {
  return {
    subscriptions: filters.map(withQos(await subscribeOptions(values))),
    unsubscribe: {
      filters: values.unsubscribe,
      options: await givenProperties("unsubscribe", values),
    },
    format: await formatOf(values),
    count: values.one ? 1 : values.count ?? Infinity,
    timeoutMs: values.timeout,
    idleTimeoutMs: values.idleTimeout,
    exitAfterSubscribe: values.exitAfterSubscribe,
    noRetained: values.noRetained,
    retainedOnly: values.retainedOnly,
    filterOut: values.filterOut,
    removal: await removalOf(values, filters),
    reply: values.reply === undefined
      ? undefined
      : (await import("./reply.ts")).replier(values.reply),
  };
}

async function subscribeOptions(
  values: SubscribeValues,
): Promise<SubscribeOptions> {
  const { retainHandling } = values;
  return {
    qos: values.qos ?? 0,
    ...(values.shared !== undefined && { shared: values.shared }),
    ...(values.noLocal && { noLocal: true }),
    ...(values.retainAsPublished && { retainAsPublished: true }),
    ...(retainHandling !== undefined && { retainHandling }),
    ...await givenProperties("subscribe", values),
  };
}

/** `FILTER=QOS` asks for a QoS of its own. */
function withQos(
  options: SubscribeOptions,
): (filter: string) => Reception["subscriptions"][number] {
  return (filter) =>
    /.=[012]$/s.test(filter)
      ? {
        filter: filter.slice(0, -2),
        options: { ...options, qos: qos(filter.slice(-1)) },
      }
      : { filter, options };
}

/** Whether what is retained is cleared. On a terminal it is asked for: it cannot be undone. */
async function removalOf(
  values: SubscribeValues,
  filters: readonly string[],
): Promise<Reception["removal"]> {
  if (!values.removeRetained) {
    if (values.dryRun || values.yes) {
      throw new UsageError("--dry-run and --yes belong to --remove-retained");
    }
    return "none";
  }
  if (values.dryRun) return "dry run";
  if (values.yes || !Deno.stdin.isTerminal()) return "all";
  const { confirm } = await import("./confirm.ts");
  const question = `Clear what is retained on ${filters.join(", ")}?`;
  if (await confirm(question)) return "all";
  throw new UsageError("nothing was cleared");
}
