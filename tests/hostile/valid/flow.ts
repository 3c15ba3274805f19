// Packets that are right though nothing waits for them, that come again, or in other pieces (chapters 4.3, 4.4).

import type { ProtocolVersion } from "../../../src/codec/packet.ts";
import { ALL } from "../../codec/golden.ts";
import type { Valid } from "../valid.ts";

/** A PUBLISH without a payload to topic "a", by hand. */
function publish(first: string, id: string, version: ProtocolVersion): string {
  return version === 5
    ? `${first} 06 00 01 61 ${id} 00`
    : `${first} 05 00 01 61 ${id}`;
}

const strays: readonly Valid[] = ALL.flatMap((version): Valid[] => {
  const isFive = version === 5;
  return [
    {
      name: "PUBACK of nothing",
      version,
      dialogue: ["< 40 02 00 09"],
      strays: ["puback 9"],
    },
    {
      name: "PUBACK that comes twice",
      version,
      asks: ["publish 1"],
      dialogue: ["< 40 02 00 01 40 02 00 01"],
      outcomes: [`{"reasonCode":0,"userProperties":[]}`],
      strays: ["puback 1"],
    },
    {
      name: "PUBREC of nothing, which is answered by PUBREL",
      version,
      dialogue: [
        "< 50 02 00 09",
        isFive ? "> 62 03 00 09 92" : "> 62 02 00 09",
      ],
      strays: ["pubrec 9"],
    },
    {
      name: "PUBREC of nothing, whose PUBREL is completed",
      version,
      dialogue: [
        "< 50 02 00 09",
        isFive ? "> 62 03 00 09 92" : "> 62 02 00 09",
        isFive ? "< 70 03 00 09 92" : "< 70 02 00 09",
      ],
      strays: ["pubrec 9", "pubcomp 9"],
    },
    {
      name: "PUBREL of nothing, which is answered by PUBCOMP",
      version,
      dialogue: [
        "< 62 02 00 09",
        isFive ? "> 70 03 00 09 92" : "> 70 02 00 09",
      ],
    },
    {
      name: "PUBREL that comes twice",
      version,
      dialogue: [
        `< ${publish("34", "00 07", version)}`,
        "> 50 02 00 07",
        "< 62 02 00 07 62 02 00 07",
        "> 70 02 00 07",
        isFive ? "> 70 03 00 07 92" : "> 70 02 00 07",
      ],
      delivers: ["a  qos 2"],
    },
    {
      name: "PUBCOMP of nothing",
      version,
      dialogue: ["< 70 02 00 09"],
      strays: ["pubcomp 9"],
    },
    {
      name: "SUBACK of nothing",
      version,
      dialogue: [isFive ? "< 90 04 00 09 00 00" : "< 90 03 00 09 00"],
      strays: ["suback 9"],
    },
    {
      name: "UNSUBACK of nothing",
      version,
      dialogue: [isFive ? "< b0 04 00 09 00 00" : "< b0 02 00 09"],
      strays: ["unsuback 9"],
    },
    {
      name: "PINGRESP of nothing",
      version,
      dialogue: ["< d0 00", "< d0 00 d0 00"],
    },
  ];
});

const errorOfNothing: Valid = {
  name: "PUBREC with an error of nothing, which is not answered",
  version: 5,
  dialogue: ["< 50 03 00 09 91"],
  strays: ["pubrec 9"],
};

const MANUAL = { ack: "manual" } as const;

const again: readonly Valid[] = ALL.flatMap((version): Valid[] => [
  {
    name: "a copy of a message of QoS 1 that is not acknowledged",
    version,
    options: MANUAL,
    dialogue: [
      `< ${publish("32", "00 07", version)}`,
      `< ${publish("3a", "00 07", version)}`,
    ],
    delivers: ["a  qos 1"],
  },
  {
    name: "a copy of a message of QoS 2 that is not acknowledged",
    version,
    options: MANUAL,
    dialogue: [
      `< ${publish("34", "00 07", version)}`,
      `< ${publish("3c", "00 07", version)}`,
    ],
    delivers: ["a  qos 2"],
  },
  {
    name: "a copy of a message of QoS 2 after PUBREC",
    version,
    dialogue: [
      `< ${publish("34", "00 07", version)}`,
      "> 50 02 00 07",
      `< ${publish("3c", "00 07", version)}`,
      "> 50 02 00 07",
      "< 62 02 00 07",
      "> 70 02 00 07",
    ],
    delivers: ["a  qos 2"],
  },
  {
    name: "a Packet Identifier that is used again after PUBACK",
    version,
    dialogue: [
      `< ${publish("32", "00 07", version)}`,
      "> 40 02 00 07",
      `< ${publish("3a", "00 07", version)}`,
      "> 40 02 00 07",
    ],
    delivers: ["a  qos 1", "a  qos 1 dup"],
  },
  {
    name: "a Packet Identifier that is used again after PUBCOMP",
    version,
    dialogue: [
      `< ${publish("34", "00 07", version)}`,
      "> 50 02 00 07",
      "< 62 02 00 07",
      "> 70 02 00 07",
      `< ${publish("32", "00 07", version)}`,
      "> 40 02 00 07",
    ],
    delivers: ["a  qos 2", "a  qos 1"],
  },
]);

const PUBACK_FORMS: readonly Valid[] = [
  {
    name: "PUBREL with Success written out",
    version: 5,
    dialogue: [
      `< ${publish("34", "00 07", 5)}`,
      "> 50 02 00 07",
      "< 62 04 00 07 00 00",
      "> 70 02 00 07",
    ],
    delivers: ["a  qos 2"],
  },
  {
    name: "PUBREL with a Reason String and Packet Identifier not found",
    version: 5,
    dialogue: [
      `< ${publish("34", "00 07", 5)}`,
      "> 50 02 00 07",
      "< 62 09 00 07 92 05 1f 00 02 6e 6f",
      "> 70 02 00 07",
    ],
    delivers: ["a  qos 2"],
  },
  {
    // Mosquitto 2.0.11 sends up to twice as many in a burst: four times are taken.
    name: "four times our Receive Maximum of unacknowledged messages",
    version: 5,
    options: { ...MANUAL, properties: { receiveMaximum: 2 } },
    dialogue: [
      `< ${
        [1, 2, 3, 4, 5, 6, 7, 8].map((id) => publish("32", `00 0${id}`, 5))
          .join("")
      }`,
    ],
    delivers: Array<string>(8).fill("a  qos 1"),
  },
];

const pieces: readonly Valid[] = ALL.flatMap((version): Valid[] => {
  const message = publish("32", "00 07", version);
  const bytes = message.split(" ");
  return [
    {
      name: "a message that comes byte by byte",
      version,
      dialogue: [...bytes.map((byte) => `< ${byte}`), "> 40 02 00 07"],
      delivers: ["a  qos 1"],
    },
    {
      name: "many packets of each kind in one segment",
      version,
      asks: ["publish 1", "publish 2"],
      dialogue: [
        `< d0 00 40 02 00 01 ${message} 50 02 00 02 d0 00 62 02 00 08`,
        "> 62 02 00 02",
        version === 5 ? "> 70 03 00 08 92" : "> 70 02 00 08",
        "> 40 02 00 07",
        "< 70 02 00 02",
      ],
      delivers: ["a  qos 1"],
      outcomes: Array<string>(2).fill(`{"reasonCode":0,"userProperties":[]}`),
    },
  ];
});

/** All of them. */
export const validFlows: readonly Valid[] = [
  ...strays,
  errorOfNothing,
  ...again,
  ...PUBACK_FORMS,
  ...pieces,
];
