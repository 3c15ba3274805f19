import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { crc32c } from "../../src/store/crc32c.ts";

function of(bytes: readonly number[]): string {
  const sum = crc32c(Uint8Array.from(bytes), 0, bytes.length, 0);
  return sum.toString(16).padStart(8, "0");
}

Deno.test("crc32c() gives the sums of RFC 3720, B.4, and the usual one of nine digits", () => {
  const counted = Array.from({ length: 32 }, (_, index) => index);
  assertEquals(of(Array(32).fill(0)), "8a9136aa");
  assertEquals(of(Array(32).fill(0xFF)), "62a8ab43");
  assertEquals(of(counted), "46dd794e");
  assertEquals(of(counted.toReversed()), "113fdb5c");
  assertEquals(
    of([..."123456789"].map((each) => each.charCodeAt(0))),
    "e3069283",
  );
  assertEquals(of([]), "00000000");
});

Deno.test("crc32c() gives the same sum for bytes in two parts, wherever they stand", () => {
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 100 }),
    fc.nat(100),
    fc.nat(20),
    (bytes, at, before) => {
      const whole = new Uint8Array(before + bytes.length + 3);
      whole.set(bytes, before);
      const cut = before + Math.min(at, bytes.length);
      const end = before + bytes.length;
      const first = crc32c(whole, before, cut, 0);
      assertEquals(
        crc32c(whole, cut, end, first),
        crc32c(bytes, 0, bytes.length, 0),
      );
    },
  ));
});
