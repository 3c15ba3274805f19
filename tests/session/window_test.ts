// How many messages may be on their way out: Receive Maximum, and the windows of MQTT 3.x (4.9).

import { assertEquals } from "@std/assert";
import {
  bytes,
  connectedSession,
  connectPacket,
  deliveries,
  FILTER,
  message,
  NOW,
  reconnect,
  written,
} from "./session.ts";

/** How many packets of a type are in what the session writes. */
function count(text: string, first: string): number {
  return text.split(" ").filter((byte) => byte === first).length;
}

Deno.test("Session has no more unacknowledged messages than the server's Receive Maximum", () => {
  const session = connectedSession({ connack: { receiveMaximum: 3 } });
  for (let i = 1; i <= 10; i++) {
    session.publish(message("a", "", { qos: i % 2 === 0 ? 1 : 2 }), `${i}`);
  }
  assertEquals([session.inFlight, session.queued], [3, 7]);
  assertEquals(
    written(session),
    "34 06 00 01 61 00 01 00 32 06 00 01 61 00 02 00 34 06 00 01 61 00 03 00",
  );
  session.receive(bytes("40 02 00 02"), NOW); // PUBACK: one more
  assertEquals(written(session), "32 06 00 01 61 00 04 00");
  session.receive(bytes("50 02 00 01"), NOW); // PUBREC: PUBREL and no more
  assertEquals(written(session), "62 02 00 01");
  session.receive(bytes("70 02 00 01"), NOW); // PUBCOMP: one more
  assertEquals(written(session), "34 06 00 01 61 00 05 00");
  session.receive(bytes("50 03 00 03 80"), NOW); // PUBREC, refused: one more
  assertEquals(written(session), "32 06 00 01 61 00 06 00");
  assertEquals([session.inFlight, session.queued], [3, 4]);
});

Deno.test("Session sends what many acknowledgements of one read make room for", () => {
  const session = connectedSession({ connack: { receiveMaximum: 2 } });
  for (let i = 1; i <= 5; i++) {
    session.publish(message("a", "", { qos: 1 }), `${i}`);
  }
  session.takeBytes();
  session.receive(bytes("40 02 00 01 40 02 00 02"), NOW);
  assertEquals(
    written(session),
    "32 06 00 01 61 00 03 00 32 06 00 01 61 00 04 00",
  );
});

Deno.test("Session holds up nothing but PUBLISH of QoS 1 and 2 while the window is full [MQTT-3.3.4-8, MQTT-4.9.0-3]", () => {
  const session = connectedSession({ connack: { receiveMaximum: 1 } });
  session.publish(message("a", "", { qos: 2 }), "first");
  session.publish(message("a", "", { qos: 1 }), "waits");
  session.takeBytes();
  session.receive(bytes("34 06 00 01 74 00 07 00"), NOW);
  for (const delivery of deliveries(session)) session.acknowledge(delivery);
  session.receive(bytes("62 02 00 07"), NOW);
  session.receive(bytes("50 02 00 01"), NOW);
  session.subscribe({ subscriptions: [FILTER], properties: {} }, "f");
  session.unsubscribe({ topicFilters: ["g"], properties: {} }, "g");
  session.publish(message("b", ""), "QoS 0");
  session.ping(NOW);
  assertEquals(
    written(session),
    "50 02 00 07 70 02 00 07 62 02 00 01 82 07 00 02 00 00 01 66 00 " +
      "a2 06 00 03 00 00 01 67 30 04 00 01 62 00 c0 00",
  );
  assertEquals(session.queued, 1);
});

Deno.test("Session takes an absent Receive Maximum for 65,535", () => {
  const session = connectedSession();
  for (let i = 0; i < 65_536; i++) {
    session.publish(message("a", "", { qos: 1 }), "");
  }
  assertEquals([session.inFlight, session.queued], [65_535, 1]);
});

Deno.test("Session's quota starts anew with each CONNACK", () => {
  const session = connectedSession({ connack: { receiveMaximum: 2 } });
  for (let i = 1; i <= 6; i++) {
    session.publish(message("a", "", { qos: 1 }), `${i}`);
  }
  session.takeBytes();
  reconnect(session, "kept", { connack: { receiveMaximum: 3 } });
  // Two again, then a new one.
  assertEquals(
    written(session),
    "3a 06 00 01 61 00 01 00 3a 06 00 01 61 00 02 00 32 06 00 01 61 00 03 00",
  );
  reconnect(session, "kept"); // absent: 65,535
  const sent = written(session);
  assertEquals([count(sent, "3a"), count(sent, "32")], [3, 3]);
});

