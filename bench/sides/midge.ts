// Midge at work, through its public module alone.

import { type Client, connect } from "../../mod.ts";
import type { Outcome, Task } from "../task.ts";
import * as publish from "./midge_publish.ts";
import * as receive from "./midge_receive.ts";
import { roundTrip } from "./midge_round_trip.ts";
import { serve } from "./serve.ts";

type Work = (client: Client, task: Task) => Promise<Omit<Outcome, "seconds">>;

/** Connecting and disconnecting are not measured. */
function connected(work: Work): (task: Task) => Promise<Outcome> {
  return async (task) => {
    const { port, clientId, protocolVersion, window } = task;
    await using client = await connect(`mqtt://127.0.0.1:${port}`, {
      clientId,
      protocolVersion,
      // Where the server sets none, midge's own limit for QoS 2 is lower than what the rows ask for.
      maxInflight: Math.max(window, 1),
    });
    const begin = performance.now();
    const outcome = await work(client, task);
    return { ...outcome, seconds: (performance.now() - begin) / 1_000 };
  };
}

await serve({
  "publish-sync": connected(publish.sync),
  "publish-awaited": connected(publish.awaited),
  "publish-window": connected(publish.inWindow),
  "publish-burst": connected(publish.inBursts),
  "receive-loop": connected(receive.byLoop),
  "receive-batches": connected(receive.byBatches),
  "receive-callback": connected(receive.byCallback),
  "round-trip": connected(roundTrip),
});
