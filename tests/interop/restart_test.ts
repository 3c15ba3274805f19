// A real mosquitto that ends under load and starts again: what is promised through it, and what only the broker can
// keep. Also 10,000 publishes that are given up while a real broker has them.

import { assert, assertEquals } from "@std/assert";
import { connect } from "../../mod.ts";
import { findMosquitto } from "../support/mosquitto.ts";
import { address, mosquittoTest } from "../support/mosquitto_tests.ts";
import { tappedTransport } from "../support/tapped_transport.ts";
import { FlightLedger } from "../sweep/flight_ledger.ts";
import { type RestartOutcome, runRestart } from "../sweep/restart.ts";

const executable = await findMosquitto();

/** The broker writes its state to disk at each change: many more would take their time. */
const MESSAGES = 80;

/** Registers the test of one kind of restart, for each version that keeps sessions apart. */
function restartTest(
  name: string,
  kind: { persistence: boolean; by: "SIGTERM" | "SIGKILL" },
  check: (outcome: RestartOutcome) => void,
): void {
  for (const protocolVersion of [4, 5] as const) {
    const full = `${name}, under version ${protocolVersion}`;
    Deno.test({
      name: executable === undefined ? `${full} (needs mosquitto)` : full,
      ignore: executable === undefined,
      timeout: 60_000,
      async fn() {
        const outcome = await runRestart(executable ?? "", {
          ...kind,
          protocolVersion,
          messages: MESSAGES,
        });
        assertEquals(outcome.faults, []);
        // A broker whose clients did not notice would show nothing.
        assert(outcome.reconnects >= 2);
        check(outcome);
      },
    });
  }
}

restartTest(
  "Client loses and rejects nothing where a persistent broker restarts under load, and doubles and reorders nothing by its own hand",
  { persistence: true, by: "SIGTERM" },
  // The broker lets new messages overtake those of its queue, and on a busy machine delivers one of QoS 2 anew.
  ({ lost, rejected }) => assertEquals([lost, rejected], [0, []]),
);

restartTest(
  "Client settles every publish where a broker that keeps nothing restarts under load, and sends none twice at QoS 2",
  { persistence: false, by: "SIGTERM" },
  ({ doubled }) => assertEquals(doubled, 0),
);

restartTest(
  "Client settles every publish where a persistent broker crashes under load, and doubles none by its own hand",
  { persistence: true, by: "SIGKILL" },
  // The broker goes on with a state that it wrote some time before: what it lost or doubled so is its own doing.
  ({ unknown }) => assertEquals(unknown, 0),
);

/** So many messages are sent, and then given up, before the broker can have answered: its window is 20. */
const ROUND = 20;
const ROUNDS = 500;

mosquittoTest(
  "Client never uses a Packet Identifier again that 10,000 aborted publishes have in flight",
  async ({ tcp }) => {
    const ledger = new FlightLedger();
    await using client = await connect(address(tcp), {
      transport: tappedTransport(tcp, 5, ledger),
    });
    let given = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const { signal, abort } = abortable();
      const published = Array.from(
        { length: ROUND },
        (_, number) =>
          client.publish("aborted", `${round} ${number}`, {
            qos: number % 2 === 0 ? 1 : 2,
            signal,
          }).catch(() => given++),
      );
      // What is said in a turn leaves with it.
      await new Promise((resolve) => setImmediate(resolve));
      abort();
      await Promise.all(published);
      // Its answer comes behind those to the round, so that the next one finds a window that is not full.
      await client.publish("aborted", `${round} paced`, { qos: 1 });
    }
    assertEquals(given, ROUND * ROUNDS);
    await client.publish("aborted", "last", { qos: 2 });
    assertEquals(ledger.faults, []);
    // Those that waited behind a full window were never sent.
    assert(ledger.published > ROUND * ROUNDS / 4, `${ledger.published}`);
    assertEquals(client.stats().inFlight, 0);
  },
);

function abortable(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
