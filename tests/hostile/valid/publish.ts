// Messages that are unusual and right: each is delivered as it is (chapters 1.5.4, 3.3).

import type { ProtocolVersion } from "../../../src/codec/packet.ts";
import { ALL, bytesOf, packetBytes } from "../../codec/golden.ts";
import { publishes } from "../../codec/golden/publish.ts";
import type { Valid } from "../valid.ts";

/** What a publish of QoS 1 or 2 resolves with where the server says nothing more. */
const PUBLISHED = JSON.stringify({ reasonCode: 0, userProperties: [] });

/** Every golden PUBLISH of a server; one with a Topic Alias alone needs another before it. */
const golden = publishes.flatMap(({ name, from, versions, bytes, packet }) => {
  if (from !== "server" || packet.type !== "publish") return [];
  if (packet.topicName === "") return [];
  const { topicName, payload, qos, retain, dup, packetId, properties } = packet;
  const id = packetId.toString(16).padStart(4, "0");
  const flags = `${qos > 0 ? ` qos ${qos}` : ""}${retain ? " retain" : ""}${
    dup ? " dup" : ""
  }`;
  return versions.map((version): Valid => ({
    name,
    version,
    ...(version === 5
      ? { options: { properties: { topicAliasMaximum: 65_535 } } }
      : {}),
    dialogue: [
      `< ${bytesOf(bytes).toHex()}`,
      ...(qos === 1 ? [`> 4002${id}`] : []),
      ...(qos === 2 ? [`> 5002${id}`, `< 6202${id}`, `> 7002${id}`] : []),
    ],
    delivers: [`${topicName} ${payload.toHex()}${flags}`],
    properties,
  }));
});

/** Strings that look wrong and are not: the text, and what it is. */
const TEXTS = {
  "a control character": "\u0001",
  "a tab, a line feed and DEL": "a\t\n\u007f",
  "U+FEFF, which is no byte order mark": "\ufeffa",
  "a character that is none": "\uffff",
  "the character that stands for what is ill-formed": "\ufffd",
  "the last code point": "\u{10ffff}",
  "an emoji": "fly/🦟",
  "a combining accent that nobody may compose": "e\u0301",
  "levels of no length": "//",
  "a space": "Accounts payable",
  "a dollar at its beginning": "$SYS/broker/uptime",
  "the look of a share": "$share/group/a",
  "65,535 bytes": "x".repeat(65_535),
} as const;

const texts = Object.entries(TEXTS).flatMap(([name, text]) =>
  ALL.map((version): Valid => {
    const topic = [...new TextEncoder().encode(text)];
    const packet = packetBytes(0x30, [
      ...[topic.length >> 8, topic.length & 0xff, ...topic],
      ...(version === 5 ? [0] : []),
      ...[0x68, 0x69],
    ]);
    return {
      name: `a topic with ${name}`,
      version,
      dialogue: [`< ${packet.toHex()}`],
      delivers: [`${text} 6869`],
    };
  })
);

/** The same at each version, with the bytes for properties where there are any: Property Length 0. */
function each(
  name: string,
  make: (
    version: ProtocolVersion,
    none: string,
  ) => Omit<Valid, "name" | "version">,
  versions: readonly ProtocolVersion[] = ALL,
): Valid[] {
  return versions.map((version) => ({
    name,
    version,
    ...make(version, version === 5 ? "00" : ""),
  }));
}

