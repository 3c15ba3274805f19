// A message is encoded as few times as can be, and kept once.

import { assertEquals } from "@std/assert";
import { Message } from "../../src/broker/message.ts";
import { NO_PROPERTIES } from "../../src/codec/packet.ts";
import { ByteWriter } from "../../src/codec/writer.ts";

/** The last byte of each time that a message of this size is written, where its payload is rewritten before the last. */
function lastBytes(size: number): (number | undefined)[] {
  const payload = new Uint8Array(size).fill(1);
  const message = new Message(
    {
      topicName: "a",
      payload,
      qos: 0,
      retain: true,
      properties: NO_PROPERTIES,
    },
    undefined,
    0,
  );
  const writer = new ByteWriter();
  return [1, 1, 2].map((byte) => {
    payload.fill(byte);
    message.write(writer, 5, 0, true, 0);
    return writer.take()?.at(-1);
  });
}

Deno.test("Message keeps the bytes of a small packet that it has written twice, and no second copy of a large one", () => {
  assertEquals(lastBytes(4_096), [1, 1, 1]);
  assertEquals(lastBytes(4_097), [1, 1, 2]);
});
