// Golden bytes of the broker, in both directions: each conversation is written out of the specification,
// byte by byte, and held whole, byte by byte, and cut at every byte.

import { byteByByte, converse, cutAt, whole } from "./conversation.ts";
import type { BrokerSettings } from "../../src/broker/settings.ts";

function testConversation(
  name: string,
  text: string,
  settings: Partial<BrokerSettings> = {},
): void {
  Deno.test(`BrokerMachine, in bytes: ${name}`, () => {
    converse(text, { settings, feed: whole });
    converse(text, { settings, feed: byteByByte });
    // What one client sends in one go is at most so long.
    for (let place = 1; place < 60; place++) {
      converse(text, { settings, feed: cutAt(place) });
    }
  });
}

// MQTT 3.1 has a name of its own, and no Session Present.
const CONNECT_3 = `
  a> 10 0f                   | CONNECT, Remaining Length 15
  a> 00 06 4d 51 49 73 64 70 | Protocol Name "MQIsdp"
  a> 03                      | Protocol Version 3
  a> 02                      | Clean Session
  a> 00 00                   | no Keep Alive
  a> 00 01 61                | Client Identifier "a"
  a< 20 02                   | CONNACK, Remaining Length 2
  a< 00                      | reserved
  a< 00                      | connection accepted`;

/** A CONNECT of MQTT 3.1.1 with Clean Session, and its CONNACK. */
function connect4(name: string): string {
  const id = name.charCodeAt(0).toString(16);
  return `
  ${name}> 10 0d             | CONNECT, Remaining Length 13
  ${name}> 00 04 4d 51 54 54 | Protocol Name "MQTT"
  ${name}> 04                | Protocol Level 4
  ${name}> 02                | Clean Session
  ${name}> 00 00             | no Keep Alive
  ${name}> 00 01 ${id}       | the Client Identifier
  ${name}< 20 02             | CONNACK, Remaining Length 2
  ${name}< 00                | no Session Present
  ${name}< 00                | connection accepted`;
}

/** A CONNECT of MQTT 5 with Clean Start, and its CONNACK. */
function connect5(name: string): string {
  const id = name.charCodeAt(0).toString(16);
  return `
  ${name}> 10 0e             | CONNECT, Remaining Length 14
  ${name}> 00 04 4d 51 54 54 | Protocol Name "MQTT"
  ${name}> 05                | Protocol Version 5
  ${name}> 02                | Clean Start
  ${name}> 00 00             | no Keep Alive
  ${name}> 00                | no properties
  ${name}> 00 01 ${id}       | the Client Identifier
  ${name}< 20 0b             | CONNACK, Remaining Length 11
  ${name}< 00                | no Session Present
  ${name}< 00                | success
  ${name}< 08                | Property Length 8
  ${name}< 27 01 00 00 00    | Maximum Packet Size 16 MiB
  ${name}< 22 03 e8          | Topic Alias Maximum 1000`;
}

testConversation(
  "MQTT 3.1 subscribes, publishes to itself at QoS 2 and goes",
  `${CONNECT_3}
  a> 82 08                   | SUBSCRIBE, QoS 1 in its header as ever, Remaining Length 8
  a> 00 01                   | Message ID 1
  a> 00 03 78 2f 79          | topic "x/y"
  a> 02                      | requested QoS 2
  a< 90 03                   | SUBACK, Remaining Length 3
  a< 00 01                   | Message ID 1
  a< 02                      | granted QoS 2
  a> 34 09                   | PUBLISH, QoS 2, Remaining Length 9
  a> 00 03 78 2f 79          | topic "x/y"
  a> 00 02                   | Message ID 2
  a> 68 69                   | payload "hi"
  a< 34 09                   | PUBLISH, QoS 2, Remaining Length 9
  a< 00 03 78 2f 79          | topic "x/y"
  a< 00 01                   | Message ID 1, the server's own
  a< 68 69                   | payload "hi"
  a< 50 02 00 02             | PUBREC of Message ID 2
  a> 62 02 00 02             | PUBREL of Message ID 2
  a< 70 02 00 02             | PUBCOMP of Message ID 2
  a> 50 02 00 01             | PUBREC of Message ID 1
  a< 62 02 00 01             | PUBREL of Message ID 1
  a> 70 02 00 01             | PUBCOMP of Message ID 1
  a.
  a> c0 00                   | PINGREQ
  a< d0 00                   | PINGRESP
  a> a2 07                   | UNSUBSCRIBE, Remaining Length 7
  a> 00 03                   | Message ID 3
  a> 00 03 78 2f 79          | topic "x/y"
  a< b0 02 00 03             | UNSUBACK of Message ID 3
  a> e0 00                   | DISCONNECT
  a!`,
);

