// A message that comes back, and the next, with midge.

import type { Client } from "../../mod.ts";
import { median } from "../median.ts";
import type { Outcome, Task } from "../task.ts";

/** Publishes a message when the one before is back. */
export async function roundTrip(
  client: Client,
  { topic, count, size }: Task,
): Promise<Omit<Outcome, "seconds">> {
  const payload = new Uint8Array(size).fill(0x78);
  const times = new Float64Array(count);
  const done = Promise.withResolvers<void>();
  let messages = 0;
  let bytes = 0;
  let begin = 0;
  await client.subscribe(topic, {
    onMessage(message) {
      const now = performance.now();
      times[messages++] = now - begin;
      bytes += message.payload.length;
      if (messages === count) return done.resolve();
      begin = now;
      client.publish(topic, payload);
    },
  });
  begin = performance.now();
  client.publish(topic, payload);
  await done.promise;
  return { messages, bytes, p50Us: median(times) * 1_000 };
}
