// Sessions: how they begin, are taken up, taken over and end (3.1.2.4, 3.1.2.11.2, 3.1.4).

import { assert, assertEquals } from "@std/assert";
import { NO_PROPERTIES, type Properties } from "../../src/codec/packet.ts";
import {
  Bench,
  connectPacket,
  type Given,
  type Peer,
  publishPacket,
  subscribePacket,
  VERSION_NAMES,
} from "./machine.ts";

const NEVER = 0xFFFFFFFF;

function sessionPresentTo(bench: Bench, given: Given): boolean {
  const peer = bench.wire(given.protocolVersion ?? 5);
  peer.send(connectPacket(given));
  const [connack] = peer.packets();
  assert(connack?.type === "connack");
  assertEquals(connack.reasonCode, 0);
  return connack.sessionPresent;
}

function disconnect(peer: Peer, properties: Properties = NO_PROPERTIES): void {
  peer.send({ type: "disconnect", reasonCode: 0, properties });
  peer.lose();
}

function expiring(sessionExpiryInterval: number): Given {
  return { cleanStart: false, properties: { sessionExpiryInterval } };
}

Deno.test("BrokerMachine keeps a session of MQTT 5 for its Session Expiry Interval", () => {
  const bench = new Bench();
  const given = expiring(10);
  bench.client(given).lose();
  bench.pass(9_999);
  assertEquals(sessionPresentTo(bench, given), true);
  const other = bench.client({ ...given, clientId: "d" });
  other.lose();
  bench.pass(10_000);
  assertEquals(sessionPresentTo(bench, { ...given, clientId: "d" }), false);
});

Deno.test("BrokerMachine keeps a session of MQTT 5 for ever where it never expires", () => {
  const bench = new Bench();
  bench.client(expiring(NEVER)).lose();
  assertEquals(bench.machine.deadline, Infinity);
  bench.pass(1e12);
  assertEquals(sessionPresentTo(bench, expiring(NEVER)), true);
});

Deno.test("BrokerMachine ends a session of MQTT 5 with its connection where it has no Session Expiry Interval", () => {
  const bench = new Bench();
  bench.client({ cleanStart: false }).lose();
  assertEquals(bench.told().slice(1), [
    "disconnected c wire -",
    "session-ended c",
  ]);
  assertEquals(sessionPresentTo(bench, { cleanStart: false }), false);
});

Deno.test("BrokerMachine keeps a session of MQTT 5 that began with Clean Start", () => {
  const bench = new Bench();
  bench.client({ ...expiring(10), cleanStart: true }).lose();
  assertEquals(sessionPresentTo(bench, expiring(0)), true);
});

Deno.test("BrokerMachine forgets a session at Clean Start", () => {
  const bench = new Bench();
  const client = bench.client(expiring(10));
  client.send(subscribePacket("t"));
  client.lose();
  assertEquals(
    sessionPresentTo(bench, { ...expiring(10), cleanStart: true }),
    false,
  );
  assertEquals(bench.machine.stats.subscriptions, 0);
  assertEquals(bench.told().slice(-2), ["session-ended c", "connected c"]);
});

Deno.test("BrokerMachine changes the Session Expiry Interval at DISCONNECT", () => {
  const bench = new Bench();
  disconnect(bench.client(expiring(10)), { sessionExpiryInterval: 100 });
  bench.pass(99_999);
  assertEquals(bench.machine.stats.sessions, 1);
  bench.pass(1);
  assertEquals(bench.machine.stats.sessions, 0);
  disconnect(bench.client(expiring(10)), { sessionExpiryInterval: 0 });
  assertEquals(bench.machine.stats.sessions, 0);
});

Deno.test("BrokerMachine does not let DISCONNECT raise a Session Expiry Interval of 0", () => {
  for (const connect of [{}, expiring(0)]) {
    const bench = new Bench();
    const client = bench.client(connect);
    client.send({
      type: "disconnect",
      reasonCode: 0,
      properties: { sessionExpiryInterval: 1 },
    });
    const [packet] = client.packets();
    assert(packet?.type === "disconnect");
    assertEquals(packet.reasonCode, 0x82);
    assertEquals(bench.machine.stats.sessions, 0);
  }
  const bench = new Bench();
  disconnect(bench.client(), { sessionExpiryInterval: 0 });
  assertEquals(bench.told().slice(1), [
    "disconnected c client 00",
    "session-ended c",
  ]);
});

