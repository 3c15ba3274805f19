// A mosquitto that listens for WebSockets and for plain TCP, and registers the tests against it.

import { assert } from "@std/assert";
import { findMosquitto } from "./mosquitto.ts";

/** A running broker. */
export interface WebSocketBroker extends AsyncDisposable {
  /** The port that speaks WebSocket. */
  readonly ws: number;
  /** The port that speaks plain MQTT. */
  readonly tcp: number;
}

/** With REQUIRE_BROKERS=1 a broker that is not installed is a failure. */
const REQUIRED = Deno.env.get("REQUIRE_BROKERS") === "1";

const TIMEOUT_MS = 60_000;

/** How often a start is tried whose free port another process took first. */
const STARTS_MAX = 5;

const executable = await findMosquitto();
const ignored = executable === undefined && !REQUIRED;

let shared: WebSocketBroker | undefined;

Deno.test.beforeAll(async () => {
  if (executable) shared = await start(executable);
});

Deno.test.afterAll(async () => {
  await shared?.[Symbol.asyncDispose]();
});

/** `Deno.test` with the broker; ignored, saying why, where there is none. */
export function webSocketBrokerTest(
  name: string,
  run: (broker: WebSocketBroker) => Promise<void>,
): void {
  Deno.test({
    name: ignored ? `${name} (no mosquitto is installed)` : name,
    ignore: ignored,
    timeout: TIMEOUT_MS,
    async fn() {
      assert(shared, "No mosquitto is installed, and REQUIRE_BROKERS=1");
      await run(shared);
    },
  });
}

async function start(executable: string): Promise<WebSocketBroker> {
  for (let starts = 1;; starts++) {
    const broker = await startOnce(executable);
    if (typeof broker !== "string") return broker;
    if (starts === STARTS_MAX || !/in use/.test(broker)) {
      throw new Error(`mosquitto died at its start: ${broker}`);
    }
  }
}

/** The broker, or its last words. */
async function startOnce(
  executable: string,
): Promise<WebSocketBroker | string> {
  const folder = await Deno.makeTempDir({ prefix: "midge-websocket-" });
  const ws = freePort();
  const tcp = freePort();
  const logFile = `${folder}/mosquitto.log`;
  await Deno.writeTextFile(
    `${folder}/mosquitto.conf`,
    [
      "allow_anonymous true",
      "persistence false",
      "set_tcp_nodelay true",
      "max_queued_messages 0",
      `log_dest file ${logFile}`,
      ...(Deno.uid() === 0 ? ["user root"] : []),
      `listener ${tcp} 127.0.0.1`,
      `listener ${ws} 127.0.0.1`,
      "protocol websockets",
      "",
    ].join("\n"),
  );
  const child = new Deno.Command(executable, {
    args: ["-c", `${folder}/mosquitto.conf`],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = () => Deno.readTextFile(logFile).catch(() => "");
  let died = false;
  child.status.then(() => died = true);
  while (!died && !(await log()).includes(" running")) await nextTry();
  for (const port of [tcp, ws]) {
    while (!died && !await accepts(port)) await nextTry();
  }
  const said = died ? await new Response(child.stderr).text() : "";
  const dispose = async () => {
    if (!died) {
      child.kill();
      await child.stderr.cancel();
    }
    await child.status;
    await Deno.remove(folder, { recursive: true });
  };
  if (died) {
    const lastWords = said + await log();
    await dispose();
    return lastWords;
  }
  return { ws, tcp, [Symbol.asyncDispose]: dispose };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

/** A process that starts cannot tell when it listens: it is asked every few milliseconds. */
function nextTry(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
