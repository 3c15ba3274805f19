/**
 * Golden bytes of PINGREQ, PINGRESP, DISCONNECT and AUTH (chapters 3.12 to 3.15).
 *
 * @module
 */
import { type Golden, type Refusal, refusalsOf } from "../golden.ts";

/** PINGREQ, PINGRESP, DISCONNECT and AUTH. */
export const disconnects: readonly Golden[] = [
  {
    name: "PINGREQ",
    versions: [3, 4, 5],
    from: "client",
    bytes: "c0 00 | PINGREQ, Remaining Length 0",
    packet: { type: "pingreq" },
  },
  {
    name: "PINGRESP",
    versions: [3, 4, 5],
    from: "server",
    bytes: "d0 00 | PINGRESP, Remaining Length 0",
    packet: { type: "pingresp" },
  },
  {
    name: "DISCONNECT",
    versions: [3, 4, 5],
    from: "client",
    bytes: "e0 00 | DISCONNECT, Remaining Length 0; in MQTT 5 that is normal",
    packet: { type: "disconnect", reasonCode: 0, properties: {} },
  },
  {
    name: "DISCONNECT with a Reason Code and no Property Length",
    versions: [5],
    from: "client",
    bytes: `
      e0 01 | DISCONNECT, Remaining Length 1
      04    | Disconnect with Will Message`,
    packet: { type: "disconnect", reasonCode: 4, properties: {} },
  },
  {
    name: "DISCONNECT with what may be left out written out",
    versions: [5],
    from: "client",
    canonical: false,
    bytes: `
      e0 02 | DISCONNECT, Remaining Length 2
      00    | Normal disconnection
      00    | Property Length 0`,
    packet: { type: "disconnect", reasonCode: 0, properties: {} },
  },
  {
    name: "DISCONNECT with a Session Expiry Interval, which a client may send",
    versions: [5],
    from: "client",
    bytes: `
      e0 07          | DISCONNECT, Remaining Length 7
      00             | Normal disconnection
      05             | Property Length 5
      11 00 00 00 00 | Session Expiry Interval 0`,
    packet: {
      type: "disconnect",
      reasonCode: 0,
      properties: { sessionExpiryInterval: 0 },
    },
  },
  {
    name: "DISCONNECT with every property that a server may send",
    versions: [5],
    from: "server",
    bytes: `
      e0 17                | DISCONNECT, Remaining Length 23
      9d                   | Server moved
      15                   | Property Length 21
      1c 00 04 62 3a 31 38 | Server Reference "b:18"
      1f 00 04 67 6f 6e 65 | Reason String "gone"
      26 00 01 61 00 01 62 | User Property "a": "b"`,
    packet: {
      type: "disconnect",
      reasonCode: 0x9d,
      properties: {
        serverReference: "b:18",
        reasonString: "gone",
        userProperties: [["a", "b"]],
      },
    },
  },
  {
    name: "AUTH of no length, which is Success",
    versions: [5],
    from: "server",
    bytes: "f0 00 | AUTH, Remaining Length 0",
    packet: { type: "auth", reasonCode: 0, properties: {} },
  },
  {
    name: "AUTH that ends with Success and a method",
    versions: [5],
    from: "server",
    bytes: `
      f0 06       | AUTH, Remaining Length 6
      00          | Success
      04          | Property Length 4
      15 00 01 6d | Authentication Method "m"`,
    packet: {
      type: "auth",
      reasonCode: 0,
      properties: { authenticationMethod: "m" },
    },
  },
  {
    name: "AUTH that goes on",
    versions: [5],
    from: "server",
    bytes: `
      f0 10             | AUTH, Remaining Length 16
      18                | Continue authentication
      0e                | Property Length 14
      15 00 03 41 42 43 | Authentication Method "ABC"
      16 00 05          | Authentication Data of five bytes:
      00 01 02 ff fe    | no text`,
    packet: {
      type: "auth",
      reasonCode: 0x18,
      properties: {
        authenticationMethod: "ABC",
        authenticationData: Uint8Array.of(0x00, 0x01, 0x02, 0xff, 0xfe),
      },
    },
  },
  {
    name: "AUTH that starts anew, with every property",
    versions: [5],
    from: "client",
    bytes: `
      f0 16                | AUTH, Remaining Length 22
      19                   | Re-authenticate
      14                   | Property Length 20
      15 00 01 6d          | Authentication Method "m"
      16 00 01 ff          | Authentication Data
      1f 00 02 6f 6b       | Reason String "ok"
      26 00 01 61 00 01 62 | User Property "a": "b"`,
    packet: {
      type: "auth",
      reasonCode: 0x19,
      properties: {
        authenticationMethod: "m",
        authenticationData: Uint8Array.of(0xff),
        reasonString: "ok",
        userProperties: [["a", "b"]],
      },
    },
  },
];

