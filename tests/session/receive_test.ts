// Messages on their way in, on one connection.

import { assertEquals, assertThrows } from "@std/assert";
import {
  bytes,
  connectedSession,
  deliveries,
  message,
  NOW,
  packets,
  publish,
  told,
  VERSION_NAMES,
  VERSIONS,
  written,
} from "./session.ts";

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];
  const given = { protocolVersion };

  Deno.test(`Session receives at QoS 0 by ${name}`, () => {
    const session = connectedSession(given);
    session.receive(publish(protocolVersion, 0, 0, { payload: "x" }), NOW);
    assertEquals(told(session), ["message t x"]);
    assertEquals([written(session), session.unacknowledged], ["", 0]);
  });

  Deno.test(`Session receives at QoS 1 by ${name}: PUBACK leaves when the message is owned`, () => {
    const session = connectedSession(given);
    session.receive(publish(protocolVersion, 1, 7), NOW);
    const [delivery] = deliveries(session);
    if (delivery === undefined) throw new Error("it is delivered");
    assertEquals([written(session), session.unacknowledged], ["", 1]);
    session.acknowledge(delivery);
    assertEquals([written(session), session.unacknowledged], [
      "40 02 00 07",
      0,
    ]);
    session.acknowledge(delivery);
    assertEquals(written(session), "");
  });

  Deno.test(`Session receives at QoS 2 by ${name}: PUBREC leaves when the message is owned, PUBCOMP when PUBREL comes`, () => {
    const session = connectedSession(given);
    session.receive(publish(protocolVersion, 2, 7), NOW);
    const [delivery] = deliveries(session);
    if (delivery === undefined) throw new Error("it is delivered");
    assertEquals(written(session), "");
    session.acknowledge(delivery);
    assertEquals(written(session), "50 02 00 07");
    session.receive(bytes("62 02 00 07"), NOW);
    assertEquals(written(session), "70 02 00 07");
    // The id stands for a new message now [MQTT-4.3.3-12].
    session.receive(publish(protocolVersion, 2, 7, { payload: "new" }), NOW);
    assertEquals(told(session), ["delivery t new qos 2 id 7"]);
  });

  Deno.test(`Session answers a PUBREL of nothing with PUBCOMP by ${name}`, () => {
    const session = connectedSession(given);
    session.receive(bytes("62 02 00 09"), NOW);
    assertEquals(
      written(session),
      protocolVersion === 5 ? "70 03 00 09 92" : "70 02 00 09",
    );
    assertEquals([told(session), session.connected], [[], true]);
  });

  Deno.test(`Session answers a PUBLISH of QoS 2 that comes again after PUBREC with PUBREC by ${name}, and does not deliver it again`, () => {
    const session = connectedSession(given);
    session.receive(publish(protocolVersion, 2, 7), NOW);
    for (const delivery of deliveries(session)) session.acknowledge(delivery);
    session.takeBytes();
    session.receive(publish(protocolVersion, 2, 7, { dup: true }), NOW);
    assertEquals([written(session), told(session)], ["50 02 00 07", []]);
    session.receive(bytes("62 02 00 07"), NOW);
    assertEquals(written(session), "70 02 00 07");
  });

  Deno.test(`Session joins a copy to the message that waits by ${name}: one acknowledgement answers both`, () => {
    for (const qos of [1, 2] as const) {
      const session = connectedSession(given);
      session.receive(publish(protocolVersion, qos, 7), NOW);
      session.receive(publish(protocolVersion, qos, 8), NOW);
      session.receive(publish(protocolVersion, qos, 7, { dup: true }), NOW);
      const [seven, eight, ...others] = deliveries(session);
      assertEquals(others, []);
      if (seven === undefined || eight === undefined) throw new Error("two");
      session.acknowledge(eight);
      session.acknowledge(seven);
      const first = qos === 1 ? "40" : "50";
      assertEquals(
        written(session),
        `${first} 02 00 07 ${first} 02 00 08`,
      );
    }
  });

  Deno.test(`Session joins a copy at QoS 2 without DUP too by ${name}: the id decides`, () => {
    const session = connectedSession(given);
    session.receive(publish(protocolVersion, 2, 7), NOW);
    session.receive(publish(protocolVersion, 2, 7), NOW);
    assertEquals(deliveries(session).length, 1);
  });

  Deno.test(`Session ends the connection by ${name} where a Packet Identifier that waits comes with another message`, () => {
    const others = [
      { first: 1, second: 1, dup: false },
      { first: 1, second: 2, dup: true },
      { first: 2, second: 1, dup: true },
    ] as const;
    for (const { first, second, dup } of others) {
      const session = connectedSession(given);
      session.receive(publish(protocolVersion, first, 7), NOW);
      session.receive(publish(protocolVersion, second, 7, { dup }), NOW);
      assertEquals(told(session), [
        `delivery t 7 qos ${first} id 7`,
        "failed 82 MQTT-2.2.1-4",
      ]);
    }
  });

  Deno.test(`Session ends the connection by ${name} where a Packet Identifier comes with another message between PUBREC and PUBREL`, () => {
    const session = connectedSession(given);
    session.receive(publish(protocolVersion, 2, 7), NOW);
    for (const delivery of deliveries(session)) session.acknowledge(delivery);
    session.receive(publish(protocolVersion, 1, 7), NOW);
    assertEquals(told(session), ["failed 82 MQTT-2.2.1-4"]);
  });

  Deno.test(`Session ends the connection by ${name} where PUBREL comes for a message of QoS 1 that waits`, () => {
    const session = connectedSession(given);
    session.receive(publish(protocolVersion, 1, 7), NOW);
    session.receive(bytes("62 02 00 07"), NOW);
    assertEquals(told(session), [
      "delivery t 7 qos 1 id 7",
      "failed 82 MQTT-4.3.3-4",
    ]);
  });

  Deno.test(`Session takes a PUBLISH of QoS 1 that comes again after PUBACK for a new message by ${name}`, () => {
    // [MQTT-4.3.2-5]
    const session = connectedSession(given);
    session.receive(publish(protocolVersion, 1, 7), NOW);
    for (const delivery of deliveries(session)) session.acknowledge(delivery);
    session.receive(publish(protocolVersion, 1, 7, { dup: true }), NOW);
    assertEquals(deliveries(session).length, 1);
  });

  Deno.test(`Session ends the connection where PUBREL comes before PUBREC has left by ${name}`, () => {
    const session = connectedSession(given);
    session.receive(publish(protocolVersion, 2, 7), NOW);
    const [delivery] = deliveries(session);
    session.receive(bytes("62 02 00 07"), NOW);
    assertEquals(told(session), ["failed 82 MQTT-4.3.3-4"]);
    assertEquals(written(session), protocolVersion === 5 ? "e0 01 82" : "");
    if (delivery !== undefined) session.acknowledge(delivery);
    assertEquals(written(session), "");
  });

  Deno.test(`Session acknowledges in order of arrival by ${name}, QoS 1 and QoS 2 each for itself, in whatever order they are owned`, () => {
    const session = connectedSession(given);
    for (const [qos, packetId] of [[1, 1], [2, 2], [1, 3], [2, 4]] as const) {
      session.receive(publish(protocolVersion, qos, packetId), NOW);
    }
    const [one, two, three, four] = deliveries(session);
    if (!one || !two || !three || !four) throw new Error("four came");
    session.acknowledge(four);
    session.acknowledge(three);
    assertEquals(written(session), "");
    assertEquals(session.waitingHeads, [one, two]);
    session.acknowledge(one);
    assertEquals(written(session), "40 02 00 01 40 02 00 03");
    assertEquals(session.waitingHeads, [two]);
    session.acknowledge(two);
    assertEquals(written(session), "50 02 00 02 50 02 00 04");
    assertEquals(session.waitingHeads, []);
  });
}

