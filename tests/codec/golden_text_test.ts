/** UTF-8 Encoded Strings (1.5.4) wherever one stands: what is kept to the letter, and what is refused. */
import { assert, assertEquals } from "@std/assert";
import type { Packet, ProtocolVersion } from "../../src/codec/packet.ts";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import {
  assertRefused,
  bytesOf,
  decodeAll,
  encode,
  packetBytes,
  type Sender,
} from "./golden.ts";
import { ILL_FORMED } from "./golden/text.ts";

/** Where a text stands: what is before it and behind it, and how it is read. */
interface Place {
  readonly version: ProtocolVersion;
  readonly from: Sender;
  readonly first: number;
  readonly before: string;
  readonly behind: string;
  read(packet: Packet): string | undefined;
}

// deno-fmt-ignore
const PLACES: Readonly<Record<string, Place>> = {
  "a Topic Name of MQTT 3.1.1": {
    version: 4, from: "server", first: 0x30, before: "", behind: "68",
    read: (packet) => packet.type === "publish" ? packet.topicName : undefined,
  },
  "a Topic Name of MQTT 5.0": {
    version: 5, from: "server", first: 0x32, before: "", behind: "00 01 00 68",
    read: (packet) => packet.type === "publish" ? packet.topicName : undefined,
  },
  "a Client Identifier of MQTT 3.1": {
    version: 3, from: "client", first: 0x10, before: "00 06 4d 51 49 73 64 70 03 02 00 00", behind: "",
    read: (packet) => packet.type === "connect" ? packet.clientId : undefined,
  },
  "a Client Identifier of MQTT 5.0": {
    version: 5, from: "client", first: 0x10, before: "00 04 4d 51 54 54 05 02 00 00 00", behind: "",
    read: (packet) => packet.type === "connect" ? packet.clientId : undefined,
  },
  "a User Name": {
    version: 4, from: "client", first: 0x10, before: "00 04 4d 51 54 54 04 c2 00 00 00 01 61", behind: "00 01 70",
    read: (packet) => packet.type === "connect" ? packet.username : undefined,
  },
  "a Will Topic": {
    version: 5, from: "client", first: 0x10, before: "00 04 4d 51 54 54 05 06 00 00 00 00 01 61 00", behind: "00 01 70",
    read: (packet) => packet.type === "connect" ? packet.will?.topicName : undefined,
  },
  "a Topic Filter of SUBSCRIBE": {
    version: 4, from: "client", first: 0x82, before: "00 01", behind: "01",
    read: (packet) => packet.type === "subscribe" ? packet.subscriptions[0]?.topicFilter : undefined,
  },
  "a Topic Filter of UNSUBSCRIBE": {
    version: 5, from: "client", first: 0xa2, before: "00 01 00 00 01 61", behind: "",
    read: (packet) => packet.type === "unsubscribe" ? packet.topicFilters[1] : undefined,
  },
};

const ASCII = Array.from(
  { length: 140 },
  (_, at) => String.fromCharCode(0x30 + at * 7 % 0x4b),
).join("");

const KEPT = [
  "a",
  "midge is a fly, 123",
  "\u0001\u0002\t\n\r\u001f\u007f", // control characters
  "\u0080\u009f", // more of them
  "\ufeffa\ufeff", // U+FEFF is no byte order mark here [MQTT-1.5.4-3]
  "\ufffd", // nor is the replacement character a fault
  "\ufdd0\ufffe\uffff\u{1fffe}\u{10ffff}", // noncharacters
  "\u07ff\u0800\ud7ff\ue000\u{10000}", // the edges of two, three and four bytes
  "e\u0301 é A\u030a Å", // nothing is normalized
  "mosquito мошка 蚊 🦟",
  // Short ones of every length, as they may be read several bytes at a time.
  ...Array.from({ length: 70 }, (_, at) => ASCII.slice(at, at * 2 + 1)),
  "x".repeat(63) + "é",
  "x".repeat(64) + "🦟" + "y".repeat(64),
  "x".repeat(65_535),
  "€".repeat(21_845),
  "🦟".repeat(16_383) + "€",
];

