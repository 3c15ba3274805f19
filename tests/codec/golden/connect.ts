/**
 * Golden bytes of CONNECT (chapter 3.1).
 *
 * @module
 */
import type { ConnectPacket, WillPacket } from "../../../src/codec/packet.ts";
import { type Golden, type Refusal, refusalsOf } from "../golden.ts";

/** What a CONNECT has if nothing else is said. */
const CONNECT = {
  type: "connect",
  cleanStart: true,
  keepAlive: 60,
  username: undefined,
  password: undefined,
  will: undefined,
  properties: {},
} as const satisfies Partial<ConnectPacket>;

/** What a will has if nothing else is said. */
const WILL = {
  topicName: "w",
  payload: Uint8Array.of(0x62, 0x79, 0x65),
  qos: 0,
  retain: false,
  properties: {},
} as const satisfies WillPacket;

/** CONNECT packets. */
export const connects: readonly Golden[] = [
  {
    name: "CONNECT with nothing but a client id",
    versions: [3],
    from: "client",
    bytes: `
      10 0f                   | CONNECT, Remaining Length 15
      00 06 4d 51 49 73 64 70 | Protocol Name "MQIsdp"
      03                      | Protocol Level
      02                      | Connect Flags: Clean Session
      00 3c                   | Keep Alive 60
      00 01 61                | Client Identifier "a"`,
    packet: {
      ...CONNECT,
      protocolVersion: 3,
      clientId: "a",
    },
  },
  {
    name: "CONNECT with will, user name and password",
    versions: [3],
    from: "client",
    bytes: `
      10 21                   | CONNECT, Remaining Length 33
      00 06 4d 51 49 73 64 70 | Protocol Name "MQIsdp"
      03                      | Protocol Level
      ec                      | User Name, Password, Will Retain, Will QoS 1, Will
      ff ff                   | Keep Alive 65,535
      00 05 6d 69 64 67 65    | Client Identifier "midge"
      00 01 77                | Will Topic "w"
      00 03 62 79 65          | Will Message "bye"
      00 01 75                | User Name "u"
      00 01 70                | Password "p"`,
    packet: {
      ...CONNECT,
      protocolVersion: 3,
      cleanStart: false,
      keepAlive: 65_535,
      clientId: "midge",
      username: "u",
      password: Uint8Array.of(0x70),
      will: { ...WILL, qos: 1, retain: true },
    },
  },
  {
    // "The Remaining Length field from the fixed header takes precedence over the User Name
    // flag": a server of 3.1 must allow for strings that are announced and missing (3.1 of 3.1).
    name: "CONNECT with flags for a user name and a password that are missing",
    versions: [3],
    from: "client",
    canonical: false,
    bytes: `
      10 0f                   | CONNECT, Remaining Length 15
      00 06 4d 51 49 73 64 70 | Protocol Name "MQIsdp"
      03                      | Protocol Level
      c2                      | User Name, Password, Clean Session
      00 00                   | Keep Alive 0
      00 01 61                | Client Identifier "a"`,
    packet: {
      ...CONNECT,
      protocolVersion: 3,
      keepAlive: 0,
      clientId: "a",
    },
  },
  {
    name: "CONNECT with a client id of no length",
    versions: [4],
    from: "client",
    bytes: `
      10 0c             | CONNECT, Remaining Length 12
      00 04 4d 51 54 54 | Protocol Name "MQTT"
      04                | Protocol Level
      02                | Connect Flags: Clean Session
      00 00             | Keep Alive 0
      00 00             | Client Identifier ""`,
    packet: {
      ...CONNECT,
      protocolVersion: 4,
      keepAlive: 0,
      clientId: "",
    },
  },
  {
    name: "CONNECT with a will of no length at QoS 2 and a user name alone",
    versions: [4],
    from: "client",
    bytes: `
      10 1d                | CONNECT, Remaining Length 29
      00 04 4d 51 54 54    | Protocol Name "MQTT"
      04                   | Protocol Level
      94                   | Connect Flags: User Name, Will QoS 2, Will
      00 3c                | Keep Alive 60
      00 05 6d 69 64 67 65 | Client Identifier "midge"
      00 01 77             | Will Topic "w"
      00 00                | Will Message of no length
      00 05 6a 6f 73 c3 a9 | User Name "josé"`,
    packet: {
      ...CONNECT,
      protocolVersion: 4,
      cleanStart: false,
      clientId: "midge",
      username: "josé",
      will: { ...WILL, payload: new Uint8Array(), qos: 2 },
    },
  },
  {
    name:
      "CONNECT with a password that is no text and a user name of no length",
    versions: [4],
    from: "client",
    bytes: `
      10 14             | CONNECT, Remaining Length 20
      00 04 4d 51 54 54 | Protocol Name "MQTT"
      04                | Protocol Level
      c2                | Connect Flags: User Name, Password, Clean Session
      00 01             | Keep Alive 1
      00 01 61          | Client Identifier "a"
      00 00             | User Name ""
      00 03 ff 00 fe    | Password, three bytes that are no UTF-8`,
    packet: {
      ...CONNECT,
      protocolVersion: 4,
      keepAlive: 1,
      clientId: "a",
      username: "",
      password: Uint8Array.of(0xff, 0x00, 0xfe),
    },
  },
  {
    name: "CONNECT with nothing, neither Clean Start nor a client id",
    versions: [5],
    from: "client",
    bytes: `
      10 0d             | CONNECT, Remaining Length 13
      00 04 4d 51 54 54 | Protocol Name "MQTT"
      05                | Protocol Version
      00                | Connect Flags: none
      00 3c             | Keep Alive 60
      00                | Property Length 0
      00 00             | Client Identifier ""`,
    packet: {
      ...CONNECT,
      protocolVersion: 5,
      cleanStart: false,
      clientId: "",
    },
  },
  {
    name: "CONNECT with a password and no user name, which MQTT 5 allows",
    versions: [5],
    from: "client",
    bytes: `
      10 10             | CONNECT, Remaining Length 16
      00 04 4d 51 54 54 | Protocol Name "MQTT"
      05                | Protocol Version
      42                | Connect Flags: Password, Clean Start
      00 3c             | Keep Alive 60
      00                | Property Length 0
      00 00             | Client Identifier ""
      00 01 70          | Password "p"`,
    packet: {
      ...CONNECT,
      protocolVersion: 5,
      clientId: "",
      password: Uint8Array.of(0x70),
    },
  },
  {
    name: "CONNECT with every property of its own and of the will",
    versions: [5],
    from: "client",
    bytes: `
      10 69                   | CONNECT, Remaining Length 105
      00 04 4d 51 54 54       | Protocol Name "MQTT"
      05                      | Protocol Version
      f6                      | User Name, Password, Will Retain, Will QoS 2, Will, Clean Start
      00 02                   | Keep Alive 2
      26                      | Property Length 38
      11 00 00 00 78          | Session Expiry Interval 120
      15 00 03 41 42 43       | Authentication Method "ABC"
      16 00 02 01 ff          | Authentication Data
      17 00                   | Request Problem Information 0
      19 01                   | Request Response Information 1
      21 03 e8                | Receive Maximum 1,000
      22 00 0a                | Topic Alias Maximum 10
      26 00 01 61 00 01 62    | User Property "a": "b"
      27 00 10 00 00          | Maximum Packet Size 1,048,576
      00 05 6d 69 64 67 65    | Client Identifier "midge"
      22                      | Will Property Length 34
      01 01                   | Payload Format Indicator 1
      02 00 00 00 3c          | Message Expiry Interval 60
      03 00 04 74 65 78 74    | Content Type "text"
      08 00 01 72             | Response Topic "r"
      09 00 02 00 01          | Correlation Data
      18 00 00 00 05          | Will Delay Interval 5
      26 00 01 6b 00 00       | User Property "k": ""
      00 01 77                | Will Topic "w"
      00 03 62 79 65          | Will Payload "bye"
      00 01 75                | User Name "u"
      00 01 70                | Password "p"`,
    packet: {
      ...CONNECT,
      protocolVersion: 5,
      keepAlive: 2,
      clientId: "midge",
      username: "u",
      password: Uint8Array.of(0x70),
      will: {
        ...WILL,
        qos: 2,
        retain: true,
        properties: {
          payloadFormatIndicator: 1,
          messageExpiryInterval: 60,
          contentType: "text",
          responseTopic: "r",
          correlationData: Uint8Array.of(0, 1),
          willDelayInterval: 5,
          userProperties: [["k", ""]],
        },
      },
      properties: {
        sessionExpiryInterval: 120,
        authenticationMethod: "ABC",
        authenticationData: Uint8Array.of(0x01, 0xff),
        requestProblemInformation: false,
        requestResponseInformation: true,
        receiveMaximum: 1_000,
        topicAliasMaximum: 10,
        userProperties: [["a", "b"]],
        maximumPacketSize: 1_048_576,
      },
    },
  },
  {
    name: "CONNECT with properties in any order and a will without any",
    versions: [5],
    from: "client",
    canonical: false,
    bytes: `
      10 30                | CONNECT, Remaining Length 48
      00 04 4d 51 54 54    | Protocol Name "MQTT"
      05                   | Protocol Version
      06                   | Connect Flags: Will, Clean Start
      00 00                | Keep Alive 0
      1b                   | Property Length 27
      26 00 01 62 00 01 31 | User Property "b": "1"
      27 ff ff ff ff       | Maximum Packet Size 4,294,967,295
      16 00 00             | Authentication Data of no length, before its method
      26 00 01 61 00 01 32 | User Property "a": "2"
      17 01                | Request Problem Information 1
      15 00 00             | Authentication Method ""
      00 01 61             | Client Identifier "a"
      00                   | Will Property Length 0
      00 01 77             | Will Topic "w"
      00 01 00             | Will Payload, one byte 00`,
    packet: {
      ...CONNECT,
      protocolVersion: 5,
      keepAlive: 0,
      clientId: "a",
      will: { ...WILL, payload: Uint8Array.of(0) },
      properties: {
        authenticationMethod: "",
        authenticationData: new Uint8Array(),
        requestProblemInformation: true,
        userProperties: [["b", "1"], ["a", "2"]],
        maximumPacketSize: 0xffff_ffff,
      },
    },
  },
];

