import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { TextCache } from "../../src/codec/text_cache.ts";

const encoder = new TextEncoder();

/** A cache that is asked as a reader asks it: for bytes somewhere within a block. */
function cacheOf(slotCount: number, sizeMax: number) {
  const cache = new TextCache({ slotCount, sizeMax });
  const placed = (text: string) => {
    const bytes = encoder.encode(`x${text}y`);
    return [new DataView(bytes.buffer), 1, bytes.length - 2] as const;
  };
  return {
    find: (text: string) => cache.find(...placed(text)),
    add: (text: string) => cache.add(text, ...placed(text)),
  };
}

Deno.test("TextCache finds a text that was added, of any length up to its most", () => {
  const { find, add } = cacheOf(1_024, 8);
  for (const text of ["q", "qu", "qui", "quie", "quiet", "quieté", "quietes"]) {
    assertEquals(find(text), undefined);
    add(text);
    assertEquals(find(text), text);
    assertEquals(find("other"), undefined);
    assertEquals(find(text), text);
  }
  assertEquals(find("quietest+"), undefined);
  add("quietest+");
  assertEquals(find("quietest+"), undefined);
});

Deno.test("TextCache finds the empty text, which needs no decoding, from the start", () => {
  assertEquals(cacheOf(16, 8).find(""), "");
});

Deno.test("TextCache gives the slot to the last text, and never a text for the bytes of another", () => {
  const { find, add } = cacheOf(4, 9);
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 9 });
  let found = 0;
  let missed = 0;
  fc.assert(
    fc.property(text, (text) => {
      const known = find(text);
      if (known === undefined) {
        missed++;
        add(text);
        assertEquals(find(text), text);
      } else {
        found++;
        assertEquals(known, text);
      }
    }),
    { numRuns: 3_000 },
  );
  assertEquals([found > 50, missed > 50], [true, true]);
});
