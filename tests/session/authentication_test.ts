// Enhanced authentication (4.12): AUTH by turns, before CONNACK and after it.

import { assertEquals, assertThrows } from "@std/assert";
import type { AuthPacket, Properties } from "../../src/codec/packet.ts";
import { ReasonCode } from "../../src/codec/reason_code.ts";
import { MqttError } from "../../src/errors.ts";
import type { Session } from "../../src/session/session.ts";
import {
  bytes,
  connack,
  connectedSession,
  connectPacket,
  newSession,
  NOW,
  packets,
  publish,
  told,
  written,
  writtenPackets,
} from "./session.ts";

const METHOD = { authenticationMethod: "m" };
const { continueAuthentication, success } = ReasonCode;

function data(text: string): Properties {
  return { authenticationData: new TextEncoder().encode(text) };
}

/** The bytes of the server's AUTH. */
function auth(
  reasonCode: number,
  text: string,
  properties: Properties = METHOD,
): Uint8Array {
  return packets(5, {
    type: "auth",
    reasonCode,
    properties: { ...properties, ...data(text) },
  });
}

/** A session whose CONNECT has named a method, and begun with "1". */
function connecting(): Session<string> {
  const session = newSession();
  const properties = { ...METHOD, ...data("1") };
  session.open(NOW, connectPacket({ connect: { properties } }));
  session.takeBytes();
  return session;
}

/** A session that has authenticated itself. */
function authenticated(properties: Properties = {}): Session<string> {
  const session = connecting();
  session.receive(connack({ connack: { ...METHOD, ...properties } }), NOW);
  session.accept(NOW);
  assertEquals(told(session), ["auth connack 00", "connected"]);
  return session;
}

/** What was written, which is AUTH alone. */
function said(session: Session<string>): string[] {
  return writtenPackets(session).map((packet) => {
    const { type, reasonCode, properties } = packet as AuthPacket;
    const { authenticationData, authenticationMethod } = properties;
    const text = new TextDecoder().decode(authenticationData);
    return `${type} ${reasonCode.toString(16)} ${authenticationMethod} ${text}`;
  });
}

Deno.test("Session says AUTH by turns until CONNACK ends the exchange [MQTT-4.12.0-3]", () => {
  const session = connecting();
  session.receive(auth(continueAuthentication, "2"), NOW);
  assertEquals(told(session), ["auth auth 18 2"]);
  session.authentication.goOn(data("3"));
  // f0: AUTH; 18: continue; 15: Authentication Method; 16: Authentication Data.
  assertEquals(written(session), "f0 0a 18 08 16 00 01 33 15 00 01 6d");
  session.receive(auth(continueAuthentication, "4"), NOW);
  session.authentication.goOn({});
  assertEquals(said(session), ["auth 18 m "]);
  session.receive(connack({ connack: { ...METHOD, ...data("5") } }), NOW);
  assertEquals(told(session), ["auth auth 18 4", "auth connack 00 5"]);
  assertEquals(session.connected, false);
  session.accept(NOW);
  assertEquals([told(session), session.connected], [["connected"], true]);
});

Deno.test("Session looks at nothing behind CONNACK, and sends nothing, until it is accepted", () => {
  const session = connecting();
  session.subscribe({
    subscriptions: [{
      topicFilter: "f",
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    }],
    properties: {},
  }, "s");
  session.receive(connack({ connack: METHOD }), NOW);
  session.receive(publish(5, 0, 0, { payload: "behind" }), NOW);
  assertEquals(told(session), ["auth connack 00"]);
  assertEquals(written(session), "");
  session.accept(NOW);
  session.proceed(NOW, Infinity);
  assertEquals(told(session), ["connected", "message t behind"]);
  assertEquals(writtenPackets(session).map(({ type }) => type), ["subscribe"]);
  session.accept(NOW);
  assertEquals(told(session), []);
});

Deno.test("Session accepts nothing once the connection is gone", () => {
  const session = connecting();
  session.receive(connack({ connack: METHOD }), NOW);
  session.lost();
  session.accept(NOW);
  assertEquals(session.connected, false);
  assertEquals(told(session), ["auth connack 00"]);
});

Deno.test("Session begins an exchange anew on a connection, and goes on with its work meanwhile [MQTT-4.12.1-1]", () => {
  const session = authenticated();
  session.authentication.begin(data("a"));
  assertEquals(said(session), ["auth 19 m a"]);
  session.receive(publish(5, 0, 0, { payload: "x" }), NOW);
  session.receive(auth(continueAuthentication, "b"), NOW);
  assertEquals(told(session), ["message t x", "auth auth 18 b"]);
  session.authentication.goOn(data("c"));
  assertEquals(said(session), ["auth 18 m c"]);
  session.receive(auth(success, "d"), NOW);
  assertEquals(told(session), ["auth auth 00 d"]);
  // The next one may begin.
  session.authentication.begin({});
  session.receive(bytes("f0 00"), NOW);
  assertEquals(told(session), ["auth auth 00"]);
  assertEquals(session.connected, true);
});

Deno.test("Session refuses to begin an exchange without a method, without a connection, and a second one", () => {
  const begin = (session: Session<string>) =>
    assertThrows(() => session.authentication.begin({}), TypeError);
  begin(newSession());
  begin(connectedSession());
  begin(connecting());
  const session = authenticated();
  session.authentication.begin({});
  begin(session);
  session.lost();
  begin(session);
});

Deno.test("Session says nothing in an exchange where it is not its turn", () => {
  const session = authenticated();
  session.authentication.goOn(data("x"));
  assertEquals(written(session), "");
});

Deno.test("Session sends no AUTH that is too large for the server [MQTT-3.2.2-15]", () => {
  const session = authenticated({ maximumPacketSize: 12 });
  assertThrows(
    () => session.authentication.begin(data("12")),
    MqttError,
    "AUTH has 13 bytes, and the server takes at most 12",
  );
  session.authentication.begin(data("1"));
  assertEquals(said(session), ["auth 19 m 1"]);
});

for (
  const { what, received, clause } of [
    {
      what: "of another method",
      received: auth(continueAuthentication, "", { authenticationMethod: "n" }),
      clause: "MQTT-4.12.0-5",
    },
    {
      what: "twice in a row",
      received: bytes(
        "f0 06 18 04 15 00 01 6d f0 06 18 04 15 00 01 6d",
      ),
      clause: "4.12",
    },
    {
      what: "with success before CONNACK",
      received: auth(success, ""),
      clause: "MQTT-4.12.0-2",
    },
  ]
) {
  Deno.test(`Session ends the connection at an AUTH ${what}`, () => {
    const session = connecting();
    session.receive(received, NOW);
    assertEquals(told(session).at(-1), `failed 82 ${clause}`);
    assertEquals(written(session), "e0 01 82");
  });
}

Deno.test("Session ends the connection at an AUTH after CONNACK where it has not begun to authenticate anew", () => {
  for (const reasonCode of [continueAuthentication, success]) {
    const session = authenticated();
    session.receive(auth(reasonCode, ""), NOW);
    assertEquals(told(session), ["failed 82 4.12"]);
    assertEquals(written(session), "e0 01 82");
  }
});
