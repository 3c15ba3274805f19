/**
 * What WebSocket frames are made of: opcodes (RFC 6455, 5.2) and the body of a close frame (7.4).
 *
 * This file waits for nothing.
 *
 * @module
 */
import { MqttError, ProtocolError } from "../errors.ts";

/** What a frame is; from 8 on it controls the connection (RFC 6455, 11.8). */
export const Opcode = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** One of {@linkcode Opcode}. */
export type Opcode = typeof Opcode[keyof typeof Opcode];

/** Why a connection is closed, where we are the ones who say it (RFC 6455, 7.4.1). */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  invalidPayload: 1007,
} as const;

/** Control frames carry no more (RFC 6455, 5.5). */
export const CONTROL_MAX = 125;

/** After this nothing more is read. */
export interface End {
  /** What our own close frame says. */
  readonly closeCode: number;
  /** Undefined where the server has ended in order. */
  readonly error: MqttError | undefined;
}

/** What the registered codes mean, for people (RFC 6455, 11.7). */
const MEANINGS: ReadonlyMap<number, string> = new Map([
  [1000, "normal closure"],
  [1001, "going away"],
  [1002, "protocol error"],
  [1003, "unsupported data"],
  [1007, "invalid payload data"],
  [1008, "policy violation"],
  [1009, "message too big"],
  [1010, "extension required"],
  [1011, "internal error"],
  [1012, "service restart"],
  [1013, "try again later"],
  [1014, "bad gateway"],
]);

/** Codes from here on are for libraries and applications: they have no meaning that we could know. */
const UNREGISTERED = 3000;

/** MQTT's word for what no other Reason Code tells better. */
const PROTOCOL_ERROR = 0x82;

/** The server has broken a rule of WebSocket, or of MQTT over it. */
export function broken(
  why: string,
  clause: string,
  closeCode: number = CloseCode.protocolError,
): End {
  return { closeCode, error: new ProtocolError(why, PROTOCOL_ERROR, clause) };
}

/** What a close frame of the server says: nothing, or a code and maybe a reason (RFC 6455, 5.5.1). */
export function readClose(body: Uint8Array): End {
  const [high, low] = body;
  if (high === undefined) {
    return { closeCode: CloseCode.normal, error: undefined };
  }
  if (low === undefined) {
    return broken("a WebSocket close frame has one byte", "RFC 6455, 5.5.1");
  }
  const code = high << 8 | low;
  const meaning = MEANINGS.get(code);
  if (meaning === undefined && (code < UNREGISTERED || code > 4999)) {
    return broken(
      `a WebSocket close frame has the code ${code}`,
      "RFC 6455, 7.4",
    );
  }
  const reason = readReason(body.subarray(2));
  if (reason === undefined) {
    return broken(
      "the reason of a WebSocket close frame is not UTF-8",
      "RFC 6455, 8.1",
      CloseCode.invalidPayload,
    );
  }
  if (code === CloseCode.normal || code === CloseCode.goingAway) {
    return { closeCode: code, error: undefined };
  }
  const words = [
    `${code}`,
    ...(meaning === undefined ? [] : [meaning]),
    // As JSON the server's own words stay on their line.
    ...(reason === "" ? [] : [JSON.stringify(reason)]),
  ];
  return {
    closeCode: code,
    error: new MqttError(
      `the server closed the WebSocket: ${words.join(" ")}`,
    ),
  };
}

function readReason(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
