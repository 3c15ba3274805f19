// Takes the messages that a test waits for out of a loop.

import type { Message } from "../../mod.ts";

/** The next `count` messages, all acknowledged. */
export async function take(
  messages: AsyncIterable<Message>,
  count: number,
): Promise<Message[]> {
  const taken: Message[] = [];
  for await (const message of messages) {
    taken.push(message);
    if (taken.length < count) continue;
    // A loop that is left puts the message in hand back, unless it says otherwise.
    await message.ack();
    break;
  }
  return taken;
}
