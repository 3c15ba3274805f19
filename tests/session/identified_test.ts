// Topic Filters with Subscription Identifiers of their own: one SUBSCRIBE for each, and one answer to all.

import { assertEquals, assertThrows } from "@std/assert";
import type { Properties, SubackPacket } from "../../src/codec/packet.ts";
import { SubscribeError } from "../../src/errors.ts";
import type { Session } from "../../src/session/session.ts";
import {
  bytes,
  connectedSession,
  FILTER,
  newSession,
  NOW,
  packets,
  reconnect,
  told,
  written,
  writtenPackets,
} from "./session.ts";

/** Asks at QoS 1 for filters that have identifiers from 1,000,000 on. */
function subscribe(
  session: Session<string>,
  topicFilters: string,
  properties: Properties = {},
): void {
  const subscriptions = topicFilters.split(" ").map((topicFilter, index) => ({
    ...FILTER,
    qos: 1 as const,
    topicFilter,
    identifier: 1_000_000 + index,
  }));
  session.subscribe({ subscriptions, properties }, topicFilters);
}

/** What is asked for: each SUBSCRIBE with its identifier. */
function asked(session: Session<string>): string[] {
  return writtenPackets(session).map((packet) => {
    if (packet.type !== "subscribe") return packet.type;
    const { packetId, subscriptions, properties } = packet;
    const filters = subscriptions.map(({ topicFilter }) => topicFilter);
    const identifier = properties.subscriptionIdentifier ?? "none";
    return `${packetId} ${identifier} ${filters.join(" ")}`;
  });
}

function answer(
  session: Session<string>,
  packetId: number,
  reasonCode: number,
  properties: Properties = {},
): void {
  const reasonCodes = [reasonCode];
  session.receive(
    packets(5, { type: "suback", packetId, reasonCodes, properties }),
    NOW,
  );
}

Deno.test("Session asks for each filter that has an identifier of its own in a SUBSCRIBE of its own, all in one write", () => {
  const session = connectedSession();
  subscribe(session, "a b/#");
  assertEquals(
    written(session),
    [
      "82 0b 00 01", // SUBSCRIBE 1
      "04 0b c0 84 3d", // Subscription Identifier 1,000,000
      "00 01 61 01", // "a" at QoS 1
      "82 0d 00 02", // SUBSCRIBE 2
      "04 0b c1 84 3d", // Subscription Identifier 1,000,001
      "00 03 62 2f 23 01", // "b/#" at QoS 1
    ].join(" "),
  );
  assertEquals(session.unanswered, 2);
});

Deno.test("Session tells the answers to several SUBSCRIBEs as one, in the order of the filters, once the last has come", () => {
  const session = connectedSession();
  subscribe(session, "a b c");
  answer(session, 2, 0x87);
  answer(session, 3, 0);
  assertEquals([told(session), session.unanswered], [[], 1]);
  answer(session, 1, 1);
  assertEquals(told(session), ["subscribed a b c 01 87 00"]);
  assertEquals([session.unanswered, session.subscriptions], [0, 2]);
});

Deno.test("Session tells of several answers the words of the one that refuses", () => {
  const session = connectedSession();
  subscribe(session, "a b c");
  answer(session, 1, 0, { reasonString: "granted" });
  answer(session, 2, 0x87, { reasonString: "not you" });
  answer(session, 3, 0, { reasonString: "granted" });
  const [event] = session.takeEvents();
  const told: Partial<SubackPacket> = event?.type === "subscribed"
    ? event.packet
    : {};
  assertEquals(told.reasonCodes, [0, 0x87, 0]);
  assertEquals(told.properties, { reasonString: "not you" });
});

Deno.test("Session has all properties in each of several SUBSCRIBEs", () => {
  const session = connectedSession();
  const userProperties = [["who", "me"]] as const;
  subscribe(session, "a b", { userProperties });
  assertEquals(
    writtenPackets(session).map((packet) =>
      packet.type === "subscribe" && packet.properties
    ),
    [
      { userProperties, subscriptionIdentifier: 1_000_000 },
      { userProperties, subscriptionIdentifier: 1_000_001 },
    ],
  );
});

Deno.test("Session leaves out the filters' own identifiers where the server has none, or the program gives one", () => {
  const session = connectedSession({
    connack: { subscriptionIdentifiersAvailable: false },
  });
  subscribe(session, "a b");
  assertEquals(asked(session), ["1 none a b"]);
  reconnect(session, "lost");
  assertEquals(asked(session), ["2 1000000 a", "3 1000001 b"]);
  const other = connectedSession();
  subscribe(other, "a b", { subscriptionIdentifier: 7 });
  assertEquals(asked(other), ["1 7 a b"]);
});

