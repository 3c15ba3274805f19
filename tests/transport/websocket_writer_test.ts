// Frames of ours, byte for byte: the examples of RFC 6455, 5.7, and each form of the length.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Opcode } from "../../src/transport/websocket_frame.ts";
import { FrameReader } from "../../src/transport/websocket_reader.ts";
import { FrameWriter } from "../../src/transport/websocket_writer.ts";
import { bytes, frame, latin1, unmask } from "./websocket_frames.ts";

const HELLO = latin1("Hello");

/** The mask of the examples. */
function exampleMask(masks: Uint32Array): void {
  masks.fill(new Uint32Array(bytes("37 fa 21 3d").buffer)[0] ?? 0);
}

Deno.test("FrameWriter frame is the masked text of RFC 6455, 5.7", () => {
  assertEquals(
    new FrameWriter(exampleMask).frame(Opcode.text, HELLO),
    bytes("81 85 (mask) 37 fa 21 3d (Hello) 7f 9f 4d 51 58"),
  );
});

Deno.test("FrameWriter frame is the masked pong of RFC 6455, 5.7", () => {
  assertEquals(
    new FrameWriter(exampleMask).frame(Opcode.pong, HELLO),
    bytes("8a 85 (mask) 37 fa 21 3d (Hello) 7f 9f 4d 51 58"),
  );
});

for (
  const { size, header } of [
    { size: 0, header: "82 80" },
    { size: 1, header: "82 81" },
    { size: 125, header: "82 fd" },
    { size: 126, header: "82 fe 00 7e" },
    { size: 256, header: "82 fe 01 00" },
    { size: 65_535, header: "82 fe ff ff" },
    { size: 65_536, header: "82 ff 00*5 01 00 00" },
    { size: 0x0102_0304, header: "82 ff 00*4 01 02 03 04" },
  ]
) {
  Deno.test(`FrameWriter frame has the shortest length for ${size} bytes`, () => {
    const payload = new Uint8Array(size).fill(0x5a);
    const sent = new FrameWriter(exampleMask).frame(Opcode.binary, payload);
    const start = bytes(`${header} 37 fa 21 3d`);
    assertEquals(sent.subarray(0, start.length), start);
    assertEquals(sent.length, start.length + size);
    const mask = bytes("37 fa 21 3d");
    assert(
      sent.subarray(start.length).every((byte, i) =>
        byte === (0x5a ^ (mask[i % 4] ?? 0))
      ),
    );
  });
}

Deno.test("FrameWriter frame leaves the payload as it is", () => {
  const payload = Uint8Array.from({ length: 1_000 }, (_, i) => i);
  const before = payload.slice();
  new FrameWriter(exampleMask).frame(Opcode.binary, payload);
  assertEquals(payload, before);
});

Deno.test("FrameWriter frame takes a fresh mask for each frame", () => {
  let drawn = 0;
  const writer = new FrameWriter((masks) => {
    for (let i = 0; i < masks.length; i++) masks[i] = ++drawn;
  });
  const masks = new Set<string>();
  for (let i = 0; i < 1_000; i++) {
    // Under a mask, zeros show the mask.
    masks.add(`${writer.frame(Opcode.binary, new Uint8Array(4)).slice(6)}`);
  }
  assertEquals(masks.size, 1_000);
});

Deno.test("FrameWriter frame is what was given, wherever it stood in its buffer", () => {
  const writer = new FrameWriter((masks) => crypto.getRandomValues(masks));
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 300 }),
    fc.nat(7),
    (content, offset) => {
      const payload = new Uint8Array(offset + content.length).subarray(offset);
      payload.set(content);
      const sent = unmask(writer.frame(Opcode.binary, payload));
      assertEquals(sent?.payload, Uint8Array.from(content));
      assertEquals(sent?.rest.length, 0);
    },
  ));
});

Deno.test("FrameReader refuses what FrameWriter makes: it is masked", () => {
  const reader = new FrameReader();
  const sent = new FrameWriter(exampleMask).frame(Opcode.binary, HELLO);
  assertEquals(reader.unwrap(sent.slice()), 0);
  assertEquals(reader.end?.closeCode, 1002);
});

Deno.test("FrameWriter without masks makes the frames of a server, of each length", () => {
  const writer = new FrameWriter();
  assertEquals(
    writer.frame(Opcode.text, HELLO),
    bytes("81 05 48 65 6c 6c 6f"),
  );
  for (const size of [0, 1, 125, 126, 65_535, 65_536]) {
    const payload = new Uint8Array(size).fill(0x5a);
    const sent = writer.frame(Opcode.binary, payload);
    assertEquals(sent, frame(Opcode.binary, payload));
    const reader = new FrameReader();
    assertEquals(reader.unwrap(sent), size);
    assertEquals(reader.end, undefined);
  }
});
