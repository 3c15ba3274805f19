import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { IdTable } from "../../src/session/id_table.ts";

Deno.test("IdTable has a value for each of the first and the last identifiers", () => {
  const table = new IdTable<string>();
  for (const packetId of [1, 255, 256, 65_535]) {
    table.set(packetId, `${packetId}`);
  }
  assertEquals(table.size, 4);
  assertEquals(table.values(), ["1", "255", "256", "65535"]);
  assertEquals([table.get(2), table.get(256)], [undefined, "256"]);
  table.clear();
  assertEquals([table.size, table.values(), table.get(1)], [0, [], undefined]);
});

Deno.test("IdTable does as a Map does, whatever is done to it", () => {
  // Few identifiers on few pages, so that pages fill and empty.
  const packetId = fc.oneof(
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 254, max: 258 }),
    fc.constant(65_535),
  );
  const step = fc.oneof(
    { weight: 10, arbitrary: fc.record({ set: packetId }) },
    { weight: 10, arbitrary: fc.record({ delete: packetId }) },
    { weight: 1, arbitrary: fc.constant("clear" as const) },
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const table = new IdTable<number>();
    const map = new Map<number, number>();
    for (const [value, step] of steps.entries()) {
      if (step === "clear") {
        table.clear();
        map.clear();
      } else if ("set" in step) {
        table.set(step.set, value);
        map.set(step.set, value);
      } else {
        table.delete(step.delete);
        map.delete(step.delete);
      }
      assertEquals(table.size, map.size);
      const ids = [...map.keys()].toSorted((one, other) => one - other);
      assertEquals(table.values(), ids.map((id) => map.get(id)));
      for (const id of ids) assertEquals(table.get(id), map.get(id));
    }
  }));
});
