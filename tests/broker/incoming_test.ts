// Messages from clients: PUBLISH and its answers (3.3 - 3.7, 4.3).

import { assert, assertEquals } from "@std/assert";
import type { BrokerSettings } from "../../src/broker/settings.ts";
import type { OutgoingPacket, Packet } from "../../src/codec/packet.ts";
import {
  ack,
  Bench,
  connectPacket,
  type MessageOptions,
  publishPacket,
  subscribePacket,
  VERSION_NAMES,
  VERSIONS,
} from "./machine.ts";

/** What a client is told that sends these packets. */
function answersTo(
  packets: readonly OutgoingPacket[],
  settings: Partial<BrokerSettings> = {},
): { codes: string[]; isEnding: boolean } {
  const client = new Bench(settings).client();
  client.send(...packets);
  return { codes: client.packets().map(codeOf), isEnding: client.isEnding };
}

function codeOf(packet: Packet): string {
  const code = "reasonCode" in packet ? packet.reasonCode.toString(16) : "";
  return `${packet.type} ${code}`.trimEnd();
}

function ended(code: string): { codes: string[]; isEnding: boolean } {
  return { codes: [`disconnect ${code}`], isEnding: true };
}

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];

  Deno.test(`BrokerMachine forwards what comes by ${name} at every QoS, and acknowledges it`, () => {
    for (const qos of [0, 1, 2] as const) {
      const bench = new Bench();
      const subscriber = bench.client({ clientId: "s", protocolVersion });
      subscriber.send(subscribePacket("t"));
      subscriber.take();
      const client = bench.client({ protocolVersion });
      client.send(publishPacket("t", "x", { qos, id: 9 }));
      const answers = ["", "PUBACK id 9", "PUBREC id 9"];
      assertEquals(client.lines().join(), answers[qos]);
      assertEquals(subscriber.messages(), ["x"]);
      assertEquals(bench.told().at(-1), "message c t x");
    }
  });

  Deno.test(`BrokerMachine publishes a message of QoS 2 once by ${name}, however often it comes`, () => {
    const bench = new Bench();
    const client = bench.client({
      protocolVersion,
      cleanStart: false,
      properties: protocolVersion === 5 ? { sessionExpiryInterval: 9 } : {},
    });
    const copy = { qos: 2, id: 9, dup: true } as const;
    client.send(subscribePacket("t"));
    client.take();
    client.send(publishPacket("t", "one", { qos: 2, id: 9 }));
    assertEquals(client.messages(), ["one"]);
    client.send(publishPacket("t", "one", copy));
    // Also without DUP: the identifier decides [MQTT-4.3.3-10].
    client.send(publishPacket("t", "one", { ...copy, dup: false }));
    assertEquals(client.lines(), ["PUBREC id 9", "PUBREC id 9"]);
    client.lose();
    const again = bench.wire(protocolVersion);
    again.send(
      connectPacket({ protocolVersion, cleanStart: false }),
      publishPacket("t", "one", copy),
      ack("pubrel", 9),
      publishPacket("t", "two", { qos: 2, id: 9 }),
    );
    assertEquals(again.messages(), ["two"]);
  });

  Deno.test(`BrokerMachine answers a PUBREL of nothing with PUBCOMP by ${name}`, () => {
    const client = new Bench().client({ protocolVersion });
    client.send(ack("pubrel", 9));
    // [MQTT-4.3.3-11]; MQTT 3.x has no word for it.
    assertEquals(
      client.hex(),
      protocolVersion === 5 ? "70 03 00 09 92" : "70 02 00 09",
    );
  });
}

Deno.test("BrokerMachine tells a publisher of MQTT 5 that nobody subscribes", () => {
  const bench = new Bench();
  const client = bench.client();
  client.send(publishPacket("t", "x", { qos: 1 }));
  client.send(publishPacket("t", "x", { qos: 2, id: 2 }));
  client.send(ack("pubrel", 2));
  assertEquals(client.packets().map(codeOf), [
    "puback 10",
    "pubrec 10",
    "pubcomp 0",
  ]);
  // Somebody is somebody, also when he is away.
  const away = bench.client({
    clientId: "s",
    properties: { sessionExpiryInterval: 9 },
  });
  away.send(subscribePacket("t"));
  away.lose();
  client.send(publishPacket("t", "x", { qos: 1 }));
  assertEquals(client.packets().map(codeOf), ["puback 0"]);
  const old = bench.client({ clientId: "old", protocolVersion: 4 });
  old.send(publishPacket("nobody", "x", { qos: 1 }));
  assertEquals(old.hex(), "40 02 00 01");
});

