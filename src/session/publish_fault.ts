/**
 * Why a message that was accepted has not been published.
 *
 * @module
 */
import type { AckPacket } from "../codec/packet.ts";
import { reasonText } from "../codec/reason_code.ts";
import { PublishError, StoreError } from "../errors.ts";
import type { Flight } from "./flight.ts";
import type { FlightQueue } from "./flight_queue.ts";

/** PUBACK or PUBREC has refused it. */
export function refused(topicName: string, packet: AckPacket): PublishError {
  const { reasonCode, properties } = packet;
  const { reasonString, userProperties } = properties;
  const reasonName = reasonText(reasonCode, packet.type);
  const why = reasonString === undefined ? "" : ` "${reasonString}"`;
  return new PublishError(
    `Cannot publish to "${topicName}": the server refused it, ${reasonName} (${reasonCode})${why}`,
    {
      delivery: "refused",
      reasonCode,
      reasonName,
      reasonString,
      userProperties,
    },
  );
}

/** It cannot be sent to the present server, which is not the one it was accepted for. */
export function unsendable(
  { message: { topicName }, delivery }: Flight<unknown>,
  cause: unknown,
): PublishError {
  if (cause instanceof PublishError) {
    const { message, reasonCode, reasonName } = cause;
    return new PublishError(message, { delivery, reasonCode, reasonName });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new PublishError(`Cannot publish to "${topicName}": ${why}`, {
    delivery,
    cause,
  });
}

/** Its time was over before its turn came. */
export function expired(
  { message: { topicName } }: Flight<unknown>,
): PublishError {
  return new PublishError(
    `Cannot publish to "${topicName}": its Message Expiry Interval has passed before it could be sent`,
    { delivery: "not-sent" },
  );
}

/** There is no connection, and no room to wait for one. */
export function full(
  topicName: string,
  { length, bytes }: FlightQueue<unknown>,
): PublishError {
  return new PublishError(
    `Cannot publish to "${topicName}": there is no connection, and the queue is full: ${length} messages of ${bytes} bytes wait for one`,
    { delivery: "not-sent" },
  );
}

/** The store could not keep it, and what it does not keep is not sent. */
export function unkept(
  { message: { topicName } }: Flight<unknown>,
  cause: StoreError,
): StoreError {
  return new StoreError(
    `Cannot publish to "${topicName}": ${cause.message}`,
    { fault: cause.fault, delivery: "not-sent", cause },
  );
}

/** It has given way to a newer one. */
export function displaced(
  { message: { topicName }, delivery }: Flight<unknown>,
): PublishError {
  return new PublishError(
    `Cannot publish to "${topicName}": there was no connection, and the full queue has dropped it for a newer message`,
    { delivery },
  );
}