Deno.test("Session acknowledges in each order of three as they came", () => {
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [
    2,
    1,
    0,
  ]];
  for (const order of orders) {
    const session = connectedSession();
    for (const packetId of [5, 6, 7]) {
      session.receive(publish(5, 1, packetId), NOW);
    }
    const came = deliveries(session);
    let text = "";
    for (const index of order) {
      const delivery = came[index];
      if (delivery !== undefined) session.acknowledge(delivery);
      text += ` ${written(session)}`;
    }
    assertEquals(
      text.trim().replaceAll(/ +/g, " "),
      "40 02 00 05 40 02 00 06 40 02 00 07",
    );
  }
});

Deno.test("Session refuses a message for good under MQTT 5: no PUBREL is awaited, and the id is free", () => {
  const session = connectedSession();
  session.receive(publish(5, 1, 1), NOW);
  session.receive(publish(5, 2, 2), NOW);
  const [one, two] = deliveries(session);
  if (!one || !two) throw new Error("two came");
  session.acknowledge(one, 0x83, { reasonString: "no" });
  session.acknowledge(two, 0x99);
  assertEquals(
    written(session),
    "40 09 00 01 83 05 1f 00 02 6e 6f 50 03 00 02 99",
  );
  session.receive(publish(5, 2, 2, { dup: true }), NOW); // [MQTT-4.3.3-9]
  assertEquals(told(session), ["delivery t 2 qos 2 id 2"]);
});

Deno.test("Session acknowledges with properties under MQTT 5", () => {
  const session = connectedSession();
  session.receive(publish(5, 2, 1), NOW);
  const [delivery] = deliveries(session);
  if (!delivery) throw new Error("it is delivered");
  session.acknowledge(delivery, 0, { userProperties: [["a", "b"]] });
  assertEquals(written(session), "50 0b 00 01 00 07 26 00 01 61 00 01 62");
  session.receive(bytes("62 02 00 01"), NOW);
  assertEquals(written(session), "70 02 00 01");
});

