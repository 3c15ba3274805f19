// Messages to clients: windows, handshakes, and what is sent again (4.3, 4.4, 4.6, 4.9).

import { assert, assertEquals } from "@std/assert";
import type { BrokerSettings } from "../../src/broker/settings.ts";
import type { Properties, QoS } from "../../src/codec/packet.ts";
import {
  ack,
  Bench,
  connectPacket,
  type Given,
  type Peer,
  publishPacket,
  subscribePacket,
  text,
  utf8,
  VERSION_NAMES,
  VERSIONS,
} from "./machine.ts";

/** A client with a lasting session that has subscribed to everything. */
function subscriberOf(bench: Bench, given: Given = {}): Peer {
  const client = bench.client({ cleanStart: false, ...lasting(given) });
  client.send(subscribePacket("#"));
  client.take();
  return client;
}

function lasting(given: Given): Given {
  if (given.protocolVersion && given.protocolVersion < 5) return given;
  return {
    ...given,
    properties: { sessionExpiryInterval: 1_000, ...given.properties },
  };
}

/** The subscriber comes back: what is behind CONNACK is not taken. */
function comeBack(bench: Bench, given: Given = {}): Peer {
  const peer = bench.wire(given.protocolVersion ?? 5);
  peer.send(connectPacket({ cleanStart: false, ...lasting(given) }));
  return peer;
}

function publish(
  bench: Bench,
  payloads: string,
  qos: QoS,
  topicName = "t",
): void {
  for (const payload of payloads) {
    bench.machine.publish({
      topicName,
      payload: utf8(payload),
      qos,
      retain: false,
      properties: {},
    }, bench.now);
  }
}

/** What a client gets, as short as can be: payload, QoS, identifier. */
function shortLines(peer: Peer): string[] {
  return peer.packets().filter(({ type }) => type !== "connack").map(
    (packet) => {
      if (packet.type === "publish") {
        const { payload, qos, packetId, dup } = packet;
        return `${text(payload)} q${qos} ${packetId}${dup ? " dup" : ""}`;
      }
      return "packetId" in packet
        ? `${packet.type} ${packet.packetId}`
        : packet.type;
    },
  );
}

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];
  const window: Partial<Given> = protocolVersion === 5
    ? { properties: { receiveMaximum: 2 } }
    : {};
  const settings: Partial<BrokerSettings> = { inflightMax: 2 };

  Deno.test(`BrokerMachine sends no more by ${name} than its client takes unacknowledged`, () => {
    const bench = new Bench(settings);
    const client = subscriberOf(bench, { protocolVersion, ...window });
    publish(bench, "abcd", 1);
    publish(bench, "0", 0);
    assertEquals(shortLines(client), ["a q1 1", "b q1 2", "0 q0 0"]);
    client.send(ack("puback", 2));
    assertEquals(shortLines(client), ["c q1 3"]);
    client.send(ack("puback", 1), ack("puback", 3));
    assertEquals(shortLines(client), ["d q1 4"]);
    client.send(ack("puback", 4));
    assertEquals(bench.machine.stats.queuedMessages, 0);
    assertEquals(bench.machine.stats.queuedBytes, 0);
  });

  Deno.test(`BrokerMachine counts a message of QoS 2 until PUBCOMP by ${name}`, () => {
    const bench = new Bench(settings);
    const client = subscriberOf(bench, { protocolVersion, ...window });
    publish(bench, "abc", 2);
    assertEquals(shortLines(client), ["a q2 1", "b q2 2"]);
    client.send(ack("pubrec", 1));
    assertEquals(shortLines(client), ["pubrel 1"]);
    client.send(ack("pubcomp", 1));
    assertEquals(shortLines(client), ["c q2 3"]);
  });

  Deno.test(`BrokerMachine sends again by ${name} what was not acknowledged, in its order, PUBREL in place of PUBLISH after PUBREC`, () => {
    const bench = new Bench();
    const client = subscriberOf(bench, { protocolVersion });
    publish(bench, "a", 1);
    publish(bench, "bcd", 2);
    publish(bench, "e", 1);
    publish(bench, "f", 0);
    client.take();
    client.send(ack("pubrec", 4), ack("pubrec", 2));
    client.take();
    client.lose();
    publish(bench, "g", 1);
    publish(bench, "h", 0);
    const again = comeBack(bench, { protocolVersion });
    assertEquals(shortLines(again), [
      "pubrel 4",
      "pubrel 2",
      "a q1 1 dup",
      "c q2 3 dup",
      "e q1 5 dup",
      "g q1 6",
    ]);
    again.send(
      ack("pubcomp", 2),
      ack("pubcomp", 4),
      ack("puback", 1),
      ack("pubrec", 3),
      ack("pubcomp", 3),
      ack("puback", 5),
      ack("puback", 6),
    );
    assertEquals(bench.machine.clients[0]?.inFlight, 0);
    assertEquals(bench.machine.stats.queuedBytes, 0);
  });
}

