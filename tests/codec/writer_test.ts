import { assert, assertEquals, assertThrows } from "@std/assert";
import { ByteWriter } from "../../src/codec/writer.ts";

/** All that the writer holds. */
function taken(writer: ByteWriter): number[] {
  return [...writer.take() ?? []];
}

Deno.test("ByteWriter.take gives what waits, once", () => {
  const writer = new ByteWriter();
  assertEquals(writer.take(), undefined);
  writer.uint8(1);
  writer.uint16(0x0203);
  writer.uint32(0xF4F5F6F7);
  assertEquals(writer.length, 7);
  assertEquals(taken(writer), [1, 2, 3, 0xF4, 0xF5, 0xF6, 0xF7]);
  assertEquals(writer.length, 0);
  assertEquals(writer.take(), undefined);
});

Deno.test("ByteWriter.take gives a view that stays as it is until the next take", () => {
  const writer = new ByteWriter();
  writer.raw(Uint8Array.of(1, 1, 1));
  const first = writer.take();
  writer.raw(new Uint8Array(100_000).fill(2));
  assertEquals(first, Uint8Array.of(1, 1, 1));
  const second = writer.take();
  writer.raw(Uint8Array.of(3, 3, 3));
  assertEquals(second, new Uint8Array(100_000).fill(2));
});

Deno.test("ByteWriter lets two buffers take turns, and makes no new ones", () => {
  const writer = new ByteWriter();
  const buffers = Array.from({ length: 6 }, () => {
    writer.raw(new Uint8Array(1_000));
    return writer.take()?.buffer;
  });
  assertEquals(new Set(buffers).size, 2);
  assert(buffers[0] !== buffers[1]);
});

Deno.test("ByteWriter does not keep a buffer that a huge packet has made", () => {
  const writer = new ByteWriter();
  writer.raw(new Uint8Array(17 * 1024 * 1024));
  assert((writer.take()?.buffer.byteLength ?? 0) >= 17 * 1024 * 1024);
  for (let turn = 0; turn < 3; turn++) {
    writer.uint8(1);
    assert((writer.take()?.buffer.byteLength ?? 0) <= 64 * 1024);
  }
});

Deno.test("ByteWriter keeps a buffer that a burst has made while bursts come, and not for ever", () => {
  const writer = new ByteWriter();
  const sizeOf = (bytes: number) => {
    writer.raw(new Uint8Array(bytes));
    return writer.take()?.buffer.byteLength ?? 0;
  };
  for (let turn = 0; turn < 100; turn++) {
    assert(sizeOf(1024 * 1024) >= 1024 * 1024);
    assert(sizeOf(1024 * 1024) >= 1024 * 1024);
    sizeOf(1);
  }
  for (let turn = 0; turn < 200; turn++) sizeOf(1);
  assert(sizeOf(1) <= 64 * 1024);
  assert(sizeOf(1) <= 64 * 1024);
});

Deno.test("ByteWriter.rewind takes back what was written since", () => {
  const writer = new ByteWriter();
  writer.uint8(1);
  const before = writer.length;
  writer.raw(new Uint8Array(50_000));
  writer.rewind(before);
  writer.uint8(2);
  assertEquals(taken(writer), [1, 2]);
});

Deno.test("ByteWriter.closeLength makes the place for a length as large as it must be, and no larger", () => {
  const sizes: [length: number, bytes: number[]][] = [
    [0, [0x00]],
    [127, [0x7F]],
    [128, [0x80, 0x01]],
    [16_383, [0xFF, 0x7F]],
    [16_384, [0x80, 0x80, 0x01]],
    [2_097_151, [0xFF, 0xFF, 0x7F]],
    [2_097_152, [0x80, 0x80, 0x80, 0x01]],
  ];
  for (const [length, bytes] of sizes) {
    for (const estimate of [0, 127, 128, 16_384, 2_097_152]) {
      const writer = new ByteWriter();
      writer.uint8(0xAA);
      const start = writer.openLength(estimate);
      writer.raw(new Uint8Array(length).fill(7));
      writer.closeLength(start);
      writer.uint8(0xBB);
      const all = writer.take() ?? new Uint8Array(0);
      assertEquals([...all.subarray(0, 1 + bytes.length)], [0xAA, ...bytes]);
      assertEquals(all.length, 1 + bytes.length + length + 1);
      const content = all.subarray(1 + bytes.length, -1);
      assert(content.every((byte) => byte === 7));
      assertEquals(all.at(-1), 0xBB);
    }
  }
});

