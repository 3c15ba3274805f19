// The end of a connection: DISCONNECT both ways, and nothing behind it.

import { assertEquals, assertThrows } from "@std/assert";
import {
  bytes,
  connectedSession,
  deliveries,
  FILTER,
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

type Connected = ReturnType<typeof connectedSession>;

/** Ways to end a connection, what is written last, and what is told. */
const ENDS: readonly {
  name: string;
  end: (session: Connected) => void;
  last: string;
  told: string[];
}[] = [
  {
    name: "disconnect()",
    end: (session) => session.disconnect(),
    last: "e0 00",
    told: [],
  },
  {
    name: "DISCONNECT of the server",
    end: (session) => session.receive(bytes("e0 01 8b"), NOW),
    last: "",
    told: ["disconnected 8b"],
  },
  {
    name: "a ProtocolError",
    end: (session) => session.receive(bytes("00"), NOW),
    last: "e0 01 81",
    told: ["failed 81 2.1.2"],
  },
  {
    name: "a KeepAliveError",
    end: (session) => {
      session.wake(NOW + 10_000);
      session.takeBytes();
      session.wake(NOW + 100_000);
    },
    last: "",
    told: ["failed KeepAliveError"],
  },
];

for (const { name, end, last, told: expected } of ENDS) {
  Deno.test(`Session writes nothing more after ${name}, whatever is asked of it`, () => {
    const session = connectedSession({ keepAlive: 10 });
    session.receive(publish(5, 1, 1), NOW);
    session.receive(publish(5, 2, 2), NOW);
    session.publish(message("a", "", { qos: 2 }), "in flight");
    const came = deliveries(session);
    session.takeBytes();
    end(session);
    assertEquals([written(session), told(session)], [last, expected]);
    assertEquals([session.connected, session.deadline], [false, Infinity]);

    for (const delivery of came) session.acknowledge(delivery);
    session.publish(message("a", "", { qos: 1 }), "queued");
    assertThrows(() => session.publish(message("a", ""), ""));
    session.subscribe({ subscriptions: [FILTER], properties: {} }, "asked");
    session.ping(NOW);
    session.wake(NOW + 1_000_000);
    session.disconnect();
    session.receive(bytes("50 02 00 01 62 02 00 02"), NOW);
    session.receive(publish(5, 0, 0), NOW);
    assertEquals([written(session), told(session)], ["", []]);

    // Nothing is lost by it.
    reconnect(session, "kept");
    session.receive(publish(5, 1, 1, { dup: true }), NOW);
    session.receive(publish(5, 2, 2, { dup: true }), NOW);
    assertEquals(
      written(session),
      "82 07 00 02 00 00 01 66 00 3c 06 00 01 61 00 01 00 " +
        "32 06 00 01 61 00 03 00 40 02 00 01 50 02 00 02",
    );
    assertEquals(told(session), ["connected"]);
  });

  Deno.test(`Session looks at nothing that comes after ${name}`, () => {
    const session = connectedSession({ keepAlive: 10 });
    end(session);
    session.takeBytes();
    session.takeEvents();
    session.receive(bytes("30 05 00 01 74 00 78 62 02 00 01"), NOW);
    assertEquals([written(session), told(session)], ["", []]);
  });
}

for (const protocolVersion of VERSIONS) {
  Deno.test(`Session ends in order by ${VERSION_NAMES[protocolVersion]}: DISCONNECT is the last packet`, () => {
    const session = connectedSession({ protocolVersion });
    session.publish(message("a", ""), "");
    session.disconnect();
    session.disconnect();
    const sent = written(session);
    assertEquals(sent.endsWith("e0 00"), true);
    assertEquals(sent.startsWith("30"), true);
    assertEquals(sent.match(/e0/g)?.length, 1);
  });
}

Deno.test("Session disconnects with a Reason Code and properties under MQTT 5 alone", () => {
  const session = connectedSession();
  session.disconnect(0x04, { sessionExpiryInterval: 0 });
  assertEquals(written(session), "e0 07 04 05 11 00 00 00 00");
  const four = connectedSession({ protocolVersion: 4 });
  assertThrows(() => four.disconnect(0x04), TypeError);
  assertEquals([written(four), four.connected], ["", true]);
});

Deno.test("Session has nothing to disconnect without a connection", () => {
  const session = newSession();
  session.disconnect();
  assertEquals(written(session), "");
  session.lost();
  session.lost();
  assertEquals([told(session), session.connected], [[], false]);
});

Deno.test("Session looks at what comes in one read up to DISCONNECT, and answers that it has seen", () => {
  const session = connectedSession();
  session.publish(message("a", "", { qos: 2 }), "one");
  session.publish(message("a", "", { qos: 1 }), "two");
  session.takeBytes();
  session.receive(bytes("50 02 00 01 40 02 00 02 e0 01 8e 40 02 00 09"), NOW);
  assertEquals(told(session), ["published two 00", "disconnected 8e"]);
  reconnect(session, "kept");
  assertEquals(written(session), "62 02 00 01");
});

Deno.test("Session keeps what it was told before a protocol error in the same read", () => {
  const session = connectedSession();
  session.publish(message("a", "", { qos: 1 }), "one");
  session.takeBytes();
  session.receive(bytes("30 05 00 01 74 00 78 40 02 00 01 00"), NOW);
  assertEquals(told(session), [
    "message t x",
    "published one 00",
    "failed 81 2.1.2",
  ]);
});
