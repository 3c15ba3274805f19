/**
 * The properties of a PUBLISH that has one Subscription Identifier and nothing else (3.3.2.3.8), as most that
 * have any do: the same message by message, and made once.
 *
 * @module
 */
import type { Properties } from "./packet.ts";
import type { PacketReader } from "./reader.ts";

/** The identifier of the property (2.2.2.2). */
const SUBSCRIPTION_IDENTIFIER = 0x0B;

/** The property and an identifier of four bytes. */
const SIZE_MAX = 5;

/** How many are kept: a server may make up as many as it likes. */
const KEPT_MAX = 1_024;

const kept = new Map<number, Properties>();

/** Reads properties that are one Subscription Identifier; what is otherwise is left unread. */
export function decodeSoleIdentifier(
  reader: PacketReader,
): Properties | undefined {
  const { position: start, end: packetEnd } = reader;
  const size = reader.uint8();
  const end = reader.position + size;
  if (size >= 2 && size <= SIZE_MAX && end <= packetEnd) {
    reader.end = end; // The identifier may not reach beyond the properties.
    const isFirst = reader.uint8() === SUBSCRIPTION_IDENTIFIER;
    const identifier = isFirst ? reader.variableByteInteger() : 0;
    reader.end = packetEnd;
    if (identifier > 0 && reader.position === end) return of(identifier);
  }
  reader.position = start;
  return undefined;
}

function of(identifier: number): Properties {
  const known = kept.get(identifier);
  if (known !== undefined) return known;
  const subscriptionIdentifiers = Object.freeze([identifier]);
  const properties = Object.freeze({ subscriptionIdentifiers });
  if (kept.size < KEPT_MAX) kept.set(identifier, properties);
  return properties;
}
