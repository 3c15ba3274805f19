// The bytes of a log, each explained, and what is no frame.

import { assertEquals, assertThrows } from "@std/assert";
import {
  beginsHeader,
  decodeHeader,
  encodeHeader,
  FRAME_SIZE_MIN,
  FrameReader,
  frameSize,
  FrameWriter,
} from "../../src/store/log.ts";
import type { StoreChange } from "../../src/store/store.ts";
import { put, remove } from "./log_bench.ts";

const SALT = 0x01020304;

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join(" ");
}

function framesAt(position: number, ...changes: StoreChange[]): Uint8Array {
  const writer = new FrameWriter(SALT);
  writer.begin(position);
  for (const change of changes) writer.add(change);
  return writer.written.slice();
}

function readerOf(bytes: Uint8Array, salt = SALT): FrameReader {
  const reader = new FrameReader(salt);
  reader.bytes = Uint8Array.from(bytes);
  return reader;
}

Deno.test("encodeHeader() writes magic, version, salt and checksum, twice", () => {
  const once = "6d 69 64 67 00 00 00 01 01 02 03 04 51 96 3f 56";
  assertEquals(hex(encodeHeader(SALT)), `${once} ${once}`);
});

Deno.test("decodeHeader() reads what encodeHeader() wrote, whichever copy is broken, but not both", () => {
  const whole = encodeHeader(SALT);
  const known = { version: 1, salt: SALT };
  assertEquals(decodeHeader(whole), { ...known, isWhole: true });
  for (let position = 0; position < whole.length; position++) {
    const broken = whole.slice();
    broken[position] = (broken[position] ?? 0) ^ 0x40;
    assertEquals(decodeHeader(broken), { ...known, isWhole: false });
    broken[31 - position] = (broken[31 - position] ?? 0) ^ 0x40;
    assertEquals(decodeHeader(broken), undefined);
  }
  assertEquals(decodeHeader(whole.subarray(0, 31)), {
    ...known,
    isWhole: false,
  });
  assertEquals(decodeHeader(new Uint8Array(0)), undefined);
});

Deno.test("beginsHeader() knows the beginning of a header whatever its salt, and nothing else", () => {
  const whole = encodeHeader(SALT);
  for (let length = 0; length < whole.length; length++) {
    assertEquals(beginsHeader(whole.subarray(0, length)), true);
  }
  assertEquals(beginsHeader(new TextEncoder().encode("m")), true);
  assertEquals(beginsHeader(new TextEncoder().encode("mi!")), false);
});

Deno.test("FrameWriter writes size, key, checksum, value and checksum", () => {
  assertEquals(
    hex(framesAt(32, put(2 ** 32 + 5, "ab"))),
    [
      "00 00 00 02", // two bytes of value
      "00 00 00 01 00 00 00 05", // the key
      "e7 85 cd 2b", // of what stands above, the salt and the place
      "61 62",
      "48 7f 2c 87", // of what stands above
    ].join(" "),
  );
});

Deno.test("FrameWriter writes no value, which is not the same as an empty one", () => {
  const removal = framesAt(32, remove(5));
  assertEquals(
    hex(removal).slice(0, 35),
    "ff ff ff ff 00 00 00 00 00 00 00 05",
  );
  assertEquals(removal.length, FRAME_SIZE_MIN);
  assertEquals(frameSize(remove(5)), removal.length);
  const empty = framesAt(32, put(5, ""));
  assertEquals(hex(empty).slice(0, 35), "00 00 00 00 00 00 00 00 00 00 00 05");
  assertEquals(frameSize(put(5, "")), empty.length);
});

Deno.test("FrameWriter refuses keys that are none", () => {
  const writer = new FrameWriter(SALT);
  for (const key of [-1, 0.5, NaN, 2 ** 53]) {
    assertThrows(() => writer.add(remove(key)), RangeError, "A key must be");
  }
  assertEquals(writer.length, 0);
});

Deno.test("FrameReader reads each frame at its place", () => {
  const changes = [put(1, "one"), remove(2 ** 53 - 1), put(3, "")];
  const reader = readerOf(framesAt(100, ...changes));
  let start = 0;
  for (const change of changes) {
    assertEquals(reader.open(start, 100 + start), true);
    assertEquals(reader.isRight, true);
    const { key, value, hasValue } = reader;
    assertEquals({ key, value }, change);
    assertEquals(hasValue, change.value !== undefined);
    start += reader.size;
  }
});

Deno.test("FrameReader knows no frame at another place or in another log", () => {
  const bytes = framesAt(100, put(1, "one"));
  assertEquals(readerOf(bytes).open(0, 101), false);
  assertEquals(readerOf(bytes).open(0, 100 + 2 ** 32), false);
  assertEquals(readerOf(bytes, SALT + 1).open(0, 100), false);
  assertEquals(readerOf(bytes).open(0, 100), true);
});

Deno.test("FrameReader sees every broken byte: in the first 16 it is no frame, else its value is wrong", () => {
  const bytes = framesAt(100, put(1, "one"));
  for (let position = 0; position < bytes.length; position++) {
    for (const bits of [0x01, 0x80, 0xFF]) {
      const broken = bytes.slice();
      broken[position] = (broken[position] ?? 0) ^ bits;
      const reader = readerOf(broken);
      const isFrame = reader.open(0, 100);
      assertEquals(isFrame, position >= FRAME_SIZE_MIN);
      if (isFrame) assertEquals(reader.isRight, false);
    }
  }
});
