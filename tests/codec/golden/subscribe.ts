/**
 * Golden bytes of SUBSCRIBE and SUBACK (chapters 3.8 and 3.9).
 *
 * @module
 */
import type { SubscriptionRequest } from "../../../src/codec/packet.ts";
import { type Golden, type Refusal, refusalsOf } from "../golden.ts";

/** What a subscription has if nothing else is said. */
const SUBSCRIPTION = {
  topicFilter: "a/b",
  qos: 0,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
} as const satisfies SubscriptionRequest;

/** SUBSCRIBE and SUBACK. */
export const subscribes: readonly Golden[] = [
  {
    name: "SUBSCRIBE to three filters, one for each QoS",
    versions: [3, 4],
    from: "client",
    bytes: `
      82 10             | SUBSCRIBE, Remaining Length 16
      00 0a             | Packet Identifier 10
      00 03 61 2f 62 01 | Topic Filter "a/b", QoS 1
      00 01 23 02       | Topic Filter "#", QoS 2
      00 01 2b 00       | Topic Filter "+", QoS 0`,
    packet: {
      type: "subscribe",
      packetId: 10,
      subscriptions: [
        { ...SUBSCRIPTION, qos: 1 },
        { ...SUBSCRIPTION, topicFilter: "#", qos: 2 },
        { ...SUBSCRIPTION, topicFilter: "+" },
      ],
      properties: {},
    },
  },
  {
    name: "SUBSCRIBE once more, with the DUP flag of old",
    versions: [3],
    from: "client",
    canonical: false,
    bytes: `
      8a 08             | SUBSCRIBE, DUP, QoS 1, Remaining Length 8
      00 0a             | Packet Identifier 10
      00 03 61 2f 62 00 | Topic Filter "a/b", QoS 0`,
    packet: {
      type: "subscribe",
      packetId: 10,
      subscriptions: [SUBSCRIPTION],
      properties: {},
    },
  },
  {
    name: "SUBSCRIBE without properties",
    versions: [5],
    from: "client",
    bytes: `
      82 09             | SUBSCRIBE, Remaining Length 9
      ff ff             | Packet Identifier 65,535
      00                | Property Length 0
      00 03 61 2f 62 00 | Topic Filter "a/b", every option 0`,
    packet: {
      type: "subscribe",
      packetId: 65_535,
      subscriptions: [SUBSCRIPTION],
      properties: {},
    },
  },
  {
    name: "SUBSCRIBE with every property and every option",
    versions: [5],
    from: "client",
    bytes: `
      82 33                   | SUBSCRIBE, Remaining Length 51
      00 01                   | Packet Identifier 1
      13                      | Property Length 19
      0b ff ff ff 7f          | Subscription Identifier 268,435,455
      26 00 01 61 00 01 62    | User Property "a": "b"
      26 00 01 61 00 01 62    | User Property "a": "b" again
      00 01 61 05             | Topic Filter "a", QoS 1, No Local
      00 01 62 0a             | Topic Filter "b", QoS 2, Retain As Published
      00 01 63 10             | Topic Filter "c", Retain Handling 1
      00 01 64 2e             | Topic Filter "d", QoS 2, both flags, Retain Handling 2
      00 0a 24 73 68 61 72 65 | Topic Filter "$share
      2f 67 2f 61             | /g/a"
      01                      | QoS 1`,
    packet: {
      type: "subscribe",
      packetId: 1,
      subscriptions: [
        { ...SUBSCRIPTION, topicFilter: "a", qos: 1, noLocal: true },
        { ...SUBSCRIPTION, topicFilter: "b", qos: 2, retainAsPublished: true },
        { ...SUBSCRIPTION, topicFilter: "c", retainHandling: 1 },
        {
          topicFilter: "d",
          qos: 2,
          noLocal: true,
          retainAsPublished: true,
          retainHandling: 2,
        },
        { ...SUBSCRIPTION, topicFilter: "$share/g/a", qos: 1 },
      ],
      properties: {
        subscriptionIdentifier: 268_435_455,
        userProperties: [["a", "b"], ["a", "b"]],
      },
    },
  },
  {
    name: "SUBACK that grants one and refuses another",
    versions: [4],
    from: "server",
    bytes: `
      90 06 | SUBACK, Remaining Length 6
      00 0a | Packet Identifier 10
      00    | Maximum QoS 0
      01    | Maximum QoS 1
      02    | Maximum QoS 2
      80    | Failure`,
    packet: {
      type: "suback",
      packetId: 10,
      reasonCodes: [0, 1, 2, 0x80],
      properties: {},
    },
  },
  {
    name: "SUBACK that grants",
    versions: [3],
    from: "server",
    bytes: `
      90 05 | SUBACK, Remaining Length 5
      00 0a | Packet Identifier 10
      02    | granted QoS 2
      01    | granted QoS 1
      00    | granted QoS 0`,
    packet: {
      type: "suback",
      packetId: 10,
      reasonCodes: [2, 1, 0],
      properties: {},
    },
  },
  {
    name: "SUBACK without properties",
    versions: [5],
    from: "server",
    bytes: `
      90 04 | SUBACK, Remaining Length 4
      01 00 | Packet Identifier 256
      00    | Property Length 0
      01    | Granted QoS 1`,
    packet: {
      type: "suback",
      packetId: 256,
      reasonCodes: [1],
      properties: {},
    },
  },
  {
    name: "SUBACK with its properties",
    versions: [5],
    from: "server",
    bytes: `
      90 11                | SUBACK, Remaining Length 17
      00 0a                | Packet Identifier 10
      0c                   | Property Length 12
      1f 00 02 6e 6f       | Reason String "no"
      26 00 01 61 00 01 62 | User Property "a": "b"
      02                   | Granted QoS 2
      87                   | Not authorized`,
    packet: {
      type: "suback",
      packetId: 10,
      reasonCodes: [2, 0x87],
      properties: { reasonString: "no", userProperties: [["a", "b"]] },
    },
  },
];

