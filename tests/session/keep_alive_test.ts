// PINGREQ, and a server that stays silent (3.1.2.10). Times are in ms; the keep alive is 10 s.

import { assertEquals } from "@std/assert";
import {
  bytes,
  connectedSession,
  connectPacket,
  message,
  newSession,
  NOW,
  publish,
  reconnect,
  told,
  VERSION_NAMES,
  VERSIONS,
  written,
} from "./session.ts";

const S = 1_000;

const PINGREQ = "c0 00";
const PINGRESP = bytes("d0 00");

/** A session with a keep alive of 10 s, connected at NOW. */
function livelySession() {
  return connectedSession({ keepAlive: 10 });
}

/** Takes what there is to write, and has it written at once. */
function write(session: ReturnType<typeof livelySession>, now: number): string {
  const sent = written(session);
  if (sent !== "") session.written(now, "all");
  return sent;
}

for (const protocolVersion of VERSIONS) {
  Deno.test(`Session sends PINGREQ after one interval in silence by ${VERSION_NAMES[protocolVersion]}`, () => {
    const session = connectedSession({ protocolVersion, keepAlive: 10 });
    assertEquals(session.deadline, NOW + 10 * S);
    session.wake(NOW + 10 * S - 1);
    assertEquals(write(session, NOW + 10 * S - 1), "");
    session.wake(NOW + 10 * S);
    assertEquals(write(session, NOW + 10 * S), PINGREQ);
    session.receive(PINGRESP, NOW + 11 * S);
    assertEquals(session.deadline, NOW + 20 * S);
    assertEquals([told(session), session.connected], [[], true]);
  });

  Deno.test(`Session takes a server for dead that owes PINGRESP for one interval by ${VERSION_NAMES[protocolVersion]}`, () => {
    const session = connectedSession({ protocolVersion, keepAlive: 10 });
    session.wake(NOW + 10 * S);
    write(session, NOW + 10 * S);
    assertEquals(session.deadline, NOW + 20 * S);
    session.wake(NOW + 20 * S - 1);
    assertEquals([told(session), session.isOverdue(NOW + 20 * S - 1)], [
      [],
      false,
    ]);
    assertEquals(session.isOverdue(NOW + 20 * S), true);
    session.wake(NOW + 20 * S);
    assertEquals(told(session), ["failed KeepAliveError"]);
    // A client has no Reason Code for it, and nobody to read it.
    assertEquals([written(session), session.connected], ["", false]);
    assertEquals([session.deadline, session.isOverdue(NOW + 30 * S)], [
      Infinity,
      false,
    ]);
  });
}

Deno.test("Session sends PINGREQ when nothing was sent for one interval, though the server sends all the time", () => {
  const session = livelySession();
  for (let second = 1; second <= 9; second++) {
    session.receive(publish(5, 0, 0), NOW + second * S);
  }
  assertEquals(session.deadline, NOW + 10 * S);
  session.wake(NOW + 10 * S);
  assertEquals(written(session), PINGREQ);
});

Deno.test("Session sends PINGREQ when nothing was received for one interval, though it sends all the time", () => {
  const session = livelySession();
  for (let second = 1; second <= 9; second++) {
    session.publish(message("a", ""), "");
    write(session, NOW + second * S);
  }
  assertEquals(session.deadline, NOW + 10 * S);
  session.wake(NOW + 10 * S);
  assertEquals(written(session), PINGREQ);
});

Deno.test("Session sends no PINGREQ while both sides send", () => {
  const session = livelySession();
  for (let second = 9; second <= 90; second += 9) {
    session.publish(message("a", ""), "");
    write(session, NOW + second * S);
    session.receive(publish(5, 0, 0), NOW + second * S);
    session.wake(NOW + second * S + 1);
    assertEquals(written(session), "");
    assertEquals(session.deadline, NOW + (second + 10) * S);
  }
});

Deno.test("Session's deadline for PINGRESP runs from the end of PINGREQ's write", () => {
  const session = livelySession();
  session.wake(NOW + 10 * S);
  session.takeBytes();
  session.written(NOW + 15 * S, "all");
  assertEquals(session.deadline, NOW + 25 * S);
});

Deno.test("Session does not take the end of an earlier write for that of PINGREQ's", () => {
  const session = livelySession();
  session.publish(message("a", ""), "");
  session.takeBytes(); // on its way out
  session.wake(NOW + 10 * S); // PINGREQ waits behind it
  session.written(NOW + 12 * S, "all");
  // Not written yet: three intervals from the last progress.
  assertEquals(session.deadline, NOW + 42 * S);
  assertEquals(written(session), PINGREQ);
  session.written(NOW + 14 * S, "all");
  assertEquals(session.deadline, NOW + 24 * S);
});

Deno.test("Session takes any byte for a sign of life, and PINGRESP for the answer", () => {
  const session = livelySession();
  session.wake(NOW + 10 * S);
  write(session, NOW + 10 * S);
  session.receive(bytes("30"), NOW + 19 * S); // the first byte of a PUBLISH
  session.wake(NOW + 20 * S);
  assertEquals(told(session), []);
  // Nothing was sent for one interval: the server counts that too.
  assertEquals(write(session, NOW + 20 * S), PINGREQ);
  assertEquals(session.deadline, NOW + 30 * S);
  session.receive(bytes("04 00 01 74 00 d0 00"), NOW + 29 * S);
  assertEquals(told(session), ["message t "]);
  session.wake(NOW + 30 * S);
  // PINGRESP has answered: it is the silence of our own that counts now.
  assertEquals([write(session, NOW + 30 * S), session.connected], [
    PINGREQ,
    true,
  ]);
});

