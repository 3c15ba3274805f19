// Acknowledgements in each form and with each Reason Code that they may have (chapters 3.4 to 3.7).

import { ALL } from "../../codec/golden.ts";
import type { Valid } from "../valid.ts";

/** What a publish resolves with. */
function published(reasonCode = 0, more: object = {}): string {
  return JSON.stringify({ reasonCode, userProperties: [], ...more });
}

/** The forms of a good PUBACK behind its Packet Identifier, and what the publish resolves with. */
// deno-fmt-ignore
const PUBACKS: readonly (readonly [name: string, bytes: string, outcome: string])[] = [
  ["with Success written out", "40 03 00 01 00", published()],
  ["with Success and a Property Length of 0 written out", "40 04 00 01 00 00", published()],
  ["that says No matching subscribers", "40 03 00 01 10", published(16)],
  ["that says No matching subscribers, with a Property Length", "40 04 00 01 10 00", published(16)],
  ["with a Reason String", "40 09 00 01 00 05 1f 00 02 6f 6b", `{"reasonCode":0,"reasonString":"ok","userProperties":[]}`],
  ["with a Reason String of no length", "40 07 00 01 00 03 1f 00 00", `{"reasonCode":0,"reasonString":"","userProperties":[]}`],
  ["with the same User Property twice", "40 12 00 01 00 0e 26 00 01 61 00 01 62 26 00 01 61 00 01 62", `{"reasonCode":0,"userProperties":[["a","b"],["a","b"]]}`],
  ["with a User Property before its Reason String", "40 10 00 01 00 0c 26 00 01 61 00 01 62 1f 00 02 6f 6b", `{"reasonCode":0,"reasonString":"ok","userProperties":[["a","b"]]}`],
];

/** What the server may refuse a message with. */
const REFUSALS = [0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];

const pubacks: readonly Valid[] = [
  ...ALL.map((version): Valid => ({
    name: "PUBACK in its shortest form",
    version,
    asks: ["publish 1"],
    dialogue: ["< 40 02 00 01"],
    outcomes: [published()],
  })),
  ...PUBACKS.map(([name, bytes, outcome]): Valid => ({
    name: `PUBACK ${name}`,
    version: 5,
    asks: ["publish 1"],
    dialogue: [`< ${bytes}`],
    outcomes: [outcome],
  })),
  ...REFUSALS.map((code): Valid => ({
    name: `PUBACK that refuses with ${code}`,
    version: 5,
    asks: ["publish 1"],
    dialogue: [`< 40 03 00 01 ${code.toString(16)}`],
    outcomes: [`PublishError refused ${code}`],
  })),
  {
    name: "PUBACK that refuses with a reason",
    version: 5,
    asks: ["publish 1"],
    dialogue: ["< 40 09 00 01 87 05 1f 00 02 6e 6f"],
    outcomes: ["PublishError refused 135 no"],
  },
];

/** PUBREC and PUBCOMP in their forms. */
// deno-fmt-ignore
const EXCHANGES: readonly (readonly [name: string, pubrec: string, pubcomp: string, outcome: string])[] = [
  ["with Success written out", "50 03 00 01 00", "70 03 00 01 00", published()],
  ["with a Property Length of 0 written out", "50 04 00 01 00 00", "70 04 00 01 00 00", published()],
  ["whose PUBREC says No matching subscribers", "50 03 00 01 10", "70 02 00 01", published()],
  ["whose PUBREC has a Reason String", "50 09 00 01 00 05 1f 00 02 6f 6b", "70 02 00 01", published()],
  ["whose PUBCOMP has a Reason String", "50 02 00 01", "70 09 00 01 00 05 1f 00 02 6f 6b", `{"reasonCode":0,"reasonString":"ok","userProperties":[]}`],
  ["whose PUBCOMP says Packet Identifier not found", "50 02 00 01", "70 03 00 01 92", published(146)],
];

const exchanges: readonly Valid[] = [
  ...ALL.map((version): Valid => ({
    name: "an exchange at QoS 2 in its shortest form",
    version,
    asks: ["publish 2"],
    dialogue: ["< 50 02 00 01", "> 62 02 00 01", "< 70 02 00 01"],
    outcomes: [published()],
  })),
  ...EXCHANGES.map(([name, pubrec, pubcomp, outcome]): Valid => ({
    name: `an exchange at QoS 2 ${name}`,
    version: 5,
    asks: ["publish 2"],
    dialogue: [`< ${pubrec}`, "> 62 02 00 01", `< ${pubcomp}`],
    outcomes: [outcome],
  })),
  ...REFUSALS.map((code): Valid => ({
    name: `PUBREC that refuses with ${code}, and is followed by no PUBREL`,
    version: 5,
    asks: ["publish 2"],
    dialogue: [`< 50 03 00 01 ${code.toString(16)}`],
    outcomes: [`PublishError refused ${code}`],
  })),
  ...ALL.map((version): Valid => ({
    name: "PUBREC that comes again before PUBCOMP, and is answered again",
    version,
    asks: ["publish 2"],
    dialogue: [
      ...["< 50 02 00 01", "> 62 02 00 01", "< 50 02 00 01", "> 62 02 00 01"],
      "< 70 02 00 01",
    ],
    outcomes: [published()],
  })),
  {
    name: "PUBREC with an error for a message that is released",
    version: 5,
    asks: ["publish 2"],
    dialogue: [
      ...[
        "< 50 02 00 01",
        "> 62 02 00 01",
        "< 50 03 00 01 91",
        "< 70 02 00 01",
      ],
    ],
    outcomes: [published()],
    strays: ["pubrec 1"],
  },
  ...ALL.map((version): Valid => ({
    name: "acknowledgements in another order than the messages",
    version,
    asks: ["publish 1", "publish 2", "publish 1"],
    dialogue: [
      ...["< 40 02 00 03", "< 50 02 00 02", "> 62 02 00 02", "< 40 02 00 01"],
      "< 70 02 00 02",
    ],
    outcomes: [published(), published(), published()],
  })),
];

/** All of them. */
export const validAcknowledgements: readonly Valid[] = [
  ...pubacks,
  ...exchanges,
];
