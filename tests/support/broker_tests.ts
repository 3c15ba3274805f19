// Registers tests that every broker passes: a real mosquitto, and the small broker of the test kit.

import { Broker } from "../../testing.ts";
import type { Mosquitto } from "./mosquitto.ts";
import { mosquittoTest } from "./mosquitto_tests.ts";

/** What the tests of every broker may use of one. */
export type AnyBroker = Pick<Mosquitto, "tcp" | "auth">;

const TIMEOUT_MS = 60_000;

const MIB = 1024 * 1024;

/** Far above what a test sends. */
const ROOMY = {
  maximumPacketSize: 200 * MIB,
  incomingSizeMax: 512 * MIB,
  queuedBytesMax: 512 * MIB,
};

/** `Deno.test` with a mosquitto, and another with a broker of our own. */
export function brokerTest(
  name: string,
  run: (broker: AnyBroker) => Promise<void>,
): void {
  mosquittoTest(name, run);
  ownBrokerTest(name, run);
}

/** `Deno.test` with a broker of our own, which listens. */
export function ownBrokerTest(
  name: string,
  run: (broker: AnyBroker & { readonly broker: Broker }) => Promise<void>,
): void {
  Deno.test({
    name: `${name} (the small broker)`,
    timeout: TIMEOUT_MS,
    async fn() {
      await using broker = await Broker.listen(ROOMY);
      await using asking = await Broker.listen({
        // As mosquitto has it: "not authorized" for a wrong password, too.
        authenticate: ({ username, passwordText }) =>
          username === "alice" && passwordText === "secret" || 0x87,
      });
      await run({ broker, tcp: portOf(broker.url), auth: portOf(asking.url) });
    },
  });
}

/** The port of a URL. */
export function portOf(url: string): number {
  return Number(new URL(url).port);
}
