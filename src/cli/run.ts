/**
 * One command's time with a server: connect, do the job, say goodbye, tell how it ended.
 *
 * @module
 */
import { type Client, connect } from "../../mod.ts";
import type { Values } from "./option.ts";
import type { SHARED } from "./shared_options.ts";
import { connectOptions, type Target } from "./server.ts";
import { raise, Signals } from "./signals.ts";
import { writeError } from "./terminal.ts";

/** What a command does while it is connected. */
export interface Job {
  /** Whether it goes on until a signal comes; else a signal cuts it short. */
  readonly openEnded: boolean;
  /** Does the work and returns the exit code. `stop` fires when a signal has come. */
  work(client: Client, stop: AbortSignal): Promise<number>;
}

/** The client's own default, for the message that says how long was waited. */
const CONNECT_TIMEOUT_MS = 10_000;

/** How long answers are awaited when something has failed; after a signal they are not. */
export const GOODBYE_TIMEOUT_MS = 1_000;

/** Runs a job, tells its errors on stderr, and returns the exit code. */
export async function run(
  values: Values<typeof SHARED>,
  target: Target,
  job: Job,
): Promise<number> {
  const options = await connectOptions(values);
  const signals = new Signals();
  let client: Client | undefined;
  let code: number;
  try {
    client = await connect(target.url, { ...options, signal: signals.stop });
    tellFallback(values, target, client);
    code = await job.work(client, signals.stop);
    await client.disconnect(signals.stop.aborted ? { timeoutMs: 0 } : {});
  } catch (error) {
    code = signals.stop.aborted || isReaderGone(error)
      ? 0
      : await tell(error, values, target, client);
    const timeoutMs = signals.stop.aborted ? 0 : GOODBYE_TIMEOUT_MS;
    await client?.disconnect({ timeoutMs }).catch(() => {});
  }
  signals[Symbol.dispose]();
  if (signals.received === undefined) return code;
  return job.openEnded ? 0 : raise(signals.received);
}

/** Whoever reads the output has what it wanted, as in `| head -1`. Wires have errors of their own. */
function isReaderGone(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe;
}

async function tell(
  error: unknown,
  values: Values<typeof SHARED>,
  target: Target,
  client: Client | undefined,
): Promise<number> {
  const { failureOf } = await import("./failure.ts");
  const { line, code } = failureOf(error, {
    address: target.address,
    hostAndPort: target.hostAndPort,
    connectTimeoutMs: values.connectTimeout ?? CONNECT_TIMEOUT_MS,
    protocolVersion: client?.connection.protocolVersion,
    versionHint: versionHint(values),
  });
  if (!values.quiet) writeError(`midge: ${line}`);
  if (values.debug && error instanceof Error) {
    for (const line of (error.stack ?? "").split("\n")) writeError(line);
  }
  return code;
}

function versionHint(
  { protocolVersion, mqtt5Option }: Values<typeof SHARED>,
): string | undefined {
  if (protocolVersion !== undefined) return "Try without -V";
  return mqtt5Option && `Try without ${mqtt5Option}`;
}

function tellFallback(
  values: Values<typeof SHARED>,
  target: Target,
  client: Client,
): void {
  const { protocolVersion } = client.connection;
  if (values.protocolVersion !== undefined || protocolVersion === 5) return;
  if (values.quiet) return;
  const name = protocolVersion === 4 ? "3.1.1" : "3.1";
  writeError(
    `midge: ${target.address} does not speak MQTT 5: using ${name}`,
  );
}
