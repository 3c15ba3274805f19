/**
 * How a client comes back when its connection is lost: the options, their checks and defaults.
 *
 * @module
 */
import { checkInteger, checkMs, checkNames } from "./checks.ts";

/** The first wait: long enough for a server that restarts its listener, short enough for nobody to notice. */
const INITIAL_MS = 1_000;

/** The longest wait: a server that comes back has its clients back within a minute, and not all at once. */
const MAX_MS = 60_000;

/** A new token may be refused by a server that has not heard of it yet; a wrong password stays wrong. */
const AUTH_ATTEMPTS = 5;

/**
 * How a client comes back when its connection is lost.
 *
 * The wait before each attempt is a random part of a bound that begins with `initialMs` and doubles up to
 * `maxMs` ("full jitter"). It begins anew only after a connection that lived, and moved a message that
 * was acknowledged.
 */
export interface ReconnectOptions {
  /** The bound of the first wait, in ms; 1,000 by default. */
  readonly initialMs?: number;
  /** The highest bound, in ms; 60,000 by default. */
  readonly maxMs?: number;
  /** How many attempts in a row may fail before the client ends; Infinity by default. */
  readonly attempts?: number;
  /** How long attempts go on in a row before the client ends, in ms; Infinity by default. */
  readonly totalMs?: number;
  /**
   * Whether `connect()` itself goes on trying, rather than reject with the first failure; false by default.
   * `connectTimeoutMs` holds for each attempt, and the signal of `connect()` ends them all.
   */
  readonly retryFirst?: boolean;
  /**
   * How many times in a row the server may refuse user name and password, or not authorize us, before the
   * client ends; 5 by default. It counts for a client that was accepted before, or whose credentials come
   * from functions; with others the first refusal is final.
   */
  readonly authAttempts?: number;
  /**
   * Whether we go where a server sends us with Use another server (0x9C) or Server moved (0x9D); false by
   * default, since it is given user name and password there. Under the URL's own scheme, at most 5
   * times in a row; 0x9D replaces the URL, 0x9C holds once. Not with a `transport` of one's own.
   */
  readonly followServerReference?: boolean;
}

/** The same with every default in its place. */
export type ReconnectSettings = Required<ReconnectOptions>;

const OPTIONS: ReadonlySet<string> = new Set<keyof ReconnectOptions>([
  "initialMs",
  "maxMs",
  "attempts",
  "totalMs",
  "retryFirst",
  "authAttempts",
  "followServerReference",
]);

/** Undefined where the client is not to come back. Throws a TypeError or a RangeError. */
export function makeReconnectSettings(
  reconnect: boolean | ReconnectOptions = true,
): ReconnectSettings | undefined {
  if (reconnect === false) return undefined;
  const options = reconnect === true ? {} : reconnect;
  checkNames("connect", options, OPTIONS, "reconnect");
  const {
    initialMs = INITIAL_MS,
    maxMs = MAX_MS,
    attempts = Infinity,
    totalMs = Infinity,
    retryFirst = false,
    authAttempts = AUTH_ATTEMPTS,
    followServerReference = false,
  } = options;
  checkMs("connect", "reconnect.initialMs", initialMs);
  checkMs("connect", "reconnect.maxMs", maxMs);
  checkMs("connect", "reconnect.totalMs", totalMs);
  checkCount("reconnect.attempts", attempts);
  checkCount("reconnect.authAttempts", authAttempts);
  checkSwitch("reconnect.retryFirst", retryFirst);
  checkSwitch("reconnect.followServerReference", followServerReference);
  return {
    initialMs,
    maxMs,
    attempts,
    totalMs,
    retryFirst,
    authAttempts,
    followServerReference,
  };
}

function checkCount(name: string, value: number): void {
  if (value === Infinity) return;
  checkInteger("connect", name, value, 1, Number.MAX_SAFE_INTEGER);
}

function checkSwitch(name: string, value: unknown): void {
  if (typeof value === "boolean") return;
  throw new TypeError(`Cannot connect: ${name} must be true or false`);
}
