/**
 * Golden bytes of UNSUBSCRIBE and UNSUBACK (chapters 3.10 and 3.11).
 *
 * @module
 */
import { type Golden, type Refusal, refusalsOf } from "../golden.ts";

/** UNSUBSCRIBE and UNSUBACK. */
export const unsubscribes: readonly Golden[] = [
  {
    name: "UNSUBSCRIBE from two filters",
    versions: [3, 4],
    from: "client",
    bytes: `
      a2 0a          | UNSUBSCRIBE, Remaining Length 10
      00 0a          | Packet Identifier 10
      00 03 61 2f 62 | Topic Filter "a/b"
      00 01 23       | Topic Filter "#"`,
    packet: {
      type: "unsubscribe",
      packetId: 10,
      topicFilters: ["a/b", "#"],
      properties: {},
    },
  },
  {
    name: "UNSUBSCRIBE once more, with the DUP flag of old",
    versions: [3],
    from: "client",
    canonical: false,
    bytes: `
      aa 05    | UNSUBSCRIBE, DUP, QoS 1, Remaining Length 5
      00 0a    | Packet Identifier 10
      00 01 23 | Topic Filter "#"`,
    packet: {
      type: "unsubscribe",
      packetId: 10,
      topicFilters: ["#"],
      properties: {},
    },
  },
  {
    name: "UNSUBSCRIBE without properties",
    versions: [5],
    from: "client",
    bytes: `
      a2 06    | UNSUBSCRIBE, Remaining Length 6
      00 0a    | Packet Identifier 10
      00       | Property Length 0
      00 01 23 | Topic Filter "#"`,
    packet: {
      type: "unsubscribe",
      packetId: 10,
      topicFilters: ["#"],
      properties: {},
    },
  },
  {
    name: "UNSUBSCRIBE from two filters with a User Property",
    versions: [5],
    from: "client",
    bytes: `
      a2 12                | UNSUBSCRIBE, Remaining Length 18
      00 0a                | Packet Identifier 10
      07                   | Property Length 7
      26 00 01 61 00 01 62 | User Property "a": "b"
      00 03 61 2f 62       | Topic Filter "a/b"
      00 01 23             | Topic Filter "#"`,
    packet: {
      type: "unsubscribe",
      packetId: 10,
      topicFilters: ["a/b", "#"],
      properties: { userProperties: [["a", "b"]] },
    },
  },
  {
    name: "UNSUBACK, which has no payload",
    versions: [3, 4],
    from: "server",
    bytes: `
      b0 02 | UNSUBACK, Remaining Length 2
      00 0a | Packet Identifier 10`,
    packet: {
      type: "unsuback",
      packetId: 10,
      reasonCodes: [],
      properties: {},
    },
  },
  {
    name: "UNSUBACK without properties",
    versions: [5],
    from: "server",
    bytes: `
      b0 05 | UNSUBACK, Remaining Length 5
      00 0a | Packet Identifier 10
      00    | Property Length 0
      00    | Success
      11    | No subscription existed`,
    packet: {
      type: "unsuback",
      packetId: 10,
      reasonCodes: [0, 0x11],
      properties: {},
    },
  },
  {
    name: "UNSUBACK with its properties",
    versions: [5],
    from: "server",
    bytes: `
      b0 10                | UNSUBACK, Remaining Length 16
      00 0a                | Packet Identifier 10
      0c                   | Property Length 12
      1f 00 02 6e 6f       | Reason String "no"
      26 00 01 61 00 01 62 | User Property "a": "b"
      8f                   | Topic Filter invalid`,
    packet: {
      type: "unsuback",
      packetId: 10,
      reasonCodes: [0x8f],
      properties: { reasonString: "no", userProperties: [["a", "b"]] },
    },
  },
];

/** UNSUBSCRIBE and UNSUBACK packets that are none. The clauses are those of 5.0, or else of 3.1.1. */
export const unsubscribeRefusals: readonly Refusal[] = [
  ...refusalsOf(
    "client",
    `
4 5   | 81    | 2.1.3 3.10.1-1   | UNSUBSCRIBE with reserved bits 0000              | a0 06 00 0a 00 00 01 61
3 4   | 81 82 | 2.2.1 2.3.1      | UNSUBSCRIBE with Packet Identifier 0             | a2 05 00 00 00 01 61
5     | 81 82 | 2.2.1            | UNSUBSCRIBE with Packet Identifier 0             | a2 06 00 00 00 00 01 61
3 4   | 81 82 | 3.10.3           | UNSUBSCRIBE without filters                      | a2 02 00 0a
5     | 82    | 3.10.3-2         | UNSUBSCRIBE without filters                      | a2 03 00 0a 00
5     | 81    | 1.5 2.1 3.10     | UNSUBSCRIBE with a filter longer than the packet | a2 06 00 0a 00 00 02 61
5     | 81    | 1.5 2.1 3.10     | UNSUBSCRIBE with half a length behind its filter | a2 07 00 0a 00 00 01 61 00
3 4 5 | 82    | 2.1.2            | UNSUBACK from a client                           | b0 02 00 0a
`,
  ),
  ...refusalsOf(
    "server",
    `
4 5   | 81    | 2.1.3            | UNSUBACK with reserved bits                      | b1 02 00 0a
3 4   | 81 82 | 2.2.1 2.3.1      | UNSUBACK with Packet Identifier 0                | b0 02 00 00
5     | 81 82 | 2.2.1            | UNSUBACK with Packet Identifier 0                | b0 04 00 00 00 00
3 4   | 81    | 2.1 3.11         | UNSUBACK with a payload                          | b0 03 00 0a 00
5     | 81    | 1.5 2.1 2.2 3.11 | UNSUBACK that ends before its Property Length    | b0 02 00 0a
5     | 81 82 | 3.11.3-2         | UNSUBACK with a Reason Code of SUBACK            | b0 04 00 0a 00 01
3 4 5 | 82    | 2.1.2            | UNSUBSCRIBE from a server                        | a2 05 00 0a 00 01 61
`,
  ),
];
