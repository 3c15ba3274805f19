/**
 * What may wait while there is no connection, and what happens to what is too much.
 *
 * @module
 */

/**
 * What happens to a message that is published while there is no connection, and that the queue has no
 * room for: it is refused; the oldest of those that wait give way to it; or it waits for room, outside.
 */
export type OfflinePolicy = "reject" | "drop-oldest" | "wait";

/** How much waits for the next connection. On a connection whoever awaits a publish is slowed by the server. */
export interface OfflineLimits {
  /** How many messages. */
  readonly messagesMax: number;
  /** How many bytes of Topic Names and payloads. */
  readonly bytesMax: number;
  /** What happens to what is too much. */
  readonly policy: OfflinePolicy;
  /** Whether messages of QoS 0 wait as well. */
  readonly qos0: boolean;
}

/** Messages that wait for room are kept to this many: whoever awaits each of his own never has so many. */
export const OUTSIDE_MESSAGES_MAX = 100_000;

/** Messages that wait for room are kept to this many bytes. */
export const OUTSIDE_BYTES_MAX = 64 << 20;
