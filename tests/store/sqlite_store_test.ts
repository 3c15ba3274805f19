// The example of a store of one's own, tried with what we give to those who write one.

import { SqliteStore } from "../../examples/sqlite_store.ts";
import { storeCases } from "../../src/store/conformance.ts";

const folder = await Deno.makeTempDir();

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

for (
  const { name, run } of storeCases((place) =>
    new SqliteStore(`${folder}/${place}.db`)
  )
) Deno.test(`SqliteStore ${name}`, run);
