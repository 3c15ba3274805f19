/** Every golden case and every refusal, and that together they leave nothing out. */
import { assert, assertEquals } from "@std/assert";
import type { Packet, ProtocolVersion } from "../../src/codec/packet.ts";
import {
  ALL,
  assertDecodes,
  bytesOf,
  encode,
  testGolden,
  testRefusal,
  VERSION_NAMES,
} from "./golden.ts";
import {
  acknowledgementRefusals,
  acknowledgements,
} from "./golden/acknowledge.ts";
import { connackRefusals, connacks } from "./golden/connack.ts";
import { connectRefusals, connects } from "./golden/connect.ts";
import { disconnectRefusals, disconnects } from "./golden/disconnect.ts";
import { PROPERTIES } from "./golden/property.ts";
import { publishes, publishRefusals } from "./golden/publish.ts";
import { subscribeRefusals, subscribes } from "./golden/subscribe.ts";
import { unsubscribeRefusals, unsubscribes } from "./golden/unsubscribe.ts";

const goldens = [
  ...connects,
  ...connacks,
  ...publishes,
  ...acknowledgements,
  ...subscribes,
  ...unsubscribes,
  ...disconnects,
];

const refusals = [
  ...connectRefusals,
  ...connackRefusals,
  ...publishRefusals,
  ...acknowledgementRefusals,
  ...subscribeRefusals,
  ...unsubscribeRefusals,
  ...disconnectRefusals,
];

for (const golden of goldens) testGolden(golden);
for (const refusal of refusals) testRefusal(refusal);

for (const golden of connects) {
  Deno.test(`${golden.name} tells its own version to any decoder`, () => {
    for (const version of ALL) {
      assertDecodes(bytesOf(golden.bytes), { ...golden, version });
    }
  });
}

Deno.test("encodePacket writes a payload of text as UTF-8", () => {
  const packet = {
    type: "publish",
    topicName: "a",
    payload: "h\u{1f600}\ud800é", // a lone surrogate becomes U+FFFD, as everywhere in the platform
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: {},
  } as const;
  const bytes = bytesOf(`
    30 0e       | PUBLISH, QoS 0, Remaining Length 14
    00 01 61    | Topic Name "a"
    00          | Property Length 0
    68          | "h"
    f0 9f 98 80 | U+1F600
    ef bf bd    | U+FFFD
    c3 a9       | "é"`);
  assertEquals(encode(packet, 5).toHex(), bytes.toHex());
});

const PACKET_TYPES = [
  "connect",
  "connack",
  "publish",
  "puback",
  "pubrec",
  "pubrel",
  "pubcomp",
  "subscribe",
  "suback",
  "unsubscribe",
  "unsuback",
  "pingreq",
  "pingresp",
  "disconnect",
] as const;

for (const version of ALL) {
  Deno.test(`the golden cases have every packet of ${VERSION_NAMES[version]}`, () => {
    const expected = version === 5 ? [...PACKET_TYPES, "auth"] : PACKET_TYPES;
    assertEquals(typesOf(version), new Set(expected));
  });
}

Deno.test("the golden cases have every property of MQTT 5 in every packet that may carry it", () => {
  const seen = new Set(goldens.flatMap(({ packet }) => propertiesOf(packet)));
  const missing = PROPERTIES.flatMap(({ name, carriers }) =>
    carriers.map((carrier) => `${carrier}.${name}`)
  ).filter((property) => !seen.has(property));
  assertEquals(missing, []);
  assertEquals(new Set(PROPERTIES.map(({ id }) => id)).size, 27);
});

Deno.test("the refusals have every packet", () => {
  for (const type of [...PACKET_TYPES, "auth"]) {
    const named = refusals.filter(({ name }) =>
      name.toLowerCase().startsWith(`${type} `)
    );
    assert(named.length >= 3, `${type} has ${named.length} refusals`);
  }
});

function typesOf(version: ProtocolVersion): Set<string> {
  return new Set(
    goldens.filter(({ versions }) => versions.includes(version))
      .map(({ packet }) => packet.type),
  );
}

/** What a packet and its will carry, such as "connack.reasonString". */
function propertiesOf(packet: Packet): string[] {
  const carried = "properties" in packet
    ? Object.keys(packet.properties).map((name) => `${packet.type}.${name}`)
    : [];
  if (packet.type !== "connect" || packet.will === undefined) return carried;
  const willed = Object.keys(packet.will.properties);
  return [...carried, ...willed.map((name) => `will.${name}`)];
}
