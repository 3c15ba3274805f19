/**
 * Whether a payload is what its Payload Format Indicator says (3.3.2.3.2).
 *
 * @module
 */
import { decodeUtf8 } from "../codec/string.ts";
import type { BrokerMessage } from "./message.ts";

/** False where the payload claims to be UTF-8 and is not. */
export function isText(
  { payload, properties }: Pick<BrokerMessage, "payload" | "properties">,
): boolean {
  return properties.payloadFormatIndicator !== 1 ||
    decodeUtf8(payload) !== undefined;
}
