/**
 * Golden bytes of CONNACK (chapter 3.2).
 *
 * @module
 */
import type { ConnackPacket } from "../../../src/codec/packet.ts";
import { type Golden, type Refusal, refusalsOf } from "../golden.ts";

/** What a CONNACK has if nothing else is said. */
const CONNACK = {
  type: "connack",
  sessionPresent: false,
  reasonCode: 0,
  properties: {},
} as const satisfies Partial<ConnackPacket>;

/** CONNACK packets. */
export const connacks: readonly Golden[] = [
  {
    name: "CONNACK that accepts",
    versions: [3],
    from: "server",
    bytes: `
      20 02 | CONNACK, Remaining Length 2
      00    | reserved
      00    | Connection Accepted`,
    packet: {
      ...CONNACK,
      protocolVersion: 3,
    },
  },
  {
    // The byte was meant for a compression that never was: its value is not told.
    name: "CONNACK that accepts, with something in the byte that is not used",
    versions: [3],
    from: "server",
    canonical: false,
    bytes: `
      20 02 | CONNACK, Remaining Length 2
      81    | reserved
      00    | Connection Accepted`,
    packet: {
      ...CONNACK,
      protocolVersion: 3,
    },
  },
  {
    name: "CONNACK that refuses the user name",
    versions: [3],
    from: "server",
    bytes: `
      20 02 | CONNACK, Remaining Length 2
      00    | reserved
      04    | bad user name or password`,
    packet: {
      ...CONNACK,
      protocolVersion: 3,
      reasonCode: 4,
    },
  },
  {
    name: "CONNACK that accepts and has the session",
    versions: [4],
    from: "server",
    bytes: `
      20 02 | CONNACK, Remaining Length 2
      01    | Session Present
      00    | Connection Accepted`,
    packet: {
      ...CONNACK,
      protocolVersion: 4,
      sessionPresent: true,
    },
  },
  {
    name: "CONNACK that refuses the client",
    versions: [4],
    from: "server",
    bytes: `
      20 02 | CONNACK, Remaining Length 2
      00    | Session Present 0
      05    | not authorized`,
    packet: {
      ...CONNACK,
      protocolVersion: 4,
      reasonCode: 5,
    },
  },
  {
    name: "CONNACK that accepts, without properties",
    versions: [5],
    from: "server",
    bytes: `
      20 03 | CONNACK, Remaining Length 3
      00    | Session Present 0
      00    | Success
      00    | Property Length 0`,
    packet: {
      ...CONNACK,
      protocolVersion: 5,
    },
  },
  {
    name: "CONNACK that refuses, with a reason",
    versions: [5],
    from: "server",
    bytes: `
      20 08          | CONNACK, Remaining Length 8
      00             | Session Present 0
      87             | Not authorized
      05             | Property Length 5
      1f 00 02 6e 6f | Reason String "no"`,
    packet: {
      ...CONNACK,
      protocolVersion: 5,
      reasonCode: 0x87,
      properties: { reasonString: "no" },
    },
  },
  {
    name: "CONNACK with every property",
    versions: [5],
    from: "server",
    bytes: `
      20 41                | CONNACK, Remaining Length 65
      01                   | Session Present
      00                   | Success
      3e                   | Property Length 62
      11 00 00 01 2c       | Session Expiry Interval 300
      12 00 02 63 31       | Assigned Client Identifier "c1"
      13 00 1e             | Server Keep Alive 30
      15 00 01 6d          | Authentication Method "m"
      16 00 01 ff          | Authentication Data
      1a 00 01 72          | Response Information "r"
      1c 00 01 73          | Server Reference "s"
      1f 00 02 6f 6b       | Reason String "ok"
      21 00 14             | Receive Maximum 20
      22 00 05             | Topic Alias Maximum 5
      24 01                | Maximum QoS 1
      25 00                | Retain Available 0
      26 00 01 61 00 01 62 | User Property "a": "b"
      27 00 00 40 00       | Maximum Packet Size 16,384
      28 00                | Wildcard Subscription Available 0
      29 01                | Subscription Identifiers Available 1
      2a 00                | Shared Subscription Available 0`,
    packet: {
      ...CONNACK,
      protocolVersion: 5,
      sessionPresent: true,
      properties: {
        sessionExpiryInterval: 300,
        assignedClientIdentifier: "c1",
        serverKeepAlive: 30,
        authenticationMethod: "m",
        authenticationData: Uint8Array.of(0xff),
        responseInformation: "r",
        serverReference: "s",
        reasonString: "ok",
        receiveMaximum: 20,
        topicAliasMaximum: 5,
        maximumQoS: 1,
        retainAvailable: false,
        userProperties: [["a", "b"]],
        maximumPacketSize: 16_384,
        wildcardSubscriptionAvailable: false,
        subscriptionIdentifiersAvailable: true,
        sharedSubscriptionAvailable: false,
      },
    },
  },
  {
    // A server that knows no MQTT 5 answers as it can, and means it (3.1.1, 3.1.2.2).
    name: "CONNACK of MQTT 3.1.1 that answers a CONNECT of MQTT 5",
    versions: [5],
    from: "server",
    bytes: `
      20 02 | CONNACK, Remaining Length 2
      00    | Session Present 0
      01    | unacceptable protocol version`,
    packet: {
      ...CONNACK,
      protocolVersion: 4,
      reasonCode: 1,
    },
  },
];

/** CONNACK packets that are none. The clauses are those of 5.0, or else of 3.1.1. */
export const connackRefusals: readonly Refusal[] = [
  ...refusalsOf(
    "server",
    `
4     | 81    | 2.1.3           | CONNACK with a reserved bit in its first byte  | 21 02 00 00
5     | 81    | 2.1.3           | CONNACK with a reserved bit in its first byte  | 28 03 00 00 00
3 4 5 | 81    | 1.5 2.1 3.2     | CONNACK of no length                           | 20 00
3 4 5 | 81    | 1.5 2.1 3.2     | CONNACK of one byte                            | 20 01 00
3 4   | 81    | 2.1 3.2         | CONNACK of three bytes                         | 20 03 00 00 00
4     | 81 82 | 3.2.2           | CONNACK with a reserved acknowledge flag       | 20 02 02 00
5     | 81 82 | 3.2.2-1         | CONNACK with a reserved acknowledge flag       | 20 03 80 00 00
4     | 81 82 | 3.2.2-4 3.2.2-6 | CONNACK with Session Present and an error      | 20 02 01 05
5     | 81 82 | 3.2.2-6         | CONNACK with Session Present and an error      | 20 03 01 87 00
5     | 81    | 1.5 2.1 2.2 3.2 | CONNACK with properties longer than the packet | 20 03 00 00 01
5     | 81    | 2.1 3.2         | CONNACK with a byte behind its properties      | 20 04 00 00 00 00
`,
  ),
  ...refusalsOf(
    "client",
    `
3 4 5 | 82    | 2.1.2           | CONNACK from a client                          | 20 02 00 00
`,
  ),
];
