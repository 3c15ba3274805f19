// CONNACK packets that a server must not send, and what it must not send in their place (chapter 3.2).

import { connackRefusals } from "../../codec/golden/connack.ts";
import { AFTER_CONNACK, type Fault, faultsOf, goldenFaults } from "../fault.ts";

/** What is wrong with the bytes of a CONNACK, first or second. */
const malformed: readonly Fault[] = [
  ...goldenFaults(
    connackRefusals,
    `
4 5   | 81 | MQTT-2.1.3-1 | CONNACK with a reserved bit in its first byte
3 4 5 | 81 | 2.1.4        | CONNACK of no length
3 4 5 | 81 | 2.1.4        | CONNACK of one byte
3 4   | 81 | 2.1.4        | CONNACK of three bytes
4 5   | 81 | MQTT-3.2.2-1 | CONNACK with a reserved acknowledge flag
4     | 82 | MQTT-3.2.2-4 | CONNACK with Session Present and an error
5     | 82 | MQTT-3.2.2-6 | CONNACK with Session Present and an error
5     | 81 | 2.2.2.1      | CONNACK with properties longer than the packet
5     | 81 | 2.1.4        | CONNACK with a byte behind its properties
`,
  ),
  ...faultsOf(`
5     | 81 | MQTT-3.2.2-1 | CONNACK of two bytes with a reserved acknowledge flag  | 20 02 02 00
5     | 82 | MQTT-3.2.2-4 | CONNACK of two bytes with Session Present and an error | 20 02 01 05
3 4   | 82 | 3.2.2.3      | CONNACK with return code 6                             | 20 02 00 06
3 4   | 82 | 3.2.2.3      | CONNACK with return code 128                           | 20 02 00 80
3 4   | 82 | 3.2.2.3      | CONNACK with return code 255                           | 20 02 00 ff
5     | 82 | 3.2.2.3      | CONNACK of two bytes with a Reason Code of MQTT 5      | 20 02 00 87
5     | 82 | MQTT-3.2.2-8 | CONNACK with the Reason Code of SUBACK                 | 20 03 00 01 00
5     | 82 | MQTT-3.2.2-8 | CONNACK with the Reason Code of a client's DISCONNECT  | 20 03 00 04 00
5     | 82 | MQTT-3.2.2-8 | CONNACK with the Reason Code of a server's DISCONNECT  | 20 03 00 8b 00
5     | 82 | MQTT-3.2.2-8 | CONNACK with Packet Identifier not found               | 20 03 00 92 00
5     | 82 | MQTT-3.2.2-8 | CONNACK with Reason Code 0xFF                          | 20 03 00 ff 00
5     | 81 | 2.1.4        | CONNACK that ends within its Property Length           | 20 03 00 00 80
`),
];

/** What is right by its bytes, but does not answer our CONNECT. */
const unfit: readonly Fault[] = [
  ...faultsOf(
    `
4     | 82 | MQTT-3.2.2-4  | CONNACK with Session Present to Clean Session 1              | 20 02 01 00
5     | 82 | MQTT-3.2.2-4  | CONNACK with Session Present to Clean Start 1                | 20 03 01 00 00
5     | 82 | MQTT-3.2.2-4  | CONNACK of two bytes with Session Present to Clean Start 1   | 20 02 01 00
5     | 82 | MQTT-4.12.0-6 | CONNACK with an Authentication Method that was not asked for | 20 07 00 00 04 15 00 01 6d
`,
    { phases: ["before CONNACK"] },
  ),
  ...faultsOf(
    `
5     | 82 | MQTT-4.12.0-5 | CONNACK without the Authentication Method that was asked for | 20 03 00 00 00
5     | 82 | MQTT-4.12.0-5 | CONNACK with another Authentication Method                   | 20 07 00 00 04 15 00 01 4d
`,
    {
      phases: ["before CONNACK"],
      options: { properties: { authenticationMethod: "m" } },
    },
  ),
  ...faultsOf(
    `
3 4   | 82 | MQTT-3.2.0-2  | a second CONNACK                  | 20 02 00 00
5     | 82 | MQTT-3.2.0-2  | a second CONNACK                  | 20 03 00 00 00
3 4   | 82 | MQTT-3.2.0-2  | a second CONNACK that refuses     | 20 02 00 05
5     | 82 | MQTT-3.2.0-2  | a second CONNACK that refuses     | 20 03 00 87 00
5     | 82 | MQTT-3.2.0-2  | a second CONNACK, one of MQTT 3.x | 20 02 00 00
`,
    { phases: AFTER_CONNACK },
  ),
];

/** What is right in itself, but must wait for CONNACK. */
const early: readonly Fault[] = faultsOf(
  `
3 4   | 82 | MQTT-3.2.0-1  | PUBLISH at QoS 0 before CONNACK             | 30 04 00 01 61 68
5     | 82 | MQTT-3.2.0-1  | PUBLISH at QoS 0 before CONNACK             | 30 05 00 01 61 00 68
3 4   | 82 | MQTT-3.2.0-1  | PUBLISH at QoS 1 before CONNACK             | 32 06 00 01 61 00 01 68
5     | 82 | MQTT-3.2.0-1  | PUBLISH at QoS 1 before CONNACK             | 32 07 00 01 61 00 01 00 68
3 4   | 82 | MQTT-3.2.0-1  | PUBLISH at QoS 2 before CONNACK             | 34 06 00 01 61 00 01 68
5     | 82 | MQTT-3.2.0-1  | PUBLISH at QoS 2 before CONNACK             | 34 07 00 01 61 00 01 00 68
3 4 5 | 82 | MQTT-3.2.0-1  | PUBACK before CONNACK                       | 40 02 00 01
3 4 5 | 82 | MQTT-3.2.0-1  | PUBREC before CONNACK                       | 50 02 00 01
3 4 5 | 82 | MQTT-3.2.0-1  | PUBREL before CONNACK                       | 62 02 00 01
3 4 5 | 82 | MQTT-3.2.0-1  | PUBCOMP before CONNACK                      | 70 02 00 01
3 4   | 82 | MQTT-3.2.0-1  | SUBACK before CONNACK                       | 90 03 00 01 00
5     | 82 | MQTT-3.2.0-1  | SUBACK before CONNACK                       | 90 04 00 01 00 00
3 4   | 82 | MQTT-3.2.0-1  | UNSUBACK before CONNACK                     | b0 02 00 01
5     | 82 | MQTT-3.2.0-1  | UNSUBACK before CONNACK                     | b0 04 00 01 00 00
3 4 5 | 82 | MQTT-3.2.0-1  | PINGRESP before CONNACK                     | d0 00
5     | 82 | MQTT-3.14.0-1 | DISCONNECT before CONNACK                   | e0 01 8b
3 4   | 82 | MQTT-3.2.0-1  | PUBLISH before CONNACK, with CONNACK behind | 30 04 00 01 61 68 20 02 00 00
5     | 82 | MQTT-3.2.0-1  | PUBLISH before CONNACK, with CONNACK behind | 30 05 00 01 61 00 68 20 03 00 00 00
`,
  { phases: ["before CONNACK"] },
);

/** All of them. */
export const connackFaults: readonly Fault[] = [
  ...malformed,
  ...unfit,
  ...early,
];
