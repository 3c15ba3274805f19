/**
 * The opening handshake of WebSocket at a server: a client's request, our answer (RFC 6455, 4.2).
 *
 * This file waits for nothing.
 *
 * @module
 */
import {
  latin1,
  latin1Bytes,
  listed,
  printable,
  readFields,
  SUBPROTOCOL,
} from "./websocket_handshake.ts";

/** A request that opens a WebSocket. */
export interface Upgrade {
  readonly type: "upgrade";
  /** Sec-WebSocket-Key, from which Sec-WebSocket-Accept is made. */
  readonly key: string;
  /** The one of those that the client offers. */
  readonly subprotocol: string;
}

/** A request that opens nothing. */
export interface Refusal {
  readonly type: "refusal";
  /** Why, as it goes on behind "it" for the request. */
  readonly why: string;
  /** What the client is told. */
  readonly answer: Uint8Array;
}

/** What clients of MQTT 3.1 offer by custom, and then the name that is registered. */
const SUBPROTOCOLS: readonly string[] = [SUBPROTOCOL, "mqttv3.1"];

/** 16 bytes in base64 (RFC 6455, 4.1). */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

const PHRASES = {
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
} as const;

/** Whether the first bytes, however few, can begin a request: a method is written in capitals. */
export function isRequest(bytes: Uint8Array): boolean {
  return /^[A-Z]*( |$)/.test(latin1(bytes.subarray(0, 8)));
}

/** Reads the head of a request, without the empty line at its end. */
export function readUpgrade(head: Uint8Array, path: string): Upgrade | Refusal {
  const [first = "", ...lines] = latin1(head).split("\r\n");
  const [, method, target = "", minor] =
    /^([A-Z]+) (\S+) HTTP\/1\.(\d)$/.exec(first) ?? [];
  const fields = readFields(lines);
  if (method === undefined || minor === "0" || fields === undefined) {
    return refused(400, "it is no valid request of HTTP/1.1");
  }
  if (method !== "GET") return refused(405, `its method is ${method}`);
  const [asked = ""] = target.split("?");
  if (asked !== path) {
    return refused(404, `MQTT is at ${path}, not at ${printable(asked)}`);
  }
  if (
    !listed(fields.get("upgrade")).includes("websocket") ||
    !listed(fields.get("connection")).includes("upgrade")
  ) return refused(426, "it asks for no WebSocket");
  if (fields.get("sec-websocket-version") !== "13") {
    return refused(426, "it asks for another version of WebSocket than 13");
  }
  const key = fields.get("sec-websocket-key") ?? "";
  if (!KEY.test(key)) return refused(400, "it has no valid Sec-WebSocket-Key");
  const offered = listed(fields.get("sec-websocket-protocol"));
  const subprotocol = SUBPROTOCOLS.find((name) => offered.includes(name));
  return subprotocol === undefined
    ? refused(400, `it does not offer the WebSocket subprotocol ${SUBPROTOCOL}`)
    : { type: "upgrade", key, subprotocol };
}

/** The answer that opens the WebSocket; `accept` proves that the key was read. */
export function upgradeAnswer(accept: string, subprotocol: string): Uint8Array {
  return latin1Bytes([
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    `Sec-WebSocket-Protocol: ${subprotocol}`,
    "\r\n",
  ].join("\r\n"));
}

/** Refuses a request, which `why` tells the client. */
export function refused(status: keyof typeof PHRASES, why: string): Refusal {
  const body =
    `This port speaks MQTT over WebSocket. The request is refused: ${why}.\n`;
  const answer = latin1Bytes([
    `HTTP/1.1 ${status} ${PHRASES[status]}`,
    ...(status === 405 ? ["Allow: GET"] : []),
    ...(status === 426
      ? ["Upgrade: websocket", "Sec-WebSocket-Version: 13"]
      : []),
    status === 426 ? "Connection: Upgrade, close" : "Connection: close",
    "Content-Type: text/plain",
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n"));
  return { type: "refusal", why, answer };
}
