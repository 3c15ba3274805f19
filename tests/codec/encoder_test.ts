// The caller's mistakes: each is told by name, and leaves the writer as it was.

import { assertEquals, assertThrows } from "@std/assert";
import { encodeAck } from "../../src/codec/ack.ts";
import { encodePacket } from "../../src/codec/encoder.ts";
import {
  type ConnectPacket,
  NO_PROPERTIES,
  type OutgoingPacket,
  type OutgoingPublish,
  type Properties,
  type ProtocolVersion,
  type SubscriptionRequest,
} from "../../src/codec/packet.ts";
import { encodePublish } from "../../src/codec/publish.ts";
import { ByteWriter } from "../../src/codec/writer.ts";

function publish(over: Partial<OutgoingPublish> = {}): OutgoingPublish {
  return {
    type: "publish",
    topicName: "a",
    payload: "",
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: NO_PROPERTIES,
    ...over,
  };
}

function connect(over: Partial<ConnectPacket> = {}): ConnectPacket {
  return {
    type: "connect",
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 60,
    clientId: "c",
    username: undefined,
    password: undefined,
    will: undefined,
    properties: NO_PROPERTIES,
    ...over,
  };
}

function subscribe(over: Partial<SubscriptionRequest>): OutgoingPacket {
  return {
    type: "subscribe",
    packetId: 1,
    subscriptions: [{
      topicFilter: "a",
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
      ...over,
    }],
    properties: NO_PROPERTIES,
  };
}

/** What TypeScript would not let pass, but JavaScript does. */
function wrong(properties: Record<string, unknown>): Properties {
  return properties;
}

type Mistake = [
  error: typeof TypeError | typeof RangeError,
  message: string,
  version: ProtocolVersion,
  packet: OutgoingPacket,
];

const MISTAKES: Mistake[] = [
  [
    TypeError,
    "Cannot encode PUBLISH: colour is not a property of PUBLISH",
    5,
    publish({ properties: wrong({ colour: 1 }) }),
  ],
  [
    TypeError,
    "receiveMaximum is not a property of PUBLISH",
    5,
    publish({ properties: { receiveMaximum: 1 } }),
  ],
  [
    TypeError,
    "topicAlias is not a property of a will",
    5,
    connect({
      will: {
        topicName: "w",
        payload: new Uint8Array(),
        qos: 0,
        retain: false,
        properties: { topicAlias: 1 },
      },
    }),
  ],
  [
    RangeError,
    "Cannot encode PUBLISH: topicAlias must be 1 to 65535, not 0",
    5,
    publish({ properties: { topicAlias: 0 } }),
  ],
  [
    RangeError,
    "topicAlias must be 1 to 65535, not 65536",
    5,
    publish({ properties: { topicAlias: 65_536 } }),
  ],
  [
    RangeError,
    "messageExpiryInterval must be 0 to 4294967295, not 1.5",
    5,
    publish({ properties: { messageExpiryInterval: 1.5 } }),
  ],
  [
    RangeError,
    "messageExpiryInterval must be 0 to 4294967295, not NaN",
    5,
    publish({ properties: { messageExpiryInterval: NaN } }),
  ],
  [
    RangeError,
    "subscriptionIdentifiers must be 1 to 268435455",
    5,
    publish({ properties: { subscriptionIdentifiers: [1, 268_435_456] } }),
  ],
  [
    RangeError,
    "payloadFormatIndicator must be 0 to 1, not 2",
    5,
    publish({ properties: wrong({ payloadFormatIndicator: 2 }) }),
  ],
  [
    TypeError,
    "payloadFormatIndicator must be a number",
    5,
    publish({ properties: wrong({ payloadFormatIndicator: true }) }),
  ],
  [
    TypeError,
    "contentType must be a string",
    5,
    publish({ properties: wrong({ contentType: 7 }) }),
  ],
  [
    TypeError,
    "correlationData must be a Uint8Array",
    5,
    publish({ properties: wrong({ correlationData: "x" }) }),
  ],
  [
    TypeError,
    "userProperties must be an array",
    5,
    publish({ properties: wrong({ userProperties: { a: "b" } }) }),
  ],
  [
    TypeError,
    "userProperties must be pairs of name and value",
    5,
    publish({ properties: wrong({ userProperties: [["a"]] }) }),
  ],
  [
    TypeError,
    "userProperties must be a string",
    5,
    publish({ properties: wrong({ userProperties: [["a", 1]] }) }),
  ],
  [
    TypeError,
    "requestProblemInformation must be a boolean",
    5,
    connect({ properties: wrong({ requestProblemInformation: 1 }) }),
  ],
  [
    TypeError,
    "responseTopic must not contain wildcards",
    5,
    publish({ properties: { responseTopic: "a/+" } }),
  ],
  [
    RangeError,
    "correlationData must not have more than 65535 bytes",
    5,
    publish({ properties: { correlationData: new Uint8Array(65_536) } }),
  ],
  [
    TypeError,
    "Cannot encode PUBLISH: properties need MQTT 5",
    4,
    publish({ properties: { contentType: "x" } }),
  ],
  [
    TypeError,
    "Cannot encode PUBLISH: the Topic Name must not contain wild",
    4,
    publish({ topicName: "a/#" }),
  ],
  [
    TypeError,
    "it needs a Topic Name or a Topic Alias",
    5,
    publish({ topicName: "" }),
  ],
  [
    RangeError,
    "the Packet Identifier must be 1 to 65,535, not 0",
    4,
    publish({ qos: 1 }),
  ],
  [
    TypeError,
    "Cannot encode CONNECT: a password without a user name",
    5,
    connect({ protocolVersion: 4, password: new Uint8Array(1) }),
  ],
  [
    RangeError,
    "keepAlive must be 0 to 65535, not 65536",
    5,
    connect({ keepAlive: 65_536 }),
  ],
  [
    TypeError,
    "clientId must not contain U+0000",
    5,
    connect({ clientId: "\0" }),
  ],
  [
    RangeError,
    "the will's payload must not have more than 65535 bytes",
    4,
    connect({
      will: {
        topicName: "w",
        payload: new Uint8Array(65_536),
        qos: 0,
        retain: false,
        properties: NO_PROPERTIES,
      },
    }),
  ],
  [
    TypeError,
    "the will needs a Topic Name",
    4,
    connect({
      will: {
        topicName: "",
        payload: new Uint8Array(),
        qos: 0,
        retain: false,
        properties: NO_PROPERTIES,
      },
    }),
  ],
  [
    TypeError,
    "Cannot encode SUBSCRIBE: Subscription Options but the QoS",
    4,
    subscribe({ noLocal: true }),
  ],
  [
    TypeError,
    "a Topic Filter must not be empty",
    4,
    subscribe({ topicFilter: "" }),
  ],
  [
    TypeError,
    "No Local is not for shared subscriptions",
    5,
    subscribe({ topicFilter: "$share/a/b", noLocal: true }),
  ],
  [TypeError, "Cannot encode SUBSCRIBE: it needs a Topic Filter", 4, {
    type: "subscribe",
    packetId: 1,
    subscriptions: [],
    properties: NO_PROPERTIES,
  }],
  [TypeError, "Cannot encode UNSUBSCRIBE: it needs a Topic Filter", 5, {
    type: "unsubscribe",
    packetId: 1,
    topicFilters: [],
    properties: NO_PROPERTIES,
  }],
  [TypeError, "Cannot encode UNSUBACK: Reason Codes need MQTT 5", 4, {
    type: "unsuback",
    packetId: 1,
    reasonCodes: [0],
    properties: NO_PROPERTIES,
  }],
  [RangeError, "a return code must be 0, 1, 2 or 128, not 135", 4, {
    type: "suback",
    packetId: 1,
    reasonCodes: [0x87],
    properties: NO_PROPERTIES,
  }],
  [TypeError, "Cannot encode SUBACK: it needs a Reason Code", 5, {
    type: "suback",
    packetId: 1,
    reasonCodes: [],
    properties: NO_PROPERTIES,
  }],
  [RangeError, "Cannot encode CONNACK: the return code must be 0 to 5", 4, {
    type: "connack",
    protocolVersion: 4,
    sessionPresent: false,
    reasonCode: 0x87,
    properties: NO_PROPERTIES,
  }],
  [TypeError, "a refusal cannot have sessionPresent", 5, {
    type: "connack",
    protocolVersion: 5,
    sessionPresent: true,
    reasonCode: 0x87,
    properties: NO_PROPERTIES,
  }],
  [TypeError, "Cannot encode PUBACK: a Reason Code needs MQTT 5", 4, {
    type: "puback",
    packetId: 1,
    reasonCode: 0x80,
    properties: NO_PROPERTIES,
  }],
  [RangeError, "Cannot encode PUBREL: it cannot carry Reason Code 0x80", 5, {
    type: "pubrel",
    packetId: 1,
    reasonCode: 0x80,
    properties: NO_PROPERTIES,
  }],
  [TypeError, "Cannot encode DISCONNECT: a Reason Code needs MQTT 5", 4, {
    type: "disconnect",
    reasonCode: 0x04,
    properties: NO_PROPERTIES,
  }],
  [TypeError, "Cannot encode AUTH: it needs MQTT 5", 4, {
    type: "auth",
    reasonCode: 0x18,
    properties: { authenticationMethod: "m" },
  }],
  [TypeError, "Cannot encode AUTH: it needs authenticationMethod", 5, {
    type: "auth",
    reasonCode: 0x18,
    properties: NO_PROPERTIES,
  }],
];

