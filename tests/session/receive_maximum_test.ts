// How many messages we let the server have unacknowledged (3.1.2.11.3).

import { assertEquals } from "@std/assert";
import {
  bytes,
  connectedSession,
  deliveries,
  NOW,
  publish,
  reconnect,
  told,
  written,
} from "./session.ts";

// The connection ends where a server has four times our Receive Maximum unacknowledged, and sends more.
const connect = { properties: { receiveMaximum: 1 } };

Deno.test("Session ends the connection at the first message that is far beyond our Receive Maximum", () => {
  const session = connectedSession({ connect });
  for (const [qos, packetId] of [[1, 1], [2, 2], [1, 3], [2, 4]] as const) {
    session.receive(publish(5, qos, packetId), NOW);
  }
  const [one, two] = deliveries(session);
  if (!one || !two) throw new Error("four came");
  session.acknowledge(one); // PUBACK: one more may come
  session.receive(publish(5, 1, 5), NOW);
  session.acknowledge(two); // PUBREC: none more
  session.takeBytes();
  session.receive(bytes("62 02 00 02"), NOW); // PUBREL, PUBCOMP: one more
  session.receive(publish(5, 2, 6), NOW);
  assertEquals([written(session), session.connected], ["70 02 00 02", true]);
  session.receive(publish(5, 1, 7), NOW);
  assertEquals(told(session), [
    "delivery t 5 qos 1 id 5",
    "delivery t 6 qos 2 id 6",
    "failed 93 MQTT-3.3.4-9",
  ]);
  assertEquals(written(session), "e0 01 93");
});

Deno.test("Session counts a copy, or QoS 0, for nothing in our Receive Maximum", () => {
  for (const qos of [1, 2] as const) {
    const session = connectedSession({ connect });
    for (let i = 0; i < 9; i++) {
      session.receive(publish(5, qos, 1, { dup: i > 0 }), NOW);
      session.receive(publish(5, 0, 0), NOW);
    }
    for (const delivery of deliveries(session)) session.acknowledge(delivery);
    if (qos === 2) {
      // Also after PUBREC, ever so often.
      for (let i = 0; i < 9; i++) {
        session.receive(publish(5, qos, 1, { dup: true }), NOW);
      }
      session.receive(bytes("62 02 00 01"), NOW);
    }
    for (const packetId of [2, 3, 4, 5]) {
      session.receive(publish(5, qos, packetId), NOW);
    }
    assertEquals(session.connected, true);
    session.receive(publish(5, qos, 6), NOW);
    assertEquals(session.connected, false);
  }
});

Deno.test("Session does not let a PUBREL of nothing make room in our Receive Maximum", () => {
  const session = connectedSession({ connect });
  for (const packetId of [1, 2, 3, 4]) {
    session.receive(publish(5, 1, packetId), NOW);
  }
  session.receive(bytes("62 02 00 09"), NOW);
  assertEquals(session.connected, true);
  session.receive(publish(5, 1, 5), NOW);
  assertEquals(session.connected, false);
});

Deno.test("Session has no Receive Maximum under MQTT 3.x", () => {
  for (const protocolVersion of [3, 4] as const) {
    const session = connectedSession({ protocolVersion });
    for (let packetId = 1; packetId <= 65_535; packetId++) {
      session.receive(publish(protocolVersion, 1, packetId), NOW);
    }
    assertEquals([session.connected, session.unacknowledged], [true, 65_535]);
  }
});

Deno.test("Session counts what is delivered again in our Receive Maximum, each once", () => {
  const session = connectedSession({ connect });
  session.receive(publish(5, 2, 1), NOW);
  for (const delivery of deliveries(session)) session.acknowledge(delivery);
  for (const packetId of [2, 3, 4, 5]) {
    session.receive(publish(5, 1, packetId), NOW);
  }
  for (let round = 0; round < 3; round++) {
    reconnect(session, "kept", { connect });
    for (let i = 0; i < 3; i++) {
      session.receive(publish(5, 2, 1, { dup: true }), NOW);
      for (const packetId of [2, 3, 4, 5]) {
        session.receive(publish(5, 1, packetId, { dup: true }), NOW);
      }
    }
    assertEquals(session.connected, true);
  }
  session.receive(publish(5, 1, 6), NOW);
  assertEquals(session.connected, false);
});

Deno.test("Session counts a QoS 2 message until PUBREC, as Mosquitto does", () => {
  const session = connectedSession({ connect });
  for (let packetId = 1; packetId <= 100; packetId++) {
    session.receive(publish(5, 2, packetId), NOW);
    for (const delivery of deliveries(session)) session.acknowledge(delivery);
  }
  assertEquals(session.connected, true);
});

Deno.test("Session does not count the PUBREL of an earlier connection's message in our Receive Maximum", () => {
  const session = connectedSession({ connect });
  session.receive(publish(5, 2, 1), NOW);
  for (const delivery of deliveries(session)) session.acknowledge(delivery);
  reconnect(session, "kept", { connect });
  for (const packetId of [2, 3, 4, 5]) {
    session.receive(publish(5, 1, packetId), NOW);
  }
  session.receive(bytes("62 02 00 01"), NOW); // PUBREL
  assertEquals(session.connected, true);
  session.receive(publish(5, 1, 6), NOW);
  assertEquals(session.connected, false);
});
