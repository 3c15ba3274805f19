// A Session and an honest server through losses at any point. What fails is made as short as it can be, and
// printed with its seed and path: give them to fc.assert to see it again.

import fc from "fast-check";
import { VERSION_NAMES, VERSIONS } from "./session.ts";
import { behaviour, step, World } from "./world.ts";

for (const version of VERSIONS) {
  for (const mayForget of [false, true]) {
    // MQTT 3.1 has no way to say so.
    if (mayForget && version === 3) continue;
    const server = mayForget
      ? "forgets the session at times"
      : "keeps the session";
    Deno.test(`Session keeps QoS 1 and 2 through any losses by ${VERSION_NAMES[version]}, with a server that ${server}`, () => {
      fc.assert(
        fc.property(
          fc.array(step, { maxLength: 200, size: "max" }),
          behaviour,
          (steps, behaviour) => {
            const world = new World({ version, mayForget, ...behaviour });
            for (const step of steps) world.take(step);
            world.finish();
            world.check();
          },
        ),
        { numRuns: 500 },
      );
    });
  }
}
