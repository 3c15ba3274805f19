import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { PublishError, UnsubscribeError } from "../../src/errors.ts";
import type { Properties, QoS } from "../../src/codec/packet.ts";
import {
  bytes,
  connectedSession,
  connectPacket,
  deliveries,
  message,
  newSession,
  NOW,
  packets,
  publish,
  reconnect,
  told,
  written,
} from "./session.ts";

const REFUSED: readonly {
  what: string;
  connack: Properties;
  message: Parameters<typeof message>;
  reasonCode: string;
}[] = [
  {
    what: "Maximum QoS of 0",
    connack: { maximumQoS: 0 },
    message: ["a", "", { qos: 1 }],
    reasonCode: "9b",
  },
  {
    what: "Maximum QoS of 1",
    connack: { maximumQoS: 1 },
    message: ["a", "", { qos: 2 }],
    reasonCode: "9b",
  },
  {
    what: "Retain Available of 0",
    connack: { retainAvailable: false },
    message: ["a", "", { qos: 1, retain: true }],
    reasonCode: "9a",
  },
  {
    what: "Maximum Packet Size",
    connack: { maximumPacketSize: 100 },
    message: ["a", "x".repeat(93), { qos: 1 }],
    reasonCode: "95",
  },
  {
    what: "Topic Alias Maximum",
    connack: { topicAliasMaximum: 1 },
    message: ["a", "", { qos: 1, properties: { topicAlias: 2 } }],
    reasonCode: "94",
  },
  {
    what: "absent Topic Alias Maximum",
    connack: {},
    message: ["a", "", { qos: 1, properties: { topicAlias: 1 } }],
    reasonCode: "94",
  },
];

for (const { what, connack, message: wanted, reasonCode } of REFUSED) {
  Deno.test(`Session refuses to publish what is beyond the server's ${what}`, () => {
    const session = connectedSession({ connack });
    const [topicName, payload, options] = wanted;
    for (const qos of [0, options?.qos ?? 1] as QoS[]) {
      // Of QoS 0 there is none too many.
      if (qos === 0 && what.startsWith("Maximum QoS")) continue;
      const error = assertThrows(
        () =>
          session.publish(
            message(topicName, `${payload}xx`, { ...options, qos }),
            "",
          ),
        PublishError,
      );
      assertEquals(error.delivery, "not-sent");
      assertEquals(error.reasonCode?.toString(16), reasonCode);
    }
    assertEquals([written(session), session.queued, told(session)], [
      "",
      0,
      [],
    ]);
  });

  Deno.test(`Session settles what was queued, and is beyond the next server's ${what}`, () => {
    const session = newSession();
    session.publish(message(...wanted), "wrong");
    session.publish(message("b", "", { qos: 1 }), "right");
    const maximumQoS0 = connack.maximumQoS === 0;
    reconnect(session, "lost", { connack });
    assertEquals(told(session), [
      "connected",
      `publish-refused wrong not-sent ${reasonCode}`,
      ...(maximumQoS0 ? [`publish-refused right not-sent 9b`] : []),
    ]);
    assertEquals(session.inFlight + session.queued, maximumQoS0 ? 0 : 1);
    assertMatch(
      written(session),
      maximumQoS0 ? /^$/ : /^32 06 00 01 62 00 .. 00$/,
    );
  });

  Deno.test(`Session settles what is in flight, and beyond the next server's ${what}, as unknown`, () => {
    const session = connectedSession({ connack: { topicAliasMaximum: 9 } });
    session.publish(message(...wanted), "wrong");
    session.takeBytes();
    reconnect(session, "kept", { connack });
    assertEquals(told(session), [
      "connected",
      `publish-refused wrong unknown ${reasonCode}`,
    ]);
    assertEquals(written(session), "");
    // Its identifier stays in use, and where the server can have it again it does.
    reconnect(session, "kept", { connack: { topicAliasMaximum: 9 } });
    assertMatch(written(session), /^3[a-d] /); // PUBLISH with DUP
    assertEquals(session.inFlight, 1);
    const { qos = 1 } = wanted[2] ?? {};
    session.receive(bytes(qos === 1 ? "40 02 00 01" : "50 02 00 01"), NOW);
    if (qos === 2) session.receive(bytes("70 02 00 01"), NOW);
    assertEquals([told(session), session.inFlight], [["connected"], 0]);
  });
}

Deno.test("Session takes a message of exactly the Maximum Packet Size", () => {
  const session = connectedSession({ connack: { maximumPacketSize: 100 } });
  session.publish(message("a", "x".repeat(92), { qos: 1 }), "fits");
  assertEquals(session.takeBytes()?.length, 100);
  session.publish(message("a", "x".repeat(94)), "fits");
  assertEquals(session.takeBytes()?.length, 100);
});

Deno.test("Session settles a queued message that a lower version cannot carry", () => {
  const session = newSession();
  const properties = { contentType: "text" };
  session.publish(message("a", "", { qos: 1, properties }), "wrong");
  session.publish(message("b", "", { qos: 1 }), "right");
  // A CONNECT of MQTT 5 that a server of MQTT 3.1.1 answers.
  session.open(NOW, connectPacket({ cleanStart: true }));
  session.takeBytes();
  session.receive(bytes("20 02 00 00"), NOW);
  const [, event] = session.takeEvents();
  if (event?.type !== "publish-refused") throw new Error("it is refused");
  assertEquals(event.request, "wrong");
  assertEquals(event.error.delivery, "not-sent");
  assertEquals(event.error.cause instanceof TypeError, true);
  // Each attempt has its own identifier.
  assertEquals(written(session), "32 05 00 01 62 00 02");
});

