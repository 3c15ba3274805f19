// A real mosquitto on loopback: free ports, a folder of its own, gone when disposed.

import type { Certificates } from "./certificates.ts";

/** A running broker. Each listener knows the password `secret` of `alice`, and lets in who names nobody. */
export interface Mosquitto extends AsyncDisposable {
  /** The port of plain TCP. */
  readonly tcp: number;
  /** The same, but only `alice` is let in. */
  readonly auth: number;
  /** The path of the unix socket. */
  readonly unix: string;
  /** What the broker has logged. */
  log(): Promise<string>;
}

/** A running broker that listens on every wire. */
export interface SecureMosquitto extends Mosquitto {
  /** The port of TLS. */
  readonly tls: number;
  /** The same, with a self-signed certificate. */
  readonly selfSigned: number;
  /** The same; it asks for a client certificate, and takes its Common Name for the user. */
  readonly mtls: number;
  /** The port of WebSocket. */
  readonly ws: number;
  /** The port of WebSocket over TLS. */
  readonly wss: number;
}

/** Where a broker listens. */
type Addresses = Omit<SecureMosquitto, "log" | symbol>;

/** One `listener` block of mosquitto.conf. */
interface Listener {
  /** A port on loopback, or the path of a socket. */
  readonly address: number | string;
  readonly settings: readonly string[];
}

/** How often a start is tried whose free port another process took first. */
const STARTS_MAX = 5;

/** Where the programs are: Debian puts the broker where users do not look. */
const BIN_FOLDERS = ["", "/usr/sbin/", "/usr/local/sbin/"];

/** What runs mosquitto here; undefined where it or its clients are not installed. */
export async function findMosquitto(): Promise<string | undefined> {
  if (!await answers("mosquitto_pub") || !await answers("mosquitto_sub")) {
    return undefined;
  }
  for (const folder of BIN_FOLDERS) {
    const path = `${folder}mosquitto`;
    if (await answers(path)) return path;
  }
  return undefined;
}

/** Starts a broker and waits until each of its listeners accepts. */
export function startMosquitto(executable: string): Promise<Mosquitto> {
  return start(executable, plainListeners);
}

/** Starts a broker that also listens with TLS and for WebSockets, which takes it 100 ms more. */
export function startSecureMosquitto(
  executable: string,
  certificates: Certificates,
): Promise<SecureMosquitto> {
  return start(executable, (addresses, everyone) => [
    ...plainListeners(addresses, everyone),
    ...secureListeners(addresses, everyone, certificates),
  ]);
}

type MakeListeners = (
  addresses: Addresses,
  everyone: readonly string[],
) => Listener[];

function plainListeners(
  { tcp, auth, unix }: Addresses,
  everyone: readonly string[],
): Listener[] {
  return [
    { address: tcp, settings: everyone },
    { address: auth, settings: [...everyone, "allow_anonymous false"] },
    { address: unix, settings: everyone },
  ];
}

function secureListeners(
  { tls, selfSigned, mtls, ws, wss }: Addresses,
  everyone: readonly string[],
  { folder }: Certificates,
): Listener[] {
  const secured = (name: string) => [
    ...everyone,
    `certfile ${folder}/${name}.pem`,
    `keyfile ${folder}/${name}.key`,
  ];
  const secure = secured("server");
  const asking = [
    `cafile ${folder}/ca.pem`,
    "require_certificate true",
    "use_identity_as_username true",
  ];
  return [
    { address: tls, settings: secure },
    { address: selfSigned, settings: secured("selfSigned") },
    { address: mtls, settings: [...secure, ...asking] },
    { address: ws, settings: [...everyone, "protocol websockets"] },
    { address: wss, settings: [...secure, "protocol websockets"] },
  ];
}

async function start(
  executable: string,
  makeListeners: MakeListeners,
): Promise<SecureMosquitto> {
  const folder = await Deno.makeTempDir({ prefix: "midge-mosquitto-" });
  try {
    await writePasswords(folder);
    for (let starts = 1;; starts++) {
      try {
        return await startOnce(executable, folder, makeListeners);
      } catch (error) {
        if (starts === STARTS_MAX || !/in use/.test(String(error))) throw error;
      }
    }
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

async function startOnce(
  executable: string,
  folder: string,
  makeListeners: MakeListeners,
): Promise<SecureMosquitto> {
  const addresses: Addresses = {
    unix: `${folder}/mosquitto.sock`,
    tcp: freePort(),
    auth: freePort(),
    tls: freePort(),
    selfSigned: freePort(),
    mtls: freePort(),
    ws: freePort(),
    wss: freePort(),
  };
  const everyone = [
    "allow_anonymous true",
    `password_file ${folder}/passwords`,
  ];
  const listeners = makeListeners(addresses, everyone);
  const logFile = `${folder}/mosquitto.log`;
  const config = `${folder}/mosquitto.conf`;
  await Deno.writeTextFile(config, configuration(listeners, logFile));
  const child = new Deno.Command(executable, {
    args: ["-c", config],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = () => Deno.readTextFile(logFile).catch(() => "");
  let died = false;
  child.status.then(() => died = true);
  // Its word comes first: behind a port that was taken, somebody else accepts.
  while (!died && !(await log()).includes(" running")) await nextTry();
  for (const { address } of listeners) {
    while (!died && !await accepts(address)) await nextTry();
  }
  if (died) {
    const said = await new Response(child.stderr).text();
    throw new Error(`mosquitto died at its start: ${said}${await log()}`);
  }
  return {
    ...addresses,
    log,
    async [Symbol.asyncDispose]() {
      if (!died) child.kill();
      await child.status;
      await child.stderr.cancel();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Nothing is limited that a test could run into, and nothing is kept. */
function configuration(
  listeners: readonly Listener[],
  logFile: string,
): string {
  const lines = [
    "per_listener_settings true",
    "persistence false",
    "set_tcp_nodelay true",
    "max_queued_messages 0",
    "message_size_limit 0",
    `log_dest file ${logFile}`,
    "log_type error",
    "log_type warning",
    "log_type notice",
    "log_type information",
    // Started by root, it would change to a user who cannot read the folder.
    ...(Deno.uid() === 0 ? ["user root"] : []),
  ];
  for (const { address, settings } of listeners) {
    lines.push(
      "",
      typeof address === "string"
        ? `listener 0 ${address}`
        : `listener ${address} 127.0.0.1`,
      ...settings,
    );
  }
  return lines.join("\n") + "\n";
}

async function writePasswords(folder: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("mosquitto_passwd", {
    args: ["-b", "-c", `${folder}/passwords`, "alice", "secret"],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function accepts(address: number | string): Promise<boolean> {
  try {
    const connection = typeof address === "string"
      ? await Deno.connect({ transport: "unix", path: address })
      : await Deno.connect({ hostname: "127.0.0.1", port: address });
    connection.close();
    return true;
  } catch {
    return false;
  }
}

/** A process that starts cannot tell when it listens: it is asked every few milliseconds. */
function nextTry(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

async function answers(executable: string): Promise<boolean> {
  try {
    await new Deno.Command(executable, {
      args: ["--help"],
      stdout: "null",
      stderr: "null",
    }).output();
    return true;
  } catch {
    return false;
  }
}
