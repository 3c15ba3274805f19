// The first bytes of a packet: reserved flags, and the Remaining Length (chapter 2.1).

import { type Fault, faultsOf } from "../fault.ts";

/** What is wrong with them. */
export const headerFaults: readonly Fault[] = faultsOf(`
3 4 5 | 81 | 2.1.4        | a Remaining Length of five bytes                       | 30 80 80 80 80 01
3 4 5 | 81 | 2.1.4        | a Remaining Length of five bytes, the highest          | 30 ff ff ff ff 7f
3 4 5 | 81 | 2.1.4        | a Remaining Length of five bytes that say 0            | d0 80 80 80 80 00
3 4 5 | 81 | 2.1.4        | a Remaining Length that goes on at its fourth byte     | 40 82 80 80 80
5     | 81 | MQTT-1.5.5-1 | a Remaining Length of two bytes that says 0            | d0 80 00
5     | 81 | MQTT-1.5.5-1 | a Remaining Length of four bytes that says 0           | d0 80 80 80 00
5     | 81 | MQTT-1.5.5-1 | a Remaining Length of two bytes that says 2            | 40 82 00 00 01
4 5   | 81 | MQTT-2.1.3-1 | PUBACK with the flags of PUBREL                        | 42 02 00 01
4 5   | 81 | MQTT-2.1.3-1 | PUBREC with the flags of PUBREL                        | 52 02 00 01
4 5   | 81 | MQTT-2.1.3-1 | PUBREL with all flags                                  | 6f 02 00 0b
4 5   | 81 | MQTT-2.1.3-1 | PUBCOMP with the flags of PUBREL                       | 72 02 00 03
4 5   | 81 | MQTT-2.1.3-1 | SUBACK with all flags                                  | 9f 04 00 04 00 00
4 5   | 81 | MQTT-2.1.3-1 | UNSUBACK with the flags of UNSUBSCRIBE                 | b2 02 00 05
4 5   | 81 | MQTT-2.1.3-1 | PINGRESP with all flags                                | df 00
5     | 81 | MQTT-2.1.3-1 | DISCONNECT with all flags                              | ef 00
5     | 81 | MQTT-2.1.3-1 | AUTH with all flags                                    | ff 00
3 4 5 | 81 | 2.1.2        | an endless row of zeros                                | 00*4096
5     | 81 | MQTT-2.1.3-1 | an endless row of ones                                 | ff*4096
3 4   | 82 | 3.15         | an endless row of ones                                 | ff*4096
`);
