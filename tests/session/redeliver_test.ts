// Messages on their way in, cut by a loss at every point, and what becomes of them on the next
// connection: an acknowledgement belongs to the connection its PUBLISH came on.

import { assertEquals } from "@std/assert";
import type { IncomingDelivery } from "../../src/session/delivery.ts";
import {
  bytes,
  connectedSession,
  connectPacket,
  deliveries,
  NOW,
  publish,
  reconnect,
  told,
  VERSION_NAMES,
  VERSIONS,
  written,
} from "./session.ts";

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];
  const given = { protocolVersion };

  for (const qos of [1, 2] as const) {
    const acknowledged = qos === 1 ? "40 02 00 07" : "50 02 00 07";
    const again = publish(protocolVersion, qos, 7, { dup: true });

    /** A session that has handed out one message of this QoS, and then lost its connection. */
    const suspended = () => {
      const session = connectedSession(given);
      session.receive(publish(protocolVersion, qos, 7), NOW);
      const [delivery] = deliveries(session);
      if (delivery === undefined) throw new Error("it is delivered");
      return { session, delivery };
    };

    Deno.test(`Session joins what is delivered again at QoS ${qos} by ${name} to the message that waits, and acknowledges it then`, () => {
      const { session, delivery } = suspended();
      reconnect(session, "kept", given);
      session.receive(again, NOW + 5);
      assertEquals(told(session), ["connected"]);
      assertEquals(session.unacknowledged, 1);
      assertEquals(session.waitingHeads, [delivery]);
      assertEquals([delivery.arrivedAt, written(session)], [NOW + 5, ""]);
      session.acknowledge(delivery);
      assertEquals(written(session), acknowledged);
    });

    Deno.test(`Session acknowledges at once what is delivered again at QoS ${qos} by ${name} and was owned while away`, () => {
      const { session, delivery } = suspended();
      session.lost();
      session.acknowledge(delivery);
      assertEquals(written(session), "");
      reconnect(session, "kept", given);
      assertEquals(written(session), ""); // not before the PUBLISH has come again
      session.receive(again, NOW);
      assertEquals([written(session), told(session)], [acknowledged, [
        "connected",
      ]]);
      if (qos === 1) return;
      session.receive(bytes("62 02 00 07"), NOW);
      assertEquals(written(session), "70 02 00 07");
    });

    Deno.test(`Session acknowledges nothing at QoS ${qos} by ${name} on a connection on which it did not come`, () => {
      const { session, delivery } = suspended();
      reconnect(session, "kept", given);
      session.acknowledge(delivery);
      assertEquals(written(session), "");
    });

    Deno.test(`Session never acknowledges at QoS ${qos} by ${name} where the server has lost the session`, () => {
      const { session, delivery } = suspended();
      reconnect(session, "lost", given);
      session.acknowledge(delivery);
      assertEquals([session.unacknowledged, written(session)], [0, ""]);
      // Whatever comes with its id is another message.
      session.receive(again, NOW);
      assertEquals(told(session), [
        "connected",
        `delivery t 7 qos ${qos} id 7`,
      ]);
      assertEquals(written(session), "");
    });

    Deno.test(`Session joins at QoS ${qos} by ${name} over several losses`, () => {
      const { session, delivery } = suspended();
      for (let round = 0; round < 3; round++) {
        reconnect(session, "kept", given);
        if (round !== 1) session.receive(again, NOW);
      }
      assertEquals(deliveries(session), []);
      session.acknowledge(delivery);
      assertEquals(written(session), acknowledged);
    });

    Deno.test(`Session delivers at QoS ${qos} by ${name} what has the id of a message that waits, but is another`, () => {
      for (
        const other of [
          publish(protocolVersion, qos, 7), // no DUP
          publish(protocolVersion, qos, 7, { dup: true, payload: "other" }),
          publish(protocolVersion, qos, 7, { dup: true, payload: "8" }),
          publish(protocolVersion, qos, 7, { dup: true, topicName: "other" }),
          publish(protocolVersion, qos === 1 ? 2 : 1, 7, { dup: true }),
        ]
      ) {
        const { session, delivery } = suspended();
        reconnect(session, "kept", given);
        session.receive(other, NOW);
        const [another] = deliveries(session);
        if (another === undefined) throw new Error("it is delivered");
        session.acknowledge(delivery); // its session's server has dropped it
        assertEquals(written(session), "");
        session.acknowledge(another);
        const first = another.packet.qos === 1 ? "40" : "50";
        assertEquals(written(session), `${first} 02 00 07`);
      }
    });

    Deno.test(`Session keeps the order of arrival at QoS ${qos} by ${name} for what is delivered again, and what is new`, () => {
      const session = connectedSession(given);
      for (const packetId of [1, 2, 3]) {
        session.receive(publish(protocolVersion, qos, packetId), NOW);
      }
      const came = deliveries(session);
      session.lost();
      acknowledge(session, came, 1);
      reconnect(session, "kept", given);
      for (const packetId of [1, 2, 3]) {
        session.receive(
          publish(protocolVersion, qos, packetId, { dup: true }),
          NOW,
        );
      }
      session.receive(publish(protocolVersion, qos, 4), NOW);
      const [four] = deliveries(session);
      if (four !== undefined) session.acknowledge(four);
      assertEquals(written(session), "");
      acknowledge(session, came, 2);
      acknowledge(session, came, 0);
      const first = qos === 1 ? "40" : "50";
      assertEquals(
        written(session),
        [1, 2, 3, 4].map((id) => `${first} 02 00 0${id}`).join(" "),
      );
    });
  }

  Deno.test(`Session answers at once by ${name} what is delivered again after PUBREC, and PUBREL`, () => {
    const session = connectedSession(given);
    session.receive(publish(protocolVersion, 2, 7), NOW);
    for (const delivery of deliveries(session)) session.acknowledge(delivery);
    // PUBREC may not even have left.
    reconnect(session, "kept", given);
    session.receive(publish(protocolVersion, 2, 7, { dup: true }), NOW);
    assertEquals([written(session), deliveries(session)], ["50 02 00 07", []]);
    reconnect(session, "kept", given);
    session.receive(bytes("62 02 00 07"), NOW);
    assertEquals(written(session), "70 02 00 07");
    // PUBCOMP was lost: PUBREL comes again for an id that is free.
    reconnect(session, "kept", given);
    session.receive(bytes("62 02 00 07"), NOW);
    assertEquals(
      written(session),
      protocolVersion === 5 ? "70 03 00 07 92" : "70 02 00 07",
    );
    told(session);
    session.receive(publish(protocolVersion, 2, 7), NOW);
    assertEquals(told(session), ["delivery t 7 qos 2 id 7"]);
  });

  Deno.test(`Session answers a PUBREL for what it has not acknowledged on an earlier connection as one of nothing by ${name}`, () => {
    const session = connectedSession(given);
    session.receive(publish(protocolVersion, 2, 7), NOW);
    reconnect(session, "kept", given);
    session.receive(bytes("62 02 00 07"), NOW);
    assertEquals(
      written(session),
      protocolVersion === 5 ? "70 03 00 07 92" : "70 02 00 07",
    );
  });

  Deno.test(`Session has forgotten its QoS 2 ids by ${name} where the server has lost the session`, () => {
    const session = connectedSession(given);
    session.receive(publish(protocolVersion, 2, 7), NOW);
    for (const delivery of deliveries(session)) session.acknowledge(delivery);
    reconnect(session, "lost", given);
    session.receive(publish(protocolVersion, 2, 7), NOW);
    assertEquals(told(session), ["connected", "delivery t 7 qos 2 id 7"]);
    assertEquals(written(session), "");
  });
}

