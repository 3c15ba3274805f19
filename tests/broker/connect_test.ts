// CONNECT and its answers (3.1, 3.2).

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { BrokerSettings } from "../../src/broker/settings.ts";
import type { WillPacket } from "../../src/codec/packet.ts";
import { NO_PROPERTIES } from "../../src/codec/packet.ts";
import {
  ack,
  Bench,
  connectPacket,
  type Given,
  publishPacket,
  subscribePacket,
  text,
  utf8,
  VERSION_NAMES,
  VERSIONS,
} from "./machine.ts";

/** What CONNACK says to a CONNECT, and whether the connection goes on. */
function answerTo(
  given: Given,
  settings: Partial<BrokerSettings> = {},
): { code: number | undefined; isEnding: boolean } {
  const peer = new Bench(settings).wire(given.protocolVersion ?? 5);
  peer.send(connectPacket(given));
  const [connack] = peer.packets();
  const code = connack?.type === "connack" ? connack.reasonCode : undefined;
  return { code, isEnding: peer.isEnding };
}

function refusal(code: number): { code: number; isEnding: boolean } {
  return { code, isEnding: true };
}

const WILL: WillPacket = {
  topicName: "w",
  payload: utf8("gone"),
  qos: 2,
  retain: true,
  properties: NO_PROPERTIES,
};

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];

  Deno.test(`BrokerMachine accepts a client of ${name}`, () => {
    assertEquals(answerTo({ protocolVersion }), { code: 0, isEnding: false });
  });

  Deno.test(`BrokerMachine refuses ${name} where it is not spoken`, () => {
    const protocolVersions = VERSIONS.filter((each) =>
      each !== protocolVersion
    );
    assertEquals(
      answerTo({ protocolVersion }, { protocolVersions }),
      refusal(protocolVersion === 5 ? 0x84 : 1),
    );
  });

  Deno.test(`BrokerMachine ends a client of ${name} that sends CONNECT twice`, () => {
    const bench = new Bench();
    const client = bench.client({ protocolVersion });
    client.send(connectPacket({ protocolVersion }));
    const lines = client.packets().map((packet) =>
      packet.type === "disconnect" ? packet.reasonCode : packet.type
    );
    assertEquals(lines, protocolVersion === 5 ? [0x82] : []);
    assert(client.isEnding);
    assertEquals(bench.told().slice(1), [
      "disconnected c protocol-error 82",
      "session-ended c",
    ]);
  });

  Deno.test(`BrokerMachine looks at no packet of ${name} behind a refused CONNECT`, () => {
    const bench = new Bench({ protocolVersions: [] });
    const peer = bench.wire(protocolVersion);
    peer.send(
      connectPacket({ protocolVersion }),
      publishPacket("t", "x"),
    );
    assertEquals(peer.packets().map(({ type }) => type), ["connack"]);
    assertEquals(bench.machine.stats.messagesReceived, 0);
  });

  Deno.test(`BrokerMachine takes what comes right behind CONNECT by ${name}`, () => {
    const bench = new Bench();
    const peer = bench.wire(protocolVersion);
    peer.send(
      connectPacket({ protocolVersion }),
      subscribePacket("t"),
      publishPacket("t", "early"),
      { type: "disconnect", reasonCode: 0, properties: NO_PROPERTIES },
    );
    assertEquals(peer.packets().map(({ type }) => type), [
      "connack",
      "suback",
      "publish",
    ]);
    assert(peer.isEnding);
  });
}

Deno.test("BrokerMachine says nothing to one who begins with another packet than CONNECT", () => {
  for (const first of ["c0 00", "e0 00", "30 03 00 01 74", "40 02 00 01"]) {
    const bench = new Bench();
    const peer = bench.wire();
    peer.sendBytes(first);
    assertEquals([peer.hex(), peer.isEnding], ["", true], first);
    assertEquals(bench.told(), ["refused  82"]);
  }
});

Deno.test("BrokerMachine says nothing to one who does not speak MQTT", () => {
  const bench = new Bench();
  const peer = bench.wire();
  peer.push(utf8("GET / HTTP/1.1\r\n\r\n"));
  assertEquals([peer.hex(), peer.isEnding], ["", true]);
});

Deno.test("BrokerMachine answers a protocol that it does not know in the form that every client knows", () => {
  // [MQTT-3.1.2-1], [MQTT-3.1.2-2]: levels 6 and 0x84, and another name
  for (
    const connect of [
      "10 0e 00 04 4d 51 54 54 06 02 00 00 00 00 01 61",
      "10 0d 00 04 4d 51 54 54 84 02 00 00 00 01 61",
      "10 0d 00 04 4d 51 54 58 04 02 00 00 00 01 61",
    ]
  ) {
    const peer = new Bench().wire();
    peer.sendBytes(connect);
    assertEquals([peer.hex(), peer.isEnding], ["20 02 00 01", true], connect);
  }
});