Deno.test("BrokerMachine keeps to a smaller Receive Maximum when it sends again, and new messages wait behind", () => {
  const bench = new Bench();
  const client = subscriberOf(bench);
  publish(bench, "abc", 1);
  client.take();
  client.lose();
  publish(bench, "d", 1);
  const again = comeBack(bench, { properties: { receiveMaximum: 1 } });
  assertEquals(shortLines(again), ["a q1 1 dup"]);
  publish(bench, "e", 1);
  again.send(ack("puback", 1));
  assertEquals(shortLines(again), ["b q1 2 dup"]);
  again.send(ack("puback", 2));
  assertEquals(shortLines(again), ["c q1 3 dup"]);
  again.send(ack("puback", 3));
  assertEquals(shortLines(again), ["d q1 4"]);
  again.send(ack("puback", 4));
  assertEquals(shortLines(again), ["e q1 5"]);
});

Deno.test("BrokerMachine sends nothing new before what is to be sent again", () => {
  const bench = new Bench();
  const client = subscriberOf(bench);
  publish(bench, "ab", 1);
  client.take();
  client.lose();
  const again = comeBack(bench, { properties: { receiveMaximum: 1 } });
  again.take();
  // The client's own message comes right behind the acknowledgement that opens the window.
  again.send(ack("puback", 1), publishPacket("t", "c", { qos: 1, id: 9 }));
  assertEquals(shortLines(again), ["puback 9", "b q1 2 dup"]);
  again.send(ack("puback", 2));
  assertEquals(shortLines(again), ["c q1 3"]);
});

Deno.test("BrokerMachine sends again what an earlier connection did not come to send again", () => {
  const bench = new Bench();
  subscriberOf(bench).lose();
  publish(bench, "abcd", 1);
  let client = comeBack(bench);
  client.take();
  for (let time = 0; time < 3; time++) {
    client.lose();
    client = comeBack(bench, { properties: { receiveMaximum: 2 } });
    assertEquals(shortLines(client), ["a q1 1 dup", "b q1 2 dup"]);
  }
  client.send(ack("puback", 1), ack("puback", 2));
  assertEquals(shortLines(client), ["c q1 3 dup", "d q1 4 dup"]);
});

Deno.test("BrokerMachine does not let PUBCOMP of a PUBREL sent again lift the window above its start", () => {
  const bench = new Bench();
  const client = subscriberOf(bench);
  publish(bench, "ab", 2);
  client.take();
  client.send(ack("pubrec", 1), ack("pubrec", 2));
  client.lose();
  const again = comeBack(bench, { properties: { receiveMaximum: 1 } });
  assertEquals(shortLines(again), ["pubrel 1", "pubrel 2"]);
  again.send(ack("pubcomp", 1), ack("pubcomp", 2));
  publish(bench, "cde", 1);
  assertEquals(shortLines(again), ["c q1 3"]);
});

Deno.test("BrokerMachine skips what is acknowledged before it is sent again", () => {
  const bench = new Bench();
  const client = subscriberOf(bench);
  publish(bench, "abc", 1);
  client.take();
  client.lose();
  const again = comeBack(bench, { properties: { receiveMaximum: 1 } });
  again.take();
  again.send(ack("puback", 2));
  assertEquals(shortLines(again), []);
  again.send(ack("puback", 1));
  assertEquals(shortLines(again), ["c q1 3 dup"]);
});

Deno.test("BrokerMachine reuses no identifier that is in flight", () => {
  const bench = new Bench();
  const client = subscriberOf(bench);
  publish(bench, "a", 1);
  publish(bench, "b", 2);
  client.take();
  client.send(ack("pubrec", 2)); // 1 waits for PUBACK, 2 for PUBCOMP
  client.take();
  for (let id = 3; id <= 65_535; id++) {
    publish(bench, "x", 1);
    client.send(ack("puback", id));
    client.take();
  }
  publish(bench, "c", 1);
  assertEquals(shortLines(client), ["c q1 3"]);
});

Deno.test("BrokerMachine waits for an identifier where all are in flight", () => {
  const bench = new Bench();
  const client = subscriberOf(bench);
  for (let id = 1; id <= 65_535; id++) {
    publish(bench, "x", 2);
    client.take();
    client.send(ack("pubrec", id));
  }
  client.lose();
  // The window is open again, but each identifier waits for its PUBCOMP.
  const again = comeBack(bench);
  publish(bench, "y", 1);
  publish(bench, "z", 1);
  again.take();
  assertEquals(bench.machine.clients[0]?.queued, 2);
  assertEquals(bench.machine.clients[0]?.inFlight, 65_535);
  again.send(ack("pubcomp", 777), ack("pubcomp", 65_535));
  assertEquals(shortLines(again), ["y q1 777", "z q1 65535"]);
});

