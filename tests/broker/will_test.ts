// Wills (3.1.2.5, 3.1.3.2, 3.14.4).

import { assert, assertEquals } from "@std/assert";
import type { Properties, WillPacket } from "../../src/codec/packet.ts";
import {
  Bench,
  connectPacket,
  type Given,
  type Peer,
  publishPacket,
  subscribePacket,
  utf8,
  VERSION_NAMES,
  VERSIONS,
} from "./machine.ts";

function willOf(properties: Properties = {}): WillPacket {
  return {
    topicName: "w",
    payload: utf8("gone"),
    qos: 1,
    retain: false,
    properties,
  };
}

/** One who watches for wills, and a client that has one. */
function watched(given: Given = {}): {
  bench: Bench;
  watcher: Peer;
  client: Peer;
} {
  const bench = new Bench();
  const watcher = bench.client("watcher");
  watcher.send(subscribePacket("#"));
  watcher.take();
  const client = bench.client({ will: willOf(), ...given });
  return { bench, watcher, client };
}

/** A client whose will waits so many seconds, and whose session is kept for so many. */
function delayed(willDelayInterval: number, sessionExpiryInterval: number) {
  return watched({
    will: willOf({ willDelayInterval }),
    properties: { sessionExpiryInterval },
  });
}

function disconnect(peer: Peer, reasonCode: number): void {
  peer.send({ type: "disconnect", reasonCode, properties: {} });
  peer.lose();
}

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];

  Deno.test(`BrokerMachine publishes a will of ${name} when the wire breaks, and once`, () => {
    const { bench, watcher, client } = watched({ protocolVersion });
    client.lose();
    client.lose();
    assertEquals(watcher.messages(), ["gone"]);
    bench.client({ protocolVersion }).lose();
    assertEquals(watcher.messages(), []);
  });

  Deno.test(`BrokerMachine publishes no will of ${name} after a normal DISCONNECT`, () => {
    const { watcher, client } = watched({ protocolVersion });
    disconnect(client, 0);
    assertEquals(watcher.messages(), []);
  });

  Deno.test(`BrokerMachine publishes a will of ${name} when its client breaks the rules, is silent or is taken over`, () => {
    const broken = watched({ protocolVersion });
    broken.client.send(connectPacket({ protocolVersion }));
    assertEquals(broken.watcher.messages(), ["gone"]);
    const silent = watched({ protocolVersion, keepAlive: 10 });
    silent.bench.pass(15_000);
    assertEquals(silent.watcher.messages(), ["gone"]);
    assert(silent.client.isEnding);
    const taken = watched({ protocolVersion });
    taken.bench.client({ protocolVersion });
    assertEquals(taken.watcher.messages(), ["gone"]);
    const sent = watched({ protocolVersion });
    sent.bench.machine.disconnect("c", 0x98, sent.bench.now);
    assertEquals(sent.watcher.messages(), ["gone"]);
  });
}

Deno.test("BrokerMachine publishes a will after any DISCONNECT of MQTT 5 that is not normal", () => {
  // [MQTT-3.14.4-3] speaks of 0x00 alone.
  for (const reasonCode of [0x04, 0x80, 0x93]) {
    const { watcher, client } = watched();
    disconnect(client, reasonCode);
    assertEquals(watcher.messages(), ["gone"]);
  }
});

Deno.test("BrokerMachine publishes a will as its client has set it", () => {
  const { bench, watcher, client } = watched({
    will: {
      topicName: "w",
      payload: utf8("gone"),
      qos: 2,
      retain: true,
      properties: {
        willDelayInterval: 0,
        payloadFormatIndicator: 1,
        messageExpiryInterval: 60,
        contentType: "text",
        responseTopic: "r",
        correlationData: utf8("c"),
        userProperties: [["k", "v"]],
      },
    },
  });
  client.lose();
  assertEquals(watcher.lines(), [
    'PUBLISH "w" QoS 2 id 1 4 bytes "gone" payloadFormatIndicator 1 messageExpiryInterval 60 contentType "text" responseTopic "r" correlationData "c" userProperties "k"="v"',
  ]);
  const late = bench.client("late");
  late.send(subscribePacket("w", { qos: 0 }));
  assertEquals(late.packets().map(({ type }) => type), ["suback", "publish"]);
});

Deno.test("BrokerMachine lets a will wait for its delay, and counts its expiry from when it is published", () => {
  const { bench, watcher, client } = watched({
    will: willOf({ willDelayInterval: 10, messageExpiryInterval: 60 }),
    properties: { sessionExpiryInterval: 100 },
  });
  client.lose();
  bench.pass(9_999);
  assertEquals(watcher.lines(), []);
  bench.pass(1);
  assertEquals(watcher.lines(), [
    'PUBLISH "w" QoS 1 id 1 4 bytes "gone" messageExpiryInterval 60',
  ]);
  bench.pass(1e9);
  assertEquals(watcher.lines(), []);
});

