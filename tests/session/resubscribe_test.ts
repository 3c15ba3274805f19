// What was granted, on a connection whose server has lost the session: it is asked for again, before all else.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type {
  Properties,
  ProtocolVersion,
  SubscriptionRequest,
} from "../../src/codec/packet.ts";
import type { SubscribeError } from "../../src/errors.ts";
import type { Session } from "../../src/session/session.ts";
import {
  allTold,
  bytes,
  connectedSession,
  connectPacket,
  FILTER,
  message,
  NOW,
  packets,
  reconnect,
  told,
  VERSION_NAMES,
  VERSIONS,
  writtenLines,
  writtenPackets,
} from "./session.ts";

/** Asks for filters in one packet. */
function subscribe(
  session: Session<string>,
  topicFilters: string,
  options: Partial<SubscriptionRequest> & { properties?: Properties } = {},
): void {
  const { properties = {}, ...rest } = options;
  const subscriptions = topicFilters.split(" ").map((topicFilter) => ({
    ...FILTER,
    ...rest,
    topicFilter,
  }));
  session.subscribe({ subscriptions, properties }, topicFilters);
}

function unsubscribe(session: Session<string>, topicFilters: string): void {
  session.unsubscribe(
    { topicFilters: topicFilters.split(" "), properties: {} },
    topicFilters,
  );
}

/** The server answers what the session has for the wire; SUBACKs have these codes, else 0. */
function answer(
  session: Session<string>,
  protocolVersion: ProtocolVersion = 5,
  codes: readonly number[] = [],
): void {
  for (const packet of writtenPackets(session, protocolVersion)) {
    const { type } = packet;
    if (type !== "subscribe" && type !== "unsubscribe") continue;
    const { packetId } = packet;
    const reasonCodes = packet.type === "subscribe"
      ? packet.subscriptions.map((_, index) => codes[index] ?? 0)
      : protocolVersion === 5
      ? packet.topicFilters.map(() => 0)
      : [];
    session.receive(
      packets(protocolVersion, {
        type: type === "subscribe" ? "suback" : "unsuback",
        packetId,
        reasonCodes,
        properties: {},
      }),
      NOW,
    );
  }
}

/** A session that has been granted filters, each asked for by itself. */
function subscribedSession(
  topicFilters: string,
  protocolVersion: ProtocolVersion = 5,
): Session<string> {
  const session = connectedSession({ protocolVersion });
  for (const topicFilter of topicFilters.split(" ")) {
    subscribe(session, topicFilter);
  }
  answer(session, protocolVersion);
  session.takeEvents();
  return session;
}

/** The errors of the filters that could not be had again. */
function refusals(session: Session<string>): SubscribeError[] {
  return session.takeEvents().flatMap((event) =>
    event.type === "resubscribed" && event.error !== undefined
      ? [event.error]
      : []
  );
}

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];

  Deno.test(`Session asks by ${name} for all that was granted in one SUBSCRIBE where the server has lost the session`, () => {
    const session = subscribedSession("a b/# c", protocolVersion);
    assertEquals(session.subscriptions, 3);
    reconnect(session, "lost", { protocolVersion });
    assertEquals(allTold(session), [
      "connected",
      "session-lost 0 resent 0 unknown 3 filters",
    ]);
    assertEquals(session.unanswered, 1);
    answer(session, protocolVersion, [0, 1, 2]);
    assertEquals(told(session), [
      "resubscribed a 00",
      "resubscribed b/# 01",
      "resubscribed c 02",
    ]);
    assertEquals([session.unanswered, session.subscriptions], [0, 3]);
  });

  Deno.test(`Session asks by ${name} for nothing again where the server has kept the session, but for MQTT 3.1, which cannot say so`, () => {
    const session = subscribedSession("a b", protocolVersion);
    for (let round = 0; round < 2; round++) {
      reconnect(session, "kept", { protocolVersion });
      const again = protocolVersion === 3 ? [`subscribe ${3 + round} a b`] : [];
      assertEquals(writtenLines(session, protocolVersion), again);
      assertEquals(allTold(session), ["connected"]);
    }
  });

  Deno.test(`Session asks by ${name} once more for what was asked again, and not answered, whatever the server has kept`, () => {
    const session = subscribedSession("a b", protocolVersion);
    reconnect(session, "lost", { protocolVersion });
    session.takeBytes();
    for (const packetId of [4, 5]) {
      reconnect(session, "kept", { protocolVersion });
      assertEquals(writtenLines(session, protocolVersion), [
        `subscribe ${packetId} a b`,
      ]);
      assertEquals(session.unanswered, 1);
    }
  });

  Deno.test(`Session asks by ${name} for filters before what is sent again or anew, and before what waits`, () => {
    for (const outcome of ["kept", "lost"] as const) {
      const session = subscribedSession("a", protocolVersion);
      session.publish(message("a", "flight", { qos: 1 }), "flight");
      session.takeBytes();
      session.lost();
      session.publish(message("a", "waits", { qos: 1 }), "waits");
      subscribe(session, "b");
      unsubscribe(session, "c");
      reconnect(session, outcome, { protocolVersion });
      const isKept = outcome === "kept";
      const isAsked = !isKept || protocolVersion === 3;
      const types = writtenLines(session, protocolVersion).map((line) =>
        line.replace(/ \d+ /, " ")
      );
      assertEquals(types, [
        ...isAsked ? ["subscribe a"] : [],
        "subscribe b",
        "unsubscribe c",
        `publish a flight qos 1${isKept ? " dup" : ""}`,
        "publish a waits qos 1",
      ]);
    }
  });
}