Deno.test("BrokerMachine ends a client that publishes above its Maximum QoS or what it does not retain", () => {
  const publish = (options: MessageOptions) => [
    publishPacket("t", "x", options),
  ];
  assertEquals(
    answersTo(publish({ qos: 1 }), { maximumQoS: 0 }),
    ended("9b"),
  );
  assertEquals(
    answersTo(publish({ qos: 2 }), { maximumQoS: 1 }),
    ended("9b"),
  );
  assertEquals(answersTo(publish({ qos: 1 }), { maximumQoS: 1 }).codes, [
    "puback 10",
  ]);
  assertEquals(
    answersTo(publish({ retain: true }), { retainAvailable: false }),
    ended("9a"),
  );
  const old = new Bench({ maximumQoS: 0 }).client({ protocolVersion: 4 });
  old.send(publishPacket("t", "x", { qos: 1 }));
  assertEquals([old.hex(), old.isEnding], ["", true]);
});

Deno.test("BrokerMachine looks at a payload that claims to be UTF-8, if it is set to", () => {
  const bad = Uint8Array.of(0xC3, 0x28);
  const properties = { payloadFormatIndicator: 1 } as const;
  const publish = (qos: 0 | 1 | 2) => [
    publishPacket("t", bad, { qos, properties }),
  ];
  assertEquals(answersTo(publish(0)), ended("99"));
  assertEquals(answersTo(publish(1)).codes, ["puback 99"]);
  assertEquals(answersTo(publish(2)).codes, ["pubrec 99"]);
  const off = { payloadFormatChecked: false };
  assertEquals(answersTo(publish(1), off).codes, ["puback 10"]);
  assertEquals(answersTo([publishPacket("t", bad, { qos: 1 })]).codes, [
    "puback 10",
  ]);
});

Deno.test("BrokerMachine forgets an identifier of QoS 2 that it has refused", () => {
  const bad = publishPacket("t", Uint8Array.of(0xFF), {
    qos: 2,
    properties: { payloadFormatIndicator: 1 },
  });
  const good = publishPacket("t", "x", { qos: 2 });
  assertEquals(answersTo([bad, good]).codes, ["pubrec 99", "pubrec 10"]);
});

Deno.test("BrokerMachine keeps to its Receive Maximum: what counts is which answers have left", () => {
  const bench = new Bench({ receiveMaximum: 2 });
  const client = bench.client();
  const first = publishPacket("t", "1", { qos: 1, id: 1 });
  const second = publishPacket("t", "2", { qos: 2, id: 2 });
  const third = publishPacket("t", "3", { qos: 1, id: 3 });
  client.send(first, second);
  client.take();
  // PUBACK 1 has left; message 2 is open until PUBCOMP, not PUBREC (4.9).
  client.send(third);
  client.take();
  client.send(ack("pubrel", 2), { ...third, packetId: 4 });
  assert(!client.isEnding);
  client.take();
  client.send(first, second);
  assert(!client.isEnding);
  client.send({ ...third, packetId: 5 });
  assertEquals(client.packets().map(codeOf), [
    "puback 10",
    "pubrec 10",
    "disconnect 93",
  ]);
  assert(client.isEnding);
});

Deno.test("BrokerMachine counts a copy of a message of QoS 2 once, and a refused one until it is refused", () => {
  const bench = new Bench({ receiveMaximum: 1 });
  const client = bench.client();
  const copy = publishPacket("t", "1", { qos: 2, dup: true });
  client.send(copy, copy, copy);
  client.take();
  assert(!client.isEnding);
  const other = new Bench({ receiveMaximum: 1 }).client();
  const bad = publishPacket("t", Uint8Array.of(0xFF), {
    qos: 2,
    properties: { payloadFormatIndicator: 1 },
  });
  other.send(bad);
  other.take();
  other.send(bad);
  other.take();
  assert(!other.isEnding);
  // Its identifier is free: another message with it counts as any other.
  const good = publishPacket("t", "x", { qos: 2 });
  other.send(good, { ...good, packetId: 2 });
  assertEquals(other.packets().map(codeOf), ["pubrec 10", "disconnect 93"]);
});

