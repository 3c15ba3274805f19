// What a store would be given: enough to go on with the session in another process.

import { assertEquals } from "@std/assert";
import type { QoS } from "../../src/codec/packet.ts";
import type { StoreRecord } from "../../src/session/record.ts";
import {
  bytes,
  connect,
  connectedSession,
  deliveries,
  message,
  newSession,
  NOW,
  publish,
  reconnect,
} from "./session.ts";

const recording = true;

function accepted(
  order: number,
  qos: QoS,
  payload: string | Uint8Array,
): StoreRecord {
  return {
    type: "accepted",
    order,
    topicName: "a",
    payload,
    qos,
    retain: false,
    properties: {},
    expiresAt: 0,
    checkpoint: undefined,
  };
}

Deno.test("takeRecords() gives a message of QoS 1: accepted, sent, settled", () => {
  const session = connectedSession({ recording });
  session.publish(message("a", "1", { qos: 1 }), "one");
  assertEquals(session.takeRecords(), [
    accepted(1, 1, "1"),
    { type: "sent", order: 1, packetId: 1 },
  ]);
  session.receive(bytes("40 02 00 01"), NOW);
  assertEquals(session.takeRecords(), [{ type: "settled", order: 1 }]);
  assertEquals(session.takeRecords(), []);
});

Deno.test("takeRecords() gives a message of QoS 2: accepted, sent, released, settled", () => {
  const session = connectedSession({ recording });
  session.publish(message("a", bytes("01 02"), { qos: 2 }), "one");
  session.receive(bytes("50 02 00 01"), NOW);
  session.receive(bytes("50 02 00 01"), NOW);
  session.receive(bytes("70 02 00 01"), NOW);
  assertEquals(session.takeRecords(), [
    accepted(1, 2, bytes("01 02")),
    { type: "sent", order: 1, packetId: 1 },
    { type: "released", order: 1 },
    { type: "settled", order: 1 },
  ]);
});

Deno.test("takeRecords() gives what waits as accepted, and what is aborted then as settled", () => {
  const session = newSession({ recording });
  session.publish(message("a", "1", { qos: 1 }), "one");
  const flight = session.publish(message("a", "2", { qos: 2 }), "two");
  if (flight === undefined) throw new Error("QoS 2 has a flight");
  session.abort(flight);
  // A text that waits for a connection is kept as bytes.
  assertEquals(session.takeRecords(), [
    accepted(1, 1, bytes("31")),
    accepted(2, 2, bytes("32")),
    { type: "settled", order: 2 },
  ]);
  connect(session, { sessionPresent: true });
  assertEquals(session.takeRecords(), [{
    type: "sent",
    order: 1,
    packetId: 1,
  }]);
});

Deno.test("takeRecords() gives nothing for an abort in flight before its handshake has ended, nor for what is sent again", () => {
  const session = connectedSession({ recording });
  const flight = session.publish(message("a", "1", { qos: 1 }), "one");
  if (flight === undefined) throw new Error("QoS 1 has a flight");
  session.takeRecords();
  session.abort(flight);
  reconnect(session, "kept");
  assertEquals(session.takeRecords(), []);
  session.receive(bytes("40 02 00 01"), NOW);
  assertEquals(session.takeRecords(), [{ type: "settled", order: 1 }]);
});

Deno.test("takeRecords() gives a refusal, and a message that cannot be sent, as settled", () => {
  const session = newSession({ recording });
  session.publish(message("a", "1", { qos: 1 }), "one");
  session.publish(message("a", "2", { qos: 2 }), "two");
  session.takeRecords();
  connect(session, { sessionPresent: true, connack: { maximumQoS: 1 } });
  session.receive(bytes("40 03 00 01 80"), NOW);
  assertEquals(session.takeRecords(), [
    { type: "sent", order: 1, packetId: 1 },
    { type: "settled", order: 2 },
    { type: "settled", order: 1 },
  ]);
});

Deno.test("takeRecords() gives nothing for a publish that throws, and nothing for QoS 0", () => {
  const session = connectedSession({ recording });
  try {
    session.publish(message("a/#", "1", { qos: 1 }), "wrong");
  } catch {
    // A Topic Name has no wildcards.
  }
  session.publish(message("a", "1"), "");
  session.publish(message("a", "1", { qos: 1 }), "right");
  assertEquals(session.takeRecords().map(({ type }) => type), [
    "accepted",
    "sent",
  ]);
});

