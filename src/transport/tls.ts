/**
 * TLS over TCP, in the first of two ways that can do what is asked: `Deno.startTls`, which is the faster;
 * node:tls, loaded only then.
 *
 * @module
 */
import { WireError } from "../errors.ts";
import { connectTcp, type TcpOptions } from "./tcp.ts";
import {
  type Asked,
  isForNode,
  isVague,
  tlsFault,
  unfinished,
} from "./tls_fault.ts";
import { openNodeTls } from "./tls_node.ts";
import {
  type Credentials,
  pemFault,
  type TlsOptions,
  type TlsTarget,
} from "./tls_options.ts";
import type { Transport, Wire } from "./wire.ts";

/** Where a server of TLS listens, and how TLS is done with it. */
export interface TlsTransportOptions extends TcpOptions {
  /** Nothing asked: Deno's own roots, and the host's name. */
  readonly tls?: TlsOptions | undefined;
}

/**
 * Servers that have left a handshake of the platform's own TLS without an answer. Given up, it keeps its
 * socket until the peer closes it: whoever comes back to such a server by node:tls loses one, and not one
 * each time.
 */
const SILENT = new Set<string>();

/** So many are remembered: no program has reason to go to more. */
const SILENT_MAX = 1_000;

/** Opens TLS connections. */
export function tls(options: TlsTransportOptions): Transport {
  return {
    open: (signal: AbortSignal): Promise<Wire> => open(options, signal),
  };
}

async function open(
  { hostname, port, tls = {} }: TlsTransportOptions,
  signal: AbortSignal,
): Promise<Wire> {
  const target: TlsTarget = {
    hostname,
    port,
    serverName: tls.serverName ?? hostname,
    credentials: await untilAborted(ask(tls), signal),
    alpnProtocols: tls.alpnProtocols,
    insecure: tls.insecure,
  };
  // The platform's own TLS knows client certificates only by connectTls, which cannot turn Nagle's algorithm
  // off: a packet that follows another would wait 40 ms for the peer's ACK in between.
  if (
    target.credentials.cert !== undefined || tls.insecure === "everything" ||
    SILENT.has(nameOf(target))
  ) return await openByNode(target, signal);
  try {
    return new TlsWire(await startTls(target, signal), target);
  } catch (error) {
    // Only what was named to be trusted has a second chance, once, on a connection of its own.
    if (target.credentials.caCerts === undefined || !isForNode(error)) {
      throw error;
    }
    return await openNodeTls(target, signal);
  }
}

function nameOf({ hostname, port }: TlsTarget): string {
  return `${hostname}:${port}`;
}

/** node:tls has one error for many reasons: the platform's own TLS tells them apart. */
async function openByNode(
  target: TlsTarget,
  signal: AbortSignal,
): Promise<Wire> {
  checkIdentity(target);
  try {
    return await openNodeTls(target, signal);
  } catch (error) {
    if (isVague(error)) await explain(target, signal);
    throw error;
  }
}

/** Has the platform read our certificate and its key. */
function checkIdentity(target: TlsTarget): void {
  const { cert, key } = target.credentials;
  if (cert === undefined || key === undefined) return;
  try {
    Deno.createHttpClient({ cert, key }).close();
  } catch (error) {
    throw tlsFault(error, target);
  }
}

/** Throws what the platform's own TLS has against the server's certificate. */
async function explain(target: TlsTarget, signal: AbortSignal): Promise<void> {
  try {
    (await startTls(target, signal)).close();
  } catch (error) {
    if (!isForNode(error)) throw error;
  }
}

async function startTls(
  target: TlsTarget,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  const tcp = await connectTcp(target, signal);
  let connection;
  try {
    connection = await Deno.startTls(tcp, {
      ...platformOptions(target),
      hostname: target.serverName,
    });
  } catch (error) {
    // Where the name cannot be one, it has not taken the connection over; where a certificate cannot be
    // read, it has, and closed it.
    try {
      tcp.close();
    } catch (already) {
      if (!(already instanceof Deno.errors.BadResource)) throw already;
    }
    throw tlsFault(error, target);
  }
  await shakeHands(connection, target, signal);
  return connection;
}

function platformOptions(
  { credentials, alpnProtocols, insecure }: TlsTarget,
): Deno.StartTlsOptions {
  const { caCerts } = credentials;
  return {
    ...(caCerts === undefined ? {} : { caCerts: [...caCerts] }),
    ...(alpnProtocols === undefined
      ? {}
      : { alpnProtocols: [...alpnProtocols] }),
    unsafelyDisableHostnameVerification: insecure === "host-name",
  };
}

/** Else the first read or write would, and nobody could tell their errors apart. */
async function shakeHands(
  connection: Deno.TlsConn,
  target: TlsTarget,
  signal: AbortSignal,
): Promise<void> {
  try {
    await untilAborted(connection.handshake(), signal);
  } catch (error) {
    connection.close();
    if (!signal.aborted) throw tlsFault(error, target);
    if (SILENT.size < SILENT_MAX) SILENT.add(nameOf(target));
    throw unfinished(signal);
  }
}

/** Asks the functions among the options, all at once. */
async function ask({ caCerts, cert, key }: TlsOptions): Promise<Credentials> {
  const [authorities, certificate, secret] = await Promise.all([
    typeof caCerts === "function" ? caCerts() : caCerts,
    typeof cert === "function" ? cert() : cert,
    typeof key === "function" ? key() : key,
  ]);
  check("caCerts", authorities);
  check("cert", certificate);
  check("key", secret);
  return {
    caCerts: typeof authorities === "string" ? [authorities] : authorities,
    cert: certificate,
    key: secret,
  };
}

function check(name: "caCerts" | "cert" | "key", pem: unknown): void {
  const fault = pem === undefined ? undefined : pemFault(name, pem);
  if (fault !== undefined) throw new WireError(fault, { stage: "tls" });
}

/** Waits for a promise until the signal fires. */
async function untilAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal,
): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** A TLS connection whose errors speak. */
class TlsWire implements Wire {
  readonly #connection: Deno.TlsConn;
  readonly #fault: (error: unknown) => never;

  constructor(connection: Deno.TlsConn, asked: Asked) {
    this.#connection = connection;
    this.#fault = (error) => {
      // With TLS 1.3 the server looks at our certificate only behind the handshake.
      throw error instanceof Deno.errors.InvalidData
        ? tlsFault(error, asked)
        : error;
    };
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#connection.read(into).catch((error) => {
      // The peer has left without close_notify, as many do: a packet that was cut is seen by its length.
      if (error instanceof Deno.errors.UnexpectedEof) return null;
      return this.#fault(error);
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#connection.write(bytes).catch(this.#fault);
  }

  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  close(): void {
    this.#connection.close();
  }
}