/** CONNECT packets that are none. The clauses are those of 5.0, or else of 3.1.1. */
export const connectRefusals: readonly Refusal[] = [
  ...refusalsOf(
    "client",
    `
3 4 5 | 81    | 1.5 2.1 3.1       | CONNECT of no length                            | 10 00
4 5   | 81    | 2.1.3             | CONNECT with a reserved bit in its first byte   | 11 0d 00 04 4d 51 54 54 05 02 00 3c 00 00 00
5     | 84    | 3.1.2-1           | CONNECT with the Protocol Name MQTX             | 10 0d 00 04 4d 51 54 58 05 02 00 3c 00 00 00
5     | 84    | 3.1.2-1           | CONNECT with a Protocol Name of no length       | 10 09 00 00 05 02 00 3c 00 00 00
5     | 84    | 3.1.2-2           | CONNECT with Protocol Version 6                 | 10 0d 00 04 4d 51 54 54 06 02 00 3c 00 00 00
5     | 84    | 3.1.2-2           | CONNECT with Protocol Version 0                 | 10 0d 00 04 4d 51 54 54 00 02 00 3c 00 00 00
4     | 84    | 3.1.2-1 3.1.2-2   | CONNECT with MQIsdp and the level of 3.1.1      | 10 0f 00 06 4d 51 49 73 64 70 04 02 00 3c 00 01 61
4     | 84    | 3.1.2-1 3.1.2-2   | CONNECT with MQTT and the level of 3.1          | 10 0d 00 04 4d 51 54 54 03 02 00 3c 00 01 61
4     | 81    | 3.1.2-3           | CONNECT with the reserved flag                  | 10 0d 00 04 4d 51 54 54 04 03 00 3c 00 01 61
5     | 81    | 3.1.2-3           | CONNECT with the reserved flag                  | 10 0e 00 04 4d 51 54 54 05 03 00 3c 00 00 01 61
4     | 81    | 3.1.2-12 3.1.2-14 | CONNECT with Will QoS 3                         | 10 13 00 04 4d 51 54 54 04 1e 00 3c 00 01 61 00 01 77 00 01 70
5     | 81    | 3.1.2-12          | CONNECT with Will QoS 3                         | 10 15 00 04 4d 51 54 54 05 1e 00 3c 00 00 01 61 00 00 01 77 00 01 70
4     | 81 82 | 3.1.2-11 3.1.2-13 | CONNECT with Will QoS 1 and no will             | 10 0d 00 04 4d 51 54 54 04 0a 00 3c 00 01 61
5     | 81 82 | 3.1.2-11          | CONNECT with Will QoS 1 and no will             | 10 0e 00 04 4d 51 54 54 05 0a 00 3c 00 00 01 61
4     | 81 82 | 3.1.2-13 3.1.2-15 | CONNECT with Will Retain and no will            | 10 0d 00 04 4d 51 54 54 04 22 00 3c 00 01 61
5     | 81 82 | 3.1.2-13          | CONNECT with Will Retain and no will            | 10 0e 00 04 4d 51 54 54 05 22 00 3c 00 00 01 61
4     | 81 82 | 3.1.2-22          | CONNECT with a password and no user name        | 10 10 00 04 4d 51 54 54 04 42 00 3c 00 01 61 00 01 70
5     | 81    | 1.5 2.1 3.1       | CONNECT with a client id longer than the packet | 10 0e 00 04 4d 51 54 54 05 02 00 3c 00 00 02 61
5     | 81    | 1.5 2.1 2.2 3.1   | CONNECT that ends before its Property Length    | 10 0a 00 04 4d 51 54 54 05 02 00 3c
4     | 81    | 1.5 2.1 3.1       | CONNECT that ends before its client id          | 10 0a 00 04 4d 51 54 54 04 02 00 3c
5     | 81    | 1.5 2.1 3.1       | CONNECT that announces a password and has none  | 10 11 00 04 4d 51 54 54 05 c2 00 3c 00 00 01 61 00 01 75
4     | 81    | 1.5 2.1 3.1       | CONNECT that announces a user name and has none | 10 0d 00 04 4d 51 54 54 04 82 00 3c 00 01 61
5     | 81    | 1.5 2.1 2.2 3.1   | CONNECT that announces a will and has none      | 10 0e 00 04 4d 51 54 54 05 06 00 3c 00 00 01 61
5     | 81    | 2.1 3.1           | CONNECT with a byte behind its client id        | 10 0f 00 04 4d 51 54 54 05 02 00 3c 00 00 01 61 00
4     | 81    | 2.1 3.1           | CONNECT with a user name that no flag announces | 10 10 00 04 4d 51 54 54 04 02 00 3c 00 01 61 00 01 75
5     | 82    | 3.1.2.11.10       | CONNECT with Authentication Data and no Method  | 10 12 00 04 4d 51 54 54 05 02 00 3c 04 16 00 01 ff 00 01 61
`,
  ),
  ...refusalsOf(
    "server",
    `
3 4 5 | 82    | 2.1.2             | CONNECT from a server                           | 10 0d 00 04 4d 51 54 54 05 02 00 3c 00 00 00
`,
  ),
];
