import { assertEquals } from "@std/assert";
import { describePacket } from "../../src/codec/describe.ts";
import type { OutgoingPacket } from "../../src/codec/packet.ts";

const none = {};
const publish = {
  type: "publish",
  topicName: "a/b",
  payload: "hello",
  qos: 1,
  retain: true,
  dup: true,
  packetId: 7,
  properties: none,
} as const;

const LINES: [line: string, packet: OutgoingPacket][] = [
  ['PUBLISH "a/b" QoS 1 id 7 dup retain 5 bytes "hello"', publish],
  ['PUBLISH "a/b" QoS 0 0 bytes', {
    ...publish,
    payload: new Uint8Array(),
    qos: 0,
    packetId: 0,
    dup: false,
    retain: false,
  }],
  [
    'CONNECT MQTT 5 client id "me" clean start keep alive 60 s username "u" password *** ' +
    'will "w" QoS 2 retain 3 bytes "bye" willDelayInterval 5 authenticationMethod "m" authenticationData ***',
    {
      type: "connect",
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 60,
      clientId: "me",
      username: "u",
      password: new TextEncoder().encode("secret"),
      will: {
        topicName: "w",
        payload: new TextEncoder().encode("bye"),
        qos: 2,
        retain: true,
        properties: { willDelayInterval: 5 },
      },
      properties: {
        authenticationMethod: "m",
        authenticationData: new TextEncoder().encode("secret"),
      },
    },
  ],
  ['CONNECT MQTT 3.1 client id "me" clean session keep alive 0 s', {
    type: "connect",
    protocolVersion: 3,
    cleanStart: true,
    keepAlive: 0,
    clientId: "me",
    username: undefined,
    password: undefined,
    will: undefined,
    properties: none,
  }],
  ["CONNACK MQTT 5 0x00 success session present receiveMaximum 20", {
    type: "connack",
    protocolVersion: 5,
    sessionPresent: true,
    reasonCode: 0,
    properties: { receiveMaximum: 20 },
  }],
  ["CONNACK MQTT 3.1.1 5 not authorized", {
    type: "connack",
    protocolVersion: 4,
    sessionPresent: false,
    reasonCode: 5,
    properties: none,
  }],
  ["PUBACK id 7", {
    type: "puback",
    packetId: 7,
    reasonCode: 0,
    properties: none,
  }],
  [
    'PUBREC id 7 0x87 not authorized reasonString "no" userProperties "a"="b", "c"="d"',
    {
      type: "pubrec",
      packetId: 7,
      reasonCode: 0x87,
      properties: {
        reasonString: "no",
        userProperties: [["a", "b"], ["c", "d"]],
      },
    },
  ],
  [
    'SUBSCRIBE id 3 "a/#" QoS 1, "b" QoS 0 noLocal retainAsPublished retainHandling 2 subscriptionIdentifier 9',
    {
      type: "subscribe",
      packetId: 3,
      subscriptions: [
        {
          topicFilter: "a/#",
          qos: 1,
          noLocal: false,
          retainAsPublished: false,
          retainHandling: 0,
        },
        {
          topicFilter: "b",
          qos: 0,
          noLocal: true,
          retainAsPublished: true,
          retainHandling: 2,
        },
      ],
      properties: { subscriptionIdentifier: 9 },
    },
  ],
  ["SUBACK id 3 0x01 granted QoS 1, 0x87 not authorized", {
    type: "suback",
    packetId: 3,
    reasonCodes: [1, 0x87],
    properties: none,
  }],
  ['UNSUBSCRIBE id 4 "a/#", "b"', {
    type: "unsubscribe",
    packetId: 4,
    topicFilters: ["a/#", "b"],
    properties: none,
  }],
  ["UNSUBACK id 4", {
    type: "unsuback",
    packetId: 4,
    reasonCodes: [],
    properties: none,
  }],
  ["PINGREQ", { type: "pingreq" }],
  ["DISCONNECT 0x00 normal disconnection", {
    type: "disconnect",
    reasonCode: 0,
    properties: none,
  }],
  ["AUTH 0x18 continue authentication", {
    type: "auth",
    reasonCode: 0x18,
    properties: none,
  }],
];

for (const [line, packet] of LINES) {
  Deno.test(`describePacket tells: ${line}`, () => {
    assertEquals(describePacket(packet), line);
  });
}

Deno.test("describePacket escapes what would steer a terminal, and what cannot be seen", () => {
  const topicName = 'a\x1b[2J\r\n\x9b\u202E\u2028\uFEFF"\\\uD800é😀';
  assertEquals(
    describePacket({ ...publish, topicName, payload: "\x07" }),
    'PUBLISH "a\\u{1b}[2J\\u{d}\\u{a}\\u{9b}\\u{202e}\\u{2028}\\u{feff}\\"\\\\\\u{d800}é😀" ' +
      'QoS 1 id 7 dup retain 1 bytes "\\u{7}"',
  );
});

Deno.test("describePacket cuts long texts and payloads, and shows the bytes of what is no text", () => {
  const end = (packet: Partial<typeof publish> | object) =>
    describePacket({ ...publish, qos: 0, dup: false, retain: false, ...packet })
      .replace(/^PUBLISH /, "");
  const x = "x".repeat(64);
  assertEquals(
    end({ topicName: "x".repeat(65), payload: "y" }),
    `"${x}"... QoS 0 1 bytes "y"`,
  );
  assertEquals(
    end({ payload: "x".repeat(1_000_000) }),
    `"a/b" QoS 0 1000000 bytes "${x}"...`,
  );
  assertEquals(
    end({ payload: new TextEncoder().encode("é".repeat(100)) }),
    `"a/b" QoS 0 200 bytes "${"é".repeat(32)}"...`,
  );
  assertEquals(
    end({ payload: new TextEncoder().encode("x" + "é".repeat(100)) }),
    `"a/b" QoS 0 201 bytes "x${"é".repeat(31)}"...`,
  );
  assertEquals(
    end({ payload: Uint8Array.of(0xFF, 0x00, 0x0A) }),
    '"a/b" QoS 0 3 bytes 0xff000a',
  );
  assertEquals(
    end({ payload: new Uint8Array(100).fill(0x80) }),
    `"a/b" QoS 0 100 bytes 0x${"80".repeat(64)}...`,
  );
  assertEquals(
    describePacket({
      type: "suback",
      packetId: 1,
      reasonCodes: Array<number>(13).fill(1),
      properties: none,
    }),
    "SUBACK id 1 " + Array(10).fill("0x01 granted QoS 1").join(", ") +
      ", and 3 more",
  );
});
