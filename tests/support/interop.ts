// Registers tests against a real mosquitto, which the tests of one file share.

import { assert } from "@std/assert";
import { findMosquitto, type Mosquitto, startMosquitto } from "./mosquitto.ts";

/** With REQUIRE_BROKERS=1 a broker that is not installed is a failure. */
const REQUIRED = Deno.env.get("REQUIRE_BROKERS") === "1";

/** A wait that never ends fails its test, with the rest of the file still run. */
const TIMEOUT_MS = 60_000;

const executable = await findMosquitto();
const ignored = executable === undefined && !REQUIRED;

let shared: Mosquitto | undefined;

Deno.test.beforeAll(async () => {
  if (executable) shared = await startMosquitto(executable);
});

Deno.test.afterAll(async () => {
  await shared?.[Symbol.asyncDispose]();
});

/** `Deno.test` with a broker; ignored, saying why, where there is none. */
export function mosquittoTest(
  name: string,
  run: (broker: Mosquitto) => Promise<void>,
): void {
  Deno.test({
    name: ignored ? `${name} (no mosquitto is installed)` : name,
    ignore: ignored,
    timeout: TIMEOUT_MS,
    async fn() {
      assert(shared, "No mosquitto is installed, and REQUIRE_BROKERS=1");
      await run(shared);
    },
  });
}

/** The URL of a port on loopback. */
export function address(port: number): string {
  return `mqtt://127.0.0.1:${port}`;
}
