// Keeps mosquitto 2.0.11 from sleeping. It writes 4 KiB of a message to a WebSocket and then sleeps, for
// 100 ms where nobody else wakes it: 41 kB/s. So somebody else wakes it all the time.

import type { Mosquitto } from "./mosquitto.ts";

/** CONNECT of MQTT 3.1.1: Clean Session, no Keep Alive, no client id. */
const CONNECT = Uint8Array.of(
  ...[0x10, 12, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 0],
);
const PINGREQ = Uint8Array.of(0xc0, 0);

/** Waits for something that mosquitto sends much for. */
export async function whileAwake<Value>(
  { tcp }: Mosquitto,
  something: Promise<Value>,
): Promise<Value> {
  let isDone = false;
  const done = () => isDone = true;
  something.then(done, done);
  using waker = await Deno.connect({ hostname: "127.0.0.1", port: tcp });
  await waker.write(CONNECT);
  const answer = new Uint8Array(16);
  while (!isDone) {
    if (await waker.read(answer) === null) {
      throw new Error("mosquitto does not let its waker in");
    }
    await waker.write(PINGREQ);
  }
  return await something;
}
