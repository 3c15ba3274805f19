// SUBSCRIBE and UNSUBSCRIBE and their answers.

import { assertEquals, assertThrows } from "@std/assert";
import type { QoS } from "../../src/codec/packet.ts";
import {
  bytes,
  connectedSession,
  connectPacket,
  message,
  newSession,
  NOW,
  reconnect,
  told,
  VERSION_NAMES,
  VERSIONS,
  written,
} from "./session.ts";

/** Topic Filters to ask for, at QoS 1. */
function subscribe(...topicFilters: string[]) {
  return {
    subscriptions: topicFilters.map((topicFilter) => ({
      topicFilter,
      qos: 1 as QoS,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0 as const,
    })),
    properties: {},
  };
}

function unsubscribe(...topicFilters: string[]) {
  return { topicFilters, properties: {} };
}

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];
  const given = { protocolVersion };
  const isFive = protocolVersion === 5;
  const asked = isFive
    ? "82 07 00 01 00 00 01 61 01"
    : "82 06 00 01 00 01 61 01";
  const left = isFive ? "a2 06 00 01 00 00 01 61" : "a2 05 00 01 00 01 61";
  // The codes stand behind the length of the properties; UNSUBACK has none under MQTT 3.x.
  const suback = (id: number, ...codes: string[]) =>
    bytes(
      `90 0${2 + (isFive ? 1 : 0) + codes.length} 00 0${id} ${
        isFive ? "00" : ""
      } ${codes.join(" ")}`,
    );
  const unsuback = (id: number, ...codes: string[]) =>
    bytes(
      isFive
        ? `b0 0${3 + codes.length} 00 0${id} 00 ${codes.join(" ")}`
        : `b0 02 00 0${id}`,
    );

  Deno.test(`Session subscribes by ${name}: SUBSCRIBE, SUBACK`, () => {
    const session = connectedSession(given);
    session.subscribe(subscribe("a"), "one");
    assertEquals([written(session), session.unanswered], [asked, 1]);
    session.receive(suback(1, "02"), NOW);
    assertEquals(told(session), ["subscribed one 02"]);
    assertEquals([written(session), session.unanswered], ["", 0]);
  });

  Deno.test(`Session tells by ${name} what SUBACK says of each filter, refusals too`, () => {
    const session = connectedSession(given);
    session.subscribe(subscribe("a", "b", "c"), "one");
    session.receive(suback(1, "00", "80", "01"), NOW);
    assertEquals(told(session), ["subscribed one 00 80 01"]);
  });

  Deno.test(`Session unsubscribes by ${name}: UNSUBSCRIBE, UNSUBACK`, () => {
    const session = connectedSession(given);
    session.unsubscribe(unsubscribe("a"), "one");
    assertEquals([written(session), session.unanswered], [left, 1]);
    session.receive(unsuback(1, "11"), NOW);
    assertEquals(told(session), [
      isFive ? "unsubscribed one 11" : "unsubscribed one",
    ]);
    assertEquals(session.unanswered, 0);
  });

  Deno.test(`Session has several requests under way by ${name}, answered in any order`, () => {
    const session = connectedSession(given);
    session.subscribe(subscribe("a"), "one");
    session.unsubscribe(unsubscribe("b"), "two");
    session.subscribe(subscribe("c"), "three");
    assertEquals(session.unanswered, 3);
    session.receive(suback(3, "01"), NOW);
    session.receive(suback(1, "01"), NOW);
    session.receive(unsuback(2, "00"), NOW);
    assertEquals(told(session), [
      "subscribed three 01",
      "subscribed one 01",
      isFive ? "unsubscribed two 00" : "unsubscribed two",
    ]);
  });

  Deno.test(`Session tells stray SUBACKs and UNSUBACKs by ${name}, and stays connected`, () => {
    const session = connectedSession(given);
    session.subscribe(subscribe("a"), "one");
    session.receive(suback(2, "01"), NOW);
    session.receive(unsuback(3, "00"), NOW);
    assertEquals(told(session), ["stray suback 2", "stray unsuback 3"]);
    assertEquals([session.connected, session.unanswered], [true, 1]);
    session.receive(suback(1, "01"), NOW);
    session.receive(suback(1, "01"), NOW);
    assertEquals(told(session), ["subscribed one 01", "stray suback 1"]);
  });

  Deno.test(`Session ends the connection by ${name} where a message is answered like a request, or a request like a message`, () => {
    for (const answer of [suback(1, "01"), unsuback(1, "00")]) {
      const session = connectedSession(given);
      session.publish(message("a", "", { qos: 1 }), "one");
      session.receive(answer, NOW);
      assertEquals(told(session), ["failed 82 MQTT-2.2.1-6"]);
    }
    for (const answer of ["40 02 00 01", "50 02 00 01", "70 02 00 01"]) {
      const session = connectedSession(given);
      session.unsubscribe(unsubscribe("a"), "one");
      session.receive(bytes(answer), NOW);
      assertEquals(told(session), ["failed 82 MQTT-2.2.1-5"]);
    }
  });

  Deno.test(`Session ends the connection by ${name} where SUBACK answers UNSUBSCRIBE, or UNSUBACK SUBSCRIBE`, () => {
    const one = connectedSession(given);
    one.subscribe(subscribe("a"), "one");
    one.receive(unsuback(1, "00"), NOW);
    assertEquals(told(one), ["failed 82 MQTT-3.8.4-1"]);
    const two = connectedSession(given);
    two.unsubscribe(unsubscribe("a"), "two");
    two.receive(suback(1, "00"), NOW);
    assertEquals(told(two), ["failed 82 MQTT-3.10.4-4"]);
    assertEquals([one.unanswered, two.unanswered], [1, 1]);
  });

  Deno.test(`Session ends the connection by ${name} where there is not one code for each filter`, () => {
    for (const codes of [["00"], ["00", "00", "00"]]) {
      const session = connectedSession(given);
      session.subscribe(subscribe("a", "b"), "one");
      session.receive(suback(1, ...codes), NOW);
      assertEquals(told(session), ["failed 82 MQTT-3.8.4-6"]);
      if (!isFive) continue;
      const other = connectedSession(given);
      other.unsubscribe(unsubscribe("a", "b"), "two");
      other.receive(unsuback(1, ...codes), NOW);
      assertEquals(told(other), ["failed 82 MQTT-3.11.3-1"]);
      assertEquals(written(other).slice(-8), "e0 01 82");
    }
  });

  Deno.test(`Session asks on the next connection by ${name} what is unanswered, whatever the server has kept, in the original order`, () => {
    for (const outcome of ["kept", "lost"] as const) {
      const session = connectedSession(given);
      session.subscribe(subscribe("a"), "sent");
      session.unsubscribe(unsubscribe("b"), "answered");
      session.receive(unsuback(2, "00"), NOW);
      session.takeBytes();
      session.lost();
      session.unsubscribe(unsubscribe("c"), "asked while away");
      reconnect(session, outcome, given);
      assertEquals(
        written(session),
        isFive
          ? "82 07 00 03 00 00 01 61 01 a2 06 00 04 00 00 01 63"
          : "82 06 00 03 00 01 61 01 a2 05 00 04 00 01 63",
      );
      session.receive(suback(3, "01"), NOW);
      session.receive(unsuback(4, "00"), NOW);
      assertEquals(told(session).slice(-2), [
        "subscribed sent 01",
        isFive
          ? "unsubscribed asked while away 00"
          : "unsubscribed asked while away",
      ]);
      reconnect(session, outcome, given);
      // What is answered is not asked again where the server still has it, which MQTT 3.1 cannot say.
      const again = isFive
        ? "82 07 00 05 00 00 01 61 01"
        : "82 06 00 05 00 01 61 01";
      const isKept = outcome === "kept" && protocolVersion > 3;
      assertEquals(written(session), isKept ? "" : again);
    }
  });

  Deno.test(`Session does not take the answer of an earlier connection for that of the present one by ${name}`, () => {
    const session = connectedSession(given);
    session.subscribe(subscribe("a"), "one");
    reconnect(session, "kept", given);
    session.receive(suback(1, "01"), NOW);
    assertEquals(told(session).slice(-1), ["stray suback 1"]);
    assertEquals(session.unanswered, 1);
  });
}

