// Acknowledgements that a server must not send, whatever they acknowledge (chapters 3.4 to 3.7).

import { acknowledgementRefusals } from "../../codec/golden/acknowledge.ts";
import { type Fault, faultsOf, goldenFaults } from "../fault.ts";

/** What is wrong with their bytes. */
export const acknowledgementFaults: readonly Fault[] = [
  ...goldenFaults(
    acknowledgementRefusals,
    `
4 5   | 81 | MQTT-2.1.3-1 | PUBACK with reserved bits
4 5   | 81 | MQTT-2.1.3-1 | PUBREC with reserved bits
4 5   | 81 | MQTT-2.1.3-1 | PUBREL with reserved bits 0000
4 5   | 81 | MQTT-2.1.3-1 | PUBREL with reserved bits 1010
4 5   | 81 | MQTT-2.1.3-1 | PUBREL with reserved bits 0011
4 5   | 81 | MQTT-2.1.3-1 | PUBCOMP with reserved bits
3 4 5 | 82 | MQTT-2.2.1-5 | PUBACK with Packet Identifier 0
3 4 5 | 82 | MQTT-2.2.1-5 | PUBREC with Packet Identifier 0
3 4 5 | 82 | MQTT-2.2.1-5 | PUBREL with Packet Identifier 0
3 4 5 | 82 | MQTT-2.2.1-5 | PUBCOMP with Packet Identifier 0
3 4 5 | 81 | 2.1.4        | PUBACK of no length
3 4 5 | 81 | 2.1.4        | PUBREC of one byte
3 4 5 | 81 | 2.1.4        | PUBREL of one byte
3 4   | 81 | 2.1.4        | PUBACK of three bytes
3 4   | 81 | 2.1.4        | PUBREC of four bytes
3 4   | 81 | 2.1.4        | PUBREL of three bytes
3 4   | 81 | 2.1.4        | PUBCOMP of three bytes
5     | 81 | 2.2.2.1      | PUBACK with properties longer than the packet
5     | 81 | 2.1.4        | PUBREC with a property that is cut off
5     | 81 | 2.1.4        | PUBREL with a byte behind its properties
5     | 81 | 2.1.4        | PUBCOMP with a byte behind its properties
5     | 82 | MQTT-3.4.2-1 | PUBACK with a Reason Code of PUBREL
5     | 82 | MQTT-3.5.2-1 | PUBREC with a Reason Code that is none
5     | 82 | MQTT-3.6.2-1 | PUBREL with a Reason Code of PUBREC
5     | 82 | MQTT-3.7.2-1 | PUBCOMP with a Reason Code of PUBREC
`,
  ),
  ...faultsOf(`
3 4 5 | 81 | 2.1.4        | PUBCOMP of no length                        | 70 00
3 4 5 | 81 | 2.1.4        | PUBACK of one byte                          | 40 01 0a
5     | 81 | 2.1.4        | PUBACK that ends within its Property Length | 40 04 00 0a 00 80
5     | 81 | 2.1.4        | PUBREC with a byte behind its properties    | 50 05 00 0a 00 00 00
5     | 82 | MQTT-3.4.2-1 | PUBACK with the Reason Code of SUBACK       | 40 03 00 0a 01
5     | 82 | MQTT-3.4.2-1 | PUBACK with Reason Code 0xFF                | 40 03 00 0a ff
5     | 82 | MQTT-3.5.2-1 | PUBREC with the Reason Code of PUBREL       | 50 03 00 0a 92
5     | 82 | MQTT-3.6.2-1 | PUBREL with a failure of PUBACK             | 62 03 00 0a 80
5     | 82 | MQTT-3.7.2-1 | PUBCOMP with a failure of PUBACK            | 70 03 00 0a 80
`),
];
