// mqtt-packet, the codec of MQTT.js, at work on Node: the PUBLISH that codec.ts has.

import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { serve } from "./serve.mjs";

const { generate, parser, writeToStream } = createRequire(import.meta.url)(
  "mqtt-packet",
);

const OPTIONS = { protocolVersion: 5 };

function packetOf({ topic, size }) {
  return {
    cmd: "publish",
    topic,
    payload: Buffer.alloc(size, "x"),
    qos: 0,
    retain: false,
    dup: false,
    properties: {
      messageExpiryInterval: 600,
      contentType: "application/json",
      userProperties: { unit: "celsius" },
    },
  };
}

/** Each packet as one piece. */
function encode(task) {
  const { count, size } = task;
  const packet = packetOf(task);
  const packetSize = generate(packet, OPTIONS).length;
  const begin = performance.now();
  let encoded = 0;
  for (let i = 0; i < count; i++) encoded += generate(packet, OPTIONS).length;
  const seconds = (performance.now() - begin) / 1_000;
  const messages = encoded / packetSize;
  return { messages, bytes: messages * size, seconds };
}

/** Each packet as MQTT.js does it: in parts, which the stream has to join. This stream only counts. */
function encodeParts(task) {
  const { count, size } = task;
  const packet = packetOf(task);
  const packetSize = generate(packet, OPTIONS).length;
  let encoded = 0;
  const stream = {
    write(part) {
      encoded += part.length;
      return true;
    },
  };
  const begin = performance.now();
  for (let i = 0; i < count; i++) writeToStream(packet, stream, OPTIONS);
  const seconds = (performance.now() - begin) / 1_000;
  const messages = encoded / packetSize;
  return { messages, bytes: messages * size, seconds };
}

function decode(task) {
  const { count, window } = task;
  const packet = generate(packetOf(task), OPTIONS);
  const block = Buffer.concat(Array(window).fill(packet));
  const decoder = parser(OPTIONS);
  let messages = 0;
  let bytes = 0;
  decoder.on("packet", ({ payload }) => {
    messages++;
    bytes += payload.length;
  });
  const begin = performance.now();
  for (let left = count; left > 0; left -= window) decoder.parse(block);
  const seconds = (performance.now() - begin) / 1_000;
  return { messages, bytes, seconds };
}

await serve({ encode, "encode-parts": encodeParts, decode });
