/**
 * The options of what outlives a connection: the messages in flight, and those that wait for the next one.
 *
 * @module
 */
import type { OfflinePolicy } from "../session/offline.ts";
import type { LostFlight, SessionOptions } from "../session/options.ts";
import { checkInteger, checkNames } from "./checks.ts";

export type { LostFlight, OfflinePolicy };

/**
 * So many messages wait for a connection by default: some hours of a sensor's, some seconds of a busy
 * program's, and less than 10 MiB of memory besides their payloads.
 */
const OFFLINE_MESSAGES_MAX = 10_000;

/** So many bytes of Topic Names and payloads wait for a connection by default: as many as may wait coming in. */
const OFFLINE_BYTES_MAX = 16 << 20;

/** What is published while there is no connection waits for the next one, within these bounds. */
export interface OfflineOptions {
  /** How many messages may wait; 10,000 by default. */
  readonly messagesMax?: number;
  /** How many bytes of Topic Names and payloads may wait; 16 MiB by default. */
  readonly bytesMax?: number;
  /**
   * What happens to a message for which there is no room. `"reject"`, the default: its publish rejects.
   * `"drop-oldest"`: the oldest that waits gives way to it, and its publish rejects. `"wait"`: it waits
   * for room outside the queue; up to 100,000 messages and 64 MiB do, which nobody reaches who awaits
   * each publish.
   */
  readonly policy?: OfflinePolicy;
  /**
   * Whether messages of QoS 0 wait as well; false by default: they are for the present connection, and
   * rejected where there is none. A publish of QoS 0 that waits resolves when it has its room.
   */
  readonly qos0?: boolean;
}

/**
 * What becomes of messages that were sent and not acknowledged where the server has lost the session:
 * `"resend"`, they are sent anew, and may arrive twice; `"reject"`, their publishes reject with the
 * delivery `"unknown"`.
 */
export interface SessionLostOptions {
  /** At QoS 1; `"resend"` by default. */
  readonly qos1?: LostFlight;
  /**
   * At QoS 2; `"reject"` by default, since to send twice would break "exactly once". Those that the
   * server has confirmed (PUBREC) always reject.
   */
  readonly qos2?: LostFlight;
}

/** The part of a session's options that comes from these. */
export type SessionSettings = Pick<SessionOptions, "offline" | "sessionLost">;

const OFFLINE_OPTIONS: ReadonlySet<string> = new Set([
  "messagesMax",
  "bytesMax",
  "policy",
  "qos0",
]);
const SESSION_LOST_OPTIONS: ReadonlySet<string> = new Set(["qos1", "qos2"]);

/** Checks them. Throws a TypeError or a RangeError. */
export function makeSessionSettings(
  what: string,
  options: { offline?: OfflineOptions; sessionLost?: SessionLostOptions },
): SessionSettings {
  const { offline = {}, sessionLost = {} } = options;
  checkNames(what, offline, OFFLINE_OPTIONS, "offline");
  checkNames(what, sessionLost, SESSION_LOST_OPTIONS, "sessionLost");
  const {
    messagesMax = OFFLINE_MESSAGES_MAX,
    bytesMax = OFFLINE_BYTES_MAX,
    policy = "reject",
    qos0 = false,
  } = offline;
  const { qos1 = "resend", qos2 = "reject" } = sessionLost;
  const max = Number.MAX_SAFE_INTEGER;
  checkInteger(what, "offline.messagesMax", messagesMax, 0, max);
  checkInteger(what, "offline.bytesMax", bytesMax, 0, max);
  checkOneOf(what, "offline.policy", policy, ["reject", "drop-oldest", "wait"]);
  checkOneOf(what, "sessionLost.qos1", qos1, ["resend", "reject"]);
  checkOneOf(what, "sessionLost.qos2", qos2, ["resend", "reject"]);
  if (typeof qos0 !== "boolean") {
    throw new TypeError(`Cannot ${what}: offline.qos0 must be true or false`);
  }
  return {
    offline: { messagesMax, bytesMax, policy, qos0 },
    sessionLost: { qos1, qos2 },
  };
}

function checkOneOf(
  what: string,
  name: string,
  value: unknown,
  values: readonly string[],
): void {
  if (values.some((each) => each === value)) return;
  const last = values.at(-1);
  const others = values.slice(0, -1).map((each) => `"${each}"`).join(", ");
  throw new TypeError(`Cannot ${what}: ${name} must be ${others} or "${last}"`);
}