/** SUBSCRIBE and SUBACK packets that are none. The clauses are those of 5.0, or else of 3.1.1. */
export const subscribeRefusals: readonly Refusal[] = [
  ...refusalsOf(
    "client",
    `
4     | 81    | 2.1.3 3.8.1-1     | SUBSCRIBE with reserved bits 0000              | 80 06 00 0a 00 01 61 00
5     | 81    | 2.1.3 3.8.1-1     | SUBSCRIBE with reserved bits 0000              | 80 07 00 0a 00 00 01 61 00
5     | 81    | 2.1.3 3.8.1-1     | SUBSCRIBE with reserved bits 1010              | 8a 07 00 0a 00 00 01 61 00
3 4   | 81 82 | 2.2.1 2.3.1       | SUBSCRIBE with Packet Identifier 0             | 82 06 00 00 00 01 61 00
5     | 81 82 | 2.2.1             | SUBSCRIBE with Packet Identifier 0             | 82 07 00 00 00 00 01 61 00
3 4   | 81 82 | 3.8.3             | SUBSCRIBE without filters                      | 82 02 00 0a
5     | 82    | 3.8.3-2           | SUBSCRIBE without filters                      | 82 03 00 0a 00
5     | 81    | 1.5 2.1 2.2 3.8   | SUBSCRIBE that ends before its Property Length | 82 02 00 0a
3 4   | 81    | 1.5 2.1 3.8       | SUBSCRIBE with a filter and no QoS             | 82 05 00 0a 00 01 61
5     | 81    | 1.5 2.1 3.8       | SUBSCRIBE with a filter and no options         | 82 06 00 0a 00 00 01 61
5     | 81    | 1.5 2.1 3.8       | SUBSCRIBE with a filter longer than the packet | 82 07 00 0a 00 00 02 61 00
4     | 81 82 | 3.8.3 3-8.3       | SUBSCRIBE at QoS 3                             | 82 06 00 0a 00 01 61 03
5     | 82    | 3.8.3             | SUBSCRIBE at QoS 3                             | 82 07 00 0a 00 00 01 61 03
4     | 81    | 3.8.3 3-8.3       | SUBSCRIBE with an option of MQTT 5             | 82 06 00 0a 00 01 61 04
5     | 81    | 3.8.3-5           | SUBSCRIBE with a reserved option, bit 6        | 82 07 00 0a 00 00 01 61 40
5     | 81    | 3.8.3-5           | SUBSCRIBE with a reserved option, bit 7        | 82 07 00 0a 00 00 01 61 80
5     | 82    | 3.8.3             | SUBSCRIBE with Retain Handling 3               | 82 07 00 0a 00 00 01 61 30
5     | 82    | 3.8.3-4           | SUBSCRIBE to a shared filter with No Local     | 82 0f 00 0a 00 00 09 24 73 68 61 72 65 2f 67 2f 04
5     | 82    | 3.8.2 2.2.2.2     | SUBSCRIBE with Subscription Identifier 0       | 82 09 00 0a 02 0b 00 00 01 61 00
3 4   | 81    | 1.5.4 1.5.3 3.8.3 | SUBSCRIBE to an ill-formed filter              | 82 06 00 0a 00 01 ff 00
5     | 81    | 1.5.4 3.8.3       | SUBSCRIBE to an ill-formed filter              | 82 07 00 0a 00 00 01 ff 00
3 4 5 | 82    | 2.1.2             | SUBACK from a client                           | 90 04 00 0a 00 00
`,
  ),
  ...refusalsOf(
    "server",
    `
4 5   | 81    | 2.1.3             | SUBACK with reserved bits                      | 92 04 00 0a 00 00
3 4   | 81 82 | 2.2.1 2.3.1       | SUBACK with Packet Identifier 0                | 90 03 00 00 00
5     | 81 82 | 2.2.1             | SUBACK with Packet Identifier 0                | 90 04 00 00 00 00
3 4 5 | 81    | 1.5 2.1 2.2 3.9   | SUBACK of one byte                             | 90 01 0a
4     | 81 82 | 3.9.3-2           | SUBACK with a return code of MQTT 5            | 90 03 00 0a 87
4     | 81 82 | 3.9.3-2           | SUBACK with QoS 3                              | 90 03 00 0a 03
5     | 81 82 | 3.9.3-2           | SUBACK with QoS 3                              | 90 04 00 0a 00 03
5     | 81 82 | 3.9.3-2           | SUBACK with a Reason Code of UNSUBACK          | 90 05 00 0a 00 00 11
5     | 81    | 1.5 2.1 2.2 3.9   | SUBACK with properties longer than the packet  | 90 06 00 0a 04 26 00 00
3 4 5 | 82    | 2.1.2             | SUBSCRIBE from a server                        | 82 06 00 0a 00 01 61 00
`,
  ),
];
