/**
 * What a URL says about where a server is and who asks.
 *
 * @module
 */
import { tcp } from "../transport/tcp.ts";
import type { Transport } from "../transport/wire.ts";

/** A server and how to reach it. */
export interface Target {
  /** For messages: host and port, without user and password. */
  readonly address: string;
  /** How a wire to it is had. */
  readonly transport: Transport;
  /** From the URL, decoded. */
  readonly username: string | undefined;
  /** From the URL, decoded. */
  readonly password: string | undefined;
}

const MQTT_PORT = 1883;

/** Reads a URL of the form `mqtt://user:password@host:port`. Throws a TypeError that never shows the password. */
export function parseTarget(url: string | URL): Target {
  const parsed = parse(url);
  const { protocol, hostname, pathname, search, hash } = parsed;
  const fail = (why: string) => {
    throw new TypeError(
      `Cannot connect to "${protocol}//${parsed.host}": ${why}`,
    );
  };
  if (protocol !== "mqtt:" && protocol !== "tcp:") {
    fail(
      `the scheme must be mqtt: or tcp:, not ${protocol}`,
    );
  }
  if (hostname === "") fail("the URL names no host");
  if ((pathname !== "" && pathname !== "/") || search !== "" || hash !== "") {
    fail(`a URL of ${protocol} has nothing behind the port`);
  }
  const port = parsed.port === "" ? MQTT_PORT : Number(parsed.port);
  if (port === 0) fail("the port must be 1 to 65,535");
  const bare = decode(hostname).replace(/^\[(.*)\]$/, "$1");
  return {
    address: `${decode(hostname)}:${port}`,
    transport: tcp({ hostname: bare, port }),
    username: parsed.username === "" ? undefined : decode(parsed.username),
    password: parsed.password === "" ? undefined : decode(parsed.password),
  };
}

function parse(url: string | URL): URL {
  try {
    return new URL(url);
  } catch {
    const hint = typeof url === "string" && !url.includes("://")
      ? "; it begins with mqtt://"
      : "";
    throw new TypeError(`Cannot connect: the URL cannot be read${hint}`);
  }
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