Deno.test("BrokerMachine answers a malformed CONNECT of MQTT 5 with its Reason Code, and one of MQTT 3.x with silence", () => {
  // The reserved flag is set [MQTT-3.1.2-3].
  const bench = new Bench();
  const peer = bench.wire();
  peer.sendBytes("10 0e 00 04 4d 51 54 54 05 03 00 00 00 00 01 61");
  const [connack] = peer.packets();
  assert(connack?.type === "connack");
  assertEquals(connack.reasonCode, 0x81);
  assertEquals(
    connack.properties.reasonString,
    "Cannot decode CONNECT: its reserved flag is set [MQTT-3.1.2-3]",
  );
  assert(peer.isEnding);
  const old = bench.wire();
  old.sendBytes("10 0d 00 04 4d 51 54 54 04 03 00 00 00 01 61");
  assertEquals([old.hex(), old.isEnding], ["", true]);
});

Deno.test("BrokerMachine gives MQTT 3.1.1 a Client Identifier that nobody sees, where nothing is kept", () => {
  // [MQTT-3.1.3-6], [MQTT-3.1.3-7]
  const bench = new Bench();
  bench.client({ protocolVersion: 4, clientId: "" });
  assertEquals(bench.machine.clients.map(({ clientId }) => clientId), [
    "given-1",
  ]);
});

Deno.test("BrokerMachine gives no Client Identifier that a session has", () => {
  // [MQTT-3.2.2-16]
  const ids = ["same", "same", "same", "other"];
  const bench = new Bench({ makeClientId: () => ids.shift() ?? "" });
  bench.client({ clientId: "" });
  bench.client({ clientId: "" });
  assertEquals(bench.machine.clients.map(({ clientId }) => clientId), [
    "same",
    "other",
  ]);
  const poor = new Bench({ makeClientId: () => "same" });
  poor.client({ clientId: "" });
  const peer = poor.wire();
  peer.send(connectPacket({ clientId: "" }));
  const [connack] = peer.packets();
  assert(connack?.type === "connack");
  assertEquals(connack.reasonCode, 0x88);
});

Deno.test("BrokerMachine refuses Client Identifiers as each version has it", () => {
  const long = "x".repeat(24);
  assertEquals(answerTo({ protocolVersion: 3, clientId: "" }), refusal(2));
  assertEquals(answerTo({ protocolVersion: 3, clientId: long }), refusal(2));
  assertEquals(
    answerTo({ protocolVersion: 3, clientId: long.slice(1) }).code,
    0,
  );
  assertEquals(answerTo({ protocolVersion: 4, clientId: long }).code, 0);
  assertEquals(
    answerTo({ protocolVersion: 4, clientId: "", cleanStart: false }),
    refusal(2),
  );
  assertEquals(answerTo({ clientId: "", cleanStart: false }).code, 0);
});

Deno.test("BrokerMachine refuses a will that it could not publish", () => {
  const qos = { maximumQoS: 1 } as const;
  const retain = { retainAvailable: false };
  const notText = {
    ...WILL,
    payload: Uint8Array.of(0xFF),
    properties: { payloadFormatIndicator: 1 },
  } as const;
  assertEquals(answerTo({ will: WILL }, qos), refusal(0x9B));
  assertEquals(answerTo({ will: WILL }, retain), refusal(0x9A));
  assertEquals(answerTo({ will: notText }), refusal(0x99));
  assertEquals(
    answerTo({ will: notText }, { payloadFormatChecked: false }).code,
    0,
  );
  const will = WILL;
  assertEquals(answerTo({ protocolVersion: 4, will }, qos), refusal(5));
  assertEquals(answerTo({ protocolVersion: 3, will }, retain), refusal(5));
});

Deno.test("BrokerMachine ends a wire that sends no CONNECT in time", () => {
  const bench = new Bench({ connectTimeoutMs: 10_000 });
  const peer = bench.wire();
  peer.sendBytes("10 0d 00 04");
  bench.pass(9_999);
  assertEquals([peer.hex(), peer.isEnding], ["", false]);
  bench.pass(1);
  assertEquals([peer.hex(), peer.isEnding], ["", true]);
  assertEquals(bench.told(), ["refused  -"]);
  assertEquals(bench.machine.deadline, Infinity);
});

Deno.test("BrokerMachine tells a browser and a client of TLS from broken packets of MQTT, at once or in time", () => {
  const refusals = [
    // "GET /long... HTTP/1.1", with as many bytes as "E" announces of a packet, or fewer.
    ["47 45 54 20 2f" + " 61".repeat(70), "it speaks HTTP, not MQTT"],
    ["47 45 54 20 2f", "it speaks HTTP, not MQTT"],
    ["16 03 01 02 00 01", "it speaks TLS, which is not spoken here"],
    ["70 02 00 01", "The client sent PUBCOMP before CONNECT"],
  ] as const;
  for (const [bytes, why] of refusals) {
    const bench = new Bench();
    bench.wire().sendBytes(bytes);
    bench.pass(10_000);
    const [event] = bench.machine.takeEvents();
    if (event?.type !== "refused") throw new Error("it is refused");
    assertStringIncludes(event.reason, why);
  }
});

