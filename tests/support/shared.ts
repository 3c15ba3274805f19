// Tests of one file that share something which takes a while to make, such as a broker.

import { assert } from "@std/assert";

/** What the tests of one file share. */
export interface Sharing<Shared> {
  /** Makes it; undefined where what is needed for that is not installed here. */
  readonly make: (() => Promise<Shared>) | undefined;
  /** What is needed, for people: `mosquitto`. */
  readonly needs: string;
  /** A wait that never ends fails its test after this time, with the rest of the file still run. */
  readonly timeoutMs: number;
}

/** `Deno.test` with what is shared; ignored, saying why, where it cannot be made. */
export type SharedTest<Shared> = (
  name: string,
  run: (shared: Shared) => Promise<void>,
) => void;

/** With REQUIRE_BROKERS=1 what is not installed is a failure. */
const REQUIRED = Deno.env.get("REQUIRE_BROKERS") === "1";

/** What registers such tests. It is made for the first of them and disposed of behind the last. */
export function sharing<Shared extends AsyncDisposable>(
  { make, needs, timeoutMs }: Sharing<Shared>,
): SharedTest<Shared> {
  const ignore = make === undefined && !REQUIRED;
  let shared: Shared | undefined;
  let isAnnounced = false;
  const announce = () => {
    isAnnounced = true;
    Deno.test.beforeAll(async () => {
      shared = await make?.();
    });
    Deno.test.afterAll(async () => {
      await shared?.[Symbol.asyncDispose]();
    });
  };
  return (name, run) => {
    if (!isAnnounced) announce();
    Deno.test({
      name: ignore ? `${name} (no ${needs} is installed)` : name,
      ignore,
      timeout: timeoutMs,
      async fn() {
        assert(shared, `No ${needs} is installed, and REQUIRE_BROKERS=1`);
        await run(shared);
      },
    });
  };
}
