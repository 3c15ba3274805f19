/**
 * Why a message that was accepted has not been published.
 *
 * @module
 */
import type { AckPacket } from "../codec/packet.ts";
import { reasonText } from "../codec/reason_code.ts";
import { PublishError } from "../errors.ts";
import type { Flight } from "./flight.ts";

/** PUBACK or PUBREC has refused it. */
export function refused(topicName: string, packet: AckPacket): PublishError {
  const { reasonCode, properties } = packet;
  const { reasonString, userProperties } = properties;
  const why = reasonString === undefined ? "" : ` "${reasonString}"`;
  return new PublishError(
    `Cannot publish to "${topicName}": the server refused it, ${
      reasonText(reasonCode, packet.type)
    } (${reasonCode})${why}`,
    { delivery: "refused", reasonCode, reasonString, userProperties },
  );
}

/** It cannot be sent to the present server, which is not the one it was accepted for. */
export function unsendable(
  { message: { topicName }, delivery }: Flight<unknown>,
  cause: unknown,
): PublishError {
  if (cause instanceof PublishError) {
    const { message, reasonCode } = cause;
    return new PublishError(message, { delivery, reasonCode });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new PublishError(`Cannot publish to "${topicName}": ${why}`, {
    delivery,
    cause,
  });
}