Deno.test("Session delivers by MQTT 3.1, where nothing else tells of a lost session, a known QoS 2 id without DUP", () => {
  const session = connectedSession({ protocolVersion: 3 });
  session.receive(publish(3, 2, 7), NOW);
  for (const delivery of deliveries(session)) session.acknowledge(delivery);
  reconnect(session, "kept", { protocolVersion: 3 });
  session.receive(publish(3, 2, 7, { payload: "new" }), NOW);
  assertEquals(told(session), ["connected", "delivery t new qos 2 id 7"]);
});

Deno.test("Session sends PUBREC once more in the order of arrival", () => {
  const session = connectedSession();
  session.receive(publish(5, 2, 1), NOW);
  session.receive(publish(5, 2, 2), NOW);
  const [one, two] = deliveries(session);
  if (!one || !two) throw new Error("two came");
  session.acknowledge(one, 0x83);
  session.acknowledge(two);
  // Both PUBRECs are lost: the first message is new, the second is owned [MQTT-4.3.3-9, MQTT-4.3.3-10].
  reconnect(session, "kept");
  for (let i = 0; i < 2; i++) {
    session.receive(publish(5, 2, 1, { dup: true }), NOW);
    session.receive(publish(5, 2, 2, { dup: true }), NOW);
  }
  const [again, ...others] = deliveries(session);
  if (!again) throw new Error("it is delivered");
  assertEquals([others, written(session)], [[], ""]);
  session.acknowledge(again);
  assertEquals(written(session), "50 02 00 01 50 02 00 02");
  session.receive(bytes("62 02 00 02"), NOW);
  assertEquals(written(session), "70 02 00 02");
});

