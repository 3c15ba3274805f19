// Processes that are killed by SIGKILL around their packets. 200 kills of each: `deno run -A tests/store/kill_run.ts`.

import { assert, assertEquals } from "@std/assert";
import { findMosquitto } from "../support/mosquitto.ts";
import { KILL_KINDS } from "./kill_run.ts";

const KILLS = 10;

const executable = await findMosquitto();

for (const { what, promise, run, protocolVersion, durability } of KILL_KINDS) {
  const name =
    `connect() with a fileStore() keeps ${promise} over ${KILLS} ends by SIGKILL, ${what} under version ${protocolVersion} with ${durability}`;
  Deno.test({
    name: executable === undefined ? `${name} (needs mosquitto)` : name,
    ignore: executable === undefined,
    timeout: 120_000,
    async fn() {
      const outcome = await run({
        executable: executable ?? "",
        protocolVersion,
        durability,
        times: KILLS,
      });
      assertEquals(outcome.faults, []);
      // Kills that leave nothing behind would show nothing.
      assert(outcome.left > KILLS && outcome.arrived > KILLS);
    },
  });
}