Deno.test("Session asks for filters before PUBREL too, where MQTT 3.1 goes on with a session", () => {
  const session = subscribedSession("a", 3);
  session.publish(message("a", "1", { qos: 2 }), "one");
  session.receive(
    packets(3, { type: "pubrec", packetId: 2, reasonCode: 0, properties: {} }),
    NOW,
  );
  session.takeBytes();
  reconnect(session, "kept", { protocolVersion: 3 });
  assertEquals(writtenLines(session, 3), ["subscribe 3 a", "pubrel 2"]);
});

Deno.test("Session asks in a SUBSCRIBE of its own for the filters of each Subscription Identifier", () => {
  const session = connectedSession();
  const one = { properties: { subscriptionIdentifier: 1 } };
  subscribe(session, "a b", one);
  subscribe(session, "c");
  subscribe(session, "d", { properties: { subscriptionIdentifier: 2 } });
  subscribe(session, "e", one);
  subscribe(session, "f");
  answer(session);
  reconnect(session, "lost");
  const packets = writtenPackets(session);
  assertEquals(
    packets.map((packet) =>
      packet.type === "subscribe" &&
      [
        packet.properties.subscriptionIdentifier,
        packet.subscriptions.map(({ topicFilter }) => topicFilter).join(" "),
      ]
    ),
    [[1, "a b e"], [undefined, "c f"], [2, "d"]],
  );
});

Deno.test("Session asks again with the options that were asked for last, retained messages and User Properties among them", () => {
  const session = connectedSession();
  subscribe(session, "a", { qos: 2, retainHandling: 2 });
  const properties = { userProperties: [["who", "me"]] as const };
  const options = {
    qos: 1,
    noLocal: true,
    retainAsPublished: true,
    retainHandling: 1,
  } as const;
  subscribe(session, "a", { ...options, properties });
  answer(session);
  reconnect(session, "lost");
  const [packet, ...more] = writtenPackets(session);
  if (packet?.type !== "subscribe") throw new Error("it subscribes");
  assertEquals(packet.subscriptions, [{ topicFilter: "a", ...options }]);
  assertEquals(packet.properties, properties);
  assertEquals(more, []);
});

Deno.test("Session asks again for what was granted alone", () => {
  const session = connectedSession();
  subscribe(session, "a b c");
  answer(session, 5, [0x80, 1, 0x87]);
  reconnect(session, "lost");
  assertEquals(writtenLines(session), ["subscribe 2 b"]);
});