Deno.test("BrokerMachine has no Receive Maximum for MQTT 3.1.1, and none for QoS 0", () => {
  const bench = new Bench({ receiveMaximum: 1 });
  const old = bench.client({ clientId: "old", protocolVersion: 4 });
  const client = bench.client();
  for (let id = 1; id <= 10; id++) {
    old.send(publishPacket("t", "x", { qos: 2, id }));
    client.send(publishPacket("t", "x"));
  }
  assertEquals([old.isEnding, client.isEnding], [false, false]);
});

Deno.test("BrokerMachine tells MQTT 5 that an identifier is in use for a message of QoS 2", () => {
  const open = publishPacket("t", "x", { qos: 2, id: 7 });
  assertEquals(
    answersTo([open, publishPacket("t", "x", { qos: 1, id: 7 })]).codes,
    ["pubrec 10", "puback 91"],
  );
  const client = new Bench().client();
  client.send(open);
  client.take();
  client.send(subscribePacket(["a", "b"], { id: 7 }));
  assertEquals(client.lines(), [
    "SUBACK id 7 0x91 packet identifier in use, 0x91 packet identifier in use",
  ]);
  client.send({
    type: "unsubscribe",
    packetId: 7,
    topicFilters: ["a"],
    properties: {},
  });
  assertEquals(client.lines(), [
    "UNSUBACK id 7 0x91 packet identifier in use",
  ]);
});

Deno.test("BrokerMachine resolves the client's Topic Aliases, and refuses those it may not use", () => {
  const bench = new Bench({ topicAliasMaximum: 2 });
  const subscriber = bench.client("s");
  subscriber.send(subscribePacket("#"));
  subscriber.take();
  const aliased = (topicName: string, topicAlias: number) =>
    publishPacket(topicName, "x", { properties: { topicAlias } });
  const client = bench.client();
  client.send(
    aliased("a", 1),
    aliased("b", 2),
    aliased("", 1),
    aliased("", 2),
    aliased("c", 1), // a new name for the alias
    aliased("", 1),
  );
  const names = subscriber.packets().map((packet) =>
    packet.type === "publish" ? packet.topicName : packet.type
  );
  assertEquals(names, ["a", "b", "a", "b", "c", "c"]);
  const settings = { topicAliasMaximum: 2 };
  assertEquals(answersTo([aliased("a", 3)], settings), ended("94"));
  assertEquals(answersTo([aliased("", 1)], settings), ended("82"));
  assertEquals(
    answersTo([aliased("a", 1)], { topicAliasMaximum: 0 }),
    ended("94"),
  );
});

Deno.test("BrokerMachine forgets Topic Aliases with the connection", () => {
  const bench = new Bench();
  const given = { properties: { sessionExpiryInterval: 9 } };
  const properties = { topicAlias: 1 };
  const client = bench.client(given);
  client.send(publishPacket("a", "x", { properties }));
  client.lose();
  const again = bench.client({ ...given, cleanStart: false });
  again.send(publishPacket("", "x", { properties }));
  assertEquals(again.packets().map(codeOf), ["disconnect 82"]);
});

Deno.test("BrokerMachine learns an alias also from a message that it refuses", () => {
  const properties = { topicAlias: 1, payloadFormatIndicator: 1 } as const;
  assertEquals(
    answersTo([
      publishPacket("a", Uint8Array.of(0xFF), { qos: 1, properties }),
      publishPacket("", "x", { qos: 1, properties }),
    ]).codes,
    ["puback 99", "puback 10"],
  );
});

Deno.test("BrokerMachine refuses what it cannot retain, if there is a word for it", () => {
  const settings = { retainedMessagesMax: 1 };
  const retained = (topicName: string, qos: 0 | 1) =>
    publishPacket(topicName, "x", { qos, retain: true });
  assertEquals(
    answersTo([
      retained("a", 1),
      retained("b", 1),
      retained("a", 1), // in place of the one before
      publishPacket("c", "", { qos: 1, retain: true }),
    ], settings).codes,
    ["puback 10", "puback 97", "puback 10", "puback 10"],
  );
  const bench = new Bench(settings);
  const old = bench.client({ protocolVersion: 4 });
  old.send(subscribePacket("#"));
  old.send(retained("a", 0), retained("b", 0));
  assertEquals(old.messages(), ["x", "x"]);
  assertEquals(bench.told().at(-1), "dropped c b retained-full");
  assertEquals(bench.machine.stats.retainedMessages, 1);
});