const plain: readonly Valid[] = [
  ...each("PUBLISH without a payload, retained", (version, none) => ({
    dialogue: [`< 31 0${version === 5 ? 4 : 3} 00 01 61 ${none}`],
    delivers: ["a  retain"],
  })),
  ...each("PUBLISH with DUP that nobody has seen before", (version, none) => ({
    dialogue: [
      `< 3a 0${version === 5 ? 6 : 5} 00 01 61 00 07 ${none}`,
      "> 40 02 00 07",
    ],
    delivers: ["a  qos 1 dup"],
  })),
  ...each("PUBLISH by the highest Packet Identifier", (version, none) => ({
    dialogue: [
      `< 32 0${version === 5 ? 6 : 5} 00 01 61 ff ff ${none}`,
      "> 40 02 ff ff",
    ],
    delivers: ["a  qos 1"],
  })),
  ...each(
    "PUBLISH by a Packet Identifier that we use too",
    (version, none) => ({
      asks: ["publish 1"],
      dialogue: [
        `< 32 0${version === 5 ? 6 : 5} 00 01 61 00 01 ${none}`,
        "> 40 02 00 01",
        "< 40 02 00 01",
      ],
      delivers: ["a  qos 1"],
      outcomes: [PUBLISHED],
    }),
  ),
  ...each("PUBLISH with a Remaining Length longer than needed", () => ({
    dialogue: ["< 30 84 80 80 00 00 01 61 68", "< d0 80 00"],
    delivers: ["a 68"],
  }), [3, 4]),
  ...each("a payload that is a packet", (version, none) => ({
    dialogue: [`< 30 0${version === 5 ? 8 : 7} 00 01 61 ${none} e0 00 30 ff`],
    delivers: ["a e00030ff"],
  })),
  ...each("a payload that is the text that it is said to be", () => ({
    dialogue: ["< 30 08 00 01 61 02 01 01 c3 a9"],
    delivers: ["a c3a9"],
    properties: { payloadFormatIndicator: 1 },
  }), [5]),
  ...each("10,000 User Properties", () => ({
    dialogue: [
      `< ${
        packetBytes(0x30, [
          ...bytesOf("00 01 61 d0 86 03"),
          ...Array<number[]>(10_000).fill([0x26, 0, 0, 0, 0]).flat(),
        ]).toHex()
      }`,
    ],
    delivers: ["a "],
    properties: {
      userProperties: Array<[string, string]>(10_000).fill(["", ""]),
    },
  }), [5]),
  ...each("a Subscription Identifier that we never gave", () => ({
    dialogue: ["< 30 09 00 01 61 05 0b ff ff ff 7f"],
    delivers: ["a "],
    properties: { subscriptionIdentifiers: [268_435_455] },
  }), [5]),
];

const ALIASES = { properties: { topicAliasMaximum: 3 } };

const aliases: readonly Valid[] = [
  ...each("a Topic Alias that is learnt and used", () => ({
    options: ALIASES,
    dialogue: [
      "< 30 08 00 01 61 03 23 00 03 68",
      "< 30 07 00 00 03 23 00 03 69",
      "< 30 07 00 00 03 23 00 03 6a",
    ],
    delivers: ["a 68", "a 69", "a 6a"],
  }), [5]),
  ...each("a Topic Alias that is given another name", () => ({
    options: ALIASES,
    dialogue: [
      "< 30 08 00 01 61 03 23 00 01 68" + "30 08 00 01 62 03 23 00 01 69" +
      "30 07 00 00 03 23 00 01 6a",
    ],
    delivers: ["a 68", "b 69", "b 6a"],
  }), [5]),
  ...each("a Topic Alias that is given the same name again", () => ({
    options: ALIASES,
    dialogue: [
      "< 30 08 00 01 61 03 23 00 02 68",
      "< 30 08 00 01 61 03 23 00 02 69",
    ],
    delivers: ["a 68", "a 69"],
  }), [5]),
  ...each(
    "a Topic Alias that is learnt from a duplicate that is not delivered",
    () => ({
      options: ALIASES,
      dialogue: [
        "< 34 06 00 01 61 00 07 00",
        "> 50 02 00 07",
        "< 3c 09 00 01 61 00 07 03 23 00 01",
        "> 50 02 00 07",
        "< 62 02 00 07",
        "> 70 02 00 07",
        "< 30 07 00 00 03 23 00 01 6a",
      ],
      delivers: ["a  qos 2", "a 6a"],
    }),
    [5],
  ),
];

/** All of them. */
export const validPublishes: readonly Valid[] = [
  ...golden,
  ...texts,
  ...plain,
  ...aliases,
];