Deno.test("Session refuses SUBSCRIBE and UNSUBSCRIBE beyond the Maximum Packet Size", () => {
  const session = connectedSession({ connack: { maximumPacketSize: 20 } });
  const topicFilter = "f".repeat(20);
  assertThrows(
    () =>
      session.unsubscribe({ topicFilters: [topicFilter], properties: {} }, ""),
    UnsubscribeError,
    `Cannot unsubscribe from "${topicFilter}": the packet has 27 bytes, and the server takes at most 20`,
  );
  assertEquals([written(session), session.unanswered], ["", 0]);
});

Deno.test("Session gives up a SUBSCRIBE that was asked for while away, and is too large for the server", () => {
  const session = newSession();
  session.unsubscribe(
    { topicFilters: ["f".repeat(20)], properties: {} },
    "large",
  );
  session.unsubscribe({ topicFilters: ["f"], properties: {} }, "small");
  reconnect(session, "lost", { connack: { maximumPacketSize: 20 } });
  const [, event] = session.takeEvents();
  if (event?.type !== "abandoned") throw new Error("it is abandoned");
  assertEquals(event.request, "large");
  assertEquals(event.cause instanceof UnsubscribeError, true);
  assertEquals(written(session), "a2 06 00 01 00 00 01 66");
  assertEquals(session.unanswered, 1);
});

Deno.test("Session leaves out what only explains an acknowledgement where it is too much for the server", () => {
  const session = connectedSession({ connack: { maximumPacketSize: 10 } });
  const reasonString = "because";
  session.receive(
    packets(5, {
      type: "publish",
      topicName: "t",
      payload: "",
      qos: 1,
      retain: false,
      dup: false,
      packetId: 1,
      properties: {},
    }),
    NOW,
  );
  const [delivery] = session.takeEvents();
  if (delivery?.type !== "delivery") throw new Error("it is delivered");
  session.acknowledge(delivery, 0x83, { reasonString });
  assertEquals(written(session), "40 03 00 01 83");
});

Deno.test("Session leaves out what only explains PUBREC where it is too much for the server, and not before", () => {
  const userProperties = [["a", "b"]] as const;
  for (const maximumPacketSize of [12, 13]) {
    const session = connectedSession({ connack: { maximumPacketSize } });
    session.receive(publish(5, 2, 1), NOW);
    const [delivery] = deliveries(session);
    if (delivery === undefined) throw new Error("it is delivered");
    session.acknowledge(delivery, 0x83, { userProperties });
    assertEquals(
      written(session),
      maximumPacketSize === 13
        ? "50 0b 00 01 83 07 26 00 01 61 00 01 62"
        : "50 03 00 01 83",
    );
  }
});

Deno.test("Session leaves out the properties of DISCONNECT where they are too much for the server", () => {
  for (const maximumPacketSize of [8, 9]) {
    const session = connectedSession({ connack: { maximumPacketSize } });
    session.disconnect(0, { sessionExpiryInterval: 0 });
    assertEquals(
      written(session),
      maximumPacketSize === 9 ? "e0 07 00 05 11 00 00 00 00" : "e0 00",
    );
  }
});

Deno.test("Session publishes no Subscription Identifiers, with or without a connection [MQTT-3.3.4-6]", () => {
  const properties = { subscriptionIdentifiers: [1] };
  for (const session of [connectedSession(), newSession()]) {
    for (const qos of [1, 2] as const) {
      assertThrows(
        () => session.publish(message("a", "", { qos, properties }), ""),
        TypeError,
        'Cannot publish to "a": subscriptionIdentifiers',
      );
    }
    assertEquals([written(session), session.queued], ["", 0]);
  }
  assertThrows(
    () => connectedSession().publish(message("a", "", { properties }), ""),
    TypeError,
  );
});

Deno.test("Session leaves out of DISCONNECT what only explains, before it leaves out the Session Expiry Interval [MQTT-3.14.2-3]", () => {
  const maximumPacketSize = 12;
  const session = connectedSession({ connack: { maximumPacketSize } });
  const reasonString = "a word too many";
  session.disconnect(0, { sessionExpiryInterval: 7, reasonString });
  assertEquals(written(session), "e0 07 00 05 11 00 00 00 07");
});

Deno.test("Session leaves in several UNSUBSCRIBEs what is too much for one, and tells one answer", () => {
  for (const protocolVersion of [4, 5] as const) {
    const session = connectedSession({
      protocolVersion,
      connack: protocolVersion === 5 ? { maximumPacketSize: 13 } : {},
    });
    const topicFilters = ["aaa", "b", "c", "d"];
    session.unsubscribe({ topicFilters, properties: {} }, "all");
    assertEquals(
      written(session),
      protocolVersion === 5
        ? "a2 0b 00 01 00 00 03 61 61 61 00 01 62 a2 09 00 02 00 00 01 63 00 01 64"
        : "a2 10 00 01 00 03 61 61 61 00 01 62 00 01 63 00 01 64",
    );
    if (protocolVersion === 5) {
      session.receive(bytes("b0 05 00 02 00 11 00"), NOW);
      assertEquals(told(session), []);
      session.receive(bytes("b0 05 00 01 00 00 11"), NOW);
      assertEquals(told(session), ["unsubscribed all 00 11 11 00"]);
    } else {
      session.receive(bytes("b0 02 00 01"), NOW);
      assertEquals(told(session), ["unsubscribed all"]);
    }
  }
});