Deno.test("BrokerMachine ends the handshake where its client refuses the message", () => {
  const bench = new Bench();
  const client = subscriberOf(bench, { properties: { receiveMaximum: 1 } });
  publish(bench, "a", 1);
  publish(bench, "bc", 2);
  client.take();
  client.send(ack("puback", 1, 0x97));
  assertEquals(shortLines(client), ["b q2 2"]);
  client.send(ack("pubrec", 2, 0x83)); // no PUBREL follows [MQTT-4.3.3-4]
  assertEquals(shortLines(client), ["c q2 3"]);
  assertEquals(bench.machine.clients[0]?.inFlight, 1);
});

Deno.test("BrokerMachine answers a PUBREC of nothing with PUBREL, and overlooks other acknowledgements of nothing", () => {
  const bench = new Bench();
  const client = bench.client();
  client.send(
    ack("puback", 9),
    ack("pubcomp", 9),
    ack("pubrec", 9, 0x80),
    ack("pubrec", 9),
  );
  assertEquals(client.hex(), "62 03 00 09 92");
  const old = bench.client({ clientId: "old", protocolVersion: 4 });
  old.send(ack("puback", 9), ack("pubcomp", 9), ack("pubrec", 9));
  assertEquals(old.hex(), "62 02 00 09");
});

Deno.test("BrokerMachine answers PUBREC once more with PUBREL", () => {
  const bench = new Bench();
  const client = subscriberOf(bench);
  publish(bench, "a", 2);
  client.take();
  client.send(ack("pubrec", 1), ack("pubrec", 1));
  assertEquals(client.hex(), "62 02 00 01 62 02 00 01");
});

Deno.test("BrokerMachine ends a client whose acknowledgement is not the next one in the handshake", () => {
  for (
    const [qos, ...packets] of [
      [1, ack("pubrec", 1)],
      [1, ack("pubcomp", 1)],
      [2, ack("puback", 1)],
      [2, ack("pubcomp", 1)],
      [2, ack("pubrec", 1), ack("puback", 1)],
      [2, ack("pubrec", 1), ack("pubrec", 1, 0x80)],
    ] as const
  ) {
    const bench = new Bench();
    const client = subscriberOf(bench);
    publish(bench, "a", qos);
    client.take();
    client.send(...packets);
    const last = client.packets().at(-1);
    assert(last?.type === "disconnect");
    assertEquals(last.reasonCode, 0x82);
  }
});

Deno.test("BrokerMachine keeps the order of each topic and QoS, also across a slow client and a loss", () => {
  const bench = new Bench({ outgoingSizeMax: 40 });
  let client = subscriberOf(bench, { properties: { receiveMaximum: 3 } });
  const seen: Record<string, string> = {};
  const drain = () => {
    for (let packets = client.packets(); packets.length > 0;) {
      for (const packet of packets) {
        if (packet.type === "pubrel") {
          client.send(ack("pubcomp", packet.packetId));
        }
        if (packet.type !== "publish") continue;
        const { topicName, qos, packetId, payload } = packet;
        const key = `${topicName} ${qos}`;
        seen[key] = (seen[key] ?? "") + text(payload);
        if (qos === 1) client.send(ack("puback", packetId));
        if (qos === 2) client.send(ack("pubrec", packetId));
      }
      packets = client.packets();
    }
  };
  for (const payload of "abcdefgh") {
    for (const topicName of ["one", "two"]) {
      for (const qos of [0, 1, 2] as const) {
        publish(bench, payload, qos, topicName);
      }
    }
    if (payload === "c") drain();
    if (payload === "f") {
      // What was sent and not taken is lost with the wire, and sent again.
      client.lose();
      client = comeBack(bench, { properties: { receiveMaximum: 2 } });
    }
  }
  drain();
  for (const topicName of ["one", "two"]) {
    for (const qos of [1, 2]) {
      assertEquals(seen[`${topicName} ${qos}`], "abcdefgh");
    }
    assertEquals(seen[`${topicName} 0`], "abcgh");
  }
});

Deno.test("BrokerMachine lowers the QoS to what was granted", () => {
  const bench = new Bench({ maximumQoS: 1 });
  const client = bench.client();
  client.send(subscribePacket("t", { qos: 2 }));
  assertEquals(client.lines(), ["SUBACK id 1 0x01 granted QoS 1"]);
  publish(bench, "a", 2);
  publish(bench, "b", 0);
  assertEquals(shortLines(client), ["a q1 1", "b q0 0"]);
});

