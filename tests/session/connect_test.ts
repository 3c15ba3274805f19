// CONNECT and CONNACK, and what may not come before or twice.

import { assertEquals, assertThrows } from "@std/assert";
import { ReasonCode } from "../../src/codec/reason_code.ts";
import { checkConnect } from "../../src/session/connect_check.ts";
import {
  bytes,
  connack,
  connect,
  connectedSession,
  connectPacket,
  message,
  newSession,
  NOW,
  packets,
  publish,
  reconnect,
  told,
  VERSION_NAMES,
  VERSIONS,
  written,
} from "./session.ts";

const WILL = {
  topicName: "w",
  payload: bytes("01"),
  qos: 1,
  retain: true,
  properties: {},
} as const;

const full = {
  username: "u",
  password: bytes("70"),
  will: WILL,
};

const CONNECTS = {
  3: "10 1b 00 06 4d 51 49 73 64 70 03 ec 00 0a 00 01 63 00 01 77 00 01 01 00 01 75 00 01 70",
  4: "10 19 00 04 4d 51 54 54 04 ec 00 0a 00 01 63 00 01 77 00 01 01 00 01 75 00 01 70",
  5: "10 1b 00 04 4d 51 54 54 05 ec 00 0a 00 00 01 63 00 00 01 77 00 01 01 00 01 75 00 01 70",
} as const;

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];
  const isFive = protocolVersion === 5;
  const accepted = isFive ? "20 03 00 00 00" : "20 02 00 00";

  Deno.test(`Session connects by ${name}: CONNECT with will, user name and password, CONNACK`, () => {
    const session = newSession();
    session.open(
      NOW,
      connectPacket({ protocolVersion, keepAlive: 10, connect: full }),
    );
    // e c: user name, password, will retain, will QoS 1, will; no Clean Start.
    assertEquals(written(session), CONNECTS[protocolVersion]);
    assertEquals([session.connected, session.deadline], [false, Infinity]);
    session.receive(bytes(accepted), NOW);
    assertEquals(told(session), ["connected"]);
    assertEquals([session.connected, written(session)], [true, ""]);
  });

  Deno.test(`Session connects with Clean Start by ${name}`, () => {
    const session = newSession();
    session.open(NOW, connectPacket({ protocolVersion, cleanStart: true }));
    const sent = written(session).split(" ");
    assertEquals(sent[protocolVersion === 3 ? 11 : 9], "02");
  });

  Deno.test(`Session tells by ${name} that CONNACK refuses, and looks at nothing behind it`, () => {
    for (const code of isFive ? ["84", "87", "8a"] : ["01", "03", "05"]) {
      const session = newSession();
      session.open(NOW, connectPacket({ protocolVersion }));
      session.takeBytes();
      session.receive(
        bytes(
          `${isFive ? "20 03 00" : "20 02 00"} ${code} ${
            isFive ? "00" : ""
          } ff ff`,
        ),
        NOW,
      );
      assertEquals(told(session), [`refused ${code}`]);
      assertEquals([session.connected, written(session)], [false, ""]);
      session.receive(bytes(accepted), NOW);
      assertEquals(told(session), []);
    }
  });

  Deno.test(`Session ends the connection where a packet comes before CONNACK by ${name}`, () => {
    const early = [
      publish(protocolVersion, 0, 0),
      bytes("40 02 00 01"),
      bytes("d0 00"),
      bytes("90 03 00 01 00"),
    ];
    for (const packet of early) {
      const session = newSession();
      session.open(NOW, connectPacket({ protocolVersion }));
      session.takeBytes();
      if (isFive && packet[0] === 0x90) continue; // malformed there
      session.receive(packet, NOW);
      session.receive(bytes(accepted), NOW);
      assertEquals(told(session), ["failed 82 MQTT-3.2.0-1"]);
      assertEquals(session.connected, false);
      // It is told why, though it has accepted nothing (3.1.4, 4.13.1).
      assertEquals(written(session), isFive ? "e0 01 82" : "");
    }
  });

  Deno.test(`Session ends the connection where CONNACK comes twice by ${name}`, () => {
    const session = connectedSession({ protocolVersion });
    session.receive(bytes(accepted), NOW);
    assertEquals(told(session), ["failed 82 MQTT-3.2.0-2"]);
    assertEquals(written(session), isFive ? "e0 01 82" : "");
  });

  Deno.test(`Session takes CONNACK, and what comes behind it in the same read, by ${name}`, () => {
    const session = newSession();
    session.open(NOW, connectPacket({ protocolVersion }));
    session.takeBytes();
    const first = connack({ protocolVersion });
    const second = publish(protocolVersion, 1, 7);
    session.receive(Uint8Array.of(...first, ...second), NOW);
    assertEquals(told(session), ["connected", "delivery t 7 qos 1 id 7"]);
    assertEquals(written(session), "");
  });

  Deno.test(`Session takes CONNACK byte by byte by ${name}`, () => {
    const session = newSession();
    session.open(NOW, connectPacket({ protocolVersion }));
    session.takeBytes();
    for (const byte of bytes(accepted)) {
      assertEquals(session.connected, false);
      session.receive(Uint8Array.of(byte), NOW);
    }
    assertEquals(session.connected, true);
  });

  Deno.test(`Session ends the connection at bytes that are no MQTT by ${name}`, () => {
    const session = newSession();
    session.open(NOW, connectPacket({ protocolVersion }));
    session.takeBytes();
    session.receive(new TextEncoder().encode("HTTP/1.1 400 Bad Request"), NOW);
    const [line = ""] = told(session);
    assertEquals(line.startsWith("failed 8"), true, line);
    assertEquals(session.connected, false);
    assertEquals(written(session), isFive ? "e0 01 81" : "");
  });
}

