// The ways to publish with midge.

import type { Client } from "../../mod.ts";
import type { Outcome, Task } from "../task.ts";

type Tally = Omit<Outcome, "seconds">;

/** So many calls, then the last promise is awaited: at QoS 0 it resolves behind all before it. */
export async function sync(client: Client, task: Task): Promise<Tally> {
  const { topic, count, window } = task;
  const payload = payloadOf(task);
  for (let left = count; left > 0; left -= window) {
    for (let i = Math.min(left, window); i > 1; i--) {
      client.publish(topic, payload);
    }
    await client.publish(topic, payload);
  }
  await settle(client);
  return tally(task);
}

/** Each promise is awaited. */
export async function awaited(client: Client, task: Task): Promise<Tally> {
  const { topic, count, qos } = task;
  const payload = payloadOf(task);
  const options = qos === 0 ? undefined : { qos };
  for (let i = 0; i < count; i++) {
    await client.publish(topic, payload, options);
  }
  if (qos === 0) await settle(client);
  return tally(task);
}

/** As many loops as the window is wide, each of which awaits its promises. */
export async function inWindow(client: Client, task: Task): Promise<Tally> {
  const { topic, count, qos, window } = task;
  const payload = payloadOf(task);
  let begun = 0;
  const loop = async () => {
    while (begun < count) {
      begun++;
      await client.publish(topic, payload, { qos });
    }
  };
  await Promise.all(Array.from({ length: window }, loop));
  return tally(task);
}

/** So many promises, then all are awaited. */
export async function inBursts(client: Client, task: Task): Promise<Tally> {
  const { topic, count, qos, window } = task;
  const payload = payloadOf(task);
  for (let left = count; left > 0; left -= window) {
    const promises = [];
    for (let i = Math.min(left, window); i > 0; i--) {
      promises.push(client.publish(topic, payload, { qos }));
    }
    await Promise.all(promises);
  }
  return tally(task);
}

/** QoS 0 has no answer: that of a last message tells that all before it have come. */
async function settle(client: Client): Promise<void> {
  await client.publish("bench/end", "", { qos: 1 });
}

function payloadOf({ size }: Task): Uint8Array {
  return new Uint8Array(size).fill(0x78);
}

function tally({ count, size }: Task): Tally {
  return { messages: count, bytes: count * size };
}