for (const protocolVersion of [3, 4] as const) {
  Deno.test(`Session asks for all filters in one SUBSCRIBE by version ${protocolVersion}`, () => {
    const session = connectedSession({ protocolVersion });
    subscribe(session, "a b");
    assertEquals(written(session), "82 0a 00 01 00 01 61 01 00 01 62 01");
    session.receive(bytes("90 04 00 01 00 01"), NOW);
    assertEquals(told(session), ["subscribed a b 00 01"]);
  });
}

Deno.test("Session asks for all filters again where the connection is lost before the last answer, kept or lost", () => {
  for (const kept of ["kept", "lost"] as const) {
    const session = connectedSession();
    subscribe(session, "a b");
    session.takeBytes();
    answer(session, 1, 1);
    reconnect(session, kept);
    assertEquals(asked(session), ["3 1000000 a", "4 1000001 b"]);
    answer(session, 4, 0);
    answer(session, 3, 0);
    assertEquals(told(session), ["connected", "subscribed a b 00 00"]);
  }
});

Deno.test("Session asks again, where the server has lost the session, in a SUBSCRIBE for each identifier, before all else", () => {
  const session = connectedSession();
  subscribe(session, "a b");
  answer(session, 1, 1);
  answer(session, 2, 1);
  session.takeBytes();
  session.takeEvents();
  session.lost();
  session.unsubscribe({ topicFilters: ["x"], properties: {} }, "x");
  reconnect(session, "lost");
  assertEquals(asked(session), [
    "3 1000000 a",
    "4 1000001 b",
    "unsubscribe",
  ]);
  answer(session, 4, 0x87);
  answer(session, 3, 2);
  assertEquals(told(session), [
    "connected",
    "resubscribed b 87",
    "resubscribed a 02",
  ]);
});

Deno.test("Session asks again in one SUBSCRIBE where the next server has no identifiers", () => {
  const session = connectedSession();
  subscribe(session, "a b");
  answer(session, 1, 1);
  answer(session, 2, 1);
  session.takeBytes();
  reconnect(session, "lost", {
    connack: { subscriptionIdentifiersAvailable: false },
  });
  assertEquals(asked(session), ["3 none a b"]);
});

Deno.test("Session refuses a subscribe that the server does not take, whole, and sends nothing of it", () => {
  const large = "f".repeat(20);
  for (
    const [connack, filters, reasonCode] of [
      [{ maximumPacketSize: 30 }, `a ${large}`, 0x95],
      [{ wildcardSubscriptionAvailable: false }, "a b/#", 0xA2],
    ] as const
  ) {
    const session = connectedSession({ connack });
    const error = assertThrows(
      () => subscribe(session, filters),
      SubscribeError,
    );
    assertEquals(error.reasonCodes, [reasonCode, reasonCode]);
    assertEquals([written(session), session.unanswered], ["", 0]);
    // So it is where it was asked for while away.
    const away = newSession();
    subscribe(away, filters);
    reconnect(away, "lost", { connack });
    assertEquals(told(away), ["connected", `abandoned ${filters} undefined`]);
    assertEquals([written(away), away.unanswered], ["", 0]);
  }
});

Deno.test("Session counts a subscribe as sent once a part of it is, and takes back one that is not", () => {
  const session = newSession();
  subscribe(session, "a b");
  subscribe(session, "c d");
  assertEquals([session.withdraw("c d"), session.unanswered], [true, 1]);
  reconnect(session, "lost");
  assertEquals(session.withdraw("a b"), false);
  assertEquals(asked(session), ["1 1000000 a", "2 1000001 b"]);
  session.lost();
  assertEquals(session.withdraw("a b"), false);
});

Deno.test("Session sends the SUBSCRIBEs that find no Packet Identifier once answers have freed some, and gives up all at its end", () => {
  const session = connectedSession();
  const count = 65_535;
  const filters = Array.from({ length: count + 2 }, (_, i) => `f${i}`);
  subscribe(session, filters.join(" "));
  assertEquals(writtenPackets(session).length, count);
  answer(session, 1, 0);
  assertEquals(asked(session), [`1 ${1_000_000 + count} f${count}`]);
  assertEquals(session.unanswered, count + 1);
  session.abandon();
  const events = session.takeEvents().map(({ type }) => type);
  assertEquals([events, session.unanswered], [["abandoned"], 0]);
});

Deno.test("Session asks again in a SUBSCRIBE for each filter where several have one identifier", () => {
  const session = connectedSession();
  const identifier = 7;
  const subscriptions = ["a", "b"].map((topicFilter) => ({
    ...FILTER,
    topicFilter,
    identifier,
  }));
  session.subscribe({ subscriptions, properties: {} }, "a b");
  answer(session, 1, 0);
  answer(session, 2, 0);
  session.takeBytes();
  session.takeEvents();
  reconnect(session, "lost");
  assertEquals(asked(session), ["3 7 a", "4 7 b"]);
  answer(session, 3, 0);
  answer(session, 4, 0x87);
  assertEquals(told(session), [
    "connected",
    "resubscribed a 00",
    "resubscribed b 87",
  ]);
});
