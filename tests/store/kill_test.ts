// A publisher that is killed by SIGKILL around its packets. 200 kills: `deno run -A tests/store/kill_run.ts 200`.

import { assert, assertEquals } from "@std/assert";
import { findMosquitto } from "../support/mosquitto.ts";
import { killRun } from "./kill_run.ts";

const KILLS = 10;

const executable = await findMosquitto();

for (const protocolVersion of [4, 5] as const) {
  const name =
    `connect() with a fileStore() keeps QoS 2 exactly once, QoS 1 at least once and the order of both over ${KILLS} ends by SIGKILL, under version ${protocolVersion}`;
  Deno.test({
    name: executable === undefined ? `${name} (needs mosquitto)` : name,
    ignore: executable === undefined,
    timeout: 120_000,
    async fn() {
      const outcome = await killRun({
        executable: executable ?? "",
        protocolVersion,
        times: KILLS,
      });
      assertEquals(outcome.faults, []);
      // Kills that leave nothing behind would show nothing.
      assert(outcome.stored > KILLS && outcome.arrived > KILLS);
    },
  });
}