Deno.test("ByteWriter.closeLength counts what is still to come, and refuses more than can be told", () => {
  const writer = new ByteWriter();
  const start = writer.openLength();
  writer.uint8(1);
  writer.closeLength(start, 268_435_454);
  assertEquals(taken(writer), [0xFF, 0xFF, 0xFF, 0x7F, 1]);
  const next = writer.openLength();
  writer.uint8(1);
  assertThrows(() => writer.closeLength(next, 268_435_455), RangeError);
});

Deno.test("ByteWriter.string writes any length and any alphabet, at any place in the buffer", () => {
  for (const character of ["a", "\x7F", "é", "€", "😀", "\uFEFF"]) {
    for (const count of [0, 1, 2, 95, 96, 97, 1_000, 16_300]) {
      for (const before of [0, 16_380]) {
        const text = character.repeat(count);
        const writer = new ByteWriter();
        writer.raw(new Uint8Array(before));
        writer.string(text, "it");
        const bytes = new TextEncoder().encode(text);
        assertEquals(
          writer.take()?.subarray(before),
          Uint8Array.of(bytes.length >> 8, bytes.length, ...bytes),
        );
      }
    }
  }
});

Deno.test("ByteWriter.string takes 65,535 bytes and refuses more, told by name", () => {
  const writer = new ByteWriter();
  writer.string("a".repeat(65_535), "clientId");
  writer.string("€".repeat(21_845), "clientId");
  assertEquals(writer.length, 2 * 65_537);
  for (const text of ["a".repeat(65_536), "€".repeat(21_846)]) {
    assertThrows(
      () => writer.string(text, "clientId"),
      RangeError,
      "clientId must not have more than 65535 bytes",
    );
  }
});

Deno.test("ByteWriter.string refuses U+0000 and lone surrogates in short and long strings", () => {
  const writer = new ByteWriter();
  for (const filling of ["", "a".repeat(200), "é".repeat(10)]) {
    for (const wrong of ["\0", "\uD800", "\uDC00", "\uDC00\uD800"]) {
      assertThrows(() => writer.string(filling + wrong, "it"), TypeError, "it");
      assertThrows(() => writer.string(wrong + filling, "it"), TypeError, "it");
    }
  }
});

Deno.test("ByteWriter.topicName refuses wildcards, and what is wrong stays wrong the next time", () => {
  const writer = new ByteWriter();
  for (const filling of ["", "a".repeat(200), "é".repeat(10)]) {
    for (const wrong of ["#", "+", "\0", "\uD800"]) {
      for (let time = 0; time < 3; time++) {
        assertThrows(() => writer.topicName(filling + wrong, "it"), TypeError);
      }
    }
  }
});

Deno.test("ByteWriter.topicName writes the same bytes however often a name has come before", () => {
  const writer = new ByteWriter();
  for (const topicName of ["a/b", "", "é/b", "x".repeat(300)]) {
    writer.string(topicName, "it");
    const bytes = taken(writer);
    for (let time = 0; time < 4; time++) {
      writer.topicName(topicName, "it");
      assertEquals(taken(writer), bytes);
    }
    for (let time = 0; time < 4; time++) {
      writer.topicName("between", "it");
      writer.take();
      writer.topicName(topicName, "it");
      assertEquals(taken(writer), bytes);
    }
  }
});

Deno.test("ByteWriter.utf8 writes texts of any length, and U+FFFD for a lone surrogate as the platform does", () => {
  const texts = [
    "",
    "\0",
    "plain",
    "a\uD800b",
    "€".repeat(100),
    "😀".repeat(70_000),
    "a".repeat(16_383) + "€",
    "a".repeat(16_384) + "😀",
  ];
  for (const text of texts) {
    for (const before of [0, 1, 16_383]) {
      const writer = new ByteWriter();
      writer.raw(new Uint8Array(before));
      writer.utf8(text);
      assertEquals(
        (writer.take() ?? new Uint8Array(0)).subarray(before),
        new TextEncoder().encode(text),
      );
    }
  }
});

Deno.test("ByteWriter.packetId refuses what is no Packet Identifier", () => {
  const writer = new ByteWriter();
  for (const packetId of [0, -1, 65_536, 1.5, NaN]) {
    assertThrows(() => writer.packetId(packetId), RangeError);
  }
  writer.packetId(1);
  writer.packetId(65_535);
  assertEquals(taken(writer), [0, 1, 0xFF, 0xFF]);
});