const encoder = new TextEncoder();

for (const [name, place] of Object.entries(PLACES)) {
  Deno.test(`${name} is kept to the letter`, () => {
    for (const text of KEPT) {
      const bytes = packetWith(place, encoder.encode(text));
      const decoder = new PacketDecoder({
        protocolVersion: place.version,
        from: place.from,
      });
      const [packet] = decodeAll(decoder, [bytes]);
      assert(packet !== undefined, `${name} ${text.slice(0, 20)}`);
      assertEquals(place.read(packet), text);
      assertEquals(encode(packet, place.version).toHex(), bytes.toHex());
    }
  });
}

Deno.test("a Topic Name is not taken for another, however many come and come again", () => {
  const decoder = new PacketDecoder({ protocolVersion: 4, from: "server" });
  const topicNames = Array.from(
    { length: 20_000 },
    (_, at) => `sensors/${at % 200}/${at}${"/x".repeat(at % 7)}`,
  );
  const place = PLACES["a Topic Name of MQTT 3.1.1"];
  assert(place !== undefined);
  for (const topicName of [...topicNames, ...topicNames]) {
    decoder.push(packetWith(place, encoder.encode(topicName)));
    const packet = decoder.next();
    assert(packet?.type === "publish" && packet.topicName === topicName);
  }
});

for (const [fault, hex] of Object.entries(ILL_FORMED)) {
  Deno.test(`PacketDecoder refuses ${fault} in any text`, () => {
    const ascii = "61 ".repeat(40);
    for (const [name, place] of Object.entries(PLACES)) {
      for (const text of [hex, ascii + hex, `62 ${hex} ${ascii}`]) {
        assertRefused({
          name: `${name} with ${text}`,
          version: place.version,
          from: place.from,
          bytes: packetWith(place, bytesOf(text)),
          reasonCodes: [0x81],
          clauses: ["1.5.4", "4.7.3-2"],
        });
      }
    }
  });
}

Deno.test("PacketDecoder refuses a wrong byte at any place of a text of any length", () => {
  const place = PLACES["a Topic Name of MQTT 3.1.1"];
  assert(place !== undefined);
  for (let length = 1; length <= 70; length++) {
    for (let at = 0; at < length; at++) {
      const text = encoder.encode(ASCII.slice(0, length));
      text[at] = at % 2 === 0 ? 0x00 : 0x80;
      assertRefused({
        name: `byte ${at} of ${length}`,
        version: place.version,
        from: place.from,
        bytes: packetWith(place, text),
        reasonCodes: [0x81],
        clauses: ["1.5.4", "4.7.3-2"],
      });
    }
  }
});

/** Both texts of a UTF-8 String Pair (1.5.7), and the text of a property. */
const PROPERTY_TEXTS = {
  "the name of a User Property": (text: string) => `26 T ${text} 00 01 62`,
  "the value of a User Property": (text: string) => `26 00 01 61 T ${text}`,
  "a Reason String": (text: string) => `1f T ${text}`,
};

for (const [name, property] of Object.entries(PROPERTY_TEXTS)) {
  Deno.test(`PacketDecoder refuses what is no UTF-8 in ${name}`, () => {
    for (const hex of Object.values(ILL_FORMED)) {
      const { length } = bytesOf(hex);
      const prefix = `00 ${length.toString(16).padStart(2, "0")}`;
      const block = bytesOf(property(hex).replace("T", prefix));
      assertRefused({
        name: `${name} with ${hex}`,
        version: 5,
        from: "server",
        bytes: packetBytes(0x40, [0, 1, 0, block.length, ...block]),
        reasonCodes: [0x81],
        clauses: ["1.5.4", "1.5.7"],
      });
    }
  });
}

function packetWith(place: Place, text: Uint8Array): Uint8Array {
  return packetBytes(place.first, [
    ...bytesOf(place.before),
    text.length >> 8,
    text.length & 0xff,
    ...text,
    ...bytesOf(place.behind),
  ]);
}
