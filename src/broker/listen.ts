/**
 * Ports that a broker listens on: TCP or TLS, with MQTT or WebSocket on it.
 *
 * @module
 */
import { MqttError } from "../errors.ts";
import { permissionFault } from "../transport/permission.ts";
import { checkPath } from "../transport/websocket_handshake.ts";
import { acceptWebSocket } from "../transport/websocket_server.ts";
import type { Wire } from "../transport/wire.ts";
import type { BrokerClock } from "./clock.ts";

/** What a server shows to its clients. */
export interface ServerTls {
  /** The certificate chain, as PEM text. */
  readonly cert: string;
  /** Its private key, as PEM text. */
  readonly key: string;
}

/** Where to listen, and for what. */
export interface Endpoint {
  /** A name or an address of this machine. */
  readonly hostname: string;
  /** 0 takes one that is free. */
  readonly port: number;
  /** The path of WebSockets; undefined for plain MQTT. */
  readonly websocketPath: string | undefined;
  /** Undefined for no TLS. */
  readonly tls: ServerTls | undefined;
}

/** Who is given what comes. */
export interface ListenerOwner {
  readonly clock: BrokerClock;
  /** A client has come; `peer` is its address. */
  onWire(wire: Wire, peer: string): void;
}

/** How long a client may take to ask for its WebSocket. */
const HANDSHAKE_MS = 10_000;

/** How many clients may be about to ask for it: each costs 16 KiB. More are turned away. */
const HANDSHAKES_MAX = 1_000;

/** How long nothing is accepted where the system has no file descriptor left. */
const PAUSE_MS = 100;

/** A port that is open. */
export class Listener implements AsyncDisposable {
  /** What a client connects to. */
  readonly url: string;
  readonly #endpoint: Endpoint;
  readonly #owner: ListenerOwner;
  readonly #listener: Deno.TcpListener | Deno.TlsListener;
  readonly #accepting: Promise<void>;
  readonly #handshakes = new Map<Wire, Promise<void>>();
  #resume: () => void = () => {};
  #isClosed = false;

  /** Opens it. Throws an MqttError that says what is against it, and a TypeError for a path that is none. */
  constructor(endpoint: Endpoint, owner: ListenerOwner) {
    const { hostname, port, tls, websocketPath } = endpoint;
    if (websocketPath !== undefined) checkPath(websocketPath);
    this.#endpoint = endpoint;
    this.#owner = owner;
    try {
      this.#listener = tls === undefined
        ? Deno.listen({ hostname, port })
        : Deno.listenTls({ hostname, port, ...tls });
    } catch (error) {
      throw listenFault(error, { hostname, port });
    }
    const scheme = websocketPath === undefined ? "mqtt" : "ws";
    const address = addressOf({ ...this.#listener.addr, hostname });
    this.url = `${scheme}${tls === undefined ? "" : "s"}://${address}${
      websocketPath ?? ""
    }`;
    this.#accepting = this.#accept();
  }

  /** Accepts no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#listener.close();
      this.#resume();
    }
    for (const wire of this.#handshakes.keys()) drop(wire);
    await Promise.all([this.#accepting, ...this.#handshakes.values()]);
  }

  async #accept(): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#take(await this.#listener.accept());
      } catch {
        // One client's bad luck, or a machine at its limits, ends no broker.
        await this.#pause();
      }
    }
  }

  #take(connection: Deno.TcpConn | Deno.TlsConn): void {
    try {
      // Without it an answer that is written in two parts waits 40 ms for the client's ACK in between.
      if ("setNoDelay" in connection) connection.setNoDelay(true);
    } catch {
      // Some systems refuse it where the client has reset the connection already.
      return drop(connection);
    }
    const peer = addressOf(connection.remoteAddr);
    const { websocketPath } = this.#endpoint;
    if (websocketPath === undefined) this.#owner.onWire(connection, peer);
    else if (this.#handshakes.size >= HANDSHAKES_MAX) connection.close();
    else {
      const handshake = this.#shakeHands(connection, websocketPath, peer);
      this.#handshakes.set(connection, handshake);
    }
  }

  async #shakeHands(below: Wire, path: string, peer: string): Promise<void> {
    const cancel = this.#owner.clock.schedule(() => drop(below), HANDSHAKE_MS);
    try {
      const wire = await acceptWebSocket(below, path);
      this.#owner.onWire(wire, peer);
    } catch {
      // The client was told, where it understands.
      drop(below);
    } finally {
      cancel();
      this.#handshakes.delete(below);
    }
  }

  async #pause(): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#owner.clock.schedule(resolve, PAUSE_MS);
      this.#resume = () => {
        cancel();
        resolve();
      };
    });
  }
}

function listenFault(
  error: unknown,
  { hostname, port }: Pick<Endpoint, "hostname" | "port">,
): unknown {
  if (!(error instanceof Error)) return error;
  const place = addressOf({ transport: "tcp", hostname, port });
  // Who asks for any port will want to reach the one that it is.
  const flag = port === 0 ? place.slice(0, -2) : place;
  const cause = permissionFault(error, `--allow-net=${flag}`);
  const why = error instanceof Deno.errors.AddrInUse
    ? "the port is in use"
    : error instanceof Deno.errors.AddrNotAvailable
    ? "this machine does not have the address"
    : error instanceof Deno.errors.PermissionDenied
    ? "the system does not permit it"
    : cause instanceof Error
    ? cause.message
    : error.message;
  return new MqttError(`Cannot listen on ${place}: ${why}`, { cause });
}

/** A wire may be closed by its timer and by its end: the second time it says so. */
function drop(wire: Wire): void {
  try {
    wire.close();
  } catch {
    // It is closed: that was to be.
  }
}

function addressOf({ hostname, port }: Deno.NetAddr): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
