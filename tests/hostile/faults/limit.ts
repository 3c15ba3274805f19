// More than we have said that we take, or than any server may send: sizes, aliases, messages under way, and
// what costs much more memory than the bytes that it comes in.

import { bytesOf, packetBytes } from "../../codec/golden.ts";
import { AFTER_CONNACK, type Fault, faultsOf, PHASES } from "../fault.ts";

const sizes: readonly Fault[] = [
  ...faultsOf(
    `
5 | 95 | MQTT-3.1.2-24 | PUBLISH of one byte more than our Maximum Packet Size | 30 1f 00 01 61 00 78*27
5 | 95 | MQTT-3.1.2-24 | PUBLISH of 256 MiB announced, beyond our maximum      | 30 ff ff ff 7f 00 01
5 | 95 | MQTT-3.1.2-24 | PUBACK larger than our Maximum Packet Size            | 40 22 00 01 00 1e 1f 00 1b 78*27
5 | 95 | MQTT-3.1.2-24 | CONNACK larger than our Maximum Packet Size           | 20 21 00 00 1e 1f 00 1b 78*27
5 | 95 | MQTT-3.1.2-24 | DISCONNECT larger than our Maximum Packet Size        | e0 20 8b 1e 1f 00 1b 78*27
`,
    { options: { properties: { maximumPacketSize: 32 } } },
  ),
];

const aliases: readonly Fault[] = [
  ...faultsOf(
    `
5 | 94 | MQTT-3.1.2-26 | Topic Alias 1, though our maximum is 0        | 30 08 00 01 61 03 23 00 01 68
5 | 94 | MQTT-3.1.2-26 | Topic Alias 65,535, though our maximum is 0   | 30 08 00 01 61 03 23 ff ff 68
5 | 94 | MQTT-3.1.2-26 | Topic Alias 1 alone, though our maximum is 0  | 30 07 00 00 03 23 00 01 68
`,
    { phases: AFTER_CONNACK },
  ),
  ...faultsOf(
    `
5 | 94 | MQTT-3.1.2-26 | Topic Alias 4, though our maximum is 3        | 30 08 00 01 61 03 23 00 04 68
5 | 94 | MQTT-3.1.2-26 | Topic Alias 4 alone, though our maximum is 3  | 30 07 00 00 03 23 00 04 68
5 | 82 | 3.3.2.3.4     | Topic Alias 3 before it was given a name      | 30 07 00 00 03 23 00 03 68
5 | 94 | MQTT-3.1.2-26 | Topic Alias 4 at QoS 1                        | 32 0a 00 01 61 00 0c 03 23 00 04 68
`,
    {
      phases: AFTER_CONNACK,
      options: { properties: { topicAliasMaximum: 3 } },
    },
  ),
  ...faultsOf(
    `
5 | 82 | 3.3.2.3.4     | Topic Alias 2, where 1 alone has a name       | 30 08 00 01 61 03 23 00 01 68 30 07 00 00 03 23 00 02 68
`,
    {
      phases: ["behind CONNACK", "connected"],
      options: { properties: { topicAliasMaximum: 3 } },
      delivered: 1,
    },
  ),
];

// Mosquitto 2.0.11 sends up to twice as many in a burst, and does no harm with it: four times are taken.
const unacknowledged: readonly Fault[] = ([1, 2] as const).map((qos) => ({
  name:
    `five times our Receive Maximum of unacknowledged messages of QoS ${qos}`,
  versions: [5],
  phases: ["behind CONNACK", "connected"],
  bytes: Uint8Array.from(
    [21, 22, 23, 24, 25, 26, 27, 28, 29].flatMap((packetId) => [
      ...bytesOf(qos === 1 ? "32 07 00 01 61 00" : "34 07 00 01 61 00"),
      ...[packetId, 0, 0x68],
    ]),
  ),
  reasonCode: 0x93,
  clause: "MQTT-3.3.4-9",
  options: { properties: { receiveMaximum: 2 } },
  delivered: 8,
}));

/** More of something than can be of use: what it is, and the packet. */
const costly: readonly Fault[] = [
  {
    name: "PUBLISH with 10,001 User Properties",
    versions: [5],
    phases: PHASES,
    bytes: packetBytes(0x30, [
      ...bytesOf("00 01 61 d5 86 03"), // 10,001 times five bytes
      ...Array<number[]>(10_001).fill([0x26, 0, 0, 0, 0]).flat(),
    ]),
    reasonCode: 0x97,
    clause: "4.13",
  },
  {
    name: "CONNACK with 10,001 User Properties",
    versions: [5],
    phases: PHASES,
    bytes: packetBytes(0x20, [
      ...bytesOf("00 00 d5 86 03"),
      ...Array<number[]>(10_001).fill([0x26, 0, 0, 0, 0]).flat(),
    ]),
    reasonCode: 0x97,
    clause: "4.13",
  },
  {
    name: "PUBLISH with 10,001 Subscription Identifiers",
    versions: [5],
    phases: PHASES,
    bytes: packetBytes(0x30, [
      ...bytesOf("00 01 61 a2 9c 01"), // 10,001 times two bytes
      ...Array<number[]>(10_001).fill([0x0b, 1]).flat(),
    ]),
    reasonCode: 0x97,
    clause: "4.13",
  },
  {
    name: "SUBACK with 65,536 codes",
    versions: [3, 4],
    phases: PHASES,
    bytes: packetBytes(0x90, [0, 4, ...Array<number>(65_536).fill(0)]),
    reasonCode: 0x82,
    clause: "MQTT-3.8.4-6",
  },
  {
    name: "SUBACK with 65,536 codes",
    versions: [5],
    phases: PHASES,
    bytes: packetBytes(0x90, [0, 4, 0, ...Array<number>(65_536).fill(0)]),
    reasonCode: 0x82,
    clause: "MQTT-3.8.4-6",
  },
  {
    name: "UNSUBACK with 65,536 codes",
    versions: [5],
    phases: PHASES,
    bytes: packetBytes(0xb0, [0, 5, 0, ...Array<number>(65_536).fill(0)]),
    reasonCode: 0x82,
    clause: "MQTT-3.11.3-1",
  },
];

/** What is explained though it was asked not to be. */
const explained: readonly Fault[] = faultsOf(
  `
5 | 82 | MQTT-3.1.2-29 | PUBACK with a Reason String that we did not want   | 40 09 00 01 00 05 1f 00 02 6f 6b
5 | 82 | MQTT-3.1.2-29 | PUBREC with a User Property that we did not want   | 50 0b 00 02 00 07 26 00 01 61 00 01 62
5 | 82 | MQTT-3.1.2-29 | PUBREL with a Reason String that we did not want   | 62 09 00 0b 00 05 1f 00 02 6f 6b
5 | 82 | MQTT-3.1.2-29 | PUBCOMP with a Reason String that we did not want  | 70 09 00 03 00 05 1f 00 02 6f 6b
5 | 82 | MQTT-3.1.2-29 | SUBACK with a Reason String that we did not want   | 90 0a 00 04 05 1f 00 02 6f 6b 01 01
5 | 82 | MQTT-3.1.2-29 | UNSUBACK with a User Property that we did not want | b0 0c 00 05 07 26 00 01 61 00 01 62 00 00
`,
  {
    phases: AFTER_CONNACK,
    options: { properties: { requestProblemInformation: false } },
  },
);

/** All of them. */
export const limitFaults: readonly Fault[] = [
  ...sizes,
  ...aliases,
  ...unacknowledged,
  ...costly,
  ...explained,
];
