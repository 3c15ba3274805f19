// The properties of most messages that have any: one Subscription Identifier.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import type { Properties, PublishPacket } from "../../src/codec/packet.ts";
import { ProtocolError } from "../../src/errors.ts";

/** A PUBLISH to "a" with these properties, and what comes behind them. */
function decode(properties: string, payload = ""): PublishPacket {
  const body = `00 01 61 ${properties} ${payload}`.replaceAll(/\s/g, "");
  const size = (body.length / 2).toString(16).padStart(2, "0");
  const decoder = new PacketDecoder({ protocolVersion: 5, from: "server" });
  decoder.push(Uint8Array.fromHex(`30${size}${body}`));
  const packet = decoder.next();
  assert(packet?.type === "publish");
  return packet;
}

function identified(...subscriptionIdentifiers: number[]): Properties {
  return { subscriptionIdentifiers };
}

Deno.test("PacketDecoder gives one Subscription Identifier the same properties each time, which nobody can change", () => {
  for (
    const [bytes, identifier] of [
      ["02 0b 01", 1],
      ["03 0b 80 01", 128],
      ["04 0b c0 84 3d", 1_000_000],
      ["05 0b ff ff ff 7f", 268_435_455],
    ] as const
  ) {
    const { properties } = decode(bytes, "0b 0b");
    assertEquals(properties, identified(identifier));
    assert(properties === decode(bytes).properties);
    assert(Object.isFrozen(properties));
    assert(Object.isFrozen(properties.subscriptionIdentifiers));
  }
});

Deno.test("PacketDecoder takes any number of different Subscription Identifiers", () => {
  for (let identifier = 128; identifier < 16_384; identifier++) {
    const low = (0x80 | identifier & 0x7F).toString(16);
    const high = (identifier >> 7).toString(16).padStart(2, "0");
    assertEquals(
      decode(`03 0b ${low} ${high}`).properties,
      identified(identifier),
    );
  }
});

Deno.test("PacketDecoder tells one Subscription Identifier from other properties of its size", () => {
  assertEquals(decode("00", "0b 01").properties, {});
  assertEquals(decode("04 0b 01 0b 02").properties, identified(1, 2));
  assertEquals(decode("04 0b 01 01 01").properties, {
    ...identified(1),
    payloadFormatIndicator: 1,
  });
  assertEquals(decode("04 01 01 0b 01").properties, {
    payloadFormatIndicator: 1,
    ...identified(1),
  });
  assertEquals(decode("02 01 00").properties, { payloadFormatIndicator: 0 });
});

Deno.test("PacketDecoder refuses a Subscription Identifier that is 0, too long, or cut off by the end of the properties", () => {
  for (
    const [bytes, clause] of [
      ["02 0b 00", "2.2.2.2"],
      ["03 0b 81 00", "MQTT-1.5.5-1"],
      ["05 0b 80 80 80 80", "1.5.5"],
      ["04 0b 80 80 80", "2.1.4"],
      ["01 0b", "2.1.4"],
      ["09 0b 01", "2.2.2.1"],
    ] as const
  ) {
    const error = assertThrows(() => decode(bytes, "80 01"), ProtocolError);
    assertEquals(error.clause, clause, bytes);
  }
});