Deno.test("takeRecords() gives a lost session, and what is settled with it", () => {
  const session = connectedSession({ recording });
  session.publish(message("a", "1", { qos: 1 }), "one");
  session.publish(message("a", "2", { qos: 2 }), "two");
  session.takeRecords();
  reconnect(session, "lost");
  assertEquals(session.takeRecords(), [
    { type: "session-lost" },
    { type: "settled", order: 2 },
    { type: "sent", order: 1, packetId: 3 },
  ]);
});

Deno.test("takeRecords() gives a QoS 2 id as owned when its message is, and as completed when PUBREL comes", () => {
  const session = connectedSession({ recording });
  session.receive(publish(5, 2, 7), NOW);
  session.receive(publish(5, 2, 8), NOW);
  session.receive(publish(5, 1, 9), NOW);
  assertEquals(session.takeRecords(), []);
  const [seven, eight, nine] = deliveries(session);
  if (!seven || !eight || !nine) throw new Error("three came");
  session.acknowledge(nine);
  // It is owned though its PUBREC waits: delivered again to another process, it would come twice.
  session.acknowledge(eight);
  assertEquals(session.takeRecords(), [{ type: "owned", packetId: 8 }]);
  session.acknowledge(seven);
  session.acknowledge(seven);
  session.receive(bytes("62 02 00 07 62 02 00 63"), NOW); // of 99 there is nothing to complete
  assertEquals(session.takeRecords(), [
    { type: "owned", packetId: 7 },
    { type: "completed", packetId: 7 },
  ]);
});

Deno.test("takeRecords() gives as owned what is acknowledged while away, unless the session is lost or it is refused", () => {
  const session = connectedSession({ recording });
  for (const id of [6, 7, 8]) session.receive(publish(5, 2, id), NOW);
  const [six, seven, eight] = deliveries(session);
  if (!six || !seven || !eight) throw new Error("three came");
  session.lost();
  session.acknowledge(six);
  session.acknowledge(seven, 0x80);
  assertEquals(session.takeRecords(), [{ type: "owned", packetId: 6 }]);
  reconnect(session, "kept");
  session.receive(publish(5, 2, 6, { dup: true }), NOW);
  assertEquals(session.takeRecords(), []);
  reconnect(session, "lost");
  session.acknowledge(eight);
  assertEquals(session.takeRecords(), [{ type: "session-lost" }]);
});

Deno.test("takeRecords() gives as completed an owned id that the server has given to another message", () => {
  const session = connectedSession({ recording });
  session.receive(publish(5, 2, 7), NOW);
  session.lost();
  for (const delivery of deliveries(session)) session.acknowledge(delivery);
  reconnect(session, "kept");
  session.receive(publish(5, 2, 7, { payload: "other" }), NOW);
  assertEquals(session.takeRecords(), [
    { type: "owned", packetId: 7 },
    { type: "completed", packetId: 7 },
  ]);
});

Deno.test("takeRecords() gives nothing of a refused message whose id the server has given to another", () => {
  const session = connectedSession({ recording });
  session.receive(publish(5, 2, 7), NOW);
  session.lost();
  for (const delivery of deliveries(session)) {
    session.acknowledge(delivery, 0x80);
  }
  reconnect(session, "kept");
  session.receive(publish(5, 2, 7, { payload: "other" }), NOW);
  assertEquals(session.takeRecords(), []);
});

Deno.test("takeRecords() gives everything that is abandoned as settled", () => {
  const session = connectedSession({
    recording,
    connack: { receiveMaximum: 2 },
  });
  for (const qos of [2, 2, 1] as const) {
    session.publish(message("a", "", { qos }), "");
  }
  session.receive(bytes("50 02 00 02"), NOW);
  session.takeRecords();
  session.lost();
  session.abandon();
  assertEquals(session.takeRecords(), [
    { type: "settled", order: 2 },
    { type: "settled", order: 1 },
    { type: "settled", order: 3 },
  ]);
});

Deno.test("takeRecords() gives nothing where nobody records", () => {
  const session = connectedSession();
  session.publish(message("a", "", { qos: 1 }), "");
  session.receive(publish(5, 2, 7), NOW);
  for (const delivery of deliveries(session)) session.acknowledge(delivery);
  assertEquals(session.takeRecords(), []);
});
