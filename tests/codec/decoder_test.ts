import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import { ProtocolError } from "../../src/errors.ts";

const PINGRESP = [0xD0, 0x00];

Deno.test("PacketDecoder throws the same error ever after it has thrown one", () => {
  const decoder = new PacketDecoder({ protocolVersion: 5, from: "server" });
  decoder.push(Uint8Array.of(...PINGRESP, 0xD0, 0x01, 0x00, ...PINGRESP));
  assertEquals(decoder.next(), { type: "pingresp" });
  const error = assertThrows(() => decoder.next(), ProtocolError);
  for (let time = 0; time < 3; time++) {
    decoder.push(Uint8Array.from(PINGRESP));
    assertStrictEquals(assertThrows(() => decoder.next()), error);
  }
});

Deno.test("PacketDecoder reads what follows a CONNECT by the version that the CONNECT names", () => {
  const connect5 = [
    ...[0x10, 0x0D, 0, 4, 0x4D, 0x51, 0x54, 0x54, 5, 2, 0, 0, 0, 0, 0],
  ];
  const decoder = new PacketDecoder({ protocolVersion: 3, from: "client" });
  decoder.push(Uint8Array.of(...connect5, 0x40, 0x03, 0, 1, 0x10));
  assertEquals(decoder.next()?.type, "connect");
  assertEquals(decoder.protocolVersion, 5);
  // Only a server may send a PUBACK with "no matching subscribers", and only under MQTT 5.
  const error = assertThrows(() => decoder.next(), ProtocolError);
  assertEquals(error.clause, "MQTT-3.4.2-1");
});

Deno.test("PacketDecoder.protocolVersion may be set between packets", () => {
  const decoder = new PacketDecoder({ protocolVersion: 5, from: "server" });
  decoder.push(Uint8Array.of(0x30, 0x03, 0, 1, 0x61));
  decoder.protocolVersion = 4; // Under MQTT 5 the Property Length would be missing.
  assertEquals(decoder.next()?.type, "publish");
  decoder.push(Uint8Array.of(0xE0));
  assertThrows(() => decoder.next(), ProtocolError); // And no DISCONNECT from a server.
});

Deno.test("PacketDecoder reads a CONNACK of two bytes as one of MQTT 3.1.1 where MQTT 5 was asked for", () => {
  const decoder = new PacketDecoder({ protocolVersion: 5, from: "server" });
  decoder.push(Uint8Array.of(0x20, 0x02, 0x00, 0x01));
  assertEquals(decoder.next(), {
    type: "connack",
    protocolVersion: 4,
    sessionPresent: false,
    reasonCode: 1,
    properties: {},
  });
  assertEquals(decoder.protocolVersion, 5);
});

Deno.test("PacketDecoder.atBoundary is false from the first byte of a packet to its last", () => {
  const decoder = new PacketDecoder({ protocolVersion: 4, from: "server" });
  assert(decoder.atBoundary);
  decoder.push(Uint8Array.of(0x40, 0x02));
  assert(!decoder.atBoundary);
  decoder.next();
  assert(!decoder.atBoundary);
  decoder.push(Uint8Array.of(0x00));
  decoder.next();
  assert(!decoder.atBoundary);
  decoder.push(Uint8Array.of(0x01));
  assert(decoder.next() !== undefined);
  assert(decoder.atBoundary);
});

Deno.test("PacketDecoder gives packets of one type keys in one order, so that they have one shape", () => {
  const decoder = new PacketDecoder({ protocolVersion: 4, from: "server" });
  decoder.push(Uint8Array.of(0x30, 0x03, 0, 1, 0x61));
  decoder.push(Uint8Array.of(0x3D, 0x06, 0, 1, 0x61, 0, 7, 0x78));
  const keys = [decoder.next(), decoder.next()].map((packet) =>
    Object.keys(packet ?? {})
  );
  assertEquals(keys[0], keys[1]);
});
