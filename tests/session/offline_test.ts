// What is published while there is no connection: it waits, as much of it as it may.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { QoS } from "../../src/codec/packet.ts";
import {
  ConnectionLostError,
  type Delivery,
  PublishError,
} from "../../src/errors.ts";
import {
  type OfflineLimits,
  OUTSIDE_BYTES_MAX,
  OUTSIDE_MESSAGES_MAX,
} from "../../src/session/offline.ts";
import type { Session } from "../../src/session/session.ts";
import {
  bytes,
  connect,
  connectedSession,
  connectPacket,
  message,
  newSession,
  NOW,
  reconnect,
  told,
  writtenLines,
} from "./session.ts";

/** A session that has lost its connection. */
function awaySession(offline: Partial<OfflineLimits>): Session<string> {
  const session = connectedSession({ offline });
  session.lost();
  return session;
}

/** Publishes a payload, which is the request as well. */
function publish(session: Session<string>, payload: string, qos: QoS = 1) {
  return session.publish(message("a", payload, { qos }), payload);
}

/** What a session says that takes no more. */
function refusal(session: Session<string>, payload: string): PublishError {
  return assertThrows(() => publish(session, payload), PublishError);
}

/** The payloads that are sent on the next connection. */
function sentNext(session: Session<string>): string {
  reconnect(session, "kept");
  return writtenLines(session).map((line) => line.split(" ")[3]).join(" ");
}

Deno.test("Session keeps what is published while there is no connection, and sends it in order on the next", () => {
  const session = awaySession({});
  publish(session, "1");
  publish(session, "2", 2);
  session.open(NOW, connectPacket());
  publish(session, "3"); // CONNACK has not come
  assertEquals([session.queued, session.inFlight], [3, 0]);
  assertEquals(sentNext(session), "1 2 3");
  assertEquals(told(session), ["connected"]);
});

Deno.test("Session keeps what is published behind the end of a connection that nobody has closed yet", () => {
  const session = connectedSession();
  session.receive(bytes("e0 00"), NOW); // DISCONNECT
  publish(session, "1");
  assertEquals([session.queued, session.outgoingSize], [1, 0]);
});

Deno.test("Session refuses with policy reject what is beyond messagesMax or bytesMax, and says how much waits", () => {
  for (
    const offline of [
      { messagesMax: 2, bytesMax: Infinity },
      { messagesMax: Infinity, bytesMax: 10 }, // Topic Names count: 1 each
    ]
  ) {
    const session = awaySession({ ...offline, policy: "reject" });
    publish(session, "1111");
    publish(session, "2222");
    const error = refusal(session, "3333");
    assertEquals([error.delivery, error.reasonCode], ["not-sent", undefined]);
    assertStringIncludes(
      error.message,
      'Cannot publish to "a": there is no connection, and the queue is full: 2 messages of 10 bytes wait for one',
    );
    assertEquals(session.queued, 2);
    assertEquals(sentNext(session), "1111 2222");
    // On a connection there is no such bound.
    for (let i = 0; i < 5; i++) publish(session, "more");
    assertEquals(session.inFlight, 7);
  }
});

Deno.test("Session counts the bytes of a text as they are sent", () => {
  const session = awaySession({ bytesMax: 19, policy: "reject" });
  publish(session, "\u{1F99F}"); // 4 and 1
  publish(session, "\u20AC\u00E9"); // 3, 2 and 1
  publish(session, "\uD800"); // U+FFFD, 3 and 1
  refusal(session, "1234");
  publish(session, "123");
  refusal(session, "");
});

Deno.test("Session makes room again as what waits is aborted", () => {
  const session = awaySession({ messagesMax: 2, policy: "reject" });
  const one = publish(session, "1");
  publish(session, "2");
  refusal(session, "3");
  if (one !== undefined) session.abort(one);
  publish(session, "4");
  refusal(session, "5");
  assertEquals(sentNext(session), "2 4");
});

Deno.test("Session drops with policy drop-oldest as many as it takes, tells each and counts them", () => {
  const session = awaySession({ bytesMax: 12, policy: "drop-oldest" });
  for (const payload of ["1", "22", "333", "444"]) publish(session, payload);
  assertEquals(told(session), ["publish-refused 1 not-sent 00"]);
  publish(session, "55555");
  assertEquals(told(session), [
    "publish-refused 22 not-sent 00",
    "publish-refused 333 not-sent 00",
  ]);
  // What is larger than all there is room for drops nothing.
  refusal(session, "x".repeat(12));
  assertEquals([told(session), session.dropped], [[], 3]);
  assertEquals(sentNext(session), "444 55555");
});

Deno.test("Session drops with policy drop-oldest what had been sent as unknown, and nothing that is in flight", () => {
  const session = connectedSession({
    offline: { messagesMax: 1, policy: "drop-oldest" },
  });
  publish(session, "1");
  publish(session, "2");
  reconnect(session, "lost", { connack: { receiveMaximum: 1 } });
  session.takeBytes();
  session.lost();
  publish(session, "3");
  assertEquals(told(session), ["connected", "publish-refused 2 unknown 00"]);
  assertEquals(sentNext(session), "1 3");
});

