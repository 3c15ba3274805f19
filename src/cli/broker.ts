/**
 * `midge broker`: the small broker of the test kit, until a signal ends it.
 *
 * @module
 */
import { Broker } from "../../testing.ts";
import { BROKER } from "./broker_options.ts";
import { EventLog } from "./event_log.ts";
import type { Values } from "./option.ts";
import { parse } from "./parse.ts";
import { Signals } from "./signals.ts";
import { writeError } from "./terminal.ts";
import { environment } from "./variables.ts";

type BrokerValues = Values<typeof BROKER>;

const PORT = 1883;

const LOOPBACK = "127.0.0.1";

/** What only this machine reaches. */
const LOOPBACKS = /^(localhost|127\..*|::1)$/;

/** Runs `midge broker` and returns the exit code. */
export async function broker(args: readonly string[]): Promise<number> {
  const values = parse(args, BROKER, { variables: environment() });
  if (values.help || values.version) {
    return (await import("./help.ts")).inform("broker", values);
  }
  using signals = new Signals();
  const log = new EventLog();
  try {
    await using broker = await listen(values, log);
    if (!values.quiet) tell(values, broker, log);
    const stopped = new Promise((resolve) =>
      signals.stop.addEventListener("abort", resolve)
    );
    await Promise.race([stopped, log.failed]);
    return 0;
  } catch (error) {
    // Whoever reads what it prints has had enough.
    if (error instanceof Deno.errors.BrokenPipe) return 0;
    if (!values.quiet) writeError(`midge: ${failure(error)}`);
    return 1;
  }
}

function listen(values: BrokerValues, log: EventLog): Promise<Broker> {
  const { port = PORT, ws, bind = LOOPBACK, verbose } = values;
  return Broker.listen({
    hostname: bind.replace(/^\[(.*)\]$/, "$1"),
    port,
    ...(ws !== undefined && { websocketPort: ws }),
    ...(verbose && { onEvent: (event) => log.event(event) }),
    // Nobody asks this broker what it has seen.
    messagesMax: 0,
  });
}

/** Says where it listens, and what to try there. */
function tell(
  { bind = LOOPBACK }: BrokerValues,
  { url, websocketUrl }: Broker,
  log: EventLog,
): void {
  const risk = riskOf(bind);
  if (risk !== undefined) writeError(`midge: ${risk}`);
  log.line(`MQTT 5, 3.1.1 and 3.1 at ${url}`);
  if (websocketUrl !== undefined) {
    log.line(`The same over WebSocket at ${websocketUrl}`);
  }
  const isDefault = url === `mqtt://${LOOPBACK}:${PORT}`;
  log.line(`Try: midge subscribe -v -t '#'${isDefault ? "" : ` ${url}`}`);
}

/** What is to be known of an address that is more than this machine's own; undefined where it is not. */
export function riskOf(bind: string): string | undefined {
  return LOOPBACKS.test(bind.replace(/^\[(.*)\]$/, "$1"))
    ? undefined
    : `other machines may reach ${bind}, and this broker lets everyone in`;
}

function failure(error: unknown): string {
  const { message, cause } = error instanceof Error
    ? error
    : { message: String(error), cause: undefined };
  const hint = cause instanceof Deno.errors.AddrInUse
    ? ". Another one is taken with -p or --ws, and one that is free with 0"
    : "";
  return message.replace(/^Cannot/, "cannot") + hint;
}
