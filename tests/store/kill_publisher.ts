/**
 * A process that publishes at QoS 1 and 2 by turns, with a file store, until somebody kills it, and says which
 * messages are settled. Run as `kill_publisher.ts URL VERSION DURABILITY PATH RUN`; without RUN it publishes
 * nothing, and ends when all that earlier processes have left is settled.
 *
 * @module
 */
import { connect, fileStore } from "../../mod.ts";

/** More than the window of MQTT 3.x, so that some wait behind it. */
const OUTSTANDING_MAX = 50;
const WINDOW = 20;

if (import.meta.main) {
  const [url = "", version, durability, path = "", run] = Deno.args;
  const client = await connect(url, {
    clientId: "killed",
    cleanStart: false,
    protocolVersion: version === "5" ? 5 : 4,
    maxInflight: WINDOW,
    store: fileStore(path, {
      durability: durability === "sync" ? "sync" : "flush",
    }),
  });
  if (run === undefined) {
    await client.disconnect({ timeoutMs: 60_000 });
    const { inFlight, queued } = client.stats();
    Deno.exit(inFlight + queued === 0 ? 0 : 1);
  }
  const encoder = new TextEncoder();
  const outstanding = new Set<Promise<void>>();
  for (let number = 1;; number++) {
    for (const qos of [1, 2] as const) {
      const payload = `${run}:${number}`;
      const settled = client.publish(`kill/${qos}`, payload, { qos }).then(
        () => {
          // Not through a buffer: what waits there would be lost with the process.
          Deno.stdout.writeSync(encoder.encode(`${qos}:${number}\n`));
          outstanding.delete(settled);
        },
      );
      outstanding.add(settled);
    }
    while (outstanding.size >= OUTSTANDING_MAX) await Promise.race(outstanding);
  }
}
