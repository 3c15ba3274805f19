// Midge's codec at work, without a wire: a PUBLISH of MQTT 5 with three properties.

import { PacketDecoder } from "../../src/codec/decoder.ts";
import type { OutgoingPublish } from "../../src/codec/packet.ts";
import { encodePublish } from "../../src/codec/publish.ts";
import { ByteWriter } from "../../src/codec/writer.ts";
import type { Outcome, Task } from "../task.ts";
import { serve } from "./serve.ts";

function packetOf({ topic, size }: Task): OutgoingPublish {
  return {
    type: "publish",
    topicName: topic,
    payload: new Uint8Array(size).fill(0x78),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: {
      messageExpiryInterval: 600,
      contentType: "application/json",
      userProperties: [["unit", "celsius"]],
    },
  };
}

/** The bytes of so many packets, as one write takes them. */
function encodeBatch(
  writer: ByteWriter,
  packet: OutgoingPublish,
  count: number,
): Uint8Array {
  for (let i = 0; i < count; i++) encodePublish(writer, packet, 5);
  return writer.take() ?? new Uint8Array(0);
}

function encode(task: Task): Outcome {
  const { count, window, size } = task;
  const packet = packetOf(task);
  const writer = new ByteWriter();
  const packetSize = encodeBatch(writer, packet, 1).length;
  const begin = performance.now();
  let encoded = 0;
  for (let left = count; left > 0; left -= window) {
    encoded += encodeBatch(writer, packet, window).length;
  }
  const seconds = (performance.now() - begin) / 1_000;
  const messages = encoded / packetSize;
  return { messages, bytes: messages * size, seconds };
}

function decode(task: Task): Outcome {
  const { count, window } = task;
  const block = encodeBatch(new ByteWriter(), packetOf(task), window);
  const decoder = new PacketDecoder({ protocolVersion: 5, from: "server" });
  const begin = performance.now();
  let messages = 0;
  let bytes = 0;
  for (let left = count; left > 0; left -= window) {
    decoder.push(block);
    for (let packet; (packet = decoder.next()) !== undefined;) {
      if (packet.type !== "publish") continue;
      messages++;
      bytes += packet.payload.length;
    }
  }
  const seconds = (performance.now() - begin) / 1_000;
  return { messages, bytes, seconds };
}

await serve({ encode, "encode-parts": encode, decode });
