// SUBACK and UNSUBACK with each code that they may have (chapters 3.9 and 3.11).

import { ALL } from "../../codec/golden.ts";
import type { Valid } from "../valid.ts";

const SUBACK_REFUSALS = [
  ...[0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
];

const UNSUBACK_REFUSALS = [0x80, 0x83, 0x87, 0x8f, 0x91];

const granted = ALL.flatMap((version) =>
  [0, 1, 2].map((qos): Valid => ({
    name: `SUBACK that grants QoS ${qos} where QoS 1 was asked for`,
    version,
    asks: ["subscribe"],
    dialogue: [
      version === 5
        ? `< 90 05 00 01 00 0${qos} 01`
        : `< 90 04 00 01 0${qos} 01`,
    ],
    outcomes: [`[${qos},1]`],
  }))
);

const refused: readonly Valid[] = [
  ...SUBACK_REFUSALS.map((code): Valid => ({
    name: `SUBACK that refuses one filter with ${code}`,
    version: 5,
    asks: ["subscribe"],
    dialogue: [`< 90 05 00 01 00 01 ${code.toString(16)}`],
    outcomes: [`[1,${code}]`],
  })),
  ...([3, 4] as const).map((version): Valid => ({
    name: "SUBACK that refuses one filter",
    version,
    asks: ["subscribe"],
    dialogue: ["< 90 04 00 01 80 01"],
    outcomes: ["[128,1]"],
  })),
  {
    name: "SUBACK with a Reason String and User Properties",
    version: 5,
    asks: ["subscribe"],
    dialogue: [
      "< 90 11 00 01 0c 1f 00 02 6f 6b 26 00 01 61 00 01 62 01 01",
    ],
    outcomes: ["[1,1]"],
  },
];

const left: readonly Valid[] = [
  ...([3, 4] as const).map((version): Valid => ({
    name: "UNSUBACK, which says no more",
    version,
    asks: ["unsubscribe"],
    dialogue: ["< b0 02 00 01"],
    outcomes: ["[]"],
  })),
  {
    name: "UNSUBACK that says No subscription existed",
    version: 5,
    asks: ["unsubscribe"],
    dialogue: ["< b0 05 00 01 00 00 11"],
    outcomes: ["[0,17]"],
  },
  ...UNSUBACK_REFUSALS.map((code): Valid => ({
    name: `UNSUBACK that refuses with ${code}`,
    version: 5,
    asks: ["unsubscribe"],
    dialogue: [`< b0 05 00 01 00 00 ${code.toString(16)}`],
    outcomes: [`UnsubscribeError 0,${code}`],
  })),
  ...ALL.map((version): Valid => ({
    name: "answers in another order than the requests",
    version,
    asks: ["subscribe", "unsubscribe"],
    dialogue: version === 5
      ? ["< b0 05 00 02 00 00 00", "< 90 05 00 01 00 01 01"]
      : ["< b0 02 00 02", "< 90 04 00 01 01 01"],
    outcomes: ["[1,1]", version === 5 ? "[0,0]" : "[]"],
  })),
];

/** All of them. */
export const validAnswers: readonly Valid[] = [...granted, ...refused, ...left];