Deno.test("Session subscribes with the options and properties of MQTT 5", () => {
  const session = connectedSession();
  session.subscribe({
    subscriptions: [{
      topicFilter: "a",
      qos: 2,
      noLocal: true,
      retainAsPublished: true,
      retainHandling: 2,
    }],
    properties: { subscriptionIdentifier: 9 },
  }, "one");
  assertEquals(written(session), "82 09 00 01 02 0b 09 00 01 61 2e");
});

Deno.test("Session throws for a request that cannot be encoded, whether it would be sent now or later, and has changed nothing", () => {
  for (const session of [connectedSession(), newSession()]) {
    for (const filters of [[], [""], ["\0"], ["\ud800"]]) {
      assertThrows(
        () => session.subscribe(subscribe(...filters), ""),
        TypeError,
      );
      assertThrows(
        () => session.unsubscribe(unsubscribe(...filters), ""),
        TypeError,
      );
    }
    assertEquals([written(session), session.unanswered, told(session)], [
      "",
      0,
      [],
    ]);
  }
});

Deno.test("Session gives up a request that a server of a lower version cannot be asked", () => {
  const session = newSession();
  session.subscribe({
    ...subscribe("a"),
    properties: { subscriptionIdentifier: 1 },
  }, "one");
  session.subscribe(subscribe("b"), "two");
  reconnect(session, "lost", { protocolVersion: 4 });
  assertEquals(told(session), ["connected", "abandoned one undefined"]);
  assertEquals([written(session), session.unanswered], [
    "82 06 00 01 00 01 62 01",
    1,
  ]);
});

Deno.test("Session asks nothing before CONNACK", () => {
  const session = newSession();
  session.subscribe(subscribe("a"), "one");
  session.publish(message("a", "", { qos: 1 }), "two");
  session.open(
    NOW,
    connectPacket({ cleanStart: true, connect: { clientId: "" } }),
  );
  session.unsubscribe(unsubscribe("a"), "three");
  assertEquals(
    written(session),
    "10 0d 00 04 4d 51 54 54 05 02 00 00 00 00 00",
  );
  session.receive(bytes("20 03 00 00 00"), NOW);
  assertEquals(
    written(session),
    "82 07 00 01 00 00 01 61 01 a2 06 00 02 00 00 01 61 32 06 00 01 61 00 03 00",
  );
});
