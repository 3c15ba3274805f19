// A real mosquitto on loopback: free ports, a folder of its own, gone when disposed.

import type { Certificates } from "./certificates.ts";

/** A running broker. */
export interface Mosquitto extends AsyncDisposable {
  /** The port that lets everyone in. */
  readonly tcp: number;
  /** The port that lets `alice` in, with the password `secret`. */
  readonly auth: number;
  /** The path of the unix socket that lets everyone in. */
  readonly unix: string;
  /** What the broker has logged. */
  log(): Promise<string>;
}

/** The ports of a broker that has certificates; each lets everyone in who has what TLS asks for. */
export interface SecurePorts {
  readonly tls: number;
  /** Asks for a client certificate, and takes its Common Name for the user. */
  readonly mtls: number;
}

/** A running broker that has them. */
export type SecureMosquitto = Mosquitto & SecurePorts;

/** Listens where, and how: one `listener` block of mosquitto.conf. */
interface Listener {
  readonly address: Deno.ConnectOptions | Deno.UnixConnectOptions;
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
  return start(executable, []);
}

/** Starts a broker that also listens with TLS. */
export async function startSecureMosquitto(
  executable: string,
  { folder }: Certificates,
): Promise<SecureMosquitto> {
  const everyone = "allow_anonymous true";
  const secure = [
    `certfile ${folder}/server.pem`,
    `keyfile ${folder}/server.key`,
  ];
  const asking = [
    `cafile ${folder}/ca.pem`,
    "require_certificate true",
    "use_identity_as_username true",
  ];
  const ports = {
    tls: freePort(),
    mtls: freePort(),
  };
  const broker = await start(executable, [
    { address: loopback(ports.tls), settings: [everyone, ...secure] },
    {
      address: loopback(ports.mtls),
      settings: [everyone, ...secure, ...asking],
    },
  ]);
  return { ...broker, ...ports };
}

async function start(
  executable: string,
  more: readonly Listener[],
): Promise<Mosquitto> {
  const folder = await Deno.makeTempDir({ prefix: "midge-mosquitto-" });
  try {
    await writePasswords(folder);
    for (let starts = 1;; starts++) {
      try {
        return await startOnce(executable, folder, more);
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
  more: readonly Listener[],
): Promise<Mosquitto> {
  const tcp = freePort();
  const auth = freePort();
  const unix = `${folder}/mosquitto.sock`;
  const logFile = `${folder}/mosquitto.log`;
  const listeners: Listener[] = [
    { address: loopback(tcp), settings: ["allow_anonymous true"] },
    {
      address: loopback(auth),
      settings: ["allow_anonymous false", `password_file ${folder}/passwords`],
    },
    {
      address: { transport: "unix", path: unix },
      settings: ["allow_anonymous true"],
    },
    ...more,
  ];
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
    tcp,
    auth,
    unix,
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
      "path" in address
        ? `listener 0 ${address.path}`
        : `listener ${address.port} ${address.hostname}`,
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

function loopback(port: number): Deno.ConnectOptions {
  return { hostname: "127.0.0.1", port };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function accepts(address: Listener["address"]): Promise<boolean> {
  try {
    const conn = "path" in address
      ? await Deno.connect({ transport: "unix", path: address.path })
      : await Deno.connect(address);
    conn.close();
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
