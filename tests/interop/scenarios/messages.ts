// What the scenarios take and compare of messages.

import type { Message } from "../../../mod.ts";

export { take } from "../../support/take.ts";

/** What every version has of a message. */
export function plain(message: Message): unknown[] {
  return [message.topic, message.qos, message.retain, message.text()];
}

/** The texts up to and with the one that is awaited. */
export async function textsUntil(
  messages: AsyncIterable<Message>,
  last: string,
): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of messages) {
    texts.push(message.text());
    if (texts.at(-1) !== last) continue;
    await message.ack();
    break;
  }
  return texts;
}

/** Bytes of no simple pattern. */
export function noise(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, at) => at * 7 + (at >> 8));
}
