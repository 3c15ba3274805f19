/**
 * What an error means to the user of the command line: one line, which says what to try, and the exit
 * code. Reason Codes of MQTT 5 and return codes of MQTT 3.x are exit codes as they are.
 *
 * @module
 */
import {
  ConnectError,
  ConnectionLostError,
  KeepAliveError,
  PublishError,
  StoreError,
  type StoreFault,
  SubscribeError,
  type TlsFault,
  UnsubscribeError,
  WireError,
} from "../../mod.ts";
import { sentence } from "./sentence.ts";
import type { WireHints } from "./wire_hints.ts";

/** An error in the terms of the command line. */
export interface Failure {
  /** `<what> <where>: <why>. <what to try>` */
  readonly line: string;
  /** The exit code. */
  readonly code: number;
}

/** What is known besides the error. */
export interface Circumstances {
  /** The host and the port that were asked for, or the path of a socket. */
  readonly address: string;
  /** How `midge test` is given the same server; undefined where that takes a URL. */
  readonly hostAndPort: string | undefined;
  /** The scheme of the URL, with its colon. */
  readonly protocol: string;
  /** What to try where the wire does not lead to the server. */
  readonly hints: WireHints;
  /** How long connecting was allowed to take. */
  readonly connectTimeoutMs: number;
  /** What was negotiated, if anything was. */
  readonly protocolVersion: number | undefined;
  /** What to try where the server may not speak the version. */
  readonly versionHint: string | undefined;
}

/** The exit codes that are no code of a server. */
export const CODE = {
  failed: 1,
  connectionLost: 7,
  tlsFailed: 8,
  subscribeRefused: 12,
  keepAliveTimeout: 19,
} as const;

/** Below this a Reason Code is a success. */
const FAILURE_MIN = 0x80;

/** What to check when CONNACK has refused: return codes of MQTT 3.x, then Reason Codes. */
const REFUSAL_HINTS: Readonly<Record<number, string>> = {
  2: "Check -i",
  4: "Check -u and -P",
  5: "Check -u and -P",
  0x85: "Check -i",
  0x86: "Check -u and -P",
  0x87: "Check -u and -P",
};

/** The return code, and the Reason Code, of a server that does not speak the version it was asked for. */
const VERSION_REFUSALS: readonly number[] = [1, 0x84];

/** What is there, by the scheme, where a CONNACK is all that is missing. */
const CONNECTED: Readonly<Record<string, string>> = {
  "mqtts:": "TLS connected",
  "ssl:": "TLS connected",
  "ws:": "WebSocket connected",
  "wss:": "WebSocket connected",
  "unix:": "socket connected",
};

/** Which hint goes with what is wrong with TLS. */
const TLS_HINTS: Readonly<Partial<Record<TlsFault, keyof WireHints>>> = {
  "no-tls": "plain",
  "untrusted": "issuer",
  "wrong-name": "serverName",
  "client-certificate": "certificate",
};

/** What to do about a store that does not do its work. */
const STORE_HINTS: Readonly<Partial<Record<StoreFault, string>>> = {
  "in-use": "Wait until that ends, or take another --store",
  "not-a-store": "Take another --store",
  full: "Make room, and run it again: what it has is not lost",
  forbidden: "Take a --store that can be read and written",
  removed: "Run it again",
};

/** The options of the module that its errors name, as they are called here. */
const OPTIONS: Readonly<Record<string, string>> = {
  caCerts: "--cafile",
  cert: "--cert",
  key: "--key",
  alpnProtocols: "protocols of --alpn",
};

/** What an error means, once it is known where the command went. */
export function failureOf(
  error: unknown,
  circumstances: Circumstances,
): Failure {
  if (error instanceof ConnectError) {
    return connectFailure(error, circumstances);
  }
  const line = sentence(error);
  if (error instanceof ConnectionLostError) {
    return { line, code: lostCode(error) };
  }
  if (error instanceof SubscribeError) {
    const is5 = circumstances.protocolVersion === 5;
    return { line, code: is5 ? error.reasonCode : CODE.subscribeRefused };
  }
  if (error instanceof UnsubscribeError) {
    return { line, code: error.reasonCode };
  }
  if (error instanceof PublishError) {
    return { line, code: error.reasonCode ?? CODE.failed };
  }
  if (error instanceof StoreError) {
    return { line: hinted(line, storeHint(error)), code: CODE.failed };
  }
  return { line, code: CODE.failed };
}

function connectFailure(error: ConnectError, at: Circumstances): Failure {
  const { reasonCode, stage } = error;
  if (reasonCode !== undefined) {
    return {
      line: refusalLine(error, at, reasonCode),
      code: refusalCode(reasonCode),
    };
  }
  const hasTlsFailed = stage === "tls" && !isTimeout(error);
  return {
    line: wireLine(error, at),
    code: hasTlsFailed ? CODE.tlsFailed : CODE.failed,
  };
}

