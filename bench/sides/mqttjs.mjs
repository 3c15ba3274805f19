// MQTT.js at work, on Node, with its own defaults, and each time in the way that was found to be its fastest.

import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { serve } from "./serve.mjs";

// Required: bench/deno.lock knows it, the repository's own does not, and is not to.
const { connectAsync } = createRequire(import.meta.url)("mqtt");

/** Connecting and disconnecting are not measured. */
function connected(work) {
  return async (task) => {
    const { port, clientId, protocolVersion } = task;
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
      clientId,
      protocolVersion,
    });
    const begin = performance.now();
    const outcome = await work(client, task);
    const seconds = (performance.now() - begin) / 1_000;
    await client.endAsync();
    return { ...outcome, seconds };
  };
}

/** So many calls, then the last callback is waited for: one for each would make it slower. */
async function publishSync(client, task) {
  const { topic, count, window } = task;
  const payload = payloadOf(task);
  for (let left = count; left > 0; left -= window) {
    for (let i = Math.min(left, window); i > 1; i--) {
      client.publish(topic, payload);
    }
    await new Promise((resolve) => client.publish(topic, payload, resolve));
  }
  await settle(client);
  return tally(task);
}

async function publishAwaited(client, task) {
  const { topic, count, qos } = task;
  const payload = payloadOf(task);
  const options = qos === 0 ? undefined : { qos };
  for (let i = 0; i < count; i++) {
    await client.publishAsync(topic, payload, options);
  }
  if (qos === 0) await settle(client);
  return tally(task);
}

/** As many loops as the window is wide: faster than callbacks that publish the next message each. */
async function publishWindow(client, task) {
  const { topic, count, qos, window } = task;
  const payload = payloadOf(task);
  let begun = 0;
  const loop = async () => {
    while (begun < count) {
      begun++;
      await client.publishAsync(topic, payload, { qos });
    }
  };
  await Promise.all(Array.from({ length: window }, loop));
  return tally(task);
}

async function publishBurst(client, task) {
  const { topic, count, qos, window } = task;
  const payload = payloadOf(task);
  for (let left = count; left > 0; left -= window) {
    await new Promise((resolve, reject) => {
      let missing = Math.min(left, window);
      for (let i = missing; i > 0; i--) {
        client.publish(topic, payload, { qos }, (error) => {
          if (error) reject(error);
          else if (--missing === 0) resolve();
        });
      }
    });
  }
  return tally(task);
}

function receive(client, { topic, qos, count }) {
  return new Promise((resolve, reject) => {
    let messages = 0;
    let bytes = 0;
    client.on("message", (_topic, payload) => {
      bytes += payload.length;
      if (++messages === count) resolve({ messages, bytes });
    });
    client.subscribe(topic, { qos }, (error) => error && reject(error));
  });
}

/** QoS 0 has no answer: that of a last message tells that all before it have come. */
async function settle(client) {
  await client.publishAsync("bench/end", "", { qos: 1 });
}

function payloadOf({ size }) {
  return Buffer.alloc(size, "x");
}

function tally({ count, size }) {
  return { messages: count, bytes: count * size };
}

await serve({
  "publish-sync": connected(publishSync),
  "publish-awaited": connected(publishAwaited),
  "publish-window": connected(publishWindow),
  "publish-burst": connected(publishBurst),
  "receive-loop": connected(receive),
  "receive-batches": connected(receive),
  "receive-callback": connected(receive),
});
