/** The properties of MQTT 5, each in every packet: allowed, misplaced, twice, cut off, out of range. */
import { assert, assertEquals, assertExists } from "@std/assert";
import type { Packet, Properties } from "../../src/codec/packet.ts";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import {
  assertRefused,
  bytesOf,
  decodeAll,
  variableByteInteger,
} from "./golden.ts";
import {
  type Carrier,
  CARRIERS,
  company,
  packetWith,
  PROPERTIES,
  propertyBytes,
  type PropertyRow,
  senderOf,
} from "./golden/property.ts";

const NAMED = new Map(PROPERTIES.map((property) => [property.id, property]));

for (const property of PROPERTIES) {
  Deno.test(`PacketDecoder reads ${property.name} in ${property.carriers.join(", ")}`, () => {
    for (const carrier of property.carriers) {
      const block = [...company(property, carrier), ...propertyBytes(property)];
      const decoder = new PacketDecoder({
        protocolVersion: 5,
        from: senderOf(property, carrier),
      });
      const [packet] = decodeAll(decoder, [packetWith(carrier, block)]);
      assertExists(packet, carrier);
      const { authenticationMethod, ...others } = propertiesOf(packet, carrier);
      const { [property.name]: value } = { authenticationMethod, ...others };
      assertEquals<unknown>(value, property.value, carrier);
      assertEquals(
        Object.keys(others).filter((name) => name !== property.name),
        [],
      );
    }
  });

  Deno.test(`PacketDecoder refuses ${property.name} cut off, in ${property.carriers.join(", ")}`, () => {
    for (const carrier of property.carriers) {
      const bytes = propertyBytes(property);
      for (const length of [1, bytes.length - 1]) {
        assertBlockRefused(property, carrier, bytes.slice(0, length), [0x81]);
      }
    }
  });

  // User Property and, in PUBLISH, Subscription Identifier are lists.
  if (Array.isArray(property.value)) continue;

  Deno.test(`PacketDecoder refuses ${property.name} twice, in ${property.carriers.join(", ")}`, () => {
    for (const carrier of property.carriers) {
      const bytes = propertyBytes(property);
      assertBlockRefused(property, carrier, [...bytes, ...bytes], [0x82]);
    }
  });
}

for (const [id, property] of NAMED) {
  const allowed = PROPERTIES.filter((row) => row.id === id)
    .flatMap(({ carriers }) => carriers);
  const others = CARRIERS.filter((carrier) => !allowed.includes(carrier));
  if (others.length === 0) continue;
  Deno.test(`PacketDecoder refuses property 0x${id.toString(16)} in ${others.join(", ")}`, () => {
    for (const carrier of others) {
      const bytes = propertyBytes(property);
      assertBlockRefused(property, carrier, bytes, [0x81], ["2.2.2.2"]);
    }
  });
}

Deno.test("PacketDecoder refuses every property that is none", () => {
  const unknown = Array.from({ length: 300 }, (_, id) => id)
    .filter((id) => !NAMED.has(id));
  for (const id of unknown) {
    for (const carrier of CARRIERS) {
      const block = [...variableByteInteger(id), 0, 0, 0, 0];
      assertBlockRefused(undefined, carrier, block, [0x81]);
    }
  }
});

Deno.test("PacketDecoder refuses a property whose id is longer than needed [MQTT-1.5.5-1]", () => {
  for (const carrier of CARRIERS) {
    const block = [...bytesOf("a6 00 00 01 61 00 01 62")]; // 0x26 in two bytes
    assertBlockRefused(undefined, carrier, block, [0x81]);
  }
});

/** Values that 3.1.2.11, 3.1.3.2, 3.2.2.3, 3.3.2.3 and 3.8.2.1 forbid, with what they are answered. */
// deno-fmt-ignore
const OUT_OF_RANGE = [
  { bytes: "01 02", carriers: ["publish", "will"], reasonCodes: [0x81, 0x82] },
  { bytes: "0b 00", carriers: ["publish", "subscribe"], reasonCodes: [0x82] },
  { bytes: "17 02", carriers: ["connect"], reasonCodes: [0x82] },
  { bytes: "19 ff", carriers: ["connect"], reasonCodes: [0x82] },
  { bytes: "21 00 00", carriers: ["connect", "connack"], reasonCodes: [0x82] },
  { bytes: "08 00 00", carriers: ["publish", "will"], reasonCodes: [0x82] },
  { bytes: "23 00 00", carriers: ["publish"], reasonCodes: [0x94] },
  { bytes: "24 02", carriers: ["connack"], reasonCodes: [0x82] },
  { bytes: "25 02", carriers: ["connack"], reasonCodes: [0x82] },
  { bytes: "27 00 00 00 00", carriers: ["connect", "connack"], reasonCodes: [0x82] },
  { bytes: "28 02", carriers: ["connack"], reasonCodes: [0x82] },
  { bytes: "29 02", carriers: ["connack"], reasonCodes: [0x82] },
  { bytes: "2a 80", carriers: ["connack"], reasonCodes: [0x82] },
] as const;

for (const { bytes, carriers, reasonCodes } of OUT_OF_RANGE) {
  Deno.test(`PacketDecoder refuses the property ${bytes} in ${carriers.join(", ")}`, () => {
    for (const carrier of carriers) {
      assertBlockRefused(undefined, carrier, [...bytesOf(bytes)], reasonCodes);
    }
  });
}

function propertiesOf(packet: Packet, carrier: Carrier): Properties {
  if (packet.type === "connect" && carrier === "will") {
    return packet.will?.properties ?? {};
  }
  assert("properties" in packet, packet.type);
  return packet.properties;
}

function assertBlockRefused(
  property: PropertyRow | undefined,
  carrier: Carrier,
  block: readonly number[],
  reasonCodes: readonly number[],
  clauses: readonly string[] = [""],
): void {
  assertRefused({
    name: `${carrier} with ${Uint8Array.from(block).toHex()}`,
    version: 5,
    from: senderOf(property, carrier),
    bytes: packetWith(carrier, [...company(property, carrier), ...block]),
    reasonCodes,
    clauses,
  });
}
