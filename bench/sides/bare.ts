// A TCP connection of Deno with nothing around it: what a round trip costs that no client can save.

import { median } from "../median.ts";
import type { Outcome, Task } from "../task.ts";
import { serve } from "./serve.ts";

const PACKET_SIZE_MAX = 127; // A Remaining Length of one byte.

async function roundTrip(task: Task): Promise<Outcome> {
  const { port, clientId, topic, size, count } = task;
  using wire = await Deno.connect({ hostname: "127.0.0.1", port });
  wire.setNoDelay(true);
  const id = text(clientId);
  const name = text(topic);
  await ask(wire, packet(0x10, text("MQTT"), [4, 2, 0, 60], id), 4);
  await ask(wire, packet(0x82, [0, 1], name, [0]), 5);

  const publish = packet(0x30, name, new Uint8Array(size).fill(0x78));
  const times = new Float64Array(count);
  const begin = performance.now();
  for (let i = 0, before = begin; i < count; i++) {
    await ask(wire, publish, publish.length);
    const now = performance.now();
    times[i] = now - before;
    before = now;
  }
  const seconds = (performance.now() - begin) / 1_000;
  await wire.write(packet(0xE0));
  const p50Us = median(times) * 1_000;
  return { messages: count, bytes: count * size, seconds, p50Us };
}

const answer = new Uint8Array(65_536);

/** Writes, and reads until an answer of that size is there. */
async function ask(
  wire: Deno.TcpConn,
  bytes: Uint8Array,
  size: number,
): Promise<void> {
  await wire.write(bytes);
  for (let left = size; left > 0;) {
    const count = await wire.read(answer);
    if (count === null) throw new Error("The sink closed the connection");
    left -= count;
  }
}

function packet(header: number, ...parts: Iterable<number>[]): Uint8Array {
  const body = parts.flatMap((part) => [...part]);
  if (body.length > PACKET_SIZE_MAX) throw new RangeError("Too large a packet");
  return Uint8Array.of(header, body.length, ...body);
}

function text(value: string): number[] {
  return [0, value.length, ...new TextEncoder().encode(value)];
}

await serve({ "round-trip": roundTrip });