testConversation(
  "MQTT 3.1 and 5 get what MQTT 3.1.1 publishes, each in its own form",
  `${CONNECT_3}
  a> 82 06                   | SUBSCRIBE, Remaining Length 6
  a> 00 01                   | Message ID 1
  a> 00 01 23                | topic "#"
  a> 01                      | requested QoS 1
  a< 90 03 00 01 01          | SUBACK of Message ID 1: QoS 1
  ${connect5("b")}
  b> 82 07                   | SUBSCRIBE, Remaining Length 7
  b> 00 01                   | Packet Identifier 1
  b> 00                      | no properties
  b> 00 01 23                | Topic Filter "#"
  b> 01                      | QoS 1
  b< 90 04                   | SUBACK, Remaining Length 4
  b< 00 01                   | Packet Identifier 1
  b< 00                      | no properties
  b< 01                      | granted QoS 1
  ${connect4("c")}
  c> 32 06                   | PUBLISH, QoS 1, Remaining Length 6
  c> 00 01 74                | Topic Name "t"
  c> 00 09                   | Packet Identifier 9
  c> 21                      | payload "!"
  c< 40 02 00 09             | PUBACK of Packet Identifier 9
  a< 32 06 00 01 74 00 01 21 | the same, with the server's Message ID 1
  b< 32 07                   | PUBLISH, QoS 1, Remaining Length 7
  b< 00 01 74                | Topic Name "t"
  b< 00 01                   | Packet Identifier 1
  b< 00                      | no properties
  b< 21                      | payload "!"
  a> 40 02 00 01             | PUBACK
  b> 40 02 00 01             | PUBACK, without a Reason Code: success
  a.
  b.`,
);

testConversation(
  "MQTT 3.1.1 takes up its session again",
  `
  a> 10 0d 00 04 4d 51 54 54 04 | CONNECT of MQTT 3.1.1
  a> 00                         | no Clean Session
  a> 00 00                      | no Keep Alive
  a> 00 01 61                   | Client Identifier "a"
  a< 20 02                      | CONNACK
  a< 00                         | no Session Present: there was none
  a< 00                         | connection accepted
  a> 82 06 00 01 00 01 74 02    | SUBSCRIBE "t" at QoS 2
  a< 90 03 00 01 02             | SUBACK: QoS 2
  a> e0 00                      | DISCONNECT
  a!
  a/
  ${connect4("b")}
  b> 32 06 00 01 74 00 01 31    | PUBLISH, QoS 1, "1"
  b< 40 02 00 01                | PUBACK
  b> 30 04 00 01 74 30          | PUBLISH, QoS 0, "0": not for those who are away
  b> 34 06 00 01 74 00 02 32    | PUBLISH, QoS 2, "2"
  b< 50 02 00 02                | PUBREC
  a> 10 0d 00 04 4d 51 54 54 04 | CONNECT of MQTT 3.1.1
  a> 00                         | no Clean Session
  a> 00 00 00 01 61             | no Keep Alive, Client Identifier "a"
  a< 20 02                      | CONNACK
  a< 01                         | Session Present
  a< 00                         | connection accepted
  a< 32 06 00 01 74 00 01 31    | PUBLISH, QoS 1, "1"
  a< 34 06 00 01 74 00 02 32    | PUBLISH, QoS 2, "2"
  a> 50 02 00 02                | PUBREC of the one at QoS 2
  a< 62 02 00 02                | PUBREL
  a/
  a> 10 0d 00 04 4d 51 54 54 04 | CONNECT of MQTT 3.1.1
  a> 00 00 00 00 01 61          | no Clean Session, Client Identifier "a"
  a< 20 02 01 00                | CONNACK with Session Present
  a< 62 02 00 02                | PUBREL once more
  a< 3a 06 00 01 74 00 01 31    | PUBLISH once more, with DUP
  a> 70 02 00 02                | PUBCOMP
  a> 40 02 00 01                | PUBACK
  a.`,
);

