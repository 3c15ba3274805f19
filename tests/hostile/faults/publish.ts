// PUBLISH packets that a server must not send (chapter 3.3).

import { publishRefusals } from "../../codec/golden/publish.ts";
import { type Fault, faultsOf, goldenFaults } from "../fault.ts";

/** What is wrong with them, whatever the state of the session. */
export const publishFaults: readonly Fault[] = [
  ...goldenFaults(
    publishRefusals,
    `
3 4 5 | 81 | MQTT-3.3.1-4  | PUBLISH at QoS 3
3 4 5 | 81 | MQTT-3.3.1-4  | PUBLISH at QoS 3, DUP and RETAIN
4 5   | 81 | MQTT-3.3.1-2  | PUBLISH at QoS 0 with DUP
3 4 5 | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 1 with Packet Identifier 0
3 4 5 | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 2 with Packet Identifier 0
3 4 5 | 81 | 2.1.4         | PUBLISH of no length
3 4 5 | 81 | 2.1.4         | PUBLISH of one byte
3 4 5 | 81 | 2.1.4         | PUBLISH with a topic longer than the packet
3 4 5 | 81 | 2.1.4         | PUBLISH that ends before its Packet Identifier
3 4 5 | 81 | 2.1.4         | PUBLISH that ends within its Packet Identifier
5     | 81 | 2.1.4         | PUBLISH that ends before its Property Length
5     | 81 | 2.1.4         | PUBLISH that ends within its Property Length
5     | 81 | 2.2.2.1       | PUBLISH with properties longer than the packet
5     | 81 | 1.5.5         | PUBLISH with a Property Length of five bytes
5     | 81 | MQTT-1.5.5-1  | PUBLISH with a Property Length longer than needed
3 4   | 82 | MQTT-4.7.3-1  | PUBLISH with a topic of no length
5     | 82 | MQTT-4.7.3-1  | PUBLISH with neither a topic nor a Topic Alias
3 4   | 81 | MQTT-3.3.2-2  | PUBLISH with a topic that is #
3 4   | 81 | MQTT-3.3.2-2  | PUBLISH with + in its topic
5     | 81 | MQTT-3.3.2-2  | PUBLISH with a topic that is +
5     | 81 | MQTT-3.3.2-2  | PUBLISH with # in its topic
3 4 5 | 81 | MQTT-1.5.4-2  | PUBLISH with U+0000 in its topic
5     | 94 | MQTT-3.3.2-8  | PUBLISH with Topic Alias 0
5     | 82 | 2.2.2.2       | PUBLISH with Subscription Identifier 0
5     | 81 | 1.5.5         | PUBLISH with a Subscription Identifier of 5 bytes
5     | 81 | 2.1.4         | PUBLISH with a Subscription Identifier cut off
5     | 81 | MQTT-3.3.2-14 | PUBLISH with a wildcard in its Response Topic
5     | 82 | MQTT-4.7.3-1  | PUBLISH with a Response Topic of no length
5     | 82 | 2.2.2.2       | PUBLISH with Payload Format Indicator 2
`,
  ),
  ...faultsOf(`
3 4   | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 1 with RETAIN and Packet Identifier 0 | 33 05 00 01 61 00 00
5     | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 1 with RETAIN and Packet Identifier 0 | 33 06 00 01 61 00 00 00
3 4   | 81 | MQTT-3.3.2-2  | PUBLISH with a shared filter for its topic           | 30 0d 00 0a 24 73 68 61 72 65 2f 67 2f 23 68
5     | 81 | MQTT-3.3.2-2  | PUBLISH with a shared filter for its topic           | 30 0d 00 0a 24 73 68 61 72 65 2f 67 2f 23 00
3 4   | 81 | 2.1.4         | PUBLISH with a topic of 65,535 bytes announced       | 30 04 ff ff 61 61
5     | 81 | 2.1.4         | PUBLISH with a topic of 65,535 bytes announced       | 30 04 ff ff 61 61
`),
];
