// publish --store killed by SIGKILL. 40 kills: `deno run -A tests/cli/publish_kill_run.ts 40`.

import { assert, assertEquals } from "@std/assert";
import { findMosquitto } from "../support/mosquitto.ts";
import { publishKillRun } from "./publish_kill_run.ts";

const KILLS = 6;

const executable = await findMosquitto();

for (const kind of ["lines", "jsonl"] as const) {
  const name =
    `publish --store sends each line of ${kind} once at QoS 2, at least once at QoS 1 and in order over ${KILLS} ends by SIGKILL`;
  Deno.test({
    name: executable === undefined ? `${name} (needs mosquitto)` : name,
    ignore: executable === undefined,
    timeout: 120_000,
    async fn() {
      const outcome = await publishKillRun({
        executable: executable ?? "",
        kind,
        times: KILLS,
      });
      assertEquals(outcome.faults, []);
      // Kills that come when all is done, or before anything is, would show nothing.
      assertEquals(outcome.kills, KILLS);
      assert(outcome.left > 0 && outcome.left < outcome.lines);
    },
  });
}
