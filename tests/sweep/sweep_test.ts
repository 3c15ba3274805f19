// A sample of the sweep: a prime step meets every phase of the conversation over and over.

import { assertEquals } from "@std/assert";
import { mosquittoTest } from "../support/mosquitto_tests.ts";
import { type Outcome, scenarioName } from "./run.ts";
import { scenarios, sweep } from "./sweep.ts";

const STEP = 61;
const CONCURRENCY = 8;

mosquittoTest(
  "Client loses, doubles, reorders and rejects nothing when the link is cut at any byte",
  async (broker) => {
    const outcomes: Outcome[] = [];
    await sweep(broker.tcp, {
      scenarios: scenarios(STEP),
      concurrency: CONCURRENCY,
      onOutcome: (outcome) => outcomes.push(outcome),
    });
    const faults = outcomes.flatMap(({ scenario, faults }) =>
      faults.map((fault) => `${scenarioName(scenario)} ${fault}`)
    );
    assertEquals(faults, []);
    // A sweep that cut nothing would show nothing.
    assertEquals(outcomes.filter(({ isCut }) => !isCut), []);
  },
);