Deno.test("Session throws for a CONNECT that cannot be encoded, and has changed nothing", () => {
  const session = newSession();
  const clientId = "\ud800";
  assertThrows(
    () => session.open(NOW, connectPacket({ connect: { clientId } })),
    TypeError,
  );
  assertEquals([written(session), session.connected], ["", false]);
  connect(session);
  assertEquals(session.connected, true);
});

Deno.test("checkConnect() throws for a CONNECT that cannot be encoded", () => {
  checkConnect(connectPacket({ connect: full }));
  assertThrows(
    () => checkConnect(connectPacket({ connect: { username: "\0" } })),
    TypeError,
  );
  assertThrows(
    () => checkConnect(connectPacket({ keepAlive: -1 })),
    RangeError,
  );
});

Deno.test("Session takes a CONNACK of two bytes to a CONNECT of MQTT 5 for one of MQTT 3.1.1, and goes on in it", () => {
  const session = newSession();
  session.open(NOW, connectPacket({ cleanStart: true }));
  session.takeBytes();
  session.receive(bytes("20 02 00 00"), NOW);
  const [event] = session.takeEvents();
  if (event?.type !== "connected") throw new Error("it is connected");
  assertEquals(event.packet.protocolVersion, 4);
  session.publish(message("a", "1", { qos: 1 }), "one");
  assertEquals(written(session), "32 06 00 01 61 00 01 31"); // no properties
  session.receive(bytes("30 04 00 01 74 78"), NOW);
  assertEquals(told(session), ["message t x"]);
  session.receive(bytes("e0 00"), NOW); // DISCONNECT is not for a server of MQTT 3.1.1
  assertEquals(told(session), ["failed 82 3.14"]);
  assertEquals(written(session), ""); // and it has no Reason Codes
});

Deno.test("Session goes on with its session by a CONNACK of two bytes too", () => {
  const session = connectedSession();
  session.publish(message("a", "1", { qos: 1 }), "one");
  session.lost();
  session.open(NOW, connectPacket());
  session.takeBytes();
  session.receive(bytes("20 02 01 00"), NOW); // Session Present
  assertEquals(written(session), "3a 06 00 01 61 00 01 31");
});

