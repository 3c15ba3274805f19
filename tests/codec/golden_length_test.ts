/** The Remaining Length (2.1.4), at its every border, and the limit set on the size of a packet. */
import { equals } from "@std/bytes";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import type { PublishPacket } from "../../src/codec/packet.ts";
import { ProtocolError } from "../../src/errors.ts";
import {
  ALL,
  assertRefused,
  bytesOf,
  decodeAll,
  encode,
  packetBytes,
  variableByteInteger,
  VERSION_NAMES,
} from "./golden.ts";

/** The Remaining Length as table 2-1 of 1.5.5 has it: each number of bytes, smallest and largest. */
const BORDERS = [
  [127, "7f"],
  [128, "80 01"],
  [16_383, "ff 7f"],
  [16_384, "80 80 01"],
  [2_097_151, "ff ff 7f"],
  [2_097_152, "80 80 80 01"],
] as const;

for (const [remainingLength, hex] of BORDERS) {
  Deno.test(`a Remaining Length of ${remainingLength} is ${hex}`, () => {
    const payload = patterned(remainingLength - 3);
    const header = bytesOf(`30 ${hex} 00 01 61`);
    const bytes = new Uint8Array(header.length + payload.length);
    bytes.set(header);
    bytes.set(payload, header.length);

    const packet = publish(payload);
    assert(equals(encode(packet, 4), bytes));
    assertPayload(decodeWith([bytes]), payload);
    assertPayload(decodeWith(piecesOf(bytes, 1_021)), payload);
    if (remainingLength <= 16_384) {
      assertPayload(decodeWith(piecesOf(bytes, 1)), payload);
    }
  });
}

Deno.test("encodePacket counts a payload of text in bytes, at the borders of the Remaining Length", () => {
  const encoder = new TextEncoder();
  for (const letter of ["a", "é", "€", "🦟"]) {
    for (const border of [128, 16_384, 2_097_152]) {
      const most = Math.floor(border / encoder.encode(letter).length);
      for (let count = most - 6; count <= most + 2; count++) {
        const text = letter.repeat(count);
        const packet = publish(encoder.encode(text));
        const bytes = encode(packet, 5);
        assert(equals(encode({ ...packet, payload: text }, 5), bytes));
        const remaining = variableByteInteger(4 + packet.payload.length);
        assertEquals(
          [...bytes.subarray(1, 1 + remaining.length)],
          remaining,
          `${count} times ${letter}`,
        );
      }
    }
  }
});

Deno.test("a Remaining Length of 268,435,455, the largest there is, is ff ff ff 7f", () => {
  const payload = new Uint8Array(268_435_452);
  payload[0] = 1;
  payload[payload.length - 1] = 2;
  const bytes = encode(publish(payload), 4);
  assertEquals(bytes.length, 268_435_460);
  assertEquals(bytes.subarray(0, 9).toHex(), "30ffffff7f00016101");

  const { payload: decoded } = decodeWith([bytes]);
  assertEquals(decoded.length, payload.length);
  assertEquals([decoded[0], decoded.at(-1)], [1, 2]);
});

for (const version of ALL) {
  const name = VERSION_NAMES[version];

  Deno.test(`PacketDecoder refuses a Remaining Length of five bytes (${name})`, () => {
    for (const hex of ["80 80 80 80 01", "ff ff ff ff 7f", "80 80 80 80 00"]) {
      assertRefused({
        name: hex,
        version,
        from: "server",
        bytes: bytesOf(`30 ${hex}`),
        reasonCodes: [0x81],
        clauses: ["1.5.5", "2.1.4", "2.2.3"],
      });
    }
  });

  Deno.test(`PacketDecoder refuses a Remaining Length at its fourth byte, waiting for no fifth (${name})`, () => {
    const decoder = new PacketDecoder({
      protocolVersion: version,
      from: "server",
    });
    decoder.push(bytesOf("30 ff ff ff ff"));
    assertThrows(() => decoder.next(), ProtocolError);
  });
}

Deno.test("PacketDecoder refuses a Remaining Length that is longer than needed [MQTT-1.5.5-1]", () => {
  for (const hex of ["d0 80 00", "d0 80 80 00", "40 82 00 00 01"]) {
    assertRefused({
      name: hex,
      version: 5,
      from: "server",
      bytes: bytesOf(hex),
      reasonCodes: [0x81],
      clauses: ["1.5.5"],
    });
  }
});

