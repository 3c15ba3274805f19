/**
 * TLS by node:tls, for what the platform's own cannot do: show a client certificate on a connection without
 * Nagle's algorithm, take a self-signed certificate as its own issuer, check nothing.
 * It is loaded when it is needed: that alone takes 20 ms.
 *
 * A socket of node:tls cannot be paused in Deno: it reads, and keeps, whatever comes. So it is given
 * no connection but a stream that takes from ours only what a read of the wire asks for.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { connectTcp } from "./tcp.ts";
import { tlsFault, unfinished } from "./tls_fault.ts";
import type { TlsTarget } from "./tls_options.ts";
import type { Wire } from "./wire.ts";

/** What is used of node. */
type Node =
  & Pick<
    typeof import("node:tls"),
    "connect" | "checkServerIdentity" | "createSecureContext"
  >
  & Pick<typeof import("node:stream"), "Duplex">;

/** How much is taken at once: four records of TLS. */
const PULL_SIZE = 65_536;

/** Opens one connection, its handshake done. */
export async function openNodeTls(
  target: TlsTarget,
  signal: AbortSignal,
): Promise<Wire> {
  const { Duplex } = await import("node:stream");
  const node = { ...await import("node:tls"), Duplex };
  const tcp = await connectTcp(target, signal);
  const wire = new NodeTlsWire(tcp, target, node);
  const abort = () => wire.close();
  signal.addEventListener("abort", abort, { once: true });
  try {
    if (signal.aborted) abort();
    await wire.handshake;
    return wire;
  } catch (error) {
    wire.close();
    throw signal.aborted ? unfinished(signal) : tlsFault(error, target);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function options(
  { serverName, credentials, alpnProtocols, insecure }: TlsTarget,
  { checkServerIdentity, createSecureContext }: Node,
): ConnectionOptions {
  const { caCerts = [], cert, key } = credentials;
  const secureContext = createSecureContext(
    cert === undefined || key === undefined ? {} : { cert, key },
  );
  // The option `ca` would be in place of Deno's own roots, and to add those takes every --allow-sys.
  for (const each of caCerts) secureContext.context.addCACert(each);
  return {
    secureContext,
    // An address is no name to ask for (RFC 6066, 3).
    servername: /^[\d.]+$|:/.test(serverName) ? "" : serverName,
    rejectUnauthorized: insecure !== "everything",
    checkServerIdentity: (_, certificate) =>
      insecure === undefined
        ? checkServerIdentity(serverName, certificate)
        : undefined,
    ...(alpnProtocols === undefined
      ? {}
      : { ALPNProtocols: [...alpnProtocols] }),
  };
}

class NodeTlsWire implements Wire {
  /** Resolves when the server has proved what was asked of it. */
  readonly handshake: Promise<void>;
  readonly #below: Wire;
  readonly #stream: Duplex;
  readonly #socket: TLSSocket;
  /** What was decrypted and not read: no more than what was pulled last. */
  readonly #chunks: Uint8Array[] = [];
  /** Whether bytes are wanted from below: by the handshake, then by a read. */
  #isWanted = true;
  /** Whether the stream has asked for bytes and got none. */
  #isAsked = false;
  #isEnded = false;
  #isClosed = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(below: Wire, target: TlsTarget, node: Node) {
    this.#below = below;
    this.#stream = this.#makeStream(node);
    const socket = this.#socket = node.connect({
      ...options(target, node),
      socket: this.#stream,
    });
    this.handshake = new Promise((resolve, reject) => {
      socket.once("secureConnect", () => {
        this.#isWanted = false;
        resolve();
      });
      socket.once("error", reject);
      socket.once("close", () => reject(new Deno.errors.UnexpectedEof()));
    });
    socket.on("data", (chunk: Uint8Array) => {
      this.#isWanted = false;
      this.#chunks.push(chunk);
      this.#change();
    });
    socket.on("error", (error) => {
      this.#error ??= /alert/.test(error.message)
        ? tlsFault(error, target)
        : error;
      this.#change();
    });
    const end = () => {
      this.#isEnded = true;
      this.#change();
    };
    socket.on("end", end);
    socket.on("close", end);
  }

  async read(into: Uint8Array): Promise<number | null> {
    let chunk = this.#chunks[0];
    while (chunk === undefined) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#isEnded) return null;
      this.#isWanted = true;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (this.#isAsked) void this.#pull();
      });
      chunk = this.#chunks[0];
    }
    const part = chunk.subarray(0, into.length);
    into.set(part);
    if (part.length === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(part.length);
    return part.length;
  }

  /** The socket keeps the bytes as they are until it has written them, and only then calls back. */
  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => {
        if (error) reject(this.#error ?? error);
        else resolve(bytes.length);
      });
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#error ??= new Deno.errors.Interrupted("The wire is closed");
    this.#below.close();
    this.#socket.destroy();
    this.#stream.destroy();
    this.#change();
  }

  /** The encrypted side of the socket. */
  #makeStream(node: Node): Duplex {
    return new node.Duplex({
      read: () => {
        this.#isAsked = true;
        if (this.#isWanted) void this.#pull();
      },
      write: (bytes: Uint8Array, _encoding, done) => {
        this.#writeBelow(bytes).then(() => done(), done);
      },
      final: (done) => {
        (this.#below.closeWrite?.() ?? Promise.resolve())
          .then(() => done(), done);
      },
    });
  }

  async #pull(): Promise<void> {
    this.#isAsked = false;
    const block = new Uint8Array(PULL_SIZE);
    try {
      const size = await this.#below.read(block);
      this.#stream.push(size === null ? null : block.subarray(0, size));
    } catch (error) {
      if (!this.#isClosed) this.#socket.destroy(asError(error));
    }
  }

  async #writeBelow(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      written += await this.#below.write(bytes.subarray(written));
    }
  }

  #change(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
