// SUBACK and UNSUBACK packets that a server must not send, whatever they answer (chapters 3.9 and 3.11).

import { subscribeRefusals } from "../../codec/golden/subscribe.ts";
import { unsubscribeRefusals } from "../../codec/golden/unsubscribe.ts";
import { type Fault, faultsOf, goldenFaults } from "../fault.ts";

/** What is wrong with their bytes. */
export const subscribeFaults: readonly Fault[] = [
  ...goldenFaults(
    [...subscribeRefusals, ...unsubscribeRefusals],
    `
4 5   | 81 | MQTT-2.1.3-1  | SUBACK with reserved bits
3 4 5 | 82 | MQTT-2.2.1-6  | SUBACK with Packet Identifier 0
3 4 5 | 81 | 2.1.4         | SUBACK of one byte
4     | 82 | MQTT-3.9.3-2  | SUBACK with a return code of MQTT 5
4 5   | 82 | MQTT-3.9.3-2  | SUBACK with QoS 3
5     | 82 | MQTT-3.9.3-2  | SUBACK with a Reason Code of UNSUBACK
5     | 81 | 2.2.2.1       | SUBACK with properties longer than the packet
3 4 5 | 82 | 2.1.2         | SUBSCRIBE from a server
4 5   | 81 | MQTT-2.1.3-1  | UNSUBACK with reserved bits
3 4 5 | 82 | MQTT-2.2.1-6  | UNSUBACK with Packet Identifier 0
3 4   | 81 | 2.1.4         | UNSUBACK with a payload
5     | 81 | 2.1.4         | UNSUBACK that ends before its Property Length
5     | 82 | MQTT-3.11.3-2 | UNSUBACK with a Reason Code of SUBACK
3 4 5 | 82 | 2.1.2         | UNSUBSCRIBE from a server
`,
  ),
  ...faultsOf(`
3 4 5 | 81 | 2.1.4         | SUBACK of no length                       | 90 00
3 4   | 81 | 2.1.4         | SUBACK without a return code              | 90 02 00 04
5     | 81 | 2.1.4         | SUBACK without a Reason Code              | 90 03 00 04 00
5     | 81 | 2.1.4         | UNSUBACK without a Reason Code            | b0 03 00 05 00
3 4 5 | 81 | 2.1.4         | UNSUBACK of no length                     | b0 00
3 4 5 | 81 | 2.1.4         | UNSUBACK of one byte                      | b0 01 05
3     | 82 | MQTT-3.9.3-2  | SUBACK with QoS 3                         | 90 04 00 04 00 03
3 4   | 82 | MQTT-3.9.3-2  | SUBACK with return code 0xFF              | 90 04 00 04 00 ff
5     | 82 | MQTT-3.9.3-2  | SUBACK with the Reason Code of PUBACK     | 90 05 00 04 00 00 10
5     | 82 | MQTT-3.9.3-2  | SUBACK with the Reason Code of DISCONNECT | 90 05 00 04 00 00 8e
5     | 82 | MQTT-3.11.3-2 | UNSUBACK with quota exceeded              | b0 05 00 05 00 00 97
`),
];
