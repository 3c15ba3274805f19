// Message Expiry (3.3.2.3.3): it is counted down while a message waits, and what was sent is sent again whatever its age.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { QoS } from "../../src/codec/packet.ts";
import type { Session } from "../../src/session/session.ts";
import {
  bytes,
  connect,
  connectedSession,
  message,
  newSession,
  NOW,
  reconnect,
  told,
  writtenPackets,
} from "./session.ts";

/** Publishes at `now` what expires in so many seconds. Its payload is the request as well. */
function publish(
  session: Session<string>,
  payload: string,
  options: { seconds: number; qos?: QoS; now?: number },
) {
  const { seconds, qos = 1, now = NOW } = options;
  const properties = { messageExpiryInterval: seconds, contentType: "text" };
  const expiresAt = now + seconds * 1000;
  const given = message("a", payload, { qos, properties, expiresAt });
  return session.publish(given, payload);
}

/** The PUBLISHes that the session has for the wire: the Message Expiry Intervals that they carry. */
function intervals(session: Session<string>): unknown[] {
  return writtenPackets(session).map((packet) =>
    packet.type === "publish"
      ? [
        packet.properties.contentType,
        packet.properties.messageExpiryInterval,
      ]
      : packet.type
  );
}

Deno.test("Session sends a message that does not wait with the Message Expiry Interval that it was given", () => {
  const session = connectedSession();
  publish(session, "1", { seconds: 60 });
  publish(session, "2", { seconds: 0 });
  assertEquals(intervals(session), [["text", 60], ["text", 0]]);
  assertEquals(session.deadline, Infinity);
});

for (
  const [waited, left] of [[0, 60], [1, 59], [999, 59], [1_000, 59], [
    58_999,
    1,
  ], [59_999, 1]] as const
) {
  Deno.test(`Session sends a message that was to live for 60 s, and has waited for ${waited} ms, as one of ${left} s`, () => {
    const session = newSession();
    publish(session, "1", { seconds: 60 });
    connect(session, { now: NOW + waited });
    assertEquals(intervals(session), [["text", left]]);
    // And behind a full window.
    const other = connectedSession({ connack: { receiveMaximum: 1 } });
    other.publish(message("a", "", { qos: 1 }), "first");
    publish(other, "1", { seconds: 60 });
    other.takeBytes();
    other.receive(bytes("40 02 00 01"), NOW + waited);
    assertEquals(intervals(other), [["text", left]]);
  });
}

Deno.test("Session tells what has expired before it was sent, when its turn comes, and sends what is behind it", () => {
  const session = newSession();
  publish(session, "1", { seconds: 10 });
  publish(session, "2", { seconds: 20, qos: 2 });
  publish(session, "3", { seconds: 0 });
  connect(session, { now: NOW + 10_000 });
  const [, event, ...more] = session.takeEvents();
  if (event?.type !== "publish-refused") throw new Error("it is refused");
  assertEquals([event.request, event.error.delivery], ["1", "not-sent"]);
  assertStringIncludes(event.error.message, "Message Expiry Interval");
  assertEquals(more.map(({ type }) => type), ["publish-refused"]);
  assertEquals(intervals(session), [["text", 10]]);
  assertEquals([session.inFlight, session.queued], [1, 0]);
});

Deno.test("Session wakes to tell what has expired, with and without a connection, and not for what is settled", () => {
  for (const isAway of [true, false]) {
    const session = connectedSession({ connack: { receiveMaximum: 1 } });
    session.publish(message("a", "", { qos: 1 }), "first");
    if (isAway) session.lost();
    publish(session, "1", { seconds: 10 });
    publish(session, "2", { seconds: 5 });
    const three = publish(session, "3", { seconds: 1 });
    if (three !== undefined) session.abort(three);
    assertEquals(session.deadline, NOW + 1_000);
    session.wake(NOW + 1_000);
    assertEquals(told(session), []);
    assertEquals(session.deadline, NOW + 5_000);
    session.wake(NOW + 4_999);
    assertEquals(told(session), []);
    session.wake(NOW + 5_000);
    assertEquals(told(session), ["publish-refused 2 not-sent 00"]);
    assertEquals(session.deadline, NOW + 10_000);
    session.wake(NOW + 10_000);
    assertEquals(told(session), ["publish-refused 1 not-sent 00"]);
    assertEquals([session.deadline, session.queued], [Infinity, 0]);
  }
});

Deno.test("Session looks for what has expired once a second at the most", () => {
  const session = newSession();
  for (let i = 0; i < 10; i++) {
    publish(session, `${i}`, { seconds: 5, now: NOW + i * 100 });
  }
  session.wake(NOW + 5_000);
  assertEquals(told(session), ["publish-refused 0 not-sent 00"]);
  assertEquals(session.deadline, NOW + 6_000);
  session.wake(session.deadline);
  assertEquals(told(session).length, 9);
});

Deno.test("Session tells of QoS 0, and of what waits outside, that they have expired, and lets the next come in", () => {
  const session = newSession({
    offline: { messagesMax: 1, policy: "wait", qos0: true },
  });
  publish(session, "1", { seconds: 5, qos: 0 });
  publish(session, "2", { seconds: 5 });
  publish(session, "3", { seconds: 9 });
  session.wake(NOW + 5_000);
  assertEquals(told(session), [
    "publish-refused 1 not-sent 00",
    "publish-refused 2 not-sent 00",
    "accepted 3",
  ]);
  connect(session, { now: NOW + 6_000 });
  assertEquals(intervals(session), [["text", 3]]);
});

Deno.test("Session sends again whatever its age what was sent, with what is left of its time, and 1 s at the least", () => {
  for (const outcome of ["kept", "lost"] as const) {
    const session = connectedSession({ sessionLost: { qos2: "resend" } });
    publish(session, "1", { seconds: 10 });
    publish(session, "2", { seconds: 10, qos: 2 });
    session.takeBytes();
    reconnect(session, outcome, { now: NOW + 4_500 });
    assertEquals(intervals(session), [["text", 5], ["text", 5]]);
    session.wake(NOW + 60_000);
    reconnect(session, outcome, { now: NOW + 60_000 });
    assertEquals(intervals(session), [["text", 1], ["text", 1]]);
    assertEquals(told(session), ["connected", "connected"]);
    assertEquals(session.inFlight, 2);
  }
});

Deno.test("Session keeps what was sent, and waits for its turn again, beyond its time", () => {
  const session = connectedSession();
  publish(session, "1", { seconds: 10 });
  publish(session, "2", { seconds: 10 });
  reconnect(session, "lost", { connack: { receiveMaximum: 1 } });
  session.takeBytes();
  assertEquals(session.queued, 1);
  session.lost();
  session.wake(NOW + 10_000);
  assertEquals([told(session), session.queued], [["connected"], 1]);
  reconnect(session, "lost", { now: NOW + 20_000 });
  assertEquals(intervals(session), [["text", 1], ["text", 1]]);
});

Deno.test("Session never makes a Message Expiry Interval longer, though the driver's time be a little behind", () => {
  const session = newSession();
  publish(session, "1", { seconds: 2, now: NOW + 3_000 });
  connect(session, { now: NOW });
  assertEquals(intervals(session), [["text", 2]]);
});
