// A reader of our output that pauses, as `less` does, must not cost the connection.

import { assertEquals } from "@std/assert";
import { listen } from "./peer.ts";
import { Midge } from "./process.ts";

/** More than a pipe and our buffers hold, and less than what makes the client stop reading. */
const MESSAGES = 3_000;

/** PUBLISH of QoS 0 to "a", MQTT 5, with a KiB of x. */
const PUBLISH = [0x30, 0x84, 0x08, 0x00, 0x01, 0x61, 0x00]
  .concat(Array(1_024).fill(0x78));

Deno.test({
  name:
    "subscribe keeps the connection alive while nobody reads its output, and prints all of it then",
  timeout: 30_000,
  async fn() {
    let pings = 0;
    const alive = Promise.withResolvers<void>();
    await using peer = listen(({ type }) => {
      if (type === "connect") return [0x20, 0x03, 0x00, 0x00, 0x00];
      if (type === "subscribe") {
        const flood = Array(MESSAGES).fill(PUBLISH).flat();
        return [0x90, 0x04, 0x00, 0x01, 0x00, 0x00, ...flood];
      }
      if (type !== "pingreq") return undefined;
      if (++pings === 2) alive.resolve();
      return [0xd0, 0x00];
    });
    await using subscriber = new Midge(
      [
        ...["subscribe", "-t", "a", "-k", "1", "-C", `${MESSAGES}`],
        ...["-p", `${peer.port}`],
      ],
      { readAfter: alive.promise },
    );
    const { code, stdout, stderr } = await subscriber.ended();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(stdout, `${"x".repeat(1_024)}\n`.repeat(MESSAGES));
  },
});
