/**
 * One command's time with a server: connect, do the job, say goodbye, tell how it ended.
 *
 * @module
 */
import {
  type Client,
  connect,
  type ConnectOptions,
  type DisconnectOptions,
} from "../../mod.ts";
import type { Values } from "./option.ts";
import type { SHARED } from "./shared_options.ts";
import { connectOptions, type Target } from "./server.ts";
import { raise, Signals } from "./signals.ts";
import { writeError } from "./terminal.ts";
import { SCHEMES, wireOptions } from "./wires.ts";

/** What a command does while it is connected. */
export interface Job {
  /** Whether it goes on until a signal comes; else a signal cuts it short. */
  readonly openEnded: boolean;
  /** Whether it takes its time: then a lost connection does not end it, unless that is asked for. */
  readonly lasts: boolean;
  /** What it asks of the connection itself. */
  readonly connect?: ConnectOptions | undefined;
  /** What it says at the end, when all is done and nothing has failed. */
  readonly disconnect?: DisconnectOptions | undefined;
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
  const wire = await wireOptions(values, target.protocol);
  const options = {
    ...await connectOptions(values, job),
    ...job.connect,
    ...wire,
  };
  // Loaded before it is needed: what happens meanwhile would not be told.
  const changes = options.reconnect === false || values.quiet
    ? undefined
    : await import("./changes.ts");
  await using embedded = values.embedded
    ? await (await import("./embedded.ts")).embed(values, job.openEnded)
    : undefined;
  const way = embedded && { transport: embedded.transport };
  const signals = new Signals();
  const told = new WeakSet<Error>();
  let client: Client | undefined;
  let code: number;
  try {
    client = await connect(target.url, {
      ...options,
      ...way,
      signal: signals.stop,
    });
    void changes?.tellChanges(client, told);
    if (!values.quiet) tellNotes(values, target, client);
    code = await job.work(client, signals.stop);
    const goodbye = code === 0 ? job.disconnect : undefined;
    await client.disconnect(signals.stop.aborted ? { timeoutMs: 0 } : goodbye);
  } catch (error) {
    code = signals.stop.aborted || isReaderGone(error)
      ? 0
      : await tell(error, { values, target, client, told });
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

/** What is known where an error has to be told. */
interface Scene {
  readonly values: Values<typeof SHARED>;
  readonly target: Target;
  readonly client: Client | undefined;
  /** The errors that have their line. */
  readonly told: WeakSet<Error>;
}

async function tell(
  error: unknown,
  { values, target, client, told }: Scene,
): Promise<number> {
  const { failureOf } = await import("./failure.ts");
  const { wireHints } = await import("./wire_hints.ts");
  const { line, code } = failureOf(error, {
    address: target.address,
    hostAndPort: target.hostAndPort,
    connectTimeoutMs: values.connectTimeout ?? CONNECT_TIMEOUT_MS,
    protocol: target.protocol,
    hints: wireHints(values, target.url),
    protocolVersion: client?.connection.protocolVersion,
    versionHint: versionHint(values),
  });
  const isTold = error instanceof Error && told.has(error);
  if (!values.quiet && !isTold) writeError(`midge: ${line}`);
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

/** What a user should know of a connection that is made. */
function tellNotes(
  values: Values<typeof SHARED>,
  { address, protocol }: Target,
  client: Client,
): void {
  if (values.insecure === "everything" && SCHEMES.get(protocol)?.hasTls) {
    writeError(
      `midge: ${address} may be anybody: --insecure=everything checks nothing`,
    );
  }
  const { protocolVersion } = client.connection;
  if (values.protocolVersion !== undefined || protocolVersion === 5) return;
  const name = protocolVersion === 4 ? "3.1.1" : "3.1";
  writeError(`midge: ${address} does not speak MQTT 5: using ${name}`);
}
