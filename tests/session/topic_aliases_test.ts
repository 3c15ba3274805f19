// Topic Aliases of the server (3.3.2.3.4).

import { assertEquals } from "@std/assert";
import type { QoS } from "../../src/codec/packet.ts";
import {
  bytes,
  connectedSession,
  NOW,
  packets,
  reconnect,
  told,
  written,
} from "./session.ts";

const connect = { properties: { topicAliasMaximum: 2 } };

/** A PUBLISH with a Topic Alias; "" leaves the Topic Name to it. */
function publish(
  topicName: string,
  topicAlias: number,
  options: { qos?: QoS; dup?: boolean } = {},
): Uint8Array {
  const { qos = 0, dup = false } = options;
  return packets(5, {
    type: "publish",
    topicName,
    payload: "x",
    qos,
    retain: false,
    dup,
    packetId: qos === 0 ? 0 : 7,
    properties: { topicAlias },
  });
}

Deno.test("Session gives a PUBLISH the Topic Name that its alias stands for, and an alias a new one", () => {
  const session = connectedSession({ connect });
  session.receive(publish("a", 1), NOW);
  session.receive(publish("b", 2), NOW);
  session.receive(publish("", 1), NOW);
  session.receive(publish("", 2, { qos: 2 }), NOW);
  session.receive(publish("c", 1), NOW);
  session.receive(publish("", 1), NOW);
  assertEquals(told(session), [
    "message a x",
    "message b x",
    "message a x",
    "delivery b x qos 2 id 7",
    "message c x",
    "message c x",
  ]);
});

Deno.test("Session ends the connection at an alias beyond its Topic Alias Maximum", () => {
  const session = connectedSession({ connect });
  session.receive(publish("a", 3), NOW);
  assertEquals(told(session), ["failed 94 MQTT-3.1.2-26"]);
  assertEquals(written(session), "e0 01 94");
  const none = connectedSession();
  none.receive(publish("a", 1), NOW);
  assertEquals(told(none), ["failed 94 MQTT-3.1.2-26"]);
});

Deno.test("Session ends the connection at an alias that has no Topic Name", () => {
  const session = connectedSession({ connect });
  session.receive(publish("a", 1), NOW);
  session.receive(publish("", 2), NOW);
  assertEquals(told(session), ["message a x", "failed 82 3.3.2.3.4"]);
});

Deno.test("Session ends the connection at alias 0", () => {
  const session = connectedSession({ connect });
  session.receive(bytes("30 08 00 01 74 03 23 00 00 78"), NOW);
  assertEquals(session.connected, false);
  assertEquals(told(session)[0]?.startsWith("failed"), true);
});

Deno.test("Session carries no alias over to the next connection", () => {
  // [MQTT-3.3.2-7]
  const session = connectedSession({ connect });
  session.receive(publish("a", 1), NOW);
  reconnect(session, "kept", { connect });
  session.receive(publish("", 1), NOW);
  assertEquals(told(session).slice(-1), ["failed 82 3.3.2.3.4"]);
});

Deno.test("Session joins what is delivered again with an alias, with its name, or with both", () => {
  const session = connectedSession({ connect });
  session.receive(publish("a", 1, { qos: 1 }), NOW);
  const [delivery] = session.takeEvents();
  if (delivery?.type !== "delivery") throw new Error("it is delivered");
  reconnect(session, "kept", { connect });
  session.receive(publish("a", 2), NOW);
  session.receive(publish("", 2, { qos: 1, dup: true }), NOW);
  assertEquals(told(session), ["connected", "message a x"]);
  session.acknowledge(delivery);
  assertEquals(written(session), "40 02 00 07");
});
