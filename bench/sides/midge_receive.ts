// The ways to receive with midge.

import type { Client } from "../../mod.ts";
import type { Outcome, Task } from "../task.ts";

type Tally = Omit<Outcome, "seconds">;

/** By `for await`. */
export async function byLoop(client: Client, task: Task): Promise<Tally> {
  const { topic, qos, count } = task;
  let messages = 0;
  let bytes = 0;
  for await (const message of await client.subscribe(topic, { qos })) {
    bytes += message.payload.length;
    if (++messages < count) continue;
    // The loop asks for no next message, which would acknowledge this one.
    await message.ack();
    break;
  }
  return { messages, bytes };
}

/** By batches: an array of all that waits. */
export async function byBatches(client: Client, task: Task): Promise<Tally> {
  const { topic, qos, count } = task;
  const subscription = await client.subscribe(topic, { qos });
  let messages = 0;
  let bytes = 0;
  for await (const batch of subscription.batches()) {
    for (const message of batch) bytes += message.payload.length;
    messages += batch.length;
    if (messages < count) continue;
    for (const message of batch) await message.ack();
    break;
  }
  return { messages, bytes };
}

/** By `onMessage`. */
export async function byCallback(client: Client, task: Task): Promise<Tally> {
  const { topic, qos, count } = task;
  const done = Promise.withResolvers<void>();
  let messages = 0;
  let bytes = 0;
  await client.subscribe(topic, {
    qos,
    onMessage(message) {
      bytes += message.payload.length;
      if (++messages === count) done.resolve();
    },
  });
  await done.promise;
  return { messages, bytes };
}
