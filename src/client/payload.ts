/**
 * What a payload may be, and its bytes.
 *
 * @module
 */

import type { Properties } from "../codec/packet.ts";

/** What a payload may be. It is copied or written before the call returns, and may be reused then. */
export type Payload = string | ArrayBuffer | ArrayBufferView;

/** Whether a value can be read as bytes. */
export function isBuffer(
  value: unknown,
): value is ArrayBuffer | ArrayBufferView {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

/** The bytes of a payload; a view where it is one. */
export function payloadBytes(payload: Payload): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  if (typeof payload === "string") return new TextEncoder().encode(payload);
  if (ArrayBuffer.isView(payload)) {
    return new Uint8Array(
      payload.buffer,
      payload.byteOffset,
      payload.byteLength,
    );
  }
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  throw new TypeError(
    "A payload must be a string, an ArrayBuffer or a view on one",
  );
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Whether a payload is what its Payload Format Indicator announces: 1 stands for UTF-8 (3.3.2.3.2). */
export function isAsAnnounced(
  payload: Payload,
  { payloadFormatIndicator }: Pick<Properties, "payloadFormatIndicator">,
): boolean {
  if (payloadFormatIndicator !== 1) return true;
  if (typeof payload === "string") return payload.isWellFormed();
  try {
    decoder.decode(payload);
    return true;
  } catch {
    return false;
  }
}
