/**
 * What a session is made from.
 *
 * @module
 */
import type { OfflineLimits } from "./offline.ts";
import type { Inflight } from "./send_limits.ts";

/**
 * What becomes of a message that was sent and not acknowledged where the server has lost the session:
 * it is sent anew, and may arrive twice, or nobody waits for it any more, and it may not have arrived.
 */
export type LostFlight = "resend" | "reject";

/** What becomes of the messages in flight where the server has lost the session. */
export interface SessionLost {
  /** Of those of QoS 1. */
  readonly qos1: LostFlight;
  /** Of those of QoS 2 that the server has not confirmed by PUBREC; the others are never sent anew. */
  readonly qos2: LostFlight;
}

/** What a session is made from. */
export interface SessionOptions {
  /** How many messages may be unacknowledged under MQTT 3.x. */
  readonly inflight: Inflight;
  /** What becomes of the messages in flight where the server has lost the session. */
  readonly sessionLost: SessionLost;
  /** What may wait while there is no connection. */
  readonly offline: OfflineLimits;
  /** Whether `takeRecords()` is of use to anybody. */
  readonly recording: boolean;
}
