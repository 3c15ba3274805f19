/**
 * TLS over TCP, in the first of three ways that can do what is asked: `Deno.startTls`, which is the
 * fastest; `Deno.connectTls`, which knows client certificates; node:tls, loaded only then.
 *
 * @module
 */
import { WireError } from "../errors.ts";
import { netFlag, permissionFault } from "./permission.ts";
import { connectTcp, type TcpOptions } from "./tcp.ts";
import { type Asked, isForNode, tlsFault, unfinished } from "./tls_fault.ts";
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
  const { serverName, credentials: { caCerts, cert } } = target;
  const isNodeAlone = tls.insecure === "everything" ||
    (cert !== undefined && serverName !== hostname);
  if (isNodeAlone) return await openNodeTls(target, signal);
  try {
    const connection = cert === undefined
      ? await startTls(target, signal)
      : await connectTls(target, signal);
    return new TlsWire(connection, target);
  } catch (error) {
    // Only what was named to be trusted has a second chance, once, on a connection of its own.
    if (
      caCerts === undefined || !(error instanceof WireError) ||
      !isForNode(error.cause)
    ) throw error;
    return await openNodeTls(target, signal);
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
    // It has not taken the connection over, since the name cannot be one.
    tcp.close();
    throw tlsFault(error, target);
  }
  await shakeHands(connection, target, signal);
  return connection;
}

async function connectTls(
  target: TlsTarget,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  const { hostname, port, credentials: { cert = "", key = "" } } = target;
  const connecting = Deno.connectTls({
    ...platformOptions(target),
    hostname,
    port,
    cert,
    key,
  });
  let connection;
  try {
    connection = await untilAborted(connecting, signal);
  } catch (error) {
    // It takes no signal: what it still brings is closed when it comes.
    if (signal.aborted) connecting.then((late) => late.close(), () => {});
    else if (isOfCredentials(error)) throw tlsFault(error, target);
    throw permissionFault(error, netFlag(hostname, port));
  }
  await shakeHands(connection, target, signal);
  return connection;
}

/** Certificate and key are read before the network is touched. */
function isOfCredentials(error: unknown): boolean {
  return error instanceof Deno.errors.InvalidData ||
    error instanceof Error && error.message.includes("KeyMismatch");
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
  asked: Asked,
  signal: AbortSignal,
): Promise<void> {
  try {
    await untilAborted(connection.handshake(), signal);
  } catch (error) {
    // In mid-handshake the platform lets go of the socket only when the peer does; nothing waits for it.
    connection.close();
    throw signal.aborted ? unfinished(signal) : tlsFault(error, asked);
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
