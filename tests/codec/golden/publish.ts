/**
 * Golden bytes of PUBLISH (chapter 3.3).
 *
 * @module
 */
import type { PublishPacket } from "../../../src/codec/packet.ts";
import { type Golden, type Refusal, refusalsOf } from "../golden.ts";

/** What a PUBLISH has if nothing else is said. */
const PUBLISH = {
  type: "publish",
  topicName: "a/b",
  payload: Uint8Array.of(0x68, 0x69),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  properties: {},
} as const satisfies PublishPacket;

/** PUBLISH packets. */
export const publishes: readonly Golden[] = [
  {
    name: "PUBLISH at QoS 0",
    versions: [3, 4],
    from: "server",
    bytes: `
      30 07          | PUBLISH, QoS 0, Remaining Length 7
      00 03 61 2f 62 | Topic Name "a/b"
      68 69          | payload "hi"`,
    packet: PUBLISH,
  },
  {
    name: "PUBLISH at QoS 0",
    versions: [5],
    from: "server",
    bytes: `
      30 08          | PUBLISH, QoS 0, Remaining Length 8
      00 03 61 2f 62 | Topic Name "a/b"
      00             | Property Length 0
      68 69          | payload "hi"`,
    packet: PUBLISH,
  },
  {
    name: "PUBLISH at QoS 0 from a client, retained, without a payload",
    versions: [3, 4],
    from: "client",
    bytes: `
      31 05          | PUBLISH, QoS 0, RETAIN, Remaining Length 5
      00 03 61 2f 62 | Topic Name "a/b"`,
    packet: { ...PUBLISH, payload: new Uint8Array(), retain: true },
  },
  {
    name: "PUBLISH at QoS 0 from a client, retained, without a payload",
    versions: [5],
    from: "client",
    bytes: `
      31 06          | PUBLISH, QoS 0, RETAIN, Remaining Length 6
      00 03 61 2f 62 | Topic Name "a/b"
      00             | Property Length 0`,
    packet: { ...PUBLISH, payload: new Uint8Array(), retain: true },
  },
  {
    name: "PUBLISH at QoS 1",
    versions: [3, 4],
    from: "client",
    bytes: `
      32 09          | PUBLISH, QoS 1, Remaining Length 9
      00 03 61 2f 62 | Topic Name "a/b"
      00 01          | Packet Identifier 1
      68 69          | payload "hi"`,
    packet: { ...PUBLISH, qos: 1, packetId: 1 },
  },
  {
    name: "PUBLISH at QoS 1",
    versions: [5],
    from: "client",
    bytes: `
      32 0a          | PUBLISH, QoS 1, Remaining Length 10
      00 03 61 2f 62 | Topic Name "a/b"
      00 01          | Packet Identifier 1
      00             | Property Length 0
      68 69          | payload "hi"`,
    packet: { ...PUBLISH, qos: 1, packetId: 1 },
  },
  {
    name:
      "PUBLISH at QoS 1 once more, retained, with the highest Packet Identifier",
    versions: [3, 4],
    from: "server",
    bytes: `
      3b 07          | PUBLISH, DUP, QoS 1, RETAIN, Remaining Length 7
      00 03 61 2f 62 | Topic Name "a/b"
      ff ff          | Packet Identifier 65,535`,
    packet: {
      ...PUBLISH,
      payload: new Uint8Array(),
      qos: 1,
      retain: true,
      dup: true,
      packetId: 65_535,
    },
  },
  {
    name: "PUBLISH at QoS 2",
    versions: [3, 4],
    from: "server",
    bytes: `
      34 09          | PUBLISH, QoS 2, Remaining Length 9
      00 03 61 2f 62 | Topic Name "a/b"
      01 00          | Packet Identifier 256
      68 69          | payload "hi"`,
    packet: { ...PUBLISH, qos: 2, packetId: 256 },
  },
  {
    name: "PUBLISH at QoS 2 once more, retained",
    versions: [5],
    from: "server",
    bytes: `
      3d 0a          | PUBLISH, DUP, QoS 2, RETAIN, Remaining Length 10
      00 03 61 2f 62 | Topic Name "a/b"
      01 02          | Packet Identifier 258
      00             | Property Length 0
      68 69          | payload "hi"`,
    packet: { ...PUBLISH, qos: 2, retain: true, dup: true, packetId: 258 },
  },
  {
    name: "PUBLISH whose payload looks like a packet",
    versions: [3, 4],
    from: "server",
    bytes: `
      30 09          | PUBLISH, QoS 0, Remaining Length 9
      00 03 61 2f 62 | Topic Name "a/b"
      d0 00 00 ff    | payload, a PINGRESP and what is none`,
    packet: { ...PUBLISH, payload: Uint8Array.of(0xd0, 0x00, 0x00, 0xff) },
  },
  {
    name: "PUBLISH whose topic is a slash",
    versions: [3, 4],
    from: "server",
    bytes: `
      30 03    | PUBLISH, QoS 0, Remaining Length 3
      00 01 2f | Topic Name "/", without a payload`,
    packet: { ...PUBLISH, topicName: "/", payload: new Uint8Array() },
  },
  {
    name: "PUBLISH with every property that a client may send",
    versions: [5],
    from: "client",
    bytes: `
      32 2e                | PUBLISH, QoS 1, Remaining Length 46
      00 03 61 2f 62       | Topic Name "a/b"
      00 0a                | Packet Identifier 10
      24                   | Property Length 36
      01 01                | Payload Format Indicator 1
      02 00 01 51 80       | Message Expiry Interval 86,400
      03 00 04 74 65 78 74 | Content Type "text"
      08 00 03 72 2f 31    | Response Topic "r/1"
      09 00 03 00 ff 80    | Correlation Data
      23 ff ff             | Topic Alias 65,535
      26 00 01 61 00 01 62 | User Property "a": "b"
      68 69                | payload "hi"`,
    packet: {
      ...PUBLISH,
      qos: 1,
      packetId: 10,
      properties: {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 86_400,
        contentType: "text",
        responseTopic: "r/1",
        correlationData: Uint8Array.of(0x00, 0xff, 0x80),
        topicAlias: 65_535,
        userProperties: [["a", "b"]],
      },
    },
  },
  {
    // One for each subscription that matched, in any of the four lengths of 1.5.5.
    name: "PUBLISH with Subscription Identifiers of one byte to four",
    versions: [5],
    from: "server",
    bytes: `
      30 22                | PUBLISH, QoS 0, Remaining Length 34
      00 03 61 2f 62       | Topic Name "a/b"
      1a                   | Property Length 26
      0b 01                | Subscription Identifier 1
      0b 7f                | Subscription Identifier 127
      0b 80 01             | Subscription Identifier 128
      0b ff 7f             | Subscription Identifier 16,383
      0b 80 80 01          | Subscription Identifier 16,384
      0b ff ff ff 7f       | Subscription Identifier 268,435,455
      0b 01                | Subscription Identifier 1 again
      26 00 00 00 00       | User Property "": ""
      68 69                | payload "hi"`,
    packet: {
      ...PUBLISH,
      properties: {
        subscriptionIdentifiers: [1, 127, 128, 16_383, 16_384, 268_435_455, 1],
        userProperties: [["", ""]],
      },
    },
  },
  {
    name: "PUBLISH with a Topic Alias in place of its topic",
    versions: [5],
    from: "server",
    bytes: `
      30 08    | PUBLISH, QoS 0, Remaining Length 8
      00 00    | Topic Name of no length
      03       | Property Length 3
      23 00 01 | Topic Alias 1
      68 69    | payload "hi"`,
    packet: { ...PUBLISH, topicName: "", properties: { topicAlias: 1 } },
  },
  {
    name: "PUBLISH with values of no length, and zeros",
    versions: [5],
    from: "server",
    bytes: `
      30 15          | PUBLISH, QoS 0, Remaining Length 21
      00 03 61 2f 62 | Topic Name "a/b"
      0d             | Property Length 13
      01 00          | Payload Format Indicator 0
      02 00 00 00 00 | Message Expiry Interval 0
      03 00 00       | Content Type ""
      09 00 00       | Correlation Data of no length
      68 69          | payload "hi"`,
    packet: {
      ...PUBLISH,
      properties: {
        payloadFormatIndicator: 0,
        messageExpiryInterval: 0,
        contentType: "",
        correlationData: new Uint8Array(),
      },
    },
  },
  {
    name: "PUBLISH with the same User Properties again and again, in order",
    versions: [5],
    from: "server",
    bytes: `
      30 24                | PUBLISH, QoS 0, Remaining Length 36
      00 03 61 2f 62       | Topic Name "a/b"
      1c                   | Property Length 28
      26 00 01 62 00 01 31 | User Property "b": "1"
      26 00 01 61 00 01 32 | User Property "a": "2"
      26 00 01 62 00 01 31 | User Property "b": "1"
      26 00 01 62 00 01 30 | User Property "b": "0"
      68 69                | payload "hi"`,
    packet: {
      ...PUBLISH,
      properties: {
        userProperties: [["b", "1"], ["a", "2"], ["b", "1"], ["b", "0"]],
      },
    },
  },
  {
    name: "PUBLISH with properties in any order",
    versions: [5],
    from: "server",
    canonical: false,
    bytes: `
      30 24                | PUBLISH, QoS 0, Remaining Length 36
      00 03 61 2f 62       | Topic Name "a/b"
      1c                   | Property Length 28
      26 00 01 62 00 01 31 | User Property "b": "1"
      0b 05                | Subscription Identifier 5
      23 00 02             | Topic Alias 2
      26 00 01 61 00 01 32 | User Property "a": "2"
      02 ff ff ff ff       | Message Expiry Interval 4,294,967,295
      0b 04                | Subscription Identifier 4
      01 01                | Payload Format Indicator 1
      68 69                | payload "hi"`,
    packet: {
      ...PUBLISH,
      properties: {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 0xffff_ffff,
        subscriptionIdentifiers: [5, 4],
        topicAlias: 2,
        userProperties: [["b", "1"], ["a", "2"]],
      },
    },
  },
];

