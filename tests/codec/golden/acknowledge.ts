/**
 * Golden bytes of PUBACK, PUBREC, PUBREL and PUBCOMP (chapters 3.4 to 3.7).
 *
 * @module
 */
import type { AckPacket } from "../../../src/codec/packet.ts";
import { type Golden, type Refusal, refusalsOf } from "../golden.ts";

/** What an acknowledgement has if nothing else is said. */
const ACK = {
  packetId: 10,
  reasonCode: 0,
  properties: {},
} as const satisfies Partial<AckPacket>;

/** The four acknowledgements. */
export const acknowledgements: readonly Golden[] = [
  {
    name: "PUBACK",
    versions: [3, 4, 5],
    from: "server",
    bytes: `
      40 02 | PUBACK, Remaining Length 2; in MQTT 5 that is Success
      00 0a | Packet Identifier 10`,
    packet: { ...ACK, type: "puback" },
  },
  {
    name: "PUBREC",
    versions: [3, 4, 5],
    from: "server",
    bytes: `
      50 02 | PUBREC, Remaining Length 2
      00 0a | Packet Identifier 10`,
    packet: { ...ACK, type: "pubrec" },
  },
  {
    name: "PUBREL",
    versions: [3, 4, 5],
    from: "client",
    bytes: `
      62 02 | PUBREL with its reserved bits 0010, Remaining Length 2
      ff ff | Packet Identifier 65,535`,
    packet: { ...ACK, type: "pubrel", packetId: 65_535 },
  },
  {
    // "This flag is set when the client or server attempts to re-deliver a PUBLISH, PUBREL,
    // SUBSCRIBE or UNSUBSCRIBE message" (2.1 of 3.1); since 3.1.1 the bit is reserved.
    name: "PUBREL once more, with the DUP flag of old",
    versions: [3],
    from: "client",
    canonical: false,
    bytes: `
      6a 02 | PUBREL, DUP, QoS 1, Remaining Length 2
      00 0a | Packet Identifier 10`,
    packet: { ...ACK, type: "pubrel" },
  },
  {
    name: "PUBCOMP",
    versions: [3, 4, 5],
    from: "server",
    bytes: `
      70 02 | PUBCOMP, Remaining Length 2
      01 00 | Packet Identifier 256`,
    packet: { ...ACK, type: "pubcomp", packetId: 256 },
  },
  {
    name: "PUBACK with a Reason Code and no Property Length",
    versions: [5],
    from: "server",
    bytes: `
      40 03 | PUBACK, Remaining Length 3
      00 0a | Packet Identifier 10
      10    | No matching subscribers`,
    packet: { ...ACK, type: "puback", reasonCode: 0x10 },
  },
  {
    name: "PUBREC with a Reason Code and no Property Length",
    versions: [5],
    from: "client",
    bytes: `
      50 03 | PUBREC, Remaining Length 3
      00 0a | Packet Identifier 10
      97    | Quota exceeded`,
    packet: { ...ACK, type: "pubrec", reasonCode: 0x97 },
  },
  {
    name: "PUBREL with a Reason Code and no Property Length",
    versions: [5],
    from: "client",
    bytes: `
      62 03 | PUBREL, Remaining Length 3
      00 0a | Packet Identifier 10
      92    | Packet Identifier not found`,
    packet: { ...ACK, type: "pubrel", reasonCode: 0x92 },
  },
  {
    name: "PUBCOMP with Success written out and no Property Length",
    versions: [5],
    from: "server",
    canonical: false,
    bytes: `
      70 03 | PUBCOMP, Remaining Length 3
      00 0a | Packet Identifier 10
      00    | Success`,
    packet: { ...ACK, type: "pubcomp" },
  },
  {
    name: "PUBACK with Success and a Property Length of 0 written out",
    versions: [5],
    from: "client",
    canonical: false,
    bytes: `
      40 04 | PUBACK, Remaining Length 4
      00 0a | Packet Identifier 10
      00    | Success
      00    | Property Length 0`,
    packet: { ...ACK, type: "puback" },
  },
  {
    name: "PUBREC with a Reason Code and a Property Length of 0 written out",
    versions: [5],
    from: "server",
    canonical: false,
    bytes: `
      50 04 | PUBREC, Remaining Length 4
      00 0a | Packet Identifier 10
      80    | Unspecified error
      00    | Property Length 0`,
    packet: { ...ACK, type: "pubrec", reasonCode: 0x80 },
  },
  {
    name: "PUBACK with its properties, though it is Success",
    versions: [5],
    from: "server",
    bytes: `
      40 10                | PUBACK, Remaining Length 16
      00 0a                | Packet Identifier 10
      00                   | Success
      0c                   | Property Length 12
      1f 00 02 6f 6b       | Reason String "ok"
      26 00 01 61 00 01 62 | User Property "a": "b"`,
    packet: {
      ...ACK,
      type: "puback",
      properties: { reasonString: "ok", userProperties: [["a", "b"]] },
    },
  },
  {
    name: "PUBREC with its properties",
    versions: [5],
    from: "server",
    bytes: `
      50 10                | PUBREC, Remaining Length 16
      00 0a                | Packet Identifier 10
      87                   | Not authorized
      0c                   | Property Length 12
      1f 00 02 6e 6f       | Reason String "no"
      26 00 01 61 00 01 62 | User Property "a": "b"`,
    packet: {
      ...ACK,
      type: "pubrec",
      reasonCode: 0x87,
      properties: { reasonString: "no", userProperties: [["a", "b"]] },
    },
  },
  {
    name: "PUBREL with its properties in the other order",
    versions: [5],
    from: "server",
    canonical: false,
    bytes: `
      62 17                | PUBREL, Remaining Length 23
      00 0a                | Packet Identifier 10
      92                   | Packet Identifier not found
      13                   | Property Length 19
      26 00 01 62 00 01 31 | User Property "b": "1"
      1f 00 02 6e 6f       | Reason String "no"
      26 00 01 61 00 01 32 | User Property "a": "2"`,
    packet: {
      ...ACK,
      type: "pubrel",
      reasonCode: 0x92,
      properties: {
        reasonString: "no",
        userProperties: [["b", "1"], ["a", "2"]],
      },
    },
  },
  {
    name: "PUBCOMP with its properties",
    versions: [5],
    from: "client",
    bytes: `
      70 0e                | PUBCOMP, Remaining Length 14
      00 0a                | Packet Identifier 10
      92                   | Packet Identifier not found
      0a                   | Property Length 10
      1f 00 00             | Reason String ""
      26 00 01 61 00 01 62 | User Property "a": "b"`,
    packet: {
      ...ACK,
      type: "pubcomp",
      reasonCode: 0x92,
      properties: { reasonString: "", userProperties: [["a", "b"]] },
    },
  },
];