Deno.test("PacketDecoder takes a packet of the size allowed and refuses one byte more with 0x95", () => {
  const limited = () =>
    new PacketDecoder({ protocolVersion: 5, from: "server", sizeMax: 16 });
  // The size counts the whole packet, its fixed header included (2.1.4).
  const fits = bytesOf("30 0e 00 01 61 00 70*10");
  assertEquals(decodeAll(limited(), [fits]).length, 1);

  const decoder = limited();
  decoder.push(bytesOf("30 0f")); // none of it has come but its length
  const error = assertThrows(() => decoder.next(), ProtocolError);
  assertEquals(error.reasonCode, 0x95);
});

Deno.test("PacketDecoder takes as many Reason Codes as there can be Topic Filters, and refuses one more", () => {
  const body = (count: number) => [0, 1, 0, ...Array<number>(count).fill(0)];
  for (const first of [0x90, 0xb0]) {
    const decoder = new PacketDecoder({ protocolVersion: 5, from: "server" });
    const fits = packetBytes(first, body(65_535));
    assertEquals(decodeAll(decoder, [fits]).length, 1);
    assertRefused({
      name: "65,536 Reason Codes",
      version: 5,
      from: "server",
      bytes: packetBytes(first, body(65_536)),
      reasonCodes: [0x82],
      clauses: ["3.8.4-6", "3.11.3-1"],
    });
  }
  assertRefused({
    name: "65,536 return codes",
    version: 4,
    from: "server",
    bytes: packetBytes(0x90, [0, 1, ...Array<number>(65_536).fill(0)]),
    reasonCodes: [0x82],
    clauses: ["3.8.4-6"],
  });
});

Deno.test("PacketDecoder takes 65,535 Topic Filters in one packet, refuses one more, and encodePacket as well", () => {
  const packets = [
    { first: 0x82, filter: [0, 1, 0x61, 0] },
    { first: 0xa2, filter: [0, 1, 0x61] },
  ];
  for (const { first, filter } of packets) {
    const body = (count: number) => [
      ...[0, 1, 0],
      ...Array<number[]>(count).fill(filter).flat(),
    ];
    const decoder = new PacketDecoder({ protocolVersion: 5, from: "client" });
    const fits = packetBytes(first, body(65_535));
    const [packet] = decodeAll(decoder, [fits]);
    assert(packet !== undefined);
    assert(equals(encode(packet, 5), fits));
    assertRefused({
      name: "65,536 Topic Filters",
      version: 5,
      from: "client",
      bytes: packetBytes(first, body(65_536)),
      reasonCodes: [0x97],
      clauses: ["4.13"],
    });
  }
  assertThrows(
    () =>
      encode({
        type: "unsubscribe",
        packetId: 1,
        topicFilters: Array<string>(65_536).fill("a"),
        properties: {},
      }, 5),
    RangeError,
    "65536 Topic Filters, and 65535 are the most",
  );
});

Deno.test("PacketDecoder takes no memory for what is only announced", () => {
  const before = Deno.memoryUsage();
  const decoders = Array.from({ length: 20 }, () => {
    const decoder = new PacketDecoder({ protocolVersion: 4, from: "server" });
    decoder.push(bytesOf("30 ff ff ff 7f 00 01 61")); // 256 MiB to come
    assertEquals(decoder.next(), undefined);
    return decoder;
  });
  const after = Deno.memoryUsage();
  const grown = after.external + after.heapUsed -
    before.external - before.heapUsed;
  assert(grown < 2 ** 24, `${grown} bytes for ${decoders.length} decoders`);
});

function publish(payload: Uint8Array): PublishPacket {
  return {
    type: "publish",
    topicName: "a",
    payload,
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: {},
  };
}

/** Bytes that tell where each of them belongs: no two pieces of them are alike for long. */
function patterned(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at % 251 ^ at >> 8);
}

function piecesOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from(
    { length: count },
    (_, at) => bytes.slice(at * size, (at + 1) * size),
  );
}

function decodeWith(pieces: readonly Uint8Array[]): PublishPacket {
  const decoder = new PacketDecoder({ protocolVersion: 4, from: "server" });
  const [packet, ...others] = decodeAll(decoder, pieces);
  assert(packet?.type === "publish" && others.length === 0);
  assert(decoder.atBoundary);
  return packet;
}

/** A deep comparison of megabytes would take minutes. */
function assertPayload(packet: PublishPacket, payload: Uint8Array): void {
  const none = new Uint8Array();
  assertEquals({ ...packet, payload: none }, publish(none));
  assert(equals(packet.payload, payload));
}