Deno.test("Session keeps its own keep alive while a PINGRESP is owed for long, behind all that the server sends", () => {
  const session = livelySession();
  const sent: number[] = [];
  for (let second = 1; second <= 60; second++) {
    const now = NOW + second * S;
    session.receive(publish(5, 0, 0), now);
    session.wake(now);
    if (write(session, now) === PINGREQ) sent.push(second);
  }
  assertEquals(sent, [10, 20, 30, 40, 50, 60]);
  assertEquals(session.connected, true);
  // It is dead one interval after its last byte, or after the last PINGREQ.
  assertEquals(session.deadline, NOW + 70 * S);
  session.wake(NOW + 70 * S);
  assertEquals(told(session).slice(-1), ["failed KeepAliveError"]);
});

Deno.test("Session does not write one PINGREQ behind the other while nothing is written", () => {
  const session = livelySession();
  session.wake(NOW + 10 * S);
  session.wake(NOW + 20 * S);
  session.wake(NOW + 30 * S);
  assertEquals(written(session), PINGREQ);
});

Deno.test("Session takes a server for dead that reads nothing and sends nothing for three intervals", () => {
  const session = livelySession();
  session.publish(message("a", ""), "");
  session.takeBytes(); // a write that does not end
  session.wake(NOW + 10 * S);
  assertEquals(session.deadline, NOW + 40 * S);
  session.wake(NOW + 40 * S - 1);
  assertEquals(session.connected, true);
  session.wake(NOW + 40 * S);
  assertEquals(told(session), ["failed KeepAliveError"]);
});

Deno.test("Session lets a long write go on while its parts go out, or while something comes in", () => {
  const session = livelySession();
  session.publish(message("a", ""), "");
  session.takeBytes();
  session.wake(NOW + 10 * S);
  session.written(NOW + 20 * S, "part");
  assertEquals(session.deadline, NOW + 50 * S);
  session.receive(bytes("30"), NOW + 30 * S);
  assertEquals(session.deadline, NOW + 60 * S);
  session.written(NOW + 31 * S, "all");
  session.takeBytes(); // PINGREQ
  session.written(NOW + 32 * S, "all");
  assertEquals(session.deadline, NOW + 42 * S);
});

Deno.test("Session uses the Server Keep Alive in place of its own", () => {
  for (
    const [keepAlive, serverKeepAlive, expected] of [
      [10, 3, 3 * S],
      [0, 3, 3 * S],
      [10, 0, Infinity],
      [10, 65_535, 65_535 * S],
    ] as const
  ) {
    const session = connectedSession({
      keepAlive,
      connack: { serverKeepAlive },
    });
    assertEquals(session.deadline, NOW + expected);
  }
});

Deno.test("Session has no deadline without keep alive, but asks where it is told to", () => {
  const session = connectedSession();
  assertEquals(session.deadline, Infinity);
  session.wake(NOW + 1_000_000 * S);
  assertEquals(written(session), "");
  session.ping(NOW);
  assertEquals(write(session, NOW), PINGREQ);
  assertEquals([session.deadline, session.isOverdue(NOW + 1_000_000 * S)], [
    Infinity,
    false,
  ]);
});

Deno.test("ping() asks at once, and only once until it is answered", () => {
  const session = livelySession();
  session.ping(NOW + S);
  session.ping(NOW + S);
  assertEquals(write(session, NOW + S), PINGREQ);
  session.ping(NOW + 2 * S);
  assertEquals(write(session, NOW + 2 * S), "");
  assertEquals(session.deadline, NOW + 11 * S);
  session.receive(PINGRESP, NOW + 3 * S);
  session.ping(NOW + 4 * S);
  assertEquals(write(session, NOW + 4 * S), PINGREQ);
});

Deno.test("Session takes a PINGRESP that it did not ask for lightly", () => {
  const session = livelySession();
  session.receive(PINGRESP, NOW + S);
  assertEquals([told(session), session.connected], [[], true]);
  assertEquals(session.deadline, NOW + 10 * S);
});

Deno.test("Session has no deadline, and neither wakes nor pings, before CONNACK and after the end", () => {
  const session = newSession();
  const quiet = () => {
    session.wake(NOW + 1_000 * S);
    session.ping(NOW + 1_000 * S);
    const { deadline } = session;
    return [deadline, session.isOverdue(NOW + 1_000 * S), written(session)];
  };
  assertEquals(quiet(), [Infinity, false, ""]);
  session.open(NOW, connectPacket({ keepAlive: 10 }));
  session.takeBytes(); // CONNECT
  assertEquals(quiet(), [Infinity, false, ""]);
  session.receive(bytes("20 03 00 00 00"), NOW);
  assertEquals(session.deadline, NOW + 10 * S);
  session.disconnect();
  session.takeBytes();
  assertEquals(quiet(), [Infinity, false, ""]);
  session.lost();
  assertEquals(quiet(), [Infinity, false, ""]);
});

Deno.test("Session begins a connection with no PINGRESP owed from the last", () => {
  const session = livelySession();
  session.wake(NOW + 10 * S);
  write(session, NOW + 10 * S);
  reconnect(session, "kept", { keepAlive: 10, now: NOW + 15 * S });
  assertEquals(session.deadline, NOW + 25 * S);
  session.wake(NOW + 25 * S);
  assertEquals(written(session), PINGREQ);
});