Deno.test("BrokerMachine tells of a wire that goes before CONNECT", () => {
  const bench = new Bench();
  bench.wire().lose();
  assertEquals(bench.told(), ["refused  -"]);
  assertEquals(bench.machine.stats.connections, 0);
});

Deno.test("BrokerMachine ends a wire too many at once, and takes one again when another has gone", () => {
  const bench = new Bench({ connectionsMax: 1 });
  const first = bench.client("a");
  const second = bench.wire();
  assertEquals([second.isEnding, second.hex()], [true, ""]);
  second.send(connectPacket());
  assertEquals(second.hex(), "");
  second.lose();
  first.lose();
  assert(!bench.wire().isEnding);
});

Deno.test("BrokerMachine refuses a session too many, and takes up one that is there", () => {
  const bench = new Bench({ sessionsMax: 1 });
  const properties = { sessionExpiryInterval: 100 };
  bench.client({ clientId: "a", properties }).lose();
  const peer = bench.wire();
  peer.send(connectPacket({ clientId: "b" }));
  const [connack] = peer.packets();
  assert(connack?.type === "connack");
  assertEquals(connack.reasonCode, 0x97);
  const old = bench.wire(4);
  old.send(connectPacket({ protocolVersion: 4, clientId: "b" }));
  assertEquals(old.hex(), "20 02 00 03");
  bench.client({ clientId: "a", properties });
});

Deno.test("BrokerMachine announces the session's expiry where it is shorter than asked for, and the Keep Alive where it is", () => {
  const bench = new Bench({ sessionExpiryIntervalMax: 60, serverKeepAlive: 9 });
  const peer = bench.wire();
  peer.send(connectPacket({
    keepAlive: 0,
    properties: { sessionExpiryInterval: 0xFFFFFFFF },
  }));
  const [connack] = peer.packets();
  assert(connack?.type === "connack");
  assertEquals(connack.properties.sessionExpiryInterval, 60);
  assertEquals(connack.properties.serverKeepAlive, 9);
  const other = bench.wire();
  other.send(connectPacket({
    clientId: "d",
    keepAlive: 9,
    properties: { sessionExpiryInterval: 60 },
  }));
  const [short] = other.packets();
  assert(short?.type === "connack");
  assertEquals(short.properties.sessionExpiryInterval, undefined);
  assertEquals(short.properties.serverKeepAlive, undefined);
});

Deno.test("BrokerMachine gives Response Information to those alone who ask for it, and where there is some", () => {
  const infoFor = (asked: boolean, settings: Partial<BrokerSettings> = {}) => {
    const peer = new Bench(settings).wire();
    peer.send(connectPacket({
      properties: { requestResponseInformation: asked },
    }));
    const [connack] = peer.packets();
    assert(connack?.type === "connack");
    return connack.properties.responseInformation;
  };
  assertEquals(infoFor(true), "responses/c");
  assertEquals(infoFor(false), undefined);
  assertEquals(
    infoFor(true, { responseInformation: () => undefined }),
    undefined,
  );
});

Deno.test("BrokerMachine refuses a client for whom CONNACK is too large, and takes nothing over", () => {
  const bench = new Bench();
  const client = bench.client();
  bench.told();
  const peer = bench.wire();
  peer.send(connectPacket({ properties: { maximumPacketSize: 12 } }));
  assertEquals([peer.hex(), peer.isEnding], ["20 03 00 95 00", true]);
  assertEquals(bench.told(), ["refused c 95"]);
  assert(client.connection.isConnected);
  // Not even that fits.
  const other = bench.wire();
  other.send(connectPacket({ properties: { maximumPacketSize: 4 } }));
  assertEquals([other.hex(), other.isEnding], ["", true]);
  bench.client({ properties: { maximumPacketSize: 13 } });
});

Deno.test("BrokerMachine keeps nothing of the block that CONNECT came in but what it needs", () => {
  const bench = new Bench();
  const peer = bench.wire();
  peer.send(
    connectPacket({
      username: "u",
      password: utf8("secret"),
      will: { ...WILL, payload: utf8("gone") },
    }),
    ...Array(1000).fill({ type: "pingreq" } as const),
  );
  const { connectPacket: kept } = peer.connection;
  assertEquals(text(kept?.password ?? utf8("")), "secret");
  assertEquals(kept?.password?.buffer.byteLength, 6);
  assertEquals(kept?.will?.payload.buffer.byteLength, 4);
});

Deno.test("BrokerMachine answers nothing that comes behind the end of a connection", () => {
  const bench = new Bench();
  const client = bench.client();
  client.send({
    type: "disconnect",
    reasonCode: 0,
    properties: NO_PROPERTIES,
  }, { type: "pingreq" });
  client.send({ type: "pingreq" }, ack("pubrel"));
  assertEquals(client.hex(), "");
  client.lose();
  client.lose();
  client.send({ type: "pingreq" });
  client.read();
  assertEquals(bench.told(), [
    "connected c",
    "disconnected c client 00",
    "session-ended c",
  ]);
});
