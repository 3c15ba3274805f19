// Every fault of the table, in each version and phase where it can occur, against the whole client over a
// real socket: the connection ends at once with the reason that is due, all that waits settles, the user is
// told the clause, and nothing of it reaches the application.

import { assert, assertEquals } from "@std/assert";
import { type Fault, rowsOf } from "./fault.ts";
import { acknowledgementFaults } from "./faults/acknowledge.ts";
import { connackFaults } from "./faults/connack.ts";
import { disconnectFaults } from "./faults/disconnect.ts";
import { flowFaults } from "./faults/flow.ts";
import { headerFaults } from "./faults/header.ts";
import { limitFaults } from "./faults/limit.ts";
import { propertyFaults } from "./faults/property.ts";
import { publishFaults } from "./faults/publish.ts";
import { stringFaults } from "./faults/string.ts";
import { subscribeFaults } from "./faults/subscribe.ts";
import { play, playAll } from "./play.ts";

const faults: readonly Fault[] = [
  ...headerFaults,
  ...connackFaults,
  ...publishFaults,
  ...acknowledgementFaults,
  ...subscribeFaults,
  ...disconnectFaults,
  ...stringFaults,
  ...propertyFaults,
  ...flowFaults,
  ...limitFaults,
];

/** A row that waits for what never comes fails its test after this time. */
const TIMEOUT_MS = 30_000;

/** The forms of one fault in several versions have one name. */
const byName = Map.groupBy(faults, ({ name }) => name);

for (const [name, forms] of byName) {
  Deno.test({
    name: `Client ends at ${name}`,
    timeout: TIMEOUT_MS,
    async fn() {
      await playAll(forms.flatMap(rowsOf), play);
    },
  });
}

Deno.test("The table of faults has 150 of them and 400 rows at least, and no row twice", () => {
  const rows = faults.flatMap(rowsOf).map(({ fault, version, phase }) =>
    `${fault.name}, ${version}, ${phase}`
  );
  assertEquals(rows.length, new Set(rows).size);
  assert(byName.size >= 150, `${byName.size} faults`);
  assert(rows.length >= 400, `${rows.length} rows`);
});
