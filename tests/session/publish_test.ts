import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ConnectionLostError, PublishError } from "../../src/errors.ts";
import {
  bytes,
  connectedSession,
  message,
  newSession,
  NOW,
  reconnect,
  told,
  VERSION_NAMES,
  VERSIONS,
  written,
} from "./session.ts";

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];
  // Under MQTT 5 the length of the properties, which are none, stands behind the packet id.
  const none = protocolVersion === 5 ? "00 " : "";
  const length = (rest: number) =>
    (rest + (protocolVersion === 5 ? 1 : 0)).toString(16).padStart(2, "0");

  Deno.test(`Session publishes at QoS 0 by ${name}: PUBLISH and no more`, () => {
    const session = connectedSession({ protocolVersion });
    assertEquals(session.publish(message("a", "1"), "one"), undefined);
    assertEquals(written(session), `30 ${length(4)} 00 01 61 ${none}31`);
    assertEquals([session.inFlight, told(session)], [0, []]);
  });

  Deno.test(`Session publishes at QoS 1 by ${name}: PUBLISH, PUBACK`, () => {
    const session = connectedSession({ protocolVersion });
    session.publish(message("a", "1", { qos: 1, retain: true }), "one");
    assertEquals(written(session), `33 ${length(6)} 00 01 61 00 01 ${none}31`);
    assertEquals([session.inFlight, session.queued], [1, 0]);
    session.receive(bytes("40 02 00 01"), NOW); // PUBACK
    assertEquals(told(session), ["published one 00"]);
    assertEquals([written(session), session.inFlight], ["", 0]);
  });

  Deno.test(`Session publishes at QoS 2 by ${name}: PUBLISH, PUBREC, PUBREL, PUBCOMP`, () => {
    const session = connectedSession({ protocolVersion });
    session.publish(message("a", "1", { qos: 2 }), "one");
    assertEquals(written(session), `34 ${length(6)} 00 01 61 00 01 ${none}31`);
    session.receive(bytes("50 02 00 01"), NOW); // PUBREC
    assertEquals(written(session), "62 02 00 01"); // PUBREL
    assertEquals([session.inFlight, told(session)], [1, []]);
    session.receive(bytes("70 02 00 01"), NOW); // PUBCOMP
    assertEquals(told(session), ["published one 00"]);
    assertEquals([written(session), session.inFlight], ["", 0]);
  });

  Deno.test(`Session answers PUBREC a second time with PUBREL by ${name}`, () => {
    const session = connectedSession({ protocolVersion });
    session.publish(message("a", "1", { qos: 2 }), "one");
    session.takeBytes();
    session.receive(bytes("50 02 00 01 50 02 00 01"), NOW);
    assertEquals(written(session), "62 02 00 01 62 02 00 01");
    session.receive(bytes("70 02 00 01"), NOW);
    assertEquals(told(session), ["published one 00"]);
  });

  Deno.test(`Session answers a PUBREC of nothing with PUBREL by ${name}, and tells it`, () => {
    const session = connectedSession({ protocolVersion });
    session.receive(bytes("50 02 00 07"), NOW);
    assertEquals(
      written(session),
      protocolVersion === 5 ? "62 03 00 07 92" : "62 02 00 07",
    );
    assertEquals(told(session), ["stray pubrec 7"]);
  });

  Deno.test(`Session tells stray PUBACKs and PUBCOMPs by ${name}, and stays connected`, () => {
    const session = connectedSession({ protocolVersion });
    session.publish(message("a", "1", { qos: 1 }), "one");
    session.takeBytes();
    session.receive(bytes("40 02 00 02 70 02 00 03 40 02 00 01"), NOW);
    session.receive(bytes("40 02 00 01"), NOW);
    assertEquals(told(session), [
      "stray puback 2",
      "stray pubcomp 3",
      "published one 00",
      "stray puback 1",
    ]);
    assertEquals([written(session), session.connected], ["", true]);
  });

  Deno.test(`Session ends the connection by ${name} where an acknowledgement is not the one that is due`, () => {
    const wrong = [
      { qos: 1, taken: "", sent: "50 02 00 01" }, // PUBREC of QoS 1
      { qos: 1, taken: "", sent: "70 02 00 01" }, // PUBCOMP of QoS 1
      { qos: 2, taken: "", sent: "40 02 00 01" }, // PUBACK of QoS 2
      { qos: 2, taken: "", sent: "70 02 00 01" }, // PUBCOMP before PUBREC
      { qos: 2, taken: "50 02 00 01", sent: "40 02 00 01" }, // PUBACK after PUBREC
    ] as const;
    for (const { qos, taken, sent } of wrong) {
      const session = connectedSession({ protocolVersion });
      session.publish(message("a", "1", { qos }), "one");
      session.receive(bytes(taken), NOW);
      session.takeBytes();
      session.receive(bytes(sent), NOW);
      const clause = qos === 1 ? "MQTT-4.3.2-4" : "4.3.3";
      assertEquals(told(session), [`failed 82 ${clause}`]);
      assertEquals(session.connected, false);
      // DISCONNECT: Protocol Error. MQTT 3.x has no words for it.
      assertEquals(written(session), protocolVersion === 5 ? "e0 01 82" : "");
    }
  });
}