/** PINGREQ, PINGRESP, DISCONNECT and AUTH packets that are none. */
export const disconnectRefusals: readonly Refusal[] = [
  ...refusalsOf(
    "client",
    `
4 5   | 81    | 2.1.3              | PINGREQ with reserved bits                               | c1 00
3 4 5 | 81    | 2.1 3.12           | PINGREQ with a byte                                      | c0 01 00
3 4 5 | 82    | 2.1.2              | PINGRESP from a client                                   | d0 00
4 5   | 81    | 2.1.3 3.14.1-1     | DISCONNECT with reserved bits                            | e2 00
3 4   | 81    | 2.1 3.14           | DISCONNECT with a byte                                   | e0 01 00
5     | 81 82 | 3.14.2-1           | DISCONNECT with a Reason Code of PUBACK                  | e0 01 10
5     | 81    | 1.5 2.1 2.2 3.14   | DISCONNECT with properties longer than the packet        | e0 02 00 01
5     | 81    | 2.1 3.14           | DISCONNECT with a byte behind its properties             | e0 03 00 00 00
3 4   | 81 82 | 2.1.2 3.15         | AUTH, which MQTT 5 brought                               | f0 00
3 4 5 | 81 82 | 2.1.2              | a packet of the reserved type 0                          | 00 00
`,
  ),
  ...refusalsOf(
    "server",
    `
4 5   | 81    | 2.1.3              | PINGRESP with reserved bits                              | d8 00
3 4 5 | 81    | 2.1 3.13           | PINGRESP with a byte                                     | d0 01 00
3 4 5 | 82    | 2.1.2              | PINGREQ from a server                                    | c0 00
3 4   | 81 82 | 2.1.2 3.14         | DISCONNECT from a server before MQTT 5                   | e0 00
5     | 81 82 | 3.14.2-2           | DISCONNECT with a Session Expiry Interval, from a server | e0 07 8b 05 11 00 00 00 00
3 4   | 81 82 | 2.1.2 3.15         | AUTH, which MQTT 5 brought                               | f0 00
5     | 81    | 2.1.3 3.15.1-1     | AUTH with reserved bits                                  | f1 00
5     | 81 82 | 3.15.2-1           | AUTH with a Reason Code of CONNACK                       | f0 06 8c 04 15 00 01 6d
5     | 82    | 3.15.2             | AUTH that goes on without an Authentication Method       | f0 02 18 00
5     | 81 82 | 1.5 2.1 2.2 3.15.2 | AUTH that goes on without properties                     | f0 01 18
5     | 81    | 2.1 3.15           | AUTH with a byte behind its properties                   | f0 07 18 04 15 00 01 6d 00
3 4 5 | 81 82 | 2.1.2              | a packet of the reserved type 0                          | 00 00
3 4 5 | 81 82 | 2.1.2              | a packet of the reserved type 0, with flags              | 0f 02 00 0a
`,
  ),
];