function refusalLine(
  { refusal }: ConnectError,
  { address, versionHint }: Circumstances,
  reasonCode: number,
): string {
  const hint = VERSION_REFUSALS.includes(reasonCode)
    ? versionHint
    : REFUSAL_HINTS[reasonCode];
  return hinted(`${address} refused the connection: ${refusal}`, hint);
}

/** Nothing was refused: there was no server, or none of MQTT. */
function wireLine(error: ConnectError, at: Circumstances): string {
  const { cause, stage, peerProtocol } = error;
  if (isTimeout(error)) return timeoutLine(error, at);
  const { hostAndPort, hints, versionHint } = at;
  const line = sentence(error);
  if (cause instanceof WireError) {
    return hinted(inOptions(line), wireHint(cause, hints));
  }
  if (cause instanceof Deno.errors.ConnectionRefused) {
    return hinted(
      line,
      hostAndPort === undefined
        ? "Is a broker running there?"
        : `Is a broker running there? Try: midge test ${hostAndPort}`,
    );
  }
  if (cause instanceof Deno.errors.NotFound) {
    return hinted(line, "Is a broker running there?");
  }
  if (peerProtocol !== undefined) {
    return hinted(line, peerProtocol === "TLS" ? hints.tls : hints.webSocket);
  }
  if (isLookup(error)) return hinted(line, "Check the host name");
  // It may have closed because it does not know the version, or because it wants TLS.
  return stage === "connack" ? hinted(line, versionHint ?? hints.tls) : line;
}

function timeoutLine(error: ConnectError, at: Circumstances): string {
  const { address, connectTimeoutMs, protocol, hints } = at;
  const time = `within ${connectTimeoutMs / 1_000} s`;
  if (error.stage === "wire") {
    return hinted(
      `no connection to ${address} ${time}`,
      "Is the address right? A firewall may be in the way",
    );
  }
  if (error.stage === "connack") {
    const connected = CONNECTED[protocol] ?? "TCP connected";
    return hinted(
      `no CONNACK from ${address} ${time} (${connected})`,
      hints.tls && `A TLS port? ${hints.tls}`,
    );
  }
  const plain = hints.plain && `A plain port? ${hints.plain}`;
  return hinted(
    sentence(error),
    error.stage === "tls" ? plain : hints.path,
  );
}

function wireHint(
  { stage, fault }: WireError,
  hints: WireHints,
): string | undefined {
  if (stage === "websocket") return hints.path;
  const hint = fault && TLS_HINTS[fault];
  return hint && hints[hint];
}

/** The words of TLS name options: `key` is one where it does not stand for a thing. */
function inOptions(line: string): string {
  return line.replace(
    /(?<=: |or |of )(?:key|cert)\b|\b(?:caCerts|alpnProtocols)\b/g,
    (option) => OPTIONS[option] ?? option,
  );
}

/** Where Deno does not permit it, the message has the flags. */
function storeHint({ fault, cause }: StoreError): string | undefined {
  const isFlagged = cause instanceof Deno.errors.NotCapable;
  return isFlagged ? undefined : STORE_HINTS[fault];
}

function isTimeout({ cause }: ConnectError): boolean {
  return cause instanceof DOMException && cause.name === "TimeoutError";
}

/** A name that leads nowhere. What the system refuses has a code, and what Deno refuses a class of its own. */
function isLookup({ stage, cause }: ConnectError): boolean {
  return stage === "wire" && cause instanceof Error && !("code" in cause) &&
    ["Error", "URIError"].includes(cause.name);
}

/** Return codes of MQTT 3.x are 1 to 5, and 1 is taken for everything else; Reason Codes are 128 to 162. */
function refusalCode(reasonCode: number): number {
  const isOwn = reasonCode >= FAILURE_MIN ||
    (reasonCode >= 2 && reasonCode <= 5);
  return isOwn && reasonCode <= 0xFF ? reasonCode : CODE.failed;
}

function lostCode(error: ConnectionLostError): number {
  const { reasonCode = 0 } = error;
  if (reasonCode >= FAILURE_MIN) return reasonCode;
  return isKeepAlive(error) ? CODE.keepAliveTimeout : CODE.connectionLost;
}

/** What a call waited for fails with an error of its own, whose cause is that of the connection. */
function isKeepAlive({ cause }: Error): boolean {
  return cause instanceof KeepAliveError ||
    (cause instanceof ConnectionLostError && isKeepAlive(cause));
}

function hinted(line: string, hint: string | undefined): string {
  return hint === undefined ? line : `${line}. ${hint}`;
}