Deno.test("Session tells what MQTT 5 adds to an acknowledgement", () => {
  const session = connectedSession();
  session.publish(message("a", "1", { qos: 1 }), "one");
  session.publish(message("a", "2", { qos: 2 }), "two");
  // PUBACK: no matching subscribers. PUBREC the same, then PUBCOMP: packet id not found.
  session.receive(bytes("40 03 00 01 10 50 03 00 02 10"), NOW);
  session.receive(bytes("70 03 00 02 92"), NOW);
  assertEquals(told(session), ["published one 10", "published two 92"]);
});

Deno.test("Session takes PUBACK and PUBREC of 0x80 and more for a refusal: no PUBREL, id and quota are free", () => {
  const session = connectedSession({ connack: { receiveMaximum: 1 } });
  session.publish(message("a", "1", { qos: 1 }), "one");
  session.publish(message("a", "2", { qos: 2 }), "two");
  session.publish(message("a", "3", { qos: 1 }), "three");
  assertEquals(written(session), "32 07 00 01 61 00 01 00 31");
  // PUBACK: not authorized, with the Reason String "no".
  session.receive(bytes("40 09 00 01 87 05 1f 00 02 6e 6f"), NOW);
  const [event] = session.takeEvents();
  if (event?.type !== "publish-refused") throw new Error("it is refused");
  const { error } = event;
  assertEquals(error.delivery, "refused");
  assertEquals([error.reasonCode, error.reasonString], [0x87, "no"]);
  assertEquals(
    error.message,
    'Cannot publish to "a": the server refused it, not authorized (135) "no"',
  );
  assertEquals(written(session), "34 07 00 01 61 00 02 00 32");
  session.receive(bytes("50 03 00 02 97"), NOW); // PUBREC: quota exceeded
  assertEquals(told(session), ["publish-refused two refused 97"]);
  assertEquals(written(session), "32 07 00 01 61 00 03 00 33"); // no PUBREL
  assertEquals([session.inFlight, session.queued], [1, 0]);
});

Deno.test("Session sends no PUBREL for a PUBREC that refuses nothing, or what was accepted before", () => {
  const session = connectedSession();
  session.publish(message("a", "1", { qos: 2 }), "one");
  session.receive(bytes("50 02 00 01"), NOW);
  session.takeBytes();
  session.receive(bytes("50 03 00 01 80 50 03 00 09 80"), NOW);
  assertEquals(written(session), "");
  assertEquals(told(session), ["stray pubrec 1", "stray pubrec 9"]);
  session.receive(bytes("70 02 00 01"), NOW);
  assertEquals(told(session), ["published one 00"]);
});

Deno.test("Session copies the payload before publish() returns", () => {
  for (const size of [3, 100, 5_000]) {
    const session = connectedSession({ connack: { receiveMaximum: 2 } });
    const payload = new Uint8Array(size).fill(1);
    for (const request of ["sent", "sent too", "queued"]) {
      session.publish(message("a", payload, { qos: 1 }), request);
    }
    payload.fill(2);
    session.takeBytes();
    reconnect(session, "kept", { connack: { receiveMaximum: 3 } });
    const sent = session.takeBytes() ?? new Uint8Array(0);
    assertEquals(sent.filter((byte) => byte === 1).length >= 3 * size, true);
    // The packet id of the second message is the only 2.
    assertEquals(sent.filter((byte) => byte === 2).length, 1);
  }
});

