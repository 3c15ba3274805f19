// What `midge broker -v` prints of each event: a line, whatever a client has sent.

import { assertEquals } from "@std/assert";
import { eventLine } from "../../src/cli/event_log.ts";
import type { BrokerEvent } from "../../testing.ts";

const MESSAGE = {
  type: "message",
  clientId: "one",
  topicName: "a/b",
  payload: new Uint8Array(12),
  qos: 1,
  retain: false,
  properties: {},
} as const;

const CONNECTED = {
  type: "connected",
  clientId: "one",
  protocolVersion: 4,
  username: undefined,
  peer: "127.0.0.1:7",
  cleanStart: true,
  sessionPresent: false,
} as const;

const LINES: readonly (readonly [BrokerEvent, string])[] = [
  [CONNECTED, "one connected from 127.0.0.1:7: MQTT 3.1.1, a new session"],
  [
    {
      ...CONNECTED,
      protocolVersion: 5,
      username: "alice",
      sessionPresent: true,
    },
    "one connected from 127.0.0.1:7: MQTT 5, user alice, its session goes on",
  ],
  [
    {
      type: "refused",
      peer: "127.0.0.1:7",
      clientId: "one",
      reasonCode: 0x86,
      reason: "bad user name or password",
    },
    "one from 127.0.0.1:7 was refused: bad user name or password",
  ],
  [
    {
      type: "refused",
      peer: "127.0.0.1:7",
      clientId: "",
      reasonCode: undefined,
      reason: "no CONNECT came",
    },
    "127.0.0.1:7 was refused: no CONNECT came",
  ],
  [
    {
      type: "disconnected",
      clientId: "one",
      peer: "127.0.0.1:7",
      cause: "wire",
      reasonCode: undefined,
      reason: "the wire is gone",
    },
    "one disconnected: the wire is gone",
  ],
  [{ type: "session-ended", clientId: "one" }, "one: the session has ended"],
  [
    { type: "subscribed", clientId: "one", topicFilter: "a/#", reasonCode: 2 },
    "one subscribed to a/# at QoS 2",
  ],
  [
    { type: "subscribed", clientId: "one", topicFilter: "a", reasonCode: 0x87 },
    "one may not subscribe to a (135)",
  ],
  [
    { type: "unsubscribed", clientId: "one", topicFilter: "a", reasonCode: 0 },
    "one left a",
  ],
  [MESSAGE, "one published to a/b: QoS 1, 12 bytes"],
  [
    { ...MESSAGE, retain: true, qos: 0, payload: new Uint8Array(1) },
    "one published to a/b: QoS 0, retained, 1 byte",
  ],
  [
    { ...MESSAGE, clientId: undefined },
    "the broker published to a/b: QoS 1, 12 bytes",
  ],
  [
    {
      type: "publish-refused",
      clientId: "one",
      topicName: "a",
      qos: 1,
      reasonCode: 0x87,
    },
    "one may not publish to a (135)",
  ],
  [
    {
      type: "dropped",
      clientId: "one",
      topicName: "a",
      qos: 0,
      cause: "queue-full",
    },
    "a message to a did not reach one: queue-full",
  ],
];

for (const [event, line] of LINES) {
  Deno.test(`eventLine: ${line}`, () => {
    assertEquals(eventLine(event), line);
  });
}
