// PINGRESP, DISCONNECT and AUTH packets that a server must not send (chapters 3.13 to 3.15).

import { disconnectRefusals } from "../../codec/golden/disconnect.ts";
import { type Fault, faultsOf, goldenFaults } from "../fault.ts";

/** What is wrong with them, whatever the state of the session. */
export const disconnectFaults: readonly Fault[] = [
  ...goldenFaults(
    disconnectRefusals,
    `
4 5   | 81 | MQTT-2.1.3-1   | PINGRESP with reserved bits
3 4 5 | 81 | 2.1.4          | PINGRESP with a byte
3 4 5 | 82 | 2.1.2          | PINGREQ from a server
3 4   | 82 | 3.14           | DISCONNECT from a server before MQTT 5
5     | 82 | MQTT-3.14.2-2  | DISCONNECT with a Session Expiry Interval, from a server
3 4   | 82 | 3.15           | AUTH, which MQTT 5 brought
5     | 81 | MQTT-2.1.3-1   | AUTH with reserved bits
5     | 82 | MQTT-3.15.2-1  | AUTH with a Reason Code of CONNACK
5     | 82 | 3.15.2.2.2     | AUTH that goes on without an Authentication Method
5     | 81 | 2.1.4          | AUTH that goes on without properties
5     | 81 | 2.1.4          | AUTH with a byte behind its properties
3 4 5 | 81 | 2.1.2          | a packet of the reserved type 0
3 4 5 | 81 | 2.1.2          | a packet of the reserved type 0, with flags
`,
  ),
  ...faultsOf(`
3     | 82 | 2.1.2          | CONNECT from a server                             | 10 0d 00 06 4d 51 49 73 64 70 03 02 00 00 00
4     | 82 | 2.1.2          | CONNECT from a server                             | 10 0c 00 04 4d 51 54 54 04 02 00 00 00 00
5     | 82 | 2.1.2          | CONNECT from a server                             | 10 0d 00 04 4d 51 54 54 05 02 00 00 00 00 00
5     | 81 | MQTT-2.1.3-1   | DISCONNECT with reserved bits, from a server      | e8 00
5     | 82 | MQTT-3.14.2-1  | DISCONNECT with a client's Reason Code            | e0 01 04
5     | 82 | MQTT-3.14.2-1  | DISCONNECT with a Reason Code of PUBACK           | e0 01 10
5     | 82 | MQTT-3.14.2-1  | DISCONNECT with a Reason Code of CONNACK          | e0 01 85
5     | 82 | MQTT-3.14.2-1  | DISCONNECT with Reason Code 0xFF                  | e0 01 ff
5     | 81 | 2.2.2.1        | DISCONNECT with properties longer than the packet | e0 02 8b 01
5     | 81 | 2.1.4          | DISCONNECT with a byte behind its properties      | e0 03 8b 00 00
5     | 82 | MQTT-3.15.2-1  | AUTH with a client's Reason Code                  | f0 06 19 04 15 00 01 6d
5     | 82 | MQTT-3.15.2-1  | AUTH with Reason Code 0xFF                        | f0 06 ff 04 15 00 01 6d
5     | 82 | MQTT-4.12.0-6  | AUTH that goes on, though no method was named     | f0 06 18 04 15 00 01 6d
5     | 82 | MQTT-4.12.0-6  | AUTH that has succeeded, though no method was named | f0 06 00 04 15 00 01 6d
5     | 82 | MQTT-4.12.0-6  | AUTH of no length, though no method was named     | f0 00
`),
];
