// Registers the scenarios of `deno task interop` as tests, for the servers that the suite has.

import { assert, assertEquals } from "@std/assert";
import { FINDINGS, noteOn } from "./findings.ts";
import { play, VERSIONS } from "./run.ts";
import { GROUPS } from "./scenarios/all.ts";
import type { ServerKind } from "./servers/server.ts";

/** As long as all that wait for a server's clock do together, twice over. */
const TIMEOUT_MS = 120_000;

/** With REQUIRE_BROKERS=1 what is not installed is a failure. */
const REQUIRED = Deno.env.get("REQUIRE_BROKERS") === "1";

const SCENARIOS = GROUPS.flatMap(({ scenarios }) => scenarios);

/** Registers a test for each version, with a step for each scenario: they share a server, which some of them restart. */
export function scenarioTests(kind: ServerKind, isInstalled: boolean): void {
  const findings = FINDINGS[kind.name];
  if (findings === undefined) throw new Error(`Nothing is known: ${kind.name}`);
  const ignore = !isInstalled && !REQUIRED;
  for (const protocolVersion of findings.versions) {
    const name = `The scenarios with ${findings.name} come to what is known, ` +
      `under MQTT ${VERSIONS[protocolVersion]}`;
    Deno.test({
      name: ignore ? `${name} (no ${kind.name} is installed)` : name,
      ignore,
      timeout: TIMEOUT_MS,
      async fn(t) {
        await using server = await kind.start();
        assert(server, `No ${kind.name} is installed, and REQUIRE_BROKERS=1`);
        for (const scenario of SCENARIOS) {
          if (scenario.since > protocolVersion) continue;
          const known = noteOn(findings, scenario.name, protocolVersion);
          await t.step({
            name: scenario.name,
            // The server outlives the step. The test as a whole leaves nothing.
            ...{ sanitizeOps: false, sanitizeResources: false },
            async fn() {
              const outcome = await play(scenario, server, protocolVersion);
              const { type, seen, lines } = outcome;
              // Another version may have learnt what this one cannot.
              const isSeen =
                (findings.seen ?? server.version) === server.version;
              if (type === "passed" && !isSeen) return;
              const said = [seen, ...lines].join("\n");
              assertEquals(type, known?.outcome ?? "passed", said);
            },
          });
        }
      },
    });
  }
}