Deno.test("Session asks for nothing that was left, whether UNSUBACK came or not", () => {
  const session = subscribedSession("a b c d");
  unsubscribe(session, "a");
  answer(session);
  unsubscribe(session, "b");
  session.takeBytes();
  session.lost();
  unsubscribe(session, "c");
  session.takeEvents();
  reconnect(session, "lost");
  const lines = writtenLines(session).map((line) => line.replace(/ \d+ /, " "));
  assertEquals(lines, ["subscribe d", "unsubscribe b", "unsubscribe c"]);
  assertEquals(session.subscriptions, 1);
});

Deno.test("Session asks for nothing whose SUBACK came behind its UNSUBSCRIBE, and for what was joined since", () => {
  const session = connectedSession();
  subscribe(session, "a b");
  unsubscribe(session, "a b");
  subscribe(session, "b");
  answer(session);
  reconnect(session, "lost");
  assertEquals(writtenLines(session), ["subscribe 4 b"]);
});

Deno.test("Session does not leave what is left while it is asked for again, and leaves it behind that", () => {
  const session = subscribedSession("a b");
  reconnect(session, "lost");
  unsubscribe(session, "a");
  assertEquals(writtenLines(session), ["subscribe 3 a b", "unsubscribe 4 a"]);
  reconnect(session, "lost");
  assertEquals(writtenLines(session), ["subscribe 5 b", "unsubscribe 6 a"]);
});

Deno.test("Session tells a filter that is refused the second time, with the server's reason, and asks for it no more", () => {
  const session = subscribedSession("a b");
  reconnect(session, "lost");
  session.receive(
    packets(5, {
      type: "suback",
      packetId: 3,
      reasonCodes: [0x87, 0],
      properties: { reasonString: "no longer yours" },
    }),
    NOW,
  );
  const [error, ...more] = refusals(session);
  assertEquals(more, []);
  assertEquals([error?.reasonCodes, error?.reasonString], [
    [0x87],
    "no longer yours",
  ]);
  assertEquals(
    error?.message,
    'Cannot subscribe to "a" again: the server refused, not authorized (135)',
  );
  reconnect(session, "lost");
  assertEquals(writtenLines(session), ["subscribe 4 b"]);
});

Deno.test("Session tells no refusal of a filter that was left, or asked for otherwise, since it was asked for again", () => {
  const session = subscribedSession("a b");
  reconnect(session, "lost");
  unsubscribe(session, "a");
  subscribe(session, "b");
  const refused = { type: "suback", reasonCodes: [0x87, 0x87] } as const;
  const granted = { type: "suback", reasonCodes: [0] } as const;
  session.receive(packets(5, { ...granted, packetId: 5, properties: {} }), NOW);
  session.receive(packets(5, { ...refused, packetId: 3, properties: {} }), NOW);
  assertEquals(refusals(session), []);
  assertEquals(session.subscriptions, 1);
});

const REFUSED: readonly {
  what: string;
  filter: string;
  properties?: Properties;
  connack: Properties;
  reasonCode: number;
}[] = [
  {
    what: "wildcards",
    filter: "w/#",
    connack: { wildcardSubscriptionAvailable: false },
    reasonCode: 0xA2,
  },
  {
    what: "shared subscriptions",
    filter: "$share/g/s",
    connack: { sharedSubscriptionAvailable: false },
    reasonCode: 0x9E,
  },
  {
    what: "Subscription Identifiers",
    filter: "i",
    properties: { subscriptionIdentifier: 1 },
    connack: { subscriptionIdentifiersAvailable: false },
    reasonCode: 0xA1,
  },
  {
    what: "at most 30",
    filter: "long".repeat(20),
    connack: { maximumPacketSize: 30 },
    reasonCode: 0x95,
  },
];