Deno.test("acknowledge() counts the first time", () => {
  const session = connectedSession();
  session.receive(publish(5, 1, 1), NOW);
  session.receive(publish(5, 1, 2), NOW);
  const [one, two] = deliveries(session);
  if (!one || !two) throw new Error("two came");
  session.acknowledge(two);
  session.acknowledge(two, 0x83);
  session.acknowledge(one, 0x83);
  assertEquals(written(session), "40 03 00 01 83 40 02 00 02");
});

Deno.test("acknowledge() throws for what cannot be said, and the message waits on", () => {
  const five = connectedSession();
  const four = connectedSession({ protocolVersion: 4 });
  five.receive(publish(5, 1, 1), NOW);
  four.receive(publish(4, 1, 1), NOW);
  const [fifth] = deliveries(five);
  const [fourth] = deliveries(four);
  if (!fifth || !fourth) throw new Error("one each");
  assertThrows(() => five.acknowledge(fifth, 0x8e), RangeError);
  const reasonString = "\ud800";
  assertThrows(
    () => five.acknowledge(fifth, 0x80, { reasonString }),
    TypeError,
  );
  assertThrows(() => four.acknowledge(fourth, 0x80), TypeError);
  assertEquals([written(five), written(four)], ["", ""]);
  five.acknowledge(fifth);
  four.acknowledge(fourth);
  assertEquals([written(five), written(four)], ["40 02 00 01", "40 02 00 01"]);
});

Deno.test("Session takes many packets of one read, and one packet of many reads", () => {
  const all = packets(
    5,
    ...[1, 2, 3].map((packetId) => ({
      type: "publish" as const,
      topicName: "t",
      payload: "x",
      qos: 1 as const,
      retain: false,
      dup: false,
      packetId,
      properties: {},
    })),
  );
  const whole = connectedSession();
  whole.receive(all, NOW);
  const bitByBit = connectedSession();
  for (const byte of all) bitByBit.receive(Uint8Array.of(byte), NOW);
  const expected = [1, 2, 3].map((id) => `delivery t x qos 1 id ${id}`);
  assertEquals(told(whole), expected);
  assertEquals(told(bitByBit), expected);
});

Deno.test("Session looks at no more packets at once than it is told to, and loses none", () => {
  const session = connectedSession({ connack: { receiveMaximum: 2 } });
  for (const request of ["1", "2", "3", "4"]) {
    session.publish(message("a", "", { qos: 1 }), request);
  }
  session.takeBytes();
  session.feed(bytes("40 02 00 01 40 02 00 02 30 04 00 01 74 00 62 02"), NOW);
  assertEquals([told(session), written(session)], [[], ""]);
  assertEquals(session.proceed(NOW, 1), true);
  assertEquals(told(session), ["published 1 00"]);
  // What it makes room for does not wait for the rest.
  assertEquals(written(session), "32 06 00 01 61 00 03 00");
  assertEquals(session.proceed(NOW, 2), true);
  assertEquals(told(session), ["published 2 00", "message t "]);
  assertEquals(session.proceed(NOW, 9), false);
  session.feed(bytes("00 09"), NOW);
  assertEquals(session.proceed(NOW, 9), false);
  assertEquals(written(session), "32 06 00 01 61 00 04 00 70 03 00 09 92");
});

Deno.test("Session looks at nothing that was fed before the connection ended", () => {
  const session = connectedSession();
  session.publish(message("a", "", { qos: 1 }), "1");
  session.takeBytes();
  session.feed(bytes("30 04 00 01 74 00 40 02 00 01"), NOW);
  assertEquals(session.proceed(NOW, 1), true);
  session.lost();
  assertEquals(session.proceed(NOW, 9), false);
  assertEquals([told(session), session.inFlight], [["message t "], 1]);
});

Deno.test("Session says when a message came that waits for its acknowledgement", () => {
  const session = connectedSession();
  session.receive(publish(5, 1, 1), NOW + 10);
  session.receive(publish(5, 1, 2), NOW + 20);
  const [one] = deliveries(session);
  if (!one) throw new Error("it is delivered");
  assertEquals(session.waitingHeads.map(({ arrivedAt }) => arrivedAt), [
    NOW + 10,
  ]);
  session.acknowledge(one);
  assertEquals(session.waitingHeads.map(({ arrivedAt }) => arrivedAt), [
    NOW + 20,
  ]);
});

Deno.test("Session counts what it answers, until it is taken", () => {
  const session = connectedSession();
  session.receive(bytes("62 02 00 09"), NOW);
  assertEquals([session.replySize, session.outgoingSize], [5, 5]);
  session.receive(publish(5, 1, 1), NOW);
  for (const delivery of deliveries(session)) session.acknowledge(delivery);
  assertEquals([session.replySize, session.outgoingSize], [9, 9]);
  session.takeBytes();
  assertEquals([session.replySize, session.outgoingSize], [0, 0]);
});
