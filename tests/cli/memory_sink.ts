// Where a format writes in a test.

import type { Format, Received } from "../../src/cli/format.ts";
import { Output } from "../../src/cli/output.ts";

/** A message that has come. */
export function message(
  topic: string,
  payload: string | Uint8Array,
  more: Partial<Received> = {},
): Received {
  return {
    topic,
    payload: typeof payload === "string"
      ? new TextEncoder().encode(payload)
      : payload,
    qos: 0,
    retain: false,
    packetId: 0,
    properties: {},
    ...more,
  };
}

/** The bytes that a format makes of a message. */
export async function formatted(
  format: Format,
  received: Received,
): Promise<Uint8Array> {
  const written: number[] = [];
  const output = new Output({
    write(bytes) {
      written.push(...bytes);
      return Promise.resolve(bytes.length);
    },
  });
  format(received, output);
  await output.written();
  return new Uint8Array(written);
}

/** The same as text. */
export async function printed(
  format: Format,
  received: Received,
): Promise<string> {
  return new TextDecoder().decode(await formatted(format, received));
}