for (const { what, filter, properties = {}, connack, reasonCode } of REFUSED) {
  Deno.test(`Session asks a server that takes no such filter for the others alone: ${what}`, () => {
    const session = subscribedSession("a b");
    subscribe(session, filter, { properties });
    answer(session);
    subscribe(session, "c");
    answer(session);
    session.takeEvents();
    reconnect(session, "lost", { connack });
    const [error, ...more] = refusals(session);
    assertEquals([error?.reasonCode, more], [reasonCode, []]);
    assertStringIncludes(error?.message ?? "", what);
    const asked = writtenLines(session).map((line) =>
      line.replace(/\w+ \d+ /, "")
    );
    assertEquals(asked.join(" "), "a b c");
    assertEquals(session.subscriptions, 3);
  });

  Deno.test(`Session refuses at once, or when its turn comes, to subscribe where the server takes no such filter: ${what}`, () => {
    const session = connectedSession({ connack });
    let error: unknown;
    try {
      subscribe(session, `a ${filter}`, { properties });
    } catch (thrown) {
      error = thrown;
    }
    assertEquals((error as SubscribeError).reasonCodes, [
      reasonCode,
      reasonCode,
    ]);
    assertEquals([session.unanswered, writtenLines(session)], [0, []]);
    session.lost();
    subscribe(session, filter, { properties });
    reconnect(session, "kept", { connack });
    const [, event] = session.takeEvents();
    if (event?.type !== "abandoned") throw new Error("it is abandoned");
    assertStringIncludes(String(event.cause), what);
    assertEquals([session.unanswered, writtenLines(session)], [0, []]);
  });
}

Deno.test("Session asks in as few packets as the server's Maximum Packet Size lets it be", () => {
  const filters = Array.from({ length: 9 }, (_, i) => `filter/${i}`);
  const session = subscribedSession(filters.join(" "));
  // Four filters of 11 bytes behind five of the header.
  reconnect(session, "lost", { connack: { maximumPacketSize: 50 } });
  const packets = writtenPackets(session);
  const asked = packets.map((packet) =>
    packet.type === "subscribe"
      ? packet.subscriptions.map(({ topicFilter }) => topicFilter)
      : []
  );
  assertEquals(asked.map(({ length }) => length), [4, 2, 3]);
  assertEquals(asked.flat(), filters);
  assertEquals(session.unanswered, 3);
});

Deno.test("Session asks again for what MQTT 3.1.1 cannot carry no more, where that answers a CONNECT of MQTT 5", () => {
  const session = connectedSession();
  subscribe(session, "a");
  subscribe(session, "b", { noLocal: true });
  answer(session);
  session.takeEvents();
  session.lost();
  session.open(NOW, connectPacket());
  session.takeBytes();
  session.receive(bytes("20 02 00 00"), NOW); // CONNACK of two bytes
  const [error, ...more] = refusals(session);
  assertEquals([error?.reasonCode, more], [0x83, []]);
  assertEquals(error?.cause instanceof TypeError, true);
  assertEquals(writtenLines(session, 4), ["subscribe 3 a"]);
});

Deno.test("abandon() settles what somebody waits for, and tells nothing of what is asked for again", () => {
  const session = subscribedSession("a");
  reconnect(session, "lost");
  subscribe(session, "b");
  session.takeEvents();
  session.abandon();
  assertEquals(told(session), ["abandoned b undefined"]);
  assertEquals(session.unanswered, 0);
});

Deno.test("withdraw() takes back what was not sent: a SUBSCRIBE that was sent goes out again", () => {
  const session = connectedSession();
  subscribe(session, "sent");
  session.takeBytes();
  session.lost();
  subscribe(session, "waits");
  unsubscribe(session, "other");
  assertEquals(session.withdraw("sent"), false);
  assertEquals(session.withdraw("waits"), true);
  assertEquals(session.withdraw("waits"), false);
  assertEquals(session.unanswered, 2);
  reconnect(session, "kept");
  assertEquals(writtenLines(session), [
    "subscribe 2 sent",
    "unsubscribe 3 other",
  ]);
  assertEquals(session.withdraw("other"), false);
});

Deno.test("Session asks again with what was asked for last, in whatever order the answers came", () => {
  const session = connectedSession();
  subscribe(session, "a", { qos: 1 });
  subscribe(session, "a", { qos: 2 });
  session.receive(bytes("90 04 00 02 00 02 90 04 00 01 00 01"), NOW);
  session.takeBytes();
  reconnect(session, "lost");
  const [packet] = writtenPackets(session);
  if (packet?.type !== "subscribe") throw new Error("it subscribes");
  assertEquals(packet.subscriptions[0]?.qos, 2);
});
