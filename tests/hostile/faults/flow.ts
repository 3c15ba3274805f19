// Packets that are right in themselves, and wrong in the state that the session is in (chapters 2.2.1, 3.8 to
// 3.11, 4.3). Which Packet Identifier stands for what is told in work.ts.

import { type Fault, faultsOf } from "../fault.ts";

/** What answers otherwise than it must, or is sent at the wrong time. */
export const flowFaults: readonly Fault[] = faultsOf(
  `
3 4 5 | 82 | MQTT-4.3.2-4  | PUBREC for a message of QoS 1                           | 50 02 00 01
3 4 5 | 82 | MQTT-4.3.2-4  | PUBCOMP for a message of QoS 1                          | 70 02 00 01
5     | 82 | MQTT-4.3.2-4  | PUBREC with an error for a message of QoS 1             | 50 03 00 01 80
3 4 5 | 82 | 4.3.3         | PUBACK for a message of QoS 2                           | 40 02 00 02
3 4 5 | 82 | 4.3.3         | PUBCOMP for a message of QoS 2 before PUBREC            | 70 02 00 02
5     | 82 | 4.3.3         | PUBCOMP with an error for a message before PUBREC       | 70 03 00 02 92
3 4 5 | 82 | 4.3.3         | PUBACK for a message of QoS 2 that is released          | 40 02 00 03
5     | 82 | 4.3.3         | PUBACK with an error for a message of QoS 2             | 40 03 00 02 97
3 4 5 | 82 | MQTT-2.2.1-5  | PUBACK for a SUBSCRIBE                                  | 40 02 00 04
3 4 5 | 82 | MQTT-2.2.1-5  | PUBREC for a SUBSCRIBE                                  | 50 02 00 04
3 4 5 | 82 | MQTT-2.2.1-5  | PUBCOMP for a SUBSCRIBE                                 | 70 02 00 04
3 4 5 | 82 | MQTT-2.2.1-5  | PUBACK for an UNSUBSCRIBE                               | 40 02 00 05
3 4 5 | 82 | MQTT-2.2.1-5  | PUBREC for an UNSUBSCRIBE                               | 50 02 00 05
3 4 5 | 82 | MQTT-2.2.1-5  | PUBCOMP for an UNSUBSCRIBE                              | 70 02 00 05
3 4   | 82 | MQTT-2.2.1-6  | SUBACK for a message of QoS 1                           | 90 03 00 01 00
5     | 82 | MQTT-2.2.1-6  | SUBACK for a message of QoS 1                           | 90 04 00 01 00 00
3 4   | 82 | MQTT-2.2.1-6  | SUBACK for a message of QoS 2 that is released          | 90 03 00 03 00
5     | 82 | MQTT-2.2.1-6  | SUBACK for a message of QoS 2 that is released          | 90 04 00 03 00 00
3 4   | 82 | MQTT-2.2.1-6  | UNSUBACK for a message of QoS 2                         | b0 02 00 02
5     | 82 | MQTT-2.2.1-6  | UNSUBACK for a message of QoS 2                         | b0 04 00 02 00 00
3 4   | 82 | MQTT-3.10.4-4 | SUBACK for an UNSUBSCRIBE                               | 90 04 00 05 00 00
5     | 82 | MQTT-3.10.4-4 | SUBACK for an UNSUBSCRIBE                               | 90 05 00 05 00 00 00
3 4   | 82 | MQTT-3.8.4-1  | UNSUBACK for a SUBSCRIBE                                | b0 02 00 04
5     | 82 | MQTT-3.8.4-1  | UNSUBACK for a SUBSCRIBE                                | b0 05 00 04 00 00 00
3 4   | 82 | MQTT-3.8.4-6  | SUBACK with too few codes                               | 90 03 00 04 01
5     | 82 | MQTT-3.8.4-6  | SUBACK with too few codes                               | 90 04 00 04 00 01
3 4   | 82 | MQTT-3.8.4-6  | SUBACK with too many codes                              | 90 05 00 04 01 01 01
5     | 82 | MQTT-3.8.4-6  | SUBACK with too many codes                              | 90 06 00 04 00 01 01 01
5     | 82 | MQTT-3.11.3-1 | UNSUBACK with too few codes                             | b0 04 00 05 00 00
5     | 82 | MQTT-3.11.3-1 | UNSUBACK with too many codes                            | b0 06 00 05 00 00 00 00
3 4 5 | 82 | MQTT-4.3.3-4  | PUBREL before PUBREC                                    | 62 02 00 0a
3 4 5 | 82 | MQTT-4.3.3-4  | PUBREL for a message of QoS 1                           | 62 02 00 09
3 4   | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 1 by an identifier that waits for PUBACK | 32 05 00 01 65 00 09
5     | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 1 by an identifier that waits for PUBACK | 32 06 00 01 65 00 09 00
3 4   | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 2 by an identifier that waits for PUBACK | 34 05 00 01 65 00 09
5     | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 2 by an identifier that waits for PUBACK | 34 06 00 01 65 00 09 00
3 4   | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 1 by an identifier that waits for PUBREC | 32 05 00 01 65 00 0a
5     | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 1 by an identifier that waits for PUBREC | 32 06 00 01 65 00 0a 00
3 4   | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 1 once more, where QoS 2 waits           | 3a 05 00 01 64 00 0a
5     | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 1 once more, where QoS 2 waits           | 3a 06 00 01 64 00 0a 00
3 4   | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 1 by an identifier that waits for PUBREL | 32 05 00 01 65 00 0b
5     | 82 | MQTT-2.2.1-4  | PUBLISH at QoS 1 by an identifier that waits for PUBREL | 32 06 00 01 65 00 0b 00
`,
  { phases: ["with work under way"] },
);
