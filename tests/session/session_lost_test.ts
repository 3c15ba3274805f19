// What becomes of the messages in flight where the server has lost the session, as the program has asked.

import { assertEquals } from "@std/assert";
import type { SessionLost } from "../../src/session/options.ts";
import type { Session } from "../../src/session/session.ts";
import {
  allTold,
  bytes,
  connect,
  connectedSession,
  message,
  newSession,
  NOW,
  reconnect,
  told,
  VERSION_NAMES,
  VERSIONS,
  writtenLines,
} from "./session.ts";

/** A session with messages in flight: 1 and 3 of QoS 1; 2, 4 and 5 of QoS 2, 5 after PUBREC; 6 waits. */
function sessionInFlight(
  sessionLost: Partial<SessionLost>,
  protocolVersion: 3 | 4 | 5 = 5,
): Session<string> {
  const session = connectedSession({ sessionLost, protocolVersion });
  for (const [index, qos] of ([1, 2, 1, 2, 2] as const).entries()) {
    const request = `${index + 1}`;
    session.publish(message("a", request, { qos }), request);
  }
  session.receive(bytes("50 02 00 05"), NOW);
  session.takeBytes();
  session.lost();
  session.publish(message("a", "6", { qos: 1 }), "6");
  return session;
}

const OUTCOMES: readonly {
  sessionLost: Partial<SessionLost>;
  /** What is sent anew, before what waits. */
  resent: readonly string[];
  /** What is given up, after what had its PUBREC. */
  unknown: readonly string[];
}[] = [
  { sessionLost: {}, resent: ["1", "3"], unknown: ["2", "4"] },
  {
    sessionLost: { qos2: "resend" },
    resent: ["1", "2", "3", "4"],
    unknown: [],
  },
  {
    sessionLost: { qos1: "reject" },
    resent: [],
    unknown: ["1", "2", "3", "4"],
  },
  {
    sessionLost: { qos1: "reject", qos2: "resend" },
    resent: ["2", "4"],
    unknown: ["1", "3"],
  },
];

for (const protocolVersion of VERSIONS) {
  for (const { sessionLost, resent, unknown } of OUTCOMES) {
    const asked = JSON.stringify(sessionLost);

    Deno.test(`Session sends anew by ${VERSION_NAMES[protocolVersion]} what it is asked to with ${asked}, and tells the rest as unknown`, () => {
      const session = sessionInFlight(sessionLost, protocolVersion);
      reconnect(session, "lost", { protocolVersion });
      assertEquals(allTold(session), [
        "connected",
        // After PUBREC the server had it.
        "abandoned 5 unknown",
        ...unknown.map((request) => `abandoned ${request} unknown`),
        `session-lost ${resent.length} resent ${
          unknown.length + 1
        } unknown 0 filters`,
      ]);
      const qos = (request: string) => "24".includes(request) ? 2 : 1;
      assertEquals(
        writtenLines(session, protocolVersion),
        [...resent, "6"].map((request, index) =>
          `publish ${index + 6} a ${request} qos ${qos(request)}`
        ),
      );
    });
  }
}

Deno.test("Session completes QoS 2 that was sent anew with its new identifier", () => {
  const session = connectedSession({ sessionLost: { qos2: "resend" } });
  session.publish(message("a", "1", { qos: 2 }), "one");
  reconnect(session, "lost");
  session.takeBytes();
  session.receive(bytes("50 02 00 02"), NOW);
  assertEquals(writtenLines(session), ["pubrel 2"]);
  session.receive(bytes("70 02 00 02"), NOW);
  assertEquals(told(session), ["connected", "published one 00"]);
  assertEquals([session.inFlight, session.queued], [0, 0]);
});

Deno.test("Session sends nothing anew that was aborted, whatever it is asked to, and counts it as nothing", () => {
  for (const qos of [1, 2] as const) {
    const session = connectedSession({ sessionLost: { qos2: "resend" } });
    const flight = session.publish(message("a", "1", { qos }), "one");
    if (flight === undefined) throw new Error("QoS 1 and 2 have flights");
    session.abort(flight);
    reconnect(session, "lost");
    assertEquals(writtenLines(session), []);
    assertEquals(allTold(session), [
      "connected",
      "session-lost 0 resent 0 unknown 0 filters",
    ]);
    assertEquals([session.inFlight, session.queued], [0, 0]);
  }
});

Deno.test("Session tells no lost session on the first connection, and none that MQTT 3.1 may have kept", () => {
  for (const cleanStart of [false, true]) {
    const session = newSession();
    session.publish(message("a", "1", { qos: 1 }), "one");
    connect(session, { cleanStart });
    assertEquals(allTold(session), ["connected"]);
  }
  const session = connectedSession({ protocolVersion: 3 });
  session.publish(message("a", "1", { qos: 1 }), "one");
  session.takeBytes();
  reconnect(session, "kept", { protocolVersion: 3 });
  assertEquals(allTold(session), ["connected"]);
  assertEquals(writtenLines(session, 3), ["publish 1 a 1 qos 1 dup"]);
});

Deno.test("Session tells a session that is lost each time", () => {
  const session = connectedSession({ protocolVersion: 4, cleanStart: true });
  for (let round = 0; round < 3; round++) {
    reconnect(session, "lost", { protocolVersion: 4, cleanStart: true });
    assertEquals(allTold(session), [
      "connected",
      "session-lost 0 resent 0 unknown 0 filters",
    ]);
  }
});