for (const protocolVersion of [3, 4] as const) {
  const name = VERSION_NAMES[protocolVersion];
  const kept = { protocolVersion, cleanStart: false };

  Deno.test(`BrokerMachine keeps a session of ${name} for ever without Clean Session`, () => {
    const bench = new Bench();
    disconnect(bench.client(kept));
    bench.pass(1e12);
    // MQTT 3.1 has no flag to say so.
    assertEquals(sessionPresentTo(bench, kept), protocolVersion === 4);
    assertEquals(bench.told().at(-1), "connected c session present");
  });

  Deno.test(`BrokerMachine keeps no session of ${name} with Clean Session`, () => {
    const bench = new Bench();
    bench.client({ protocolVersion }).lose();
    assertEquals(bench.machine.stats.sessions, 0);
  });

  Deno.test(`BrokerMachine keeps a session of ${name} no longer than it is set to`, () => {
    const bench = new Bench({ sessionExpiryIntervalMax: 60 });
    bench.client(kept).lose();
    bench.pass(60_000);
    assertEquals(bench.machine.stats.sessions, 0);
  });
}

for (const before of [4, 5] as const) {
  const after = before === 4 ? 5 : 4;
  Deno.test(`BrokerMachine takes up by ${VERSION_NAMES[after]} what ${VERSION_NAMES[before]} has left`, () => {
    const bench = new Bench();
    const given = expiring(NEVER);
    const old = bench.client({
      ...given,
      protocolVersion: before,
      properties: before === 5 ? given.properties ?? {} : NO_PROPERTIES,
    });
    old.send(subscribePacket("t", {
      properties: before === 5 ? { subscriptionIdentifier: 7 } : {},
    }));
    old.lose();
    bench.client("p").send(publishPacket("t", "kept", {
      qos: 1,
      properties: { contentType: "x" },
    }));
    const peer = bench.wire(after);
    peer.send(connectPacket({
      protocolVersion: after,
      cleanStart: false,
    }));
    const [connack, publish] = peer.packets();
    assert(connack?.type === "connack" && publish?.type === "publish");
    assertEquals(connack.sessionPresent, true);
    assertEquals(
      publish.properties,
      after === 5 ? { contentType: "x" } : {},
    );
  });
}

Deno.test("BrokerMachine takes a session over from a connection that is still there", () => {
  const bench = new Bench();
  const old = bench.client(expiring(10));
  old.send(subscribePacket("t"));
  old.take();
  assertEquals(sessionPresentTo(bench, expiring(10)), true);
  assertEquals(old.lines(), ["DISCONNECT 0x8E session taken over"]);
  assert(old.isEnding);
  // What the old connection still says is not looked at, and its end ends nothing.
  old.send(publishPacket("t"));
  old.lose();
  assertEquals(bench.machine.stats.messagesReceived, 0);
  assertEquals(bench.told().slice(2), [
    "disconnected c taken-over 8e",
    "connected c session present",
  ]);
  assertEquals(bench.machine.clients[0]?.isConnected, true);
});

Deno.test("BrokerMachine ends with a takeover what was to end with the old connection", () => {
  const bench = new Bench();
  bench.client({ cleanStart: false });
  assertEquals(sessionPresentTo(bench, expiring(10)), false);
});

Deno.test("BrokerMachine closes a connection of MQTT 3.1.1 that is taken over without a word", () => {
  const bench = new Bench();
  const old = bench.client({ protocolVersion: 4 });
  bench.client({});
  assertEquals([old.hex(), old.isEnding], ["", true]);
});

Deno.test("BrokerMachine outlives a storm of takeovers, and keeps one session", () => {
  const bench = new Bench();
  const peers: Peer[] = [];
  for (let index = 0; index < 500; index++) {
    peers.push(bench.client(expiring(10)));
    bench.pass(1);
  }
  for (const peer of peers.slice(0, -1)) {
    assert(peer.isEnding);
    peer.lose();
  }
  assertEquals(bench.machine.stats.connections, 1);
  assertEquals(bench.machine.stats.sessions, 1);
  const [last] = peers.slice(-1);
  last?.send({ type: "pingreq" });
  assertEquals(last?.lines(), ["PINGRESP"]);
});

Deno.test("BrokerMachine ends a session and a connection when it is told to", () => {
  const bench = new Bench();
  const client = bench.client(expiring(10));
  assert(bench.machine.disconnect("c", 0x98, bench.now));
  assertEquals(client.lines(), ["DISCONNECT 0x98 administrative action"]);
  assertEquals(bench.machine.stats.sessions, 1);
  assert(!bench.machine.disconnect("c", 0x98, bench.now));
  assert(bench.machine.endSession("c", bench.now));
  assert(!bench.machine.endSession("c", bench.now));
  assertEquals(bench.told().slice(1), [
    "disconnected c administrative 98",
    "session-ended c",
  ]);
  const again = bench.client(expiring(10));
  assert(bench.machine.endSession("c", bench.now));
  assert(again.isEnding);
  assertEquals(bench.machine.stats.sessions, 0);
});
