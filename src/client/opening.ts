/**
 * The first connection: one protocol version after the other, within one time.
 *
 * @module
 */
import type { ProtocolVersion } from "../codec/packet.ts";
import { AbortedError, ConnectError, type ConnectStage } from "../errors.ts";
import { type FailedAttempt, VERSION_NAMES } from "./connect_fault.ts";
import type { Settings } from "./settings.ts";

/** Tries one version on a wire of its own. Rejects where no other version would do better. */
export type Attempt = (
  protocolVersion: ProtocolVersion,
  signal: AbortSignal,
) => Promise<FailedAttempt | undefined>;

/**
 * Tries the versions in turn. It goes on to a lower one where the server does not speak the higher, or
 * closes without CONNACK, never because the time is over.
 */
export async function openWithFallback(
  settings: Settings,
  attempt: Attempt,
): Promise<void> {
  const { address, clock, connectTimeoutMs, signal } = settings;
  const giveUp = new AbortController();
  const timeout = new DOMException("The time is over", "TimeoutError");
  const cancel = clock.schedule(() => giveUp.abort(timeout), connectTimeoutMs);
  const abort = () => giveUp.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  try {
    await tryVersions(settings, attempt, giveUp.signal);
  } catch (error) {
    if (!giveUp.signal.aborted) throw error;
    if (giveUp.signal.reason === timeout) {
      throw timeoutError(settings, error, timeout);
    }
    throw new AbortedError(
      `Cannot connect to ${address}: the signal was aborted`,
      { cause: giveUp.signal.reason },
    );
  } finally {
    cancel();
    signal?.removeEventListener("abort", abort);
  }
}

async function tryVersions(
  settings: Settings,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<void> {
  let failed: FailedAttempt | undefined;
  for (const version of settings.versions) {
    failed = await attempt(version, signal);
    if (failed === undefined) return;
    if (!failed.tryLower || signal.aborted) throw failed.error;
  }
  throw failed === undefined
    ? new TypeError("There is no version to try")
    : exhausted(settings, failed.error);
}

/** No version was accepted: the error says why there was no further one. */
function exhausted(settings: Settings, error: ConnectError): ConnectError {
  const { versions, needsVersion5 } = settings;
  const why = needsVersion5 !== undefined
    ? `, and ${needsVersion5} needs MQTT 5`
    : versions.length > 1
    ? `; tried ${versions.map((version) => VERSION_NAMES[version]).join(", ")}`
    : "";
  const { refusal } = error;
  // Some servers say nothing at all to plain bytes on their TLS port.
  const hint = refusal === undefined && settings.isPlain
    ? ". A port that wants TLS (mqtts:) does so too"
    : "";
  return new ConnectError(`${error.message}${why}${hint}`, {
    ...error,
    cause: error.cause,
    refusal: refusal === undefined ? undefined : `${refusal}${why}`,
  });
}

/** Where connecting was stuck. */
const STUCK: Readonly<Record<ConnectStage, string>> = {
  wire: "the wire was not open",
  tls: "the wire is open, but the TLS handshake was not finished",
  websocket: "the wire is open, but the WebSocket was not",
  connack: "the wire is open, but no CONNACK came",
};

/** The error of a time that is over. */
function timeoutError(
  { address, connectTimeoutMs }: Settings,
  error: unknown,
  cause: DOMException,
): ConnectError {
  const stage = error instanceof ConnectError ? error.stage : "wire";
  return new ConnectError(
    `Cannot connect to ${address}: ${STUCK[stage]} within ${
      connectTimeoutMs / 1000
    } s`,
    { stage, cause },
  );
}