Deno.test("Session acknowledges a refused message as owned where the next server speaks MQTT 3.1.1", () => {
  for (const qos of [1, 2] as const) {
    const session = connectedSession();
    session.receive(publish(5, qos, 7), NOW);
    const [delivery] = deliveries(session);
    if (delivery === undefined) throw new Error("it is delivered");
    session.lost();
    session.acknowledge(delivery, 0x83, { reasonString: "no" });
    session.open(NOW, connectPacket());
    session.takeBytes();
    session.receive(bytes("20 02 01 00"), NOW); // CONNACK of two bytes, Session Present
    session.receive(publish(4, qos, 7, { dup: true }), NOW);
    assertEquals(written(session), qos === 1 ? "40 02 00 07" : "50 02 00 07");
    if (qos === 1) continue;
    session.receive(publish(4, 2, 7, { dup: true }), NOW);
    assertEquals([written(session), deliveries(session)], ["50 02 00 07", []]);
    session.receive(bytes("62 02 00 07"), NOW);
    assertEquals(written(session), "70 02 00 07");
  }
});

Deno.test("Session keeps a message that was handed out before a loss in the same read", () => {
  const session = connectedSession();
  session.receive(publish(5, 1, 1), NOW);
  session.lost();
  assertEquals(told(session), ["delivery t 1 qos 1 id 1"]);
});

function acknowledge(
  session: ReturnType<typeof connectedSession>,
  came: readonly IncomingDelivery[],
  index: number,
): void {
  const delivery = came[index];
  if (delivery === undefined) throw new Error(`${index} did not come`);
  session.acknowledge(delivery);
}

Deno.test("Session delivers a message again that nobody took the first time, and keeps nothing of its payload till then", () => {
  const session = connectedSession();
  session.receive(publish(5, 1, 7, { payload: "large" }), NOW);
  const [first] = deliveries(session);
  first?.drop();
  assertEquals(first?.packet.payload.length, 0);
  assertEquals(session.unacknowledged, 1);
  session.receive(publish(5, 1, 7, { payload: "large", dup: true }), NOW);
  session.receive(publish(5, 1, 7, { payload: "large" }), NOW);
  assertEquals([session.unacknowledged, told(session)], [1, []]);
  reconnect(session, "kept");
  session.receive(publish(5, 1, 7, { payload: "large", dup: true }), NOW);
  const [again] = deliveries(session);
  assertEquals(again?.packet.payload.length, 5);
});