Deno.test("BrokerMachine publishes no will whose client comes back in time", () => {
  // [MQTT-3.1.3-9]
  const { bench, watcher, client } = delayed(10, 100);
  client.lose();
  bench.pass(9_999);
  const properties = { sessionExpiryInterval: 100 };
  const again = bench.client({ cleanStart: false, properties });
  bench.pass(1e6);
  assertEquals(watcher.messages(), []);
  again.lose();
  bench.pass(1e6);
  assertEquals(watcher.messages(), []);
});

Deno.test("BrokerMachine publishes a will when the session ends, if that is earlier", () => {
  const { bench, watcher, client } = delayed(100, 10);
  client.lose();
  bench.pass(9_999);
  assertEquals(watcher.messages(), []);
  bench.pass(1);
  assertEquals(watcher.messages(), ["gone"]);
  assertEquals(bench.told().slice(-2), [
    "session-ended c",
    "message c w gone",
  ]);
  bench.pass(1e6);
  assertEquals(watcher.messages(), []);
});

Deno.test("BrokerMachine publishes a will at once where the session ends with the connection", () => {
  const { watcher, client } = delayed(100, 0);
  client.lose();
  assertEquals(watcher.messages(), ["gone"]);
});

Deno.test("BrokerMachine publishes a will at Clean Start, as the session ends with it", () => {
  const { bench, watcher, client } = delayed(100, 1000);
  client.lose();
  bench.client();
  assertEquals(watcher.messages(), ["gone"]);
  bench.pass(1e6);
  assertEquals(watcher.messages(), []);
});

Deno.test("BrokerMachine publishes no will at a takeover that resumes the session before its delay", () => {
  const properties = { sessionExpiryInterval: 1000 };
  const kept = delayed(100, 1000);
  kept.bench.client({ cleanStart: false, properties });
  kept.bench.pass(1e6);
  assertEquals(kept.watcher.messages(), []);
  // Without a delay it is published, as the connection is closed (3.1.4).
  const none = delayed(0, 1000);
  none.bench.client({ cleanStart: false, properties });
  assertEquals(none.watcher.messages(), ["gone"]);
  const clean = delayed(100, 1000);
  clean.bench.client({ properties });
  assertEquals(clean.watcher.messages(), ["gone"]);
});

Deno.test("BrokerMachine lets DISCONNECT shorten the wait for a will by ending the session", () => {
  const { watcher, client } = delayed(100, 1000);
  client.send({
    type: "disconnect",
    reasonCode: 4,
    properties: { sessionExpiryInterval: 0 },
  });
  assertEquals(watcher.messages(), ["gone"]);
});

Deno.test("BrokerMachine has one will for each connection: the last one counts", () => {
  const { bench, watcher, client } = delayed(10, 100);
  client.lose();
  const properties = { sessionExpiryInterval: 100 };
  const will = { ...willOf({ willDelayInterval: 5 }), payload: utf8("again") };
  bench.client({ cleanStart: false, properties, will }).lose();
  bench.pass(1e6);
  assertEquals(watcher.messages(), ["again"]);
});

Deno.test("BrokerMachine keeps a will for those who are away, also for the client itself", () => {
  const bench = new Bench();
  const properties = { sessionExpiryInterval: 100 };
  const client = bench.client({
    properties,
    will: willOf({ willDelayInterval: 0 }),
  });
  client.send(subscribePacket("w"));
  client.lose();
  const again = bench.wire();
  again.send(connectPacket({ cleanStart: false, properties }));
  assertEquals(again.lines().at(-1), 'PUBLISH "w" QoS 1 id 1 4 bytes "gone"');
});

Deno.test("BrokerMachine publishes the wills of many in the order in which they are due", () => {
  const bench = new Bench();
  const watcher = bench.client("watcher");
  watcher.send(subscribePacket("#"));
  watcher.take();
  const delays = [5, 1, 4, 2, 3, 0, 9, 7];
  for (const delay of delays) {
    bench.client({
      clientId: `c${delay}`,
      properties: { sessionExpiryInterval: 100 },
      will: {
        ...willOf({ willDelayInterval: delay }),
        payload: utf8(`${delay}`),
      },
    }).lose();
  }
  bench.pass(1e6);
  assertEquals(watcher.messages(), delays.map(String).sort());
  watcher.send(publishPacket("x", "x"));
  assertEquals(bench.machine.stats.sessions, 1);
});
