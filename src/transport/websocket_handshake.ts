/**
 * The opening handshake of WebSocket: our request, the server's answer (RFC 6455, 4).
 *
 * This file waits for nothing but a digest.
 *
 * @module
 */
import { MqttError } from "../errors.ts";
import {
  FIELD_NAME,
  FIELD_VALUE,
  type HeaderFields,
} from "./websocket_headers.ts";

/** What {@linkcode upgradeRequest} is made from. */
export interface UpgradeRequest {
  /** The Host header: with the port where it is not the scheme's own. */
  readonly host: string;
  /** Path and query. */
  readonly path: string;
  /** Sec-WebSocket-Key: 16 random bytes in base64. */
  readonly key: string;
  /** What the user adds. */
  readonly headers: HeaderFields;
}

/** The subprotocol of MQTT, in every version [MQTT-6.0.0-3]. */
export const SUBPROTOCOL = "mqtt";

/** What is hashed together with the key (RFC 6455, 1.3). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** More fields than any server has reason to send. */
const FIELDS_MAX = 100;

/** So much of what a server says fits an error message. */
const QUOTE_MAX = 200;

/** Throws a TypeError where a host cannot stand in a request. */
export function checkHost(host: string): void {
  if (typeof host === "string" && /^[\x21-\x7e]+$/.test(host)) return;
  throw new TypeError(`The host of a WebSocket must not be ${quote(host)}`);
}

/** Throws a TypeError where a path cannot stand in a request. */
export function checkPath(path: string): void {
  if (typeof path === "string" && /^\/[\x21-\x22\x24-\x7e]*$/.test(path)) {
    return;
  }
  throw new TypeError(
    `The path of a WebSocket must begin with "/" and be percent-encoded: ${
      quote(path)
    }`,
  );
}

/** The request, as it goes out. All that is in it has been checked. */
export function upgradeRequest(
  { host, path, key, headers }: UpgradeRequest,
): Uint8Array {
  const text = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    "\r\n",
  ].join("\r\n");
  return latin1Bytes(text);
}

/** The Sec-WebSocket-Accept that proves that a server has read the key (RFC 6455, 4.2.2). */
export async function acceptOf(key: string): Promise<string> {
  const bytes = new TextEncoder().encode(key + GUID);
  const digest = await crypto.subtle.digest("SHA-1", bytes);
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

/** Throws where the first bytes of an answer, however few, begin no answer of HTTP. */
export function checkStart(bytes: Uint8Array): void {
  const start = latin1(bytes.subarray(0, "HTTP/1.".length));
  if ("HTTP/1.".startsWith(start)) return;
  // A TLS alert or handshake record, of any version (RFC 8446, 5.1).
  const isTls = (bytes[0] === 0x15 || bytes[0] === 0x16) &&
    (bytes[1] ?? 0x03) === 0x03;
  throw new MqttError(
    `the port speaks ${isTls ? "TLS, not HTTP" : "no HTTP"}, so no WebSocket`,
  );
}

/** Throws where the head of an answer, without the empty line at its end, opens no WebSocket for MQTT. */
export function checkAnswer(head: Uint8Array, accept: string): void {
  const [first = "", ...lines] = latin1(head).split("\r\n");
  const [, version, status, phrase = ""] =
    /^HTTP\/1\.(\d) (\d{3})(?: (.*))?$/.exec(first) ?? [];
  const fields = readFields(lines);
  if (version === undefined || status === undefined || fields === undefined) {
    throw new MqttError(
      "the server's answer to the WebSocket upgrade is not valid HTTP",
    );
  }
  if (status !== "101") throw refusal(`${status} ${phrase}`, fields);
  const fault = version === "0"
    ? "is of HTTP/1.0"
    : fields.get("upgrade")?.toLowerCase() !== "websocket"
    ? "has no Upgrade: websocket"
    : !listed(fields.get("connection")).includes("upgrade")
    ? "has no Connection: Upgrade"
    : fields.get("sec-websocket-accept") !== accept
    ? "does not prove that it has read our key (Sec-WebSocket-Accept)"
    : (fields.get("sec-websocket-extensions") ?? "") !== ""
    ? "has extensions that we did not ask for"
    : undefined;
  if (fault !== undefined) {
    throw new MqttError(
      `the server's answer to the WebSocket upgrade ${fault}`,
    );
  }
  const subprotocol = fields.get("sec-websocket-protocol");
  if (subprotocol === SUBPROTOCOL) return;
  throw new MqttError(
    `the server does not take the WebSocket subprotocol ${SUBPROTOCOL}: it ${
      subprotocol === undefined ? "names none" : `names ${quote(subprotocol)}`
    }`,
  );
}

/** Fields by their names in lower case, several of one name as a list. Undefined where one cannot be read. */
export function readFields(
  lines: readonly string[],
): Map<string, string> | undefined {
  if (lines.length > FIELDS_MAX) return undefined;
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(value)) return undefined;
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return fields;
}

/** The members of a field that is a list, in lower case (RFC 9110, 5.6.1). */
export function listed(value: string | undefined): string[] {
  return (value ?? "").toLowerCase().split(",")
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ""));
}

/** An answer that opens nothing, with what it says of where to turn or what to bring. */
function refusal(
  status: string,
  fields: ReadonlyMap<string, string>,
): MqttError {
  const hints = ["Location", "WWW-Authenticate", "Sec-WebSocket-Version"]
    .flatMap((name) => {
      const value = fields.get(name.toLowerCase());
      return value === undefined ? [] : [`${name}: ${printable(value)}`];
    });
  return new MqttError(
    `the server answered the WebSocket upgrade with HTTP ${
      printable(status).trim()
    }${hints.length === 0 ? "" : ` (${hints.join(", ")})`}`,
  );
}

function quote(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(printable(value))
    : `${value}`;
}

/** What may be shown on a terminal, and not too much of it. */
export function printable(text: string): string {
  return text.slice(0, QUOTE_MAX).replace(/[^\x20-\x7e]/g, "?");
}

/** Bytes as text, a character each. */
export function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Text of Latin-1 as bytes, a character each. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
