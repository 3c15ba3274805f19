// What holds for any packet and any bytes, tried with random ones.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import fc from "fast-check";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import { describePacket } from "../../src/codec/describe.ts";
import { encodePacket } from "../../src/codec/encoder.ts";
import type { Packet, ProtocolVersion } from "../../src/codec/packet.ts";
import { ByteWriter } from "../../src/codec/writer.ts";
import { ProtocolError } from "../../src/errors.ts";
import { conversation, type Sent, sent } from "./arbitrary.ts";

function encode(packets: Packet[], version: ProtocolVersion): Uint8Array {
  const writer = new ByteWriter();
  for (const packet of packets) encodePacket(writer, packet, version);
  return writer.take() ?? new Uint8Array(0);
}

/** What comes out of `pieces`: the packets, and the error that ended them, if one did. */
function decode(
  pieces: Uint8Array[],
  { version, from }: Pick<Sent, "version" | "from">,
): { packets: Packet[]; error: unknown; decoder: PacketDecoder } {
  const decoder = new PacketDecoder({ protocolVersion: version, from });
  const packets: Packet[] = [];
  try {
    for (const piece of pieces) {
      decoder.push(piece);
      let packet = decoder.next();
      while (packet !== undefined) {
        packets.push(packet);
        packet = decoder.next();
      }
    }
    return { packets, error: undefined, decoder };
  } catch (error) {
    return { packets, error, decoder };
  }
}

/** Cuts bytes at the given places. */
function split(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const cuts = [...places.map((place) => place % (bytes.length + 1)), 0]
    .sort((a, b) => a - b);
  return cuts.map((cut, index) => bytes.slice(cut, cuts[index + 1]));
}

const cuts = fc.array(fc.nat({ max: 5_000 }), { maxLength: 20 });

Deno.test("PacketDecoder gives back what encodePacket was given, for any packet", () => {
  fc.assert(
    fc.property(sent, ({ version, from, packet }) => {
      const { packets, error, decoder } = decode(
        [encode([packet], version)],
        { version, from },
      );
      assertEquals(error, undefined);
      assertEquals(packets, [packet]);
      assert(decoder.atBoundary);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("PacketDecoder gives the same packets however the bytes are cut into reads", () => {
  fc.assert(
    fc.property(conversation, cuts, (sent, places) => {
      const bytes = encode(sent.packets, sent.version);
      const { packets, error, decoder } = decode(split(bytes, places), sent);
      assertEquals(error, undefined);
      assertEquals(packets, sent.packets);
      assert(decoder.atBoundary);
    }),
    { numRuns: 500 },
  );
});

Deno.test("PacketDecoder gives the same packets when all reads are pushed before the first is asked for", () => {
  fc.assert(
    fc.property(conversation, cuts, (sent, places) => {
      const decoder = new PacketDecoder({
        protocolVersion: sent.version,
        from: sent.from,
      });
      const pieces = split(encode(sent.packets, sent.version), places);
      for (const piece of pieces) decoder.push(piece);
      assertEquals(sent.packets.map(() => decoder.next()), sent.packets);
      assertEquals(decoder.next(), undefined);
    }),
    { numRuns: 300 },
  );
});

Deno.test("PacketDecoder says the same of broken bytes however they are cut: packets, then one ProtocolError", () => {
  const damage = fc.array(
    fc.record({ place: fc.nat(), byte: fc.nat({ max: 255 }) }),
    { minLength: 1, maxLength: 3 },
  );
  let broken = 0;
  fc.assert(
    fc.property(conversation, damage, cuts, (sent, damages, places) => {
      const bytes = encode(sent.packets, sent.version).slice();
      for (const { place, byte } of damages) bytes[place % bytes.length] = byte;
      const whole = decode([bytes], sent);
      const pieces = decode(split(bytes, places), sent);
      assertEquals(pieces.packets, whole.packets);
      assertEquals(String(pieces.error), String(whole.error));
      if (whole.error !== undefined) {
        broken++;
        assertInstanceOf(whole.error, ProtocolError);
      }
    }),
    { numRuns: 2_000 },
  );
  assert(broken > 500, `only ${broken} of the broken were refused`);
});

Deno.test("PacketDecoder takes nothing that encodePacket does not write and describePacket not tell", () => {
  const header = fc.constantFrom(
    ...[0x10, 0x20, 0x30, 0x32, 0x40, 0x62, 0x82, 0x90, 0xA2, 0xB0, 0xE0, 0xF0],
  );
  const noise = fc.record({
    version: fc.constantFrom<ProtocolVersion>(3, 4, 5),
    from: fc.constantFrom<Sent["from"]>("server", "client"),
    header,
    body: fc.array(fc.oneof(fc.nat({ max: 8 }), fc.nat({ max: 255 })), {
      maxLength: 40,
    }),
  });
  let taken = 0;
  fc.assert(
    fc.property(noise, (sent) => {
      const bytes = Uint8Array.of(sent.header, sent.body.length, ...sent.body);
      const { packets, error } = decode([bytes], sent);
      if (error !== undefined) return assertInstanceOf(error, ProtocolError);
      taken++;
      const again = decode([encode(packets, sent.version)], sent);
      assertEquals(again.packets, packets);
      for (const packet of packets) assert(describePacket(packet).length > 0);
    }),
    { numRuns: 5_000 },
  );
  assert(taken > 100, `only ${taken} were packets at all`);
});