/** PUBLISH packets that are none. */
export const publishRefusals: readonly Refusal[] = [
  ...refusalsOf(
    "server",
    `
3 4 5 | 81    | 3.3.1-4                 | PUBLISH at QoS 3                                      | 36 07 00 01 61 00 01 00 68
3 4 5 | 81    | 3.3.1-4                 | PUBLISH at QoS 3, DUP and RETAIN                      | 3f 07 00 01 61 00 01 00 68
4 5   | 81 82 | 3.3.1-2                 | PUBLISH at QoS 0 with DUP                             | 38 05 00 01 61 00 68
3 4   | 81 82 | 2.2.1 2.3.1             | PUBLISH at QoS 1 with Packet Identifier 0             | 32 05 00 01 61 00 00
5     | 81 82 | 2.2.1                   | PUBLISH at QoS 1 with Packet Identifier 0             | 32 06 00 01 61 00 00 00
3 4   | 81 82 | 2.2.1 2.3.1             | PUBLISH at QoS 2 with Packet Identifier 0             | 3c 06 00 01 61 00 00 68
5     | 81 82 | 2.2.1                   | PUBLISH at QoS 2 with Packet Identifier 0             | 3c 07 00 01 61 00 00 00 68
3 4 5 | 81    | 1.5 2.1 3.3             | PUBLISH of no length                                  | 30 00
3 4 5 | 81    | 1.5 2.1 3.3             | PUBLISH of one byte                                   | 30 01 00
3 4 5 | 81    | 1.5 2.1 3.3             | PUBLISH with a topic longer than the packet           | 30 04 00 03 61 61
3 4 5 | 81    | 1.5 2.1 2.2 3.3         | PUBLISH that ends before its Packet Identifier        | 32 03 00 01 61
3 4 5 | 81    | 1.5 2.1 2.2 3.3         | PUBLISH that ends within its Packet Identifier        | 32 04 00 01 61 01
5     | 81    | 1.5 2.1 2.2 3.3         | PUBLISH that ends before its Property Length          | 32 05 00 01 61 00 01
5     | 81    | 1.5 2.1 2.2 3.3         | PUBLISH that ends within its Property Length          | 30 04 00 01 61 80
5     | 81    | 1.5 2.1 2.2 3.3         | PUBLISH with properties longer than the packet        | 30 06 00 01 61 03 01 00
5     | 81    | 1.5.5                   | PUBLISH with a Property Length of five bytes          | 30 0a 00 01 61 80 80 80 80 01 01 00
5     | 81    | 1.5.5                   | PUBLISH with a Property Length longer than needed     | 30 06 00 01 61 80 00 68
3 4   | 81 82 | 3.3.2 4.7.3             | PUBLISH with a topic of no length                     | 30 03 00 00 68
5     | 82    | 3.3.2 4.7.3-1           | PUBLISH with neither a topic nor a Topic Alias        | 30 04 00 00 00 68
3 4   | 81 82 | 3.3.2-2 4.7.0-1         | PUBLISH with a topic that is #                        | 30 04 00 01 23 68
3 4   | 81 82 | 3.3.2-2 4.7.0-1         | PUBLISH with + in its topic                           | 30 06 00 03 61 2b 62 68
5     | 81 82 | 3.3.2-2 4.7.0-1         | PUBLISH with a topic that is +                        | 30 04 00 01 2b 00
5     | 81 82 | 3.3.2-2 4.7.0-1         | PUBLISH with # in its topic                           | 30 06 00 03 61 2f 23 00
3 4   | 81    | 1.5.4-2 1.5.3-2 4.7.3-2 | PUBLISH with U+0000 in its topic                      | 30 05 00 03 61 00 62
5     | 81    | 1.5.4-2 4.7.3-2         | PUBLISH with U+0000 in its topic                      | 30 06 00 03 61 00 62 00
5     | 94    | 3.3.2-8                 | PUBLISH with Topic Alias 0                            | 30 07 00 01 61 03 23 00 00
5     | 82    | 3.3.2 2.2.2.2           | PUBLISH with Subscription Identifier 0                | 30 06 00 01 61 02 0b 00
5     | 81    | 1.5.5                   | PUBLISH with a Subscription Identifier of 5 bytes     | 30 0a 00 01 61 06 0b 80 80 80 80 01
5     | 81    | 1.5.5 2.1               | PUBLISH with a Subscription Identifier cut off        | 30 06 00 01 61 02 0b 80
5     | 81 82 | 3.3.2-14                | PUBLISH with a wildcard in its Response Topic         | 30 0a 00 01 61 06 08 00 03 61 2f 2b
5     | 82    | 4.7.3-1                 | PUBLISH with a Response Topic of no length            | 30 07 00 01 61 03 08 00 00
5     | 81 82 | 3.3.2 2.2.2.2           | PUBLISH with Payload Format Indicator 2               | 30 06 00 01 61 02 01 02
`,
  ),
  ...refusalsOf(
    "client",
    `
5     | 81 82 | 3.3.4-6                 | PUBLISH with a Subscription Identifier, from a client | 30 06 00 01 61 02 0b 01
`,
  ),
];