Deno.test("Session does not hold a server of MQTT 3.1.1 to the Receive Maximum of its CONNECT of MQTT 5", () => {
  const session = newSession();
  const connect = { properties: { receiveMaximum: 1 } };
  session.open(NOW, connectPacket({ connect }));
  session.takeBytes();
  session.receive(bytes("20 02 00 00"), NOW);
  for (let id = 1; id <= 100; id++) session.receive(publish(4, 1, id), NOW);
  assertEquals(session.connected, true);
});

Deno.test("Session tells the refusal of a CONNACK of two bytes to a CONNECT of MQTT 5", () => {
  const session = newSession();
  session.open(NOW, connectPacket());
  session.takeBytes();
  session.receive(bytes("20 02 00 01"), NOW); // unacceptable protocol version
  const [event] = session.takeEvents();
  if (event?.type !== "refused") throw new Error("it is refused");
  assertEquals([event.packet.protocolVersion, event.packet.reasonCode], [4, 1]);
});

Deno.test("Session ends the connection where Session Present answers Clean Start 1", () => {
  for (const protocolVersion of [4, 5] as const) {
    const session = newSession();
    session.open(NOW, connectPacket({ protocolVersion, cleanStart: true }));
    session.takeBytes();
    session.receive(connack({ protocolVersion, sessionPresent: true }), NOW);
    assertEquals(told(session), ["failed 82 MQTT-3.2.2-4"]);
    assertEquals(session.connected, false);
    assertEquals(written(session), protocolVersion === 5 ? "e0 01 82" : "");
  }
});

Deno.test("Session takes Session Present to the first CONNECT with Clean Start 0: it may be the session of an earlier process", () => {
  for (const protocolVersion of [4, 5] as const) {
    const session = newSession();
    connect(session, { protocolVersion, sessionPresent: true });
    assertEquals(told(session), ["connected"]);
  }
});

Deno.test("Session connects with an empty clientId by the Assigned Client Identifier from then on", () => {
  const session = newSession();
  const connect = { clientId: "" };
  session.open(NOW, connectPacket({ connect }));
  assertEquals(
    written(session),
    "10 0d 00 04 4d 51 54 54 05 00 00 00 00 00 00",
  );
  session.receive(
    connack({ connack: { assignedClientIdentifier: "xy" } }),
    NOW,
  );
  assertEquals(session.clientId, "xy");
  const again = "10 0f 00 04 4d 51 54 54 05 00 00 00 00 00 02 78 79";
  for (let round = 0; round < 2; round++) {
    session.lost();
    session.open(NOW, connectPacket({ connect }));
    assertEquals(written(session), again);
    session.receive(connack({ sessionPresent: true }), NOW);
    assertEquals([session.clientId, session.connected], ["xy", true]);
  }
});

Deno.test("Session's clientId is that of CONNECT where it has one", () => {
  const session = connectedSession();
  assertEquals(session.clientId, "c");
});

Deno.test("Session ends the connection at an AUTH that it did not ask for, before CONNACK and after", () => {
  const auth = packets(5, {
    type: "auth",
    reasonCode: ReasonCode.continueAuthentication,
    properties: { authenticationMethod: "m" },
  });
  const early = newSession();
  early.open(NOW, connectPacket());
  early.takeBytes();
  early.receive(auth, NOW);
  assertEquals(told(early), ["failed 82 MQTT-4.12.0-6"]);
  assertEquals(written(early), "e0 01 82");
  const late = connectedSession();
  late.receive(auth, NOW);
  assertEquals(told(late), ["failed 82 MQTT-4.12.0-6"]);
  assertEquals(written(late), "e0 01 82");
});

Deno.test("Session ends the connection at a DISCONNECT before CONNACK", () => {
  const session = newSession();
  session.open(NOW, connectPacket());
  session.takeBytes();
  session.receive(bytes("e0 01 8b"), NOW);
  assertEquals(told(session), ["failed 82 MQTT-3.14.0-1"]);
  assertEquals(written(session), "e0 01 82");
});