Deno.test("Session has policy wait let others wait outside, which come in as there is room", () => {
  const session = awaySession({ messagesMax: 2, policy: "wait" });
  const flights = ["1", "2", "3", "4", "5"].map((payload) =>
    publish(session, payload)
  );
  assertEquals(flights.map((flight) => flight?.state), [
    "queued",
    "queued",
    "outside",
    "outside",
    "outside",
  ]);
  assertEquals([session.queued, told(session)], [5, []]);
  const [one, , , four] = flights;
  if (one === undefined || four === undefined) throw new Error("they wait");
  assertEquals(session.abort(four), "not-sent");
  assertEquals(session.abort(one), "not-sent");
  assertEquals([session.queued, told(session)], [3, ["accepted 3"]]);
  reconnect(session, "kept", { connack: { receiveMaximum: 1 } });
  assertEquals(told(session), ["connected", "accepted 5"]);
  assertEquals(writtenLines(session), ["publish 1 a 2 qos 1"]);
  assertEquals([session.inFlight, session.queued], [1, 2]);
});

Deno.test("Session keeps the order with policy wait where a small message would have room", () => {
  const session = awaySession({ bytesMax: 6, policy: "wait" });
  for (const payload of ["1111", "2222", "", "4"]) publish(session, payload);
  assertEquals(sentNext(session), "1111 2222  4");
});

Deno.test("Session has a bound on what waits outside as well", () => {
  const session = awaySession({ messagesMax: 1, policy: "wait" });
  publish(session, "in");
  for (let i = 0; i < OUTSIDE_MESSAGES_MAX; i++) publish(session, "out");
  refusal(session, "one too many");
  assertEquals(session.queued, OUTSIDE_MESSAGES_MAX + 1);

  const other = awaySession({ bytesMax: 1, policy: "wait" });
  const payload = new Uint8Array(OUTSIDE_BYTES_MAX / 2 - 1);
  for (let i = 0; i < 2; i++) {
    other.publish(message("a", payload, { qos: 1 }), "large");
  }
  refusal(other, "");
});

Deno.test("abandon() settles those who wait inside and outside", () => {
  const session = awaySession({ messagesMax: 1, policy: "wait", qos0: true });
  publish(session, "1");
  publish(session, "2");
  publish(session, "3", 0);
  session.abandon();
  assertEquals(told(session), [
    "abandoned 1 not-sent",
    "abandoned 2 not-sent",
    "abandoned 3 not-sent",
  ]);
  assertEquals(session.queued, 0);
});

Deno.test("Session refuses QoS 0 at once while there is no connection", () => {
  const session = awaySession({});
  const error = assertThrows(
    () => publish(session, "1", 0),
    ConnectionLostError,
  );
  assertEquals<Delivery | undefined>(error.delivery, "not-sent");
  assertEquals(session.queued, 0);
});

Deno.test("Session keeps QoS 0 where it is asked to, with the rest of the order, and lets no other QoS 0 overtake it", () => {
  const session = awaySession({ qos0: true });
  publish(session, "1", 0);
  publish(session, "2", 1);
  publish(session, "3", 1);
  publish(session, "4", 0);
  connect(session, { sessionPresent: true, connack: { receiveMaximum: 1 } });
  assertEquals(writtenLines(session), [
    "publish 0 a 1 qos 0",
    "publish 1 a 2 qos 1",
  ]);
  publish(session, "5", 0);
  assertEquals(writtenLines(session), []);
  session.receive(bytes("40 02 00 01"), NOW);
  assertEquals(
    writtenLines(session),
    ["publish 2 a 3 qos 1"].concat([
      "publish 0 a 4 qos 0",
      "publish 0 a 5 qos 0",
    ]),
  );
  // From here on there is nothing to overtake.
  assertEquals(publish(session, "6", 0), undefined);
  assertEquals(writtenLines(session), ["publish 0 a 6 qos 0"]);
  assertEquals([session.inFlight, session.queued], [1, 0]);
});

Deno.test("Session tells QoS 0 that waited, and that the server does not take", () => {
  const session = awaySession({ qos0: true });
  session.publish(message("a", "1", { retain: true }), "one");
  publish(session, "2", 0);
  reconnect(session, "kept", { connack: { retainAvailable: false } });
  assertEquals(told(session), [
    "connected",
    "publish-refused one not-sent 9a",
  ]);
  assertEquals(writtenLines(session), ["publish 0 a 2 qos 0"]);
});

Deno.test("Session refuses while there is no connection what cannot be encoded at all, and what is wrong takes no room", () => {
  const session = awaySession({ messagesMax: 1 });
  assertThrows(
    () => session.publish(message("\uD800", "", { qos: 1 }), ""),
    TypeError,
  );
  publish(session, "1");
  assertEquals(session.queued, 1);
});

Deno.test("Session keeps a copy of what waits, whatever its size", () => {
  const session = newSession();
  const sizes = [0, 1, 4_096, 4_097, 70_000];
  for (const size of sizes) {
    const payload = new Uint8Array(size).fill(7);
    session.publish(message("a", payload, { qos: 1 }), "");
    session.publish(message("a", "\u00E9".repeat(size), { qos: 1 }), "");
    payload.fill(0);
  }
  connect(session);
  const sent = session.takeBytes()?.slice() ?? new Uint8Array(0);
  const expected = newSession();
  connect(expected);
  for (const size of sizes) {
    const payload = new Uint8Array(size).fill(7);
    expected.publish(message("a", payload, { qos: 1 }), "");
    expected.publish(message("a", "\u00E9".repeat(size), { qos: 1 }), "");
  }
  assertEquals(sent, expected.takeBytes());
});