testConversation(
  "MQTT 3.1.1 is refused in return codes",
  `
  a> 10 0c 00 04 4d 51 54 54 04 | CONNECT of MQTT 3.1.1
  a> 00 00 00                   | no Clean Session, no Keep Alive
  a> 00 00                      | no Client Identifier
  a< 20 02 00 02                | CONNACK: identifier rejected [MQTT-3.1.3-8]
  a!
  b> 10 0d 00 04 4d 51 54 54 06 | CONNECT of a version that does not exist
  b> 02 00 00 00 01 61          | Clean Session, Client Identifier "a"
  b< 20 02 00 01                | CONNACK: unacceptable protocol version [MQTT-3.1.2-2]
  b!`,
);

testConversation(
  "MQTT 5 without a Client Identifier is given one",
  `
  a> 10 0d                   | CONNECT, Remaining Length 13
  a> 00 04 4d 51 54 54 05    | MQTT 5
  a> 02 00 00                | Clean Start, no Keep Alive
  a> 00                      | no properties
  a> 00 00                   | no Client Identifier
  a< 20 15                   | CONNACK, Remaining Length 21
  a< 00 00                   | no Session Present, success
  a< 12                      | Property Length 18
  a< 27 01 00 00 00          | Maximum Packet Size 16 MiB
  a< 12 00 07                | Assigned Client Identifier
  a< 67 69 76 65 6e 2d 31    | "given-1"
  a< 22 03 e8                | Topic Alias Maximum 1000`,
);

testConversation(
  "MQTT 5 is told all that the broker's settings differ in",
  `
  a> 10 11                   | CONNECT, Remaining Length 17
  a> 00 04 4d 51 54 54 05    | MQTT 5
  a> 02 00 3c                | Clean Start, Keep Alive 60
  a> 04                      | Property Length 4
  a> 19 01                   | Request Response Information
  a> 17 00                   | Request Problem Information 0
  a> 00 00                   | no Client Identifier
  a< 20 36                   | CONNACK, Remaining Length 54
  a< 00 00                   | no Session Present, success
  a< 33                      | Property Length 51
  a< 21 00 0a                | Receive Maximum 10
  a< 24 01                   | Maximum QoS 1
  a< 25 00                   | no retained messages
  a< 27 00 00 04 00          | Maximum Packet Size 1024
  a< 12 00 07                | Assigned Client Identifier
  a< 67 69 76 65 6e 2d 31    | "given-1"
  a< 28 00                   | no wildcards
  a< 29 00                   | no Subscription Identifiers
  a< 2a 00                   | no shared subscriptions
  a< 13 00 1e                | Server Keep Alive 30
  a< 1a 00 11                | Response Information
  a< 72 65 73 70 6f 6e 73 65 73 2f 67 69 76 65 6e 2d 31 | "responses/given-1"`,
  {
    receiveMaximum: 10,
    maximumQoS: 1,
    retainAvailable: false,
    maximumPacketSize: 1024,
    topicAliasMaximum: 0,
    wildcardSubscriptionAvailable: false,
    subscriptionIdentifiersAvailable: false,
    sharedSubscriptionAvailable: false,
    serverKeepAlive: 30,
  },
);

