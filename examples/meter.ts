/**
 * A meter: it publishes a reading each minute, and each of them arrives, whatever becomes of the connection.
 *
 * Run it with `deno run --allow-net examples/meter.ts mqtt://localhost`.
 *
 * @module
 */
import { type Client, connect } from "../mod.ts";

/** What the meter works with. */
export interface MeterOptions {
  /** Reads what is measured. */
  readonly read: () => number;
  /** Waits: in real time, or in that of a test. */
  readonly sleep: (ms: number) => Promise<void>;
}

/** A reading, as JSON. */
export interface Reading {
  /** Counted from 1 since the meter was started: who reads it sees what comes twice. */
  readonly number: number;
  /** What was measured. */
  readonly value: number;
}

const INTERVAL_MS = 60_000;

/** Works until the client has ended; rejects with what has ended it. */
export async function runMeter(
  client: Client,
  { read, sleep }: MeterOptions,
): Promise<void> {
  let isOver = false;
  const over = client.closed.then((error) => {
    isOver = true;
    if (error !== undefined) throw error;
  });
  for (let number = 1; !isOver; number++) {
    const reading: Reading = { number, value: read() };
    // It is not awaited: where there is no connection it waits for one, and the next minute comes all the same.
    void client.publish("meter/reading", JSON.stringify(reading), { qos: 1 });
    await Promise.race([over, sleep(INTERVAL_MS)]);
  }
}

if (import.meta.main) {
  const [url = "mqtt://localhost"] = Deno.args;
  await using client = await connect(url);
  await runMeter(client, {
    read: () => Deno.memoryUsage().rss,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
}