Deno.test("Session publishes bytes, texts beyond ASCII and nothing at all", () => {
  const session = connectedSession();
  session.publish(message("a", bytes("00 ff"), { qos: 1 }), "bytes");
  session.publish(message("é", "ü", { qos: 1 }), "text");
  session.publish(message("a", "", { qos: 1 }), "nothing");
  assertEquals(
    written(session),
    "32 08 00 01 61 00 01 00 00 ff " +
      "32 09 00 02 c3 a9 00 02 00 c3 bc " +
      "32 06 00 01 61 00 03 00",
  );
});

Deno.test("Session throws for what cannot be encoded, whether it would be sent now or later, and has changed nothing", () => {
  const away = newSession();
  const connected = connectedSession({ connack: { receiveMaximum: 1 } });
  const full = connectedSession({ connack: { receiveMaximum: 1 } });
  full.publish(message("a", "1", { qos: 1 }), "one");
  full.takeBytes();
  for (const session of [away, connected, full]) {
    const before = [session.inFlight, session.queued];
    const wrong = [
      message("a/#", "", { qos: 1 }),
      message("\ud800", "", { qos: 1 }),
      message("", "", { qos: 2 }),
      message("a", "", { qos: 1, properties: { contentType: "\0" } }),
    ];
    for (const each of wrong) {
      assertThrows(() => session.publish(each, "wrong"), TypeError);
    }
    assertThrows(
      () => session.publish(message("a".repeat(65_536), "", { qos: 1 }), ""),
      RangeError,
    );
    assertEquals([session.inFlight, session.queued], before);
    assertEquals([written(session), told(session)], ["", []]);
  }
  connected.publish(message("a", "1", { qos: 1 }), "one");
  assertMatch(written(connected), /^32 07 00 01 61 00 .. 00 31$/);
});

Deno.test("Session throws for MQTT 5 properties under MQTT 3.x", () => {
  const session = connectedSession({ protocolVersion: 4 });
  const properties = { contentType: "text" };
  for (const qos of [0, 1, 2] as const) {
    assertThrows(
      () => session.publish(message("a", "", { qos, properties }), ""),
      TypeError,
    );
  }
  assertEquals(written(session), "");
});

Deno.test("Session has no place for QoS 0 without a connection", () => {
  const session = newSession();
  const error = assertThrows(
    () => session.publish(message("a", ""), ""),
    ConnectionLostError,
    'Cannot publish to "a" at QoS 0: there is no connection',
  );
  assertEquals(error.delivery, "not-sent");
  const ended = connectedSession();
  ended.disconnect();
  assertThrows(() => ended.publish(message("a", ""), ""), ConnectionLostError);
});

Deno.test("Session queues QoS 1 and 2 without a connection, and sends them in order on the next", () => {
  const session = newSession();
  session.publish(message("a", "1", { qos: 2 }), "one");
  session.publish(message("a", "2", { qos: 1 }), "two");
  assertEquals([session.queued, session.inFlight], [2, 0]);
  reconnect(session, "lost");
  assertEquals(
    written(session),
    "34 07 00 01 61 00 01 00 31 32 07 00 01 61 00 02 00 32",
  );
  assertEquals([session.queued, session.inFlight], [0, 2]);
});

Deno.test("Session lets go of the payload when PUBREC has come, and when the handshake has ended", () => {
  const session = connectedSession();
  const one = session.publish(message("a", "1", { qos: 2 }), "one");
  const two = session.publish(message("a", bytes("02"), { qos: 1 }), "two");
  assertEquals([one?.payload, two?.payload], ["1", bytes("02")]);
  session.receive(bytes("50 02 00 01 40 02 00 02"), NOW);
  assertEquals([one?.payload, two?.payload], ["", ""]);
});

Deno.test("PublishError names the limit that keeps a message from being sent", () => {
  const session = connectedSession({ connack: { maximumQoS: 1 } });
  const error = assertThrows(
    () => session.publish(message("a", "", { qos: 2 }), ""),
    PublishError,
    'Cannot publish to "a": the server\'s Maximum QoS is 1',
  );
  assertEquals([error.delivery, error.reasonCode], ["not-sent", 0x9b]);
});
