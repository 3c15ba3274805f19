/**
 * One attempt to connect: one protocol version after the other, within one time.
 *
 * @module
 */
import type { ProtocolVersion } from "../codec/packet.ts";
import { AbortedError, ConnectError, type ConnectStage } from "../errors.ts";
import type { Approach, Approaches } from "./approach.ts";
import type { Clock } from "./clock.ts";
import { type FailedAttempt, VERSION_NAMES } from "./connect_fault.ts";
import { untilAborted } from "./until_aborted.ts";

/** What an attempt is made from. */
export interface OpeningOptions {
  readonly approaches: Approaches;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  /** Told where the attempt goes. */
  readonly onApproach: (approach: Approach) => void;
  /** Tries one version on a wire of its own. */
  readonly tryVersion: TryVersion;
}

/** Tries one version on a wire of its own; undefined where CONNACK has accepted. */
export type TryVersion = (
  approach: Approach,
  protocolVersion: ProtocolVersion,
  signal: AbortSignal,
) => Promise<FailedAttempt | undefined>;

/**
 * Makes one attempt. Resolves with undefined where CONNACK has accepted. Rejects where none is of use any more:
 * with an AbortedError when the signal fires, with a TypeError or RangeError for what a function among the
 * options has said.
 */
export async function open(
  options: OpeningOptions,
  signal: AbortSignal,
): Promise<FailedAttempt | undefined> {
  const { clock, connectTimeoutMs } = options;
  const giveUp = new AbortController();
  const timeout = new DOMException("The time is over", "TimeoutError");
  const cancel = clock.schedule(() => giveUp.abort(timeout), connectTimeoutMs);
  const abort = () => giveUp.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  let where = "";
  try {
    const failed = await attempt({
      ...options,
      onApproach(approach) {
        where = ` to ${approach.address}`;
        options.onApproach(approach);
      },
    }, giveUp.signal);
    if (failed === undefined || !giveUp.signal.aborted) return failed;
    const cause = giveUp.signal.reason;
    if (cause !== timeout) {
      throw new AbortedError(
        `Cannot connect${where}: the signal was aborted`,
        { cause },
      );
    }
    const { stage } = failed.error;
    const stuck = where === "" ? ASKING : STUCK[stage];
    const error = new ConnectError(
      `Cannot connect${where}: ${stuck} within ${connectTimeoutMs / 1000} s`,
      { stage, cause },
    );
    return { ...failed, error };
  } finally {
    cancel();
    signal.removeEventListener("abort", abort);
  }
}

async function attempt(
  options: OpeningOptions,
  signal: AbortSignal,
): Promise<FailedAttempt | undefined> {
  let approach: Approach;
  try {
    // A function among the options that does not heed its signal holds up nobody.
    approach = await untilAborted(options.approaches.next(signal), signal);
  } catch (error) {
    const failed = signal.aborted ? new ConnectError("Aborted") : error;
    if (!(failed instanceof ConnectError)) throw error;
    return { error: failed, tryLower: false, isFinal: false };
  }
  options.onApproach(approach);
  const failed = await tryVersions(options, approach, signal);
  if (failed !== undefined) approach.exchange?.drop();
  return failed;
}

/**
 * Tries the versions in turn. It goes on to a lower one where the server does not speak the higher, or
 * closes without CONNACK, never because the time is over.
 */
async function tryVersions(
  { tryVersion }: OpeningOptions,
  approach: Approach,
  signal: AbortSignal,
): Promise<FailedAttempt | undefined> {
  let failed: FailedAttempt | undefined;
  for (const version of approach.versions) {
    failed = await tryVersion(approach, version, signal);
    if (!failed?.tryLower) return failed;
  }
  if (failed === undefined) throw new TypeError("There is no version to try");
  return { ...failed, error: exhausted(approach, failed.error) };
}

/** No version was accepted: the error says why there was no further one. */
function exhausted(
  { versions, needsVersion5, isPlain }: Approach,
  error: ConnectError,
): ConnectError {
  const why = needsVersion5 !== undefined
    ? `, and ${needsVersion5} needs MQTT 5`
    : versions.length > 1
    ? `; tried ${versions.map((version) => VERSION_NAMES[version]).join(", ")}`
    : "";
  const { refusal } = error;
  // Some servers say nothing at all to plain bytes on their TLS port.
  const hint = refusal === undefined && isPlain
    ? ". A port that wants TLS (mqtts:) does so too"
    : "";
  return new ConnectError(`${error.message}${why}${hint}`, {
    ...error,
    cause: error.cause,
    refusal: refusal === undefined ? undefined : `${refusal}${why}`,
  });
}

/** Where connecting was stuck before it was known where to go. */
const ASKING = "a function among the options gave no answer";

/** Where connecting was stuck. */
const STUCK: Readonly<Record<ConnectStage, string>> = {
  wire: "the wire was not open",
  tls: "the wire is open, but the TLS handshake was not finished",
  websocket: "the wire is open, but the WebSocket was not",
  connack: "the wire is open, but no CONNACK came",
};