Deno.test("BrokerMachine uses its client's Topic Aliases for the names that were used last", () => {
  const bench = new Bench({ outgoingTopicAliasMaximum: 100 });
  const client = subscriberOf(bench, { properties: { topicAliasMaximum: 2 } });
  const sent = (topicName: string) => {
    publish(bench, "x", 0, topicName);
    const [packet] = client.packets();
    assert(packet?.type === "publish");
    const { topicAlias } = packet.properties;
    return `${packet.topicName} ${topicAlias}`.replace("undefined", "-");
  };
  assertEquals(sent("aaaa"), "aaaa 1");
  assertEquals(sent("bbbb"), "bbbb 2");
  assertEquals(sent("aaaa"), " 1");
  assertEquals(sent("cccc"), "cccc 2"); // in place of bbbb, the older one
  assertEquals(sent("aaaa"), " 1");
  assertEquals(sent("bbbb"), "bbbb 2");
  assertEquals(sent("aaaa"), " 1");
  assertEquals(sent("abc"), "abc -"); // no longer than its alias
  client.lose();
  const again = comeBack(bench, { properties: { topicAliasMaximum: 1 } });
  again.take();
  publish(bench, "x", 0, "aaaa");
  assertEquals(again.lines(), [
    'PUBLISH "aaaa" QoS 0 1 bytes "x" topicAlias 1',
  ]);
});

Deno.test("BrokerMachine uses no more Topic Aliases than it is set to, and none that were not offered", () => {
  const aliasOf = (
    settings: Partial<BrokerSettings>,
    properties: Properties,
  ) => {
    const bench = new Bench(settings);
    const client = subscriberOf(bench, { properties });
    publish(bench, "x", 0, "long/name");
    const [packet] = client.packets();
    assert(packet?.type === "publish");
    return packet.properties.topicAlias;
  };
  assertEquals(aliasOf({}, {}), undefined);
  assertEquals(aliasOf({}, { topicAliasMaximum: 5 }), 1);
  assertEquals(
    aliasOf({ outgoingTopicAliasMaximum: 0 }, { topicAliasMaximum: 5 }),
    undefined,
  );
});

Deno.test("BrokerMachine sends again with an alias as it sent with none", () => {
  const bench = new Bench();
  const client = subscriberOf(bench, { properties: { topicAliasMaximum: 5 } });
  publish(bench, "a", 1, "long/name");
  publish(bench, "b", 1, "long/name");
  client.take();
  client.lose();
  const again = comeBack(bench, { properties: { topicAliasMaximum: 5 } });
  assertEquals(again.lines().slice(1), [
    'PUBLISH "long/name" QoS 1 id 1 dup 1 bytes "a" topicAlias 1',
    'PUBLISH "" QoS 1 id 2 dup 1 bytes "b" topicAlias 1',
  ]);
});

Deno.test("BrokerMachine encodes a message for many as for one: every version, QoS and flag", () => {
  const bench = new Bench();
  const clients: Peer[] = [];
  for (const protocolVersion of VERSIONS) {
    for (const qos of [0, 1, 2] as const) {
      for (let copy = 0; copy < 4; copy++) {
        const client = bench.client({
          protocolVersion,
          clientId: `c${protocolVersion}${qos}${copy}`,
        });
        client.send(subscribePacket("täg/#", {
          qos,
          retainAsPublished: protocolVersion === 5 && copy > 1,
        }));
        client.take();
        clients.push(client);
      }
    }
  }
  for (const size of [0, 1, 100, 200, 20_000]) {
    const payload = new Uint8Array(size).fill(0x61);
    const properties: Properties = {
      contentType: "x",
      userProperties: [["k", "v"]],
    };
    for (let time = 0; time < 3; time++) {
      bench.machine.publish({
        topicName: "täg/" + "x".repeat(120 * time),
        payload,
        qos: 2,
        retain: true,
        properties,
      }, bench.now);
      for (const [index, client] of clients.entries()) {
        const [packet] = client.packets();
        assert(packet?.type === "publish");
        const protocolVersion = 3 + Math.floor(index / 12);
        assertEquals(packet.topicName, "täg/" + "x".repeat(120 * time));
        assertEquals(packet.payload.length, size);
        assertEquals(packet.qos, Math.floor(index / 4) % 3);
        assertEquals(packet.retain, protocolVersion === 5 && index % 4 > 1);
        assertEquals(packet.packetId > 0, packet.qos > 0);
        assertEquals(
          packet.properties,
          protocolVersion === 5 ? properties : {},
        );
      }
    }
  }
});