testConversation(
  "MQTT 5 subscribes with options and an identifier, and gets a retained message and every property",
  `${connect5("a")}
  a> 33 32                   | PUBLISH, QoS 1, RETAIN, Remaining Length 50
  a> 00 01 74                | Topic Name "t"
  a> 00 07                   | Packet Identifier 7
  a> 2a                      | Property Length 42
  a> 01 01                   | Payload Format Indicator 1
  a> 02 00 00 00 0a          | Message Expiry Interval 10
  a> 03 00 01 63             | Content Type "c"
  a> 08 00 01 72             | Response Topic "r"
  a> 09 00 02 01 02          | Correlation Data 01 02
  a> 26 00 01 6b 00 01 76    | User Property "k" = "v"
  a> 26 00 01 6b 00 01 77    | User Property "k" = "w"
  a> 23 00 05                | Topic Alias 5, a matter of this connection
  a> 26 00 00                | User Property "" ...
  a> 00 00                   | ... = ""
  a> 68 69                   | payload "hi"
  a< 40 03                   | PUBACK, Remaining Length 3
  a< 00 07                   | Packet Identifier 7
  a< 10                      | no matching subscribers
  +2000
  ${connect5("b")}
  b> 82 0a                   | SUBSCRIBE, Remaining Length 10
  b> 00 01                   | Packet Identifier 1
  b> 03                      | Property Length 3
  b> 0b 80 01                | Subscription Identifier 128
  b> 00 01 74                | Topic Filter "t"
  b> 0a                      | QoS 2, Retain As Published
  b< 90 04 00 01 00 02       | SUBACK: granted QoS 2
  b< 33 32                   | PUBLISH, QoS 1, RETAIN, Remaining Length 50
  b< 00 01 74                | Topic Name "t"
  b< 00 01                   | Packet Identifier 1
  b< 2a                      | Property Length 42
  b< 01 01                   | Payload Format Indicator 1
  b< 02 00 00 00 08          | Message Expiry Interval 8: two seconds have gone by
  b< 03 00 01 63             | Content Type "c"
  b< 08 00 01 72             | Response Topic "r"
  b< 09 00 02 01 02          | Correlation Data 01 02
  b< 26 00 01 6b 00 01 76    | User Property "k" = "v"
  b< 26 00 01 6b 00 01 77    | User Property "k" = "w"
  b< 26 00 00 00 00          | User Property "" = ""
  b< 0b 80 01                | Subscription Identifier 128
  b< 68 69                   | payload "hi"
  b> 40 03 00 01 00          | PUBACK: success
  b.`,
);

testConversation(
  "MQTT 5 leaves what it has and what it has not",
  `${connect5("a")}
  a> 82 08 00 01 00 00 02 61 2f 00 | SUBSCRIBE "a/" at QoS 0
  a< 90 04 00 01 00 00       | SUBACK: granted QoS 0
  a> a2 0a                   | UNSUBSCRIBE, Remaining Length 10
  a> 00 02                   | Packet Identifier 2
  a> 00                      | no properties
  a> 00 02 61 2f             | Topic Filter "a/"
  a> 00 01 62                | Topic Filter "b"
  a< b0 05                   | UNSUBACK, Remaining Length 5
  a< 00 02                   | Packet Identifier 2
  a< 00                      | no properties
  a< 00                      | success
  a< 11                      | no subscription existed`,
);

testConversation(
  "MQTT 5 is told that its session is taken over",
  `${connect5("a")}
  b> 10 0e 00 04 4d 51 54 54 05 | CONNECT of MQTT 5
  b> 00 00 00 00             | no Clean Start, no Keep Alive, no properties
  b> 00 01 61                | Client Identifier "a"
  a< e0 01 8e                | DISCONNECT: session taken over
  a!
  b< 20 0b 00 00 08          | CONNACK, no Session Present: that of a has ended with its connection
  b< 27 01 00 00 00          | Maximum Packet Size 16 MiB
  b< 22 03 e8                | Topic Alias Maximum 1000`,
);

testConversation(
  "MQTT 5 is sent an alias, and the name with it once in each connection",
  `
  a> 10 11                   | CONNECT, Remaining Length 17
  a> 00 04 4d 51 54 54 05    | MQTT 5
  a> 02 00 00                | Clean Start, no Keep Alive
  a> 03                      | Property Length 3
  a> 22 00 01                | Topic Alias Maximum 1
  a> 00 01 61                | Client Identifier "a"
  a< 20 0b 00 00 08          | CONNACK: success
  a< 27 01 00 00 00          | Maximum Packet Size 16 MiB
  a< 22 03 e8                | Topic Alias Maximum 1000
  a> 82 07 00 01 00 00 01 23 00 | SUBSCRIBE "#" at QoS 0
  a< 90 04 00 01 00 00       | SUBACK: granted QoS 0
  a> 30 08                   | PUBLISH, QoS 0, Remaining Length 8
  a> 00 04 6c 6f 6e 67       | Topic Name "long"
  a> 00                      | no properties
  a> 31                      | payload "1"
  a< 30 0b                   | PUBLISH, QoS 0, Remaining Length 11
  a< 00 04 6c 6f 6e 67       | Topic Name "long"
  a< 03 23 00 01             | Topic Alias 1
  a< 31                      | payload "1"
  a> 30 0b 00 04 6c 6f 6e 67 | PUBLISH, QoS 0, Topic Name "long"
  a> 03 23 03 e8             | Topic Alias 1000
  a> 32                      | payload "2"
  a< 30 07                   | PUBLISH, QoS 0, Remaining Length 7
  a< 00 00                   | no Topic Name
  a< 03 23 00 01             | Topic Alias 1
  a< 32                      | payload "2"
  a> 30 07 00 00             | PUBLISH, QoS 0, no Topic Name
  a> 03 23 03 e8             | Topic Alias 1000
  a> 33                      | payload "3"
  a< 30 07 00 00 03 23 00 01 | PUBLISH with Topic Alias 1
  a< 33                      | payload "3"`,
);