for (const [error, message, version, packet] of MISTAKES) {
  Deno.test(`encodePacket refuses, and leaves the writer as it was: ${message}`, () => {
    const writer = new ByteWriter();
    writer.raw(Uint8Array.of(1, 2, 3));
    assertThrows(() => encodePacket(writer, packet, version), error, message);
    encodePacket(writer, { type: "pingreq" }, version);
    assertEquals(writer.take(), Uint8Array.of(1, 2, 3, 0xC0, 0x00));
  });
}

Deno.test("encodePublish and encodeAck leave the writer as it was where they throw", () => {
  const writer = new ByteWriter();
  assertThrows(() => encodePublish(writer, publish({ qos: 2 }), 5), RangeError);
  assertThrows(
    () => encodeAck(writer, "puback", 1, 0x92, NO_PROPERTIES, 5),
    RangeError,
  );
  assertEquals(writer.take(), undefined);
});

Deno.test("encodePublish refuses what no Remaining Length can tell", () => {
  const writer = new ByteWriter();
  const payload = new Uint8Array(268_435_455 - 2);
  assertThrows(
    () => encodePublish(writer, publish({ payload }), 4),
    RangeError,
    "it would have 268435456 bytes",
  );
  assertEquals(writer.length, 0);
});

Deno.test("encodePacket takes a property with the value undefined for none", () => {
  const writer = new ByteWriter();
  const properties = wrong({ contentType: undefined, colour: undefined });
  encodePacket(writer, publish({ properties }), 4);
  encodePacket(writer, publish({ properties }), 5);
  encodeAck(writer, "puback", 1, 0, properties, 5);
  assertEquals(
    writer.take(),
    Uint8Array.from([
      ...[0x30, 0x03, 0, 1, 0x61],
      ...[0x30, 0x04, 0, 1, 0x61, 0],
      ...[0x40, 0x02, 0, 1],
    ]),
  );
});
