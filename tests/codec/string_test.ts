import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeAscii, decodeUtf8 } from "../../src/codec/string.ts";

function ascii(bytes: Uint8Array): string | undefined {
  const block = Uint8Array.of(0x80, ...bytes, 0x80); // What is around must not matter.
  return decodeAscii(new DataView(block.buffer), 1, 1 + bytes.length);
}

Deno.test("decodeAscii reads what is ASCII without U+0000, up to 48 bytes, and leaves all else", () => {
  const byte = fc.oneof(
    { weight: 50, arbitrary: fc.integer({ min: 1, max: 0x7F }) },
    { weight: 1, arbitrary: fc.constantFrom(0x00, 0x80, 0xFF) },
  );
  const read = { all: 0, none: 0 };
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 52 }), (values) => {
      const isPlain = values.length <= 48 &&
        values.every((value) => value > 0 && value < 0x80);
      read[isPlain ? "all" : "none"]++;
      assertEquals(
        ascii(Uint8Array.from(values)),
        isPlain ? String.fromCharCode(...values) : undefined,
      );
    }),
    { numRuns: 2_000 },
  );
  assertEquals(Object.values(read).every((count) => count > 100), true);
});

Deno.test("decodeAscii sees a wrong byte at any place", () => {
  for (let size = 1; size <= 48; size++) {
    for (let place = 0; place < size; place++) {
      for (const wrong of [0x00, 0x80]) {
        const bytes = new Uint8Array(size).fill(0x01);
        bytes[place] = wrong;
        assertEquals(ascii(bytes), undefined);
      }
    }
  }
});

Deno.test("decodeUtf8 keeps a leading U+FEFF and tells what is ill-formed", () => {
  const encoder = new TextEncoder();
  for (const text of ["", "\uFEFFa", "\uFEFF", "\uFFFE\uFFFF\x01", "😀"]) {
    assertEquals(decodeUtf8(encoder.encode(text)), text);
  }
  assertEquals(decodeUtf8(Uint8Array.of(0xC3)), undefined);
  // And the next one is read as if nothing had been.
  assertEquals(decodeUtf8(Uint8Array.of(0xC3, 0xA9)), "é");
});