testConversation(
  "MQTT 5 is refused without a word of why where it takes no larger packet",
  `
  a> 10 17                   | CONNECT, Remaining Length 23
  a> 00 04 4d 51 54 54 05    | MQTT 5
  a> 02 00 00                | Clean Start, no Keep Alive
  a> 09                      | Property Length 9
  a> 15 00 01 6d             | Authentication Method "m", which nobody knows
  a> 27 00 00 00 05          | Maximum Packet Size 5
  a> 00 01 61                | Client Identifier "a"
  a< 20 03                   | CONNACK, Remaining Length 3
  a< 00                      | no Session Present
  a< 8c                      | bad authentication method
  a< 00                      | no Reason String
  a!`,
);

testConversation(
  "MQTT 5 shares a subscription, and its will goes to those who are left",
  `
  a> 10 15                   | CONNECT, Remaining Length 21
  a> 00 04 4d 51 54 54 05    | MQTT 5
  a> 0e 00 00                | Clean Start, a will at QoS 1, no Keep Alive
  a> 00                      | no properties
  a> 00 01 61                | Client Identifier "a"
  a> 00                      | the will has no properties
  a> 00 01 77                | Will Topic "w"
  a> 00 01 21                | Will Payload "!"
  a< 20 0b 00 00 08          | CONNACK: success
  a< 27 01 00 00 00          | Maximum Packet Size 16 MiB
  a< 22 03 e8                | Topic Alias Maximum 1000
  ${connect5("b")}
  a> 82 10                   | SUBSCRIBE, Remaining Length 16
  a> 00 01 00                | Packet Identifier 1, no properties
  a> 00 0a 24 73 68 61 72 65 2f 67 2f 23 | Topic Filter "$share/g/#"
  a> 01                      | QoS 1
  a< 90 04 00 01 00 01       | SUBACK: granted QoS 1
  b> 82 10 00 01 00 00 0a 24 73 68 61 72 65 2f 67 2f 23 01 | the same
  b< 90 04 00 01 00 01       | SUBACK: granted QoS 1
  b> 30 05 00 01 74 00 31    | PUBLISH "1"
  a< 30 05 00 01 74 00 31    | it goes to a
  b> 30 05 00 01 74 00 32    | PUBLISH "2"
  b< 30 05 00 01 74 00 32    | it goes to b
  a> e0 01 04                | DISCONNECT with will message
  a!
  b< 32 07                   | PUBLISH, QoS 1, Remaining Length 7
  b< 00 01 77                | Topic Name "w"
  b< 00 01                   | Packet Identifier 1
  b< 00                      | no properties
  b< 21                      | payload "!"
  b> 40 02 00 01             | PUBACK`,
);

testConversation(
  "MQTT 5 is told that it was silent for one and a half times its Keep Alive",
  `
  a> 10 0e 00 04 4d 51 54 54 05 02 | CONNECT of MQTT 5, Clean Start
  a> 00 02                   | Keep Alive 2
  a> 00 00 01 61             | no properties, Client Identifier "a"
  a< 20 0b 00 00 08          | CONNACK: success
  a< 27 01 00 00 00          | Maximum Packet Size 16 MiB
  a< 22 03 e8                | Topic Alias Maximum 1000
  +2999
  a> c0 00                   | PINGREQ
  a< d0 00                   | PINGRESP
  +2999
  a.
  +1
  a< e0 01 8d                | DISCONNECT: keep alive timeout
  a!`,
);