/** Acknowledgements that are none. The reserved bits have clauses of their own in 3.6.1. */
export const acknowledgementRefusals: readonly Refusal[] = refusalsOf(
  "server",
  `
4 5   | 81    | 2.1.3           | PUBACK with reserved bits                     | 42 02 00 0a
4 5   | 81    | 2.1.3           | PUBREC with reserved bits                     | 51 02 00 0a
4 5   | 81    | 2.1.3 3.6.1-1   | PUBREL with reserved bits 0000                | 60 02 00 0a
4 5   | 81    | 2.1.3 3.6.1-1   | PUBREL with reserved bits 1010                | 6a 02 00 0a
4 5   | 81    | 2.1.3 3.6.1-1   | PUBREL with reserved bits 0011                | 63 02 00 0a
4 5   | 81    | 2.1.3           | PUBCOMP with reserved bits                    | 78 02 00 0a
3 4 5 | 81 82 | 2.2.1 2.3.1     | PUBACK with Packet Identifier 0               | 40 02 00 00
3 4 5 | 81 82 | 2.2.1 2.3.1     | PUBREC with Packet Identifier 0               | 50 02 00 00
3 4 5 | 81 82 | 2.2.1 2.3.1     | PUBREL with Packet Identifier 0               | 62 02 00 00
3 4 5 | 81 82 | 2.2.1 2.3.1     | PUBCOMP with Packet Identifier 0              | 70 02 00 00
3 4 5 | 81    | 1.5 2.1 2.2 3.4 | PUBACK of no length                           | 40 00
3 4 5 | 81    | 1.5 2.1 2.2 3.5 | PUBREC of one byte                            | 50 01 0a
3 4 5 | 81    | 1.5 2.1 2.2 3.6 | PUBREL of one byte                            | 62 01 0a
3 4   | 81    | 2.1 3.4         | PUBACK of three bytes                         | 40 03 00 0a 00
3 4   | 81    | 2.1 3.5         | PUBREC of four bytes                          | 50 04 00 0a 00 00
3 4   | 81    | 2.1 3.6         | PUBREL of three bytes                         | 62 03 00 0a 00
3 4   | 81    | 2.1 3.7         | PUBCOMP of three bytes                        | 70 03 00 0a 00
5     | 81    | 1.5 2.1 2.2 3.4 | PUBACK with properties longer than the packet | 40 04 00 0a 00 01
5     | 81    | 1.5 2.1 2.2 3.5 | PUBREC with a property that is cut off        | 50 08 00 0a 00 04 1f 00 02 6f
5     | 81    | 2.1 3.6         | PUBREL with a byte behind its properties      | 62 05 00 0a 00 00 00
5     | 81    | 2.1 3.7         | PUBCOMP with a byte behind its properties     | 70 0a 00 0a 00 05 1f 00 02 6f 6b 00
5     | 81 82 | 3.4.2-1         | PUBACK with a Reason Code of PUBREL           | 40 03 00 0a 92
5     | 81 82 | 3.5.2-1         | PUBREC with a Reason Code that is none        | 50 03 00 0a 7f
5     | 81 82 | 3.6.2-1         | PUBREL with a Reason Code of PUBREC           | 62 03 00 0a 10
5     | 81 82 | 3.7.2-1         | PUBCOMP with a Reason Code of PUBREC          | 70 03 00 0a 91
`,
);