Deno.test("Session sends again no more than the new Receive Maximum allows, and the rest in order", () => {
  const session = connectedSession();
  for (let i = 1; i <= 4; i++) {
    session.publish(message("a", "", { qos: 1 }), `${i}`);
  }
  session.takeBytes();
  reconnect(session, "kept", { connack: { receiveMaximum: 1 } });
  session.publish(message("a", "", { qos: 1 }), "5");
  assertEquals([session.inFlight, session.queued], [4, 1]);
  assertEquals(written(session), "3a 06 00 01 61 00 01 00");
  // The server knows 3 from before: what it has acknowledged is not sent again.
  session.receive(bytes("40 02 00 03"), NOW);
  assertEquals(written(session), "");
  session.receive(bytes("40 02 00 01"), NOW);
  assertEquals(written(session), "3a 06 00 01 61 00 02 00");
  session.receive(bytes("40 02 00 02"), NOW);
  assertEquals(written(session), "3a 06 00 01 61 00 04 00");
  session.receive(bytes("40 02 00 04"), NOW);
  assertEquals(written(session), "32 06 00 01 61 00 05 00");
});

Deno.test("Session sends nothing new while what is to be sent again waits", () => {
  const session = connectedSession();
  session.publish(message("a", "", { qos: 1 }), "1");
  session.publish(message("a", "", { qos: 1 }), "2");
  session.takeBytes();
  reconnect(session, "kept", { connack: { receiveMaximum: 1 } });
  session.takeBytes();
  session.publish(message("a", "", { qos: 1 }), "3");
  session.receive(bytes("40 02 00 01"), NOW);
  assertEquals(written(session), "3a 06 00 01 61 00 02 00");
});

Deno.test("Session lets nothing new overtake what is to be sent again, though its QoS has room", () => {
  for (const waits of [[], ["3"], ["3", "4"]]) {
    const session = connectedSession({ inflight: { max: 3, qos2Max: 1 } });
    session.publish(message("a", "", { qos: 2 }), "1");
    session.publish(message("a", "", { qos: 2 }), "2");
    session.lost();
    for (const request of waits) {
      session.publish(message("a", "", { qos: 1 }), request);
    }
    // A CONNECT of MQTT 5 that MQTT 3.1.1 answers, with Session Present: the windows are ours.
    session.open(NOW, connectPacket());
    session.takeBytes();
    session.receive(bytes("20 02 01 00"), NOW);
    assertEquals(written(session), "3c 05 00 01 61 00 01");
    session.publish(message("a", "", { qos: 1 }), "new");
    assertEquals(written(session), "");
    session.receive(bytes("50 02 00 01 70 02 00 01"), NOW);
    assertEquals(
      written(session).slice(0, 53),
      "62 02 00 01 3c 05 00 01 61 00 02 32 05 00 01 61 00 03",
    );
  }
});

Deno.test("Session takes no quota for a PUBREL that is sent again, and gets none for its PUBCOMP", () => {
  const session = connectedSession({ connack: { receiveMaximum: 2 } });
  session.publish(message("a", "", { qos: 2 }), "1");
  session.publish(message("a", "", { qos: 2 }), "2");
  session.receive(bytes("50 02 00 01 50 02 00 02"), NOW);
  for (let i = 3; i <= 6; i++) {
    session.publish(message("a", "", { qos: 1 }), `${i}`);
  }
  session.takeBytes();
  reconnect(session, "kept", { connack: { receiveMaximum: 2 } });
  assertEquals(
    written(session),
    "62 02 00 01 62 02 00 02 32 06 00 01 61 00 03 00 32 06 00 01 61 00 04 00",
  );
  // Two PUBLISHes are unacknowledged: these two say nothing of them.
  session.receive(bytes("70 02 00 01 70 02 00 02"), NOW);
  assertEquals(written(session), "");
  session.receive(bytes("40 02 00 03"), NOW);
  assertEquals(written(session), "32 06 00 01 61 00 05 00");
});

for (const protocolVersion of [3, 4] as const) {
  Deno.test(`Session has two windows under MQTT 3.x, version ${protocolVersion}`, () => {
    const inflight = { max: 3, qos2Max: 1 };
    const session = connectedSession({ protocolVersion, inflight });
    for (const qos of [2, 1, 1, 1, 2, 1] as const) {
      session.publish(message("a", "", { qos }), `${qos}`);
    }
    assertEquals(
      written(session),
      "34 05 00 01 61 00 01 32 05 00 01 61 00 02 32 05 00 01 61 00 03",
    );
    session.receive(bytes("40 02 00 02 40 02 00 03"), NOW);
    // The second QoS 2 message waits for the first, and what comes behind it keeps its place.
    assertEquals(written(session), "32 05 00 01 61 00 04");
    session.publish(message("a", "", { qos: 1 }), "late");
    assertEquals(written(session), "");
    session.receive(bytes("50 02 00 01 70 02 00 01 40 02 00 04"), NOW);
    assertEquals(
      written(session),
      "62 02 00 01 34 05 00 01 61 00 05 32 05 00 01 61 00 06 32 05 00 01 61 00 07",
    );
  });
}
