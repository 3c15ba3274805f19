// The flags that README names for each wire: a script with no more than these connects, and one without
// them is told which they are.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { secureMosquittoTest } from "../support/mosquitto_tests.ts";
import { flagsFor } from "../support/readme_flags.ts";
import { runScript } from "../support/script.ts";
import { WAYS } from "../support/ways.ts";

for (const [wire, way] of Object.entries(WAYS)) {
  secureMosquittoTest(
    `connect() needs just the flags of README over ${wire}, and names them where they are missing`,
    async (peers) => {
      const target = way(peers);
      const flags = flagsFor(new URL(target.url));
      assertEquals(await runScript(flags.split(" "), target), "done\n");
      const denied = await runScript([], target);
      assertStringIncludes(denied, "ConnectError: Cannot connect to ");
      assertStringIncludes(denied, `run again with ${flags}\n`);
    },
  );
}