for (
  const { asked, named, clause } of [
    { asked: undefined, named: "m", clause: "MQTT-4.12.0-6" },
    { asked: "m", named: undefined, clause: "MQTT-4.12.0-5" },
    { asked: "m", named: "M", clause: "MQTT-4.12.0-5" },
  ]
) {
  Deno.test(`Session ends the connection where CONNACK names ${named ?? "no"} Authentication Method, and CONNECT ${asked ?? "none"}`, () => {
    const session = newSession();
    const method = (authenticationMethod: string | undefined) =>
      authenticationMethod === undefined ? {} : { authenticationMethod };
    session.open(
      NOW,
      connectPacket({ connect: { properties: method(asked) } }),
    );
    session.takeBytes();
    session.receive(connack({ connack: method(named) }), NOW);
    assertEquals(told(session), [`failed 82 ${clause}`]);
    assertEquals(written(session), "e0 01 82");
  });
}

Deno.test("Session takes the Authentication Method of its CONNECT in CONNACK, and any or none in one that refuses", () => {
  const properties = { authenticationMethod: "m" };
  const session = newSession();
  session.open(NOW, connectPacket({ connect: { properties } }));
  session.receive(connack({ connack: properties }), NOW);
  session.accept(NOW);
  assertEquals(told(session), ["auth connack 00", "connected"]);
  session.lost();
  session.open(NOW, connectPacket({ connect: { properties } }));
  session.receive(bytes("20 03 00 8c 00"), NOW);
  assertEquals(told(session), ["refused 8c"]);
});

Deno.test("Session takes no Problem Information that it did not ask for, but in PUBLISH, CONNACK and DISCONNECT [MQTT-3.1.2-29]", () => {
  const terse = { properties: { requestProblemInformation: false } };
  const user = "07 26 00 01 61 00 01 62";
  const reason = "05 1f 00 02 6e 6f";
  const explained = [
    `40 0b 00 01 00 ${user}`,
    `40 09 00 01 00 ${reason}`,
    `50 09 00 01 00 ${reason}`,
    `62 09 00 01 00 ${reason}`,
    `70 09 00 01 00 ${reason}`,
    `90 09 00 01 ${reason} 00`,
    `b0 0b 00 01 ${user} 00`,
  ];
  for (const packet of explained) {
    const session = connectedSession({ connect: terse });
    session.receive(bytes(packet), NOW);
    assertEquals(told(session), ["failed 82 MQTT-3.1.2-29"], packet);
    assertEquals(written(session), "e0 01 82");
    const other = connectedSession();
    other.receive(bytes(packet), NOW);
    assertEquals(other.connected, true, packet);
  }
  const session = connectedSession({
    connect: terse,
    connack: { reasonString: "hello", userProperties: [["a", "b"]] },
  });
  session.receive(bytes(`30 0b 00 01 74 ${user}`), NOW);
  session.receive(bytes("40 04 00 09 00 00"), NOW);
  session.receive(bytes(`e0 07 8b ${reason}`), NOW);
  assertEquals(told(session), [
    "message t ",
    "stray puback 9",
    "disconnected 8b",
  ]);
});

Deno.test("Session refuses a packet beyond the Maximum Packet Size of its CONNECT", () => {
  const connect = { properties: { maximumPacketSize: 20 } };
  const session = connectedSession({ connect });
  session.receive(publish(5, 0, 0, { payload: "x".repeat(14) }), NOW);
  assertEquals(session.connected, true);
  session.receive(publish(5, 0, 0, { payload: "x".repeat(15) }), NOW);
  assertEquals(told(session).slice(1), ["failed 95 MQTT-3.1.2-24"]);
  assertEquals(written(session), "e0 01 95");
});

Deno.test("Session reads no bytes without a wire", () => {
  const session = newSession();
  session.receive(bytes("ff"), NOW);
  assertEquals([told(session), session.connected], [[], false]);
  reconnect(session, "lost");
  session.lost();
  session.receive(bytes("ff"), NOW);
  assertEquals(told(session), ["connected"]);
});
