/**
 * What a URL says about where a server is, which wires lead to it, and who asks.
 *
 * @module
 */
import type { WireOptions } from "./wire_options.ts";

/** A server and how to reach it. */
export interface Target {
  /** For messages: host and port, or the path of a socket, without user and password. */
  readonly address: string;
  /** What the wires to it lead to. */
  readonly endpoint: Endpoint;
  /** From the URL, decoded. */
  readonly username: string | undefined;
  /** From the URL, decoded. */
  readonly password: string | undefined;
}

/** What a wire leads to: a socket of this machine, or a host. */
export type Endpoint = UnixEndpoint | HostEndpoint;

/** A unix socket. */
export interface UnixEndpoint {
  /** Tells it from a host. */
  readonly type: "unix";
  /** The path of the socket. */
  readonly path: string;
}

/** A host: asked by TCP, maybe TLS over it, maybe WebSocket over that. */
export interface HostEndpoint {
  /** Tells it from a socket. */
  readonly type: "host";
  /** A name or an address, IPv6 without brackets. */
  readonly hostname: string;
  /** 1 to 65,535. */
  readonly port: number;
  /** Whether it is asked by TLS. */
  readonly hasTls: boolean;
  /** What the opening handshake of a WebSocket asks for; undefined where there is none. */
  readonly webSocket:
    | { readonly host: string; readonly path: string }
    | undefined;
}

/** What a scheme stands for. */
interface Scheme {
  /** Where the URL names no port. */
  readonly port: number;
  readonly hasTls: boolean;
  readonly isWebSocket: boolean;
}

const MQTT = { port: 1883, hasTls: false, isWebSocket: false };
const MQTTS = { port: 8883, hasTls: true, isWebSocket: false };

/** Those that lead to a host. */
const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ["mqtt:", MQTT],
  ["tcp:", MQTT],
  ["mqtts:", MQTTS],
  ["ssl:", MQTTS],
  ["ws:", { port: 80, hasTls: false, isWebSocket: true }],
  ["wss:", { port: 443, hasTls: true, isWebSocket: true }],
]);

/** The path that the specification's own examples, and most servers, have for a WebSocket. */
const WEBSOCKET_PATH = "/mqtt";

/**
 * Reads a URL of the form `mqtts://user:password@host:port` or `unix:/path`. Throws a TypeError that
 * never shows the password, also for options that the URL's wire does not have.
 */
export function parseTarget(
  url: string | URL,
  options: WireOptions = {},
): Target {
  const parsed = parse(url);
  const { protocol, hash } = parsed;
  const fail: Fail = (why) => {
    throw new TypeError(
      `Cannot connect to "${protocol}//${parsed.host}": ${why}`,
    );
  };
  const scheme = SCHEMES.get(protocol);
  if (options.tls !== undefined && !scheme?.hasTls) {
    fail("the option tls goes with mqtts:, ssl: or wss:");
  }
  if (options.headers !== undefined && !scheme?.isWebSocket) {
    fail("the option headers goes with ws: or wss:");
  }
  if (hash !== "") fail("a fragment means nothing here");
  if (protocol === "unix:") return unixTarget(parsed, fail);
  if (scheme !== undefined) return hostTarget(parsed, scheme, fail);
  if (hasNoScheme(url)) {
    throw new TypeError(`Cannot connect: the URL ${SCHEME_HINT}`);
  }
  const schemes = [...SCHEMES.keys()].join(", ");
  return fail(`the scheme must be ${schemes} or unix:, not ${protocol}`);
}

type Fail = (why: string) => never;

function unixTarget(
  { hostname, pathname, search }: URL,
  fail: Fail,
): Target {
  if (hostname !== "") fail("a path has no host before it: unix:/path");
  if (pathname === "" || pathname.endsWith("/")) fail("it names no socket");
  if (search !== "") fail("in a path, ? is written %3F");
  const path = decode(pathname);
  return {
    address: path,
    endpoint: { type: "unix", path },
    username: undefined,
    password: undefined,
  };
}

function hostTarget(
  parsed: URL,
  { port: defaultPort, hasTls, isWebSocket }: Scheme,
  fail: Fail,
): Target {
  const { protocol, pathname, search, username, password } = parsed;
  if (parsed.hostname === "") fail("the URL names no host");
  const hasPath = pathname !== "" && pathname !== "/" || search !== "";
  if (hasPath && !isWebSocket) {
    fail(`a URL of ${protocol} has nothing behind the port`);
  }
  const port = parsed.port === "" ? defaultPort : Number(parsed.port);
  if (port === 0) fail("the port must be 1 to 65,535");
  const host = decode(parsed.hostname);
  const path = hasPath ? pathname + search : WEBSOCKET_PATH;
  return {
    address: `${host}:${port}`,
    endpoint: {
      type: "host",
      hostname: host.replace(/^\[(.*)\]$/, "$1"),
      port,
      hasTls,
      webSocket: isWebSocket ? { host: parsed.host, path } : undefined,
    },
    username: username === "" ? undefined : decode(username),
    password: password === "" ? undefined : decode(password),
  };
}

function parse(url: string | URL): URL {
  try {
    return new URL(url);
  } catch {
    const hint = hasNoScheme(url) ? `; it ${SCHEME_HINT}` : "";
    throw new TypeError(`Cannot connect: the URL cannot be read${hint}`);
  }
}

/** What is missing in `localhost:1883`, whose host stands where a scheme does. It is not quoted: it may hold a password. */
const SCHEME_HINT = "needs a scheme in front, as mqtt://localhost:1883 has one";

function hasNoScheme(url: string | URL): boolean {
  return typeof url === "string" && !url.includes("://");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TypeError(
      "Cannot connect: the URL has a percent sign that is not followed by the UTF-8 of a character",
    );
  }
}
