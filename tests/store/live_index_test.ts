import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { LiveIndex } from "../../src/store/live_index.ts";

// Keys that share a page, and keys that do not.
const key = fc.oneof(
  fc.nat(20),
  fc.integer({ min: 1_020, max: 1_030 }),
  fc.constantFrom(2 ** 32, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER),
);

Deno.test("LiveIndex says of every key what a Map would, and counts and adds up", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(key, fc.option(fc.nat(1_000)))),
    (steps) => {
      const index = new LiveIndex();
      const map = new Map<number, { position: number; size: number }>();
      for (const [position, [key, size]] of steps.entries()) {
        if (size === null) {
          index.delete(key);
          map.delete(key);
        } else {
          index.set(key, position, size);
          map.set(key, { position, size });
        }
      }
      for (const [key] of steps) {
        assertEquals(index.positionOf(key), map.get(key)?.position ?? -1);
      }
      const sizes = [...map.values()].map(({ size }) => size);
      assertEquals(index.count, map.size);
      assertEquals(index.size, sizes.reduce((sum, size) => sum + size, 0));
    },
  ));
});
