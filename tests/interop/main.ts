// `deno task interop`: plays every scenario with real servers, and says what each does not offer, where it departs
// from the specification, and what is not as tests/interop/findings.ts has it.

import { parseArgs } from "node:util";
import type { ProtocolVersion } from "../../mod.ts";
import { FINDINGS, type Findings, noteOn } from "./findings.ts";
import { type Outcome, play, refusalOf, VERSIONS } from "./run.ts";
import { GROUPS } from "./scenarios/all.ts";
import { ejabberd } from "./servers/ejabberd.ts";
import { mosquitto } from "./servers/mosquitto.ts";
import { rabbitmq } from "./servers/rabbitmq.ts";
import { endAll, untilInterrupted } from "./servers/program.ts";
import type { Server, ServerKind } from "./servers/server.ts";
import { smallBroker } from "./servers/small_broker.ts";
import { writePage } from "./table.ts";

const KINDS = [mosquitto, rabbitmq, ejabberd, smallBroker];

/** What the exit code tells. */
const EXIT = {
  asKnown: 0,
  otherwise: 1,
  notInstalled: 2,
  interrupted: 130,
} as const;

const { values } = parseArgs({
  options: {
    /** A server, by its name; more than once for several. */
    only: { type: "string", multiple: true },
    /** A part of the names of scenarios. */
    scenario: { type: "string", default: "" },
    /** Prints the packets of each scenario that does not pass. */
    trace: { type: "boolean", default: false },
    /** Writes docs/INTEROP.md as it follows from what is known. */
    write: { type: "boolean", default: false },
  },
});

/** What came of all scenarios with all servers. */
const sums = { passed: 0, "not offered": 0, departs: 0, unexpected: 0 };

const strangers = values.only?.filter((name) => !Object.hasOwn(FINDINGS, name));
if (strangers !== undefined && strangers.length > 0) {
  console.error(`There is no ${strangers}: ${Object.keys(FINDINGS)}`);
  Deno.exitCode = EXIT.otherwise;
} else if (values.write) {
  await writePage();
} else {
  // No server outlives the scenarios, also where somebody has seen enough.
  const exitCode = await Promise.race([
    playAll(),
    untilInterrupted().then(() => EXIT.interrupted),
  ]);
  await endAll();
  Deno.exit(exitCode);
}

async function playAll(): Promise<number> {
  const { only } = values;
  const kinds = KINDS.filter(({ name }) => only?.includes(name) ?? true);
  let isComplete = kinds.length > 0;
  for (const kind of kinds) {
    await using server = await kind.start();
    if (server === undefined) {
      console.log(`${kind.name}: not run; apt install ${kind.package}`);
      isComplete = false;
      continue;
    }
    await playWith(kind, server);
  }
  const { passed, departs, unexpected } = sums;
  console.log(
    `${passed} passed, ${
      sums["not offered"]
    } not offered, ${departs} depart, ` +
      `${unexpected} not as known`,
  );
  return unexpected > 0
    ? EXIT.otherwise
    : isComplete
    ? EXIT.asKnown
    : EXIT.notInstalled;
}

async function playWith(kind: ServerKind, server: Server): Promise<void> {
  const findings = FINDINGS[kind.name];
  if (findings === undefined) throw new Error(`Nothing is known: ${kind.name}`);
  console.log(`\n${server.name} ${server.version}`);
  if (findings.seen !== undefined && findings.seen !== server.version) {
    console.log(`  what is known is of version ${findings.seen}`);
  }
  for (const protocolVersion of [3, 4, 5] as const) {
    const refusal = await refusalOf(server, protocolVersion);
    const isSpoken = findings.versions.includes(protocolVersion);
    if (refusal !== undefined) {
      console.log(`  MQTT ${VERSIONS[protocolVersion]}: ${refusal}`);
    }
    if (isSpoken !== (refusal === undefined)) unexpected("was not so before");
    if (refusal === undefined) {
      await playUnder(protocolVersion, server, findings);
    }
  }
}

async function playUnder(
  protocolVersion: ProtocolVersion,
  server: Server,
  findings: Findings,
): Promise<void> {
  const scenarios = GROUPS.flatMap(({ scenarios }) => scenarios)
    .filter(({ since }) => since <= protocolVersion)
    .filter(({ name }) => name.includes(values.scenario));
  for (const scenario of scenarios) {
    const outcome = await play(scenario, server, protocolVersion);
    const note = noteOn(findings, scenario.name, protocolVersion);
    tell(outcome, `MQTT ${VERSIONS[protocolVersion]}: ${scenario.name}`);
    const known = note?.outcome ?? "passed";
    if (outcome.type !== known) unexpected(`known as: ${known}`);
  }
}

/** What passes is counted, and the rest is told. */
function tell({ type, seen, lines }: Outcome, what: string): void {
  sums[type]++;
  if (type === "passed") return;
  const said = seen.replace("[Diff] Actual / Expected", "").replace(
    /\s+/g,
    " ",
  );
  console.log(`  ${type.padEnd(11)}  ${what}\n${" ".repeat(15)}${said}`);
  if (values.trace) console.log(lines.map((line) => `    ${line}`).join("\n"));
}

function unexpected(why: string): void {
  sums.unexpected++;
  console.log(`    NOT AS KNOWN: ${why}`);
}
