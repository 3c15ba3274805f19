// Messages that nobody waits for any more: one by one, or all.

import { assertEquals } from "@std/assert";
import {
  bytes,
  connectedSession,
  FILTER,
  message,
  newSession,
  NOW,
  reconnect,
  told,
  written,
} from "./session.ts";

Deno.test("abort() of a message that waits says not-sent: it never leaves, and nothing is told of it", () => {
  const session = connectedSession({ connack: { receiveMaximum: 1 } });
  session.publish(message("a", "1", { qos: 1 }), "one");
  const two = session.publish(message("a", "2", { qos: 1 }), "two");
  session.publish(message("a", "3", { qos: 1 }), "three");
  if (two === undefined) throw new Error("QoS 1 has a flight");
  assertEquals([session.abort(two), session.queued], ["not-sent", 1]);
  session.takeBytes();
  session.receive(bytes("40 02 00 01"), NOW);
  assertEquals(written(session), "32 07 00 01 61 00 02 00 33");
  session.receive(bytes("40 02 00 02"), NOW);
  assertEquals(told(session), ["published one 00", "published three 00"]);
});

Deno.test("abort() of a message that left says unknown: its handshake goes on, and nothing is told of it", () => {
  const session = connectedSession({ connack: { receiveMaximum: 1 } });
  const one = session.publish(message("a", "1", { qos: 2 }), "one");
  if (one === undefined) throw new Error("QoS 2 has a flight");
  session.takeBytes();
  assertEquals(session.abort(one), "unknown");
  session.publish(message("a", "2", { qos: 1 }), "two");
  assertEquals(written(session), ""); // its place in the window is taken
  session.receive(bytes("50 02 00 01"), NOW);
  assertEquals(written(session), "62 02 00 01");
  session.receive(bytes("70 02 00 01"), NOW);
  assertEquals(written(session), "32 07 00 01 61 00 02 00 32");
  assertEquals(told(session), []);
});

Deno.test("abort() of a message that is refused later is told no more", () => {
  const session = connectedSession();
  const one = session.publish(message("a", "1", { qos: 2 }), "one");
  if (one === undefined) throw new Error("QoS 2 has a flight");
  session.abort(one);
  session.receive(bytes("50 03 00 01 80"), NOW);
  assertEquals([told(session), session.inFlight], [[], 0]);
});

Deno.test("abort() of ever so many that wait leaves the others, in their order", () => {
  const session = newSession();
  for (let round = 0; round < 20; round++) {
    const flights = Array.from(
      { length: 1_000 },
      () => session.publish(message("a", "", { qos: 1 }), "gone"),
    );
    session.publish(message("a", `${round}`, { qos: 1 }), `stays ${round}`);
    for (const flight of flights) if (flight) session.abort(flight);
    assertEquals(session.queued, round + 1);
  }
  reconnect(session, "lost");
  const sent = session.takeBytes()?.length;
  assertEquals(sent, 10 * 9 + 10 * 10); // 0 to 9 and 10 to 19, as text
  assertEquals([session.inFlight, session.queued], [20, 0]);
});

Deno.test("Session never sends anew what was aborted, with either outcome of the next connection", () => {
  for (const qos of [1, 2] as const) {
    const session = connectedSession();
    const flight = session.publish(message("a", "1", { qos }), "one");
    if (flight === undefined) throw new Error("QoS 1 and 2 have flights");
    session.takeBytes();
    session.abort(flight);
    reconnect(session, "kept");
    const first = qos === 1 ? "3a" : "3c";
    assertEquals(written(session), `${first} 07 00 01 61 00 01 00 31`);
    reconnect(session, "lost");
    assertEquals(written(session), "");
    assertEquals(told(session), ["connected", "connected"]);
    assertEquals([session.inFlight, session.queued], [0, 0]);
  }
});

Deno.test("abort() says unknown of a message that a lost session has put back into the queue, and it is not sent again", () => {
  const session = connectedSession();
  const flight = session.publish(message("a", "1", { qos: 1 }), "one");
  session.publish(message("a", "2", { qos: 1 }), "two");
  if (flight === undefined) throw new Error("QoS 1 has a flight");
  session.takeBytes();
  reconnect(session, "lost", { connack: { receiveMaximum: 1 } });
  session.takeBytes();
  reconnect(session, "lost", { connack: { receiveMaximum: 1 } });
  session.takeBytes();
  session.lost();
  assertEquals(session.abort(flight), "unknown");
  reconnect(session, "lost");
  assertEquals(written(session), "32 07 00 01 61 00 05 00 32");
});

Deno.test("abandon() says not-sent of what never left alone", () => {
  const session = connectedSession({ connack: { receiveMaximum: 1 } });
  session.publish(message("a", "1", { qos: 1 }), "left");
  session.publish(message("a", "2", { qos: 1 }), "waits");
  const aborted = session.publish(message("a", "3", { qos: 2 }), "aborted");
  if (aborted !== undefined) session.abort(aborted);
  session.subscribe({ subscriptions: [FILTER], properties: {} }, "sent");
  session.takeBytes();
  session.lost();
  session.subscribe({ subscriptions: [FILTER], properties: {} }, "later");
  session.abandon();
  assertEquals(told(session), [
    "abandoned left unknown",
    "abandoned waits not-sent",
    "abandoned sent undefined",
    "abandoned later undefined",
  ]);
  assertEquals([session.inFlight, session.queued, session.unanswered], [
    0,
    0,
    0,
  ]);
});

Deno.test("abandon() says unknown of what waits for its turn again", () => {
  const session = connectedSession();
  session.publish(message("a", "1", { qos: 1 }), "one");
  session.publish(message("a", "2", { qos: 1 }), "two");
  session.takeBytes();
  reconnect(session, "lost", { connack: { receiveMaximum: 1 } });
  session.lost();
  session.abandon();
  assertEquals(told(session), [
    "connected",
    "abandoned one unknown",
    "abandoned two unknown",
  ]);
});
