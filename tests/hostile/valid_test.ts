// Every row of the table of what is unusual but valid, against the whole client over a real socket: it is
// taken, what is due is done, and the client lives.

import { assert, assertEquals } from "@std/assert";
import { playAll } from "./play.ts";
import { playValid, type Valid } from "./valid.ts";
import { validAcknowledgements } from "./valid/acknowledge.ts";
import { validConnacks } from "./valid/connack.ts";
import { validFlows } from "./valid/flow.ts";
import { validPublishes } from "./valid/publish.ts";
import { validAnswers } from "./valid/request.ts";

const rows: readonly Valid[] = [
  ...validConnacks,
  ...validPublishes,
  ...validAcknowledgements,
  ...validAnswers,
  ...validFlows,
];

for (const [name, versions] of Map.groupBy(rows, ({ name }) => name)) {
  Deno.test({
    name: `Client takes ${name}`,
    timeout: 30_000,
    async fn() {
      await playAll(versions, playValid);
    },
  });
}

Deno.test("The table of what is unusual but valid has 100 rows at least, and no row twice", () => {
  const names = rows.map(({ name, version }) => `${name}, ${version}`);
  assertEquals(names.length, new Set(names).size);
  assert(names.length >= 100, `${names.length} rows`);
});
