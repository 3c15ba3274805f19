// What the broker asks before it decides: who may connect, publish and subscribe.

import { assert, assertEquals } from "@std/assert";
import type { BrokerQuestions } from "../../src/broker/settings.ts";
import {
  ack,
  Bench,
  connectPacket,
  type Peer,
  publishPacket,
  subscribePacket,
  text,
  utf8,
  VERSION_NAMES,
  VERSIONS,
} from "./machine.ts";

function benchAsking(asks: Partial<BrokerQuestions>): Bench {
  return new Bench({
    questions: {
      connect: false,
      publish: false,
      subscribe: false,
      authenticationMethods: [],
      ...asks,
    },
  });
}

function types(peer: Peer): string[] {
  return peer.packets().map((packet) =>
    "reasonCode" in packet
      ? `${packet.type} ${packet.reasonCode.toString(16)}`
      : packet.type
  );
}

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];
  const isNew = protocolVersion === 5;

  Deno.test(`BrokerMachine asks whether a client of ${name} may connect, and waits with all it sends`, () => {
    const bench = benchAsking({ connect: true });
    const peer = bench.wire(protocolVersion);
    peer.send(
      connectPacket({
        protocolVersion,
        username: "u",
        password: utf8("p"),
      }),
      subscribePacket("t"),
    );
    peer.send(publishPacket("t", "x"));
    assertEquals(peer.hex(), "");
    assert(peer.connection.isPaused);
    assertEquals(bench.machine.stats.sessions, 0);
    const question = bench.answer(0);
    assert(question.type === "connect");
    assertEquals(question.packet.username, "u");
    assertEquals(text(question.packet.password ?? utf8("")), "p");
    assertEquals(question.connection.clientId, "c");
    assert(!peer.connection.isPaused);
    assertEquals(peer.packets().map(({ type }) => type), [
      "connack",
      "suback",
      "publish",
    ]);
  });

  Deno.test(`BrokerMachine refuses ${name} with the code that is decided on`, () => {
    const codes = isNew
      ? [[0x86, 0x86], [0x87, 0x87], [0x88, 0x88], [0x9F, 0x9F], [0x85, 0x85]]
      : [[0x86, 4], [0x87, 5], [0x88, 3], [0x9F, 3], [0x85, 2]];
    for (const [decided = 0, said = 0] of codes) {
      const bench = benchAsking({ connect: true });
      const peer = bench.wire(protocolVersion);
      peer.send(connectPacket({ protocolVersion }));
      bench.answer(decided);
      assertEquals(types(peer), [`connack ${said.toString(16)}`]);
      assert(peer.isEnding);
      peer.lose();
      assertEquals(bench.told(), [`refused c ${decided.toString(16)}`]);
      assertEquals(bench.machine.stats.sessions, 0);
    }
  });

  Deno.test(`BrokerMachine asks whether ${name} may publish, message by message, in order`, () => {
    const bench = benchAsking({ publish: true });
    const client = bench.client({ protocolVersion });
    client.send(subscribePacket("#", { qos: 0 }));
    client.take();
    client.send(
      publishPacket("a", "1", { qos: 1 }),
      publishPacket("b", "2", { qos: 2, id: 2 }),
      publishPacket("c", "3", { qos: 0 }),
      publishPacket("d", "4", { qos: 0 }),
    );
    const first = bench.answer(0);
    assert(first.type === "publish" && !first.isWill);
    assertEquals(first.message.topicName, "a");
    bench.answer(0x87);
    bench.answer(0x87);
    bench.answer(0);
    assertEquals(types(client), [
      "publish",
      "puback 0",
      isNew ? "pubrec 87" : "pubrec 0",
      "publish",
    ]);
    assertEquals(bench.told().slice(2), [
      "message c a 1",
      "publish-refused c b 87",
      "publish-refused c c 87",
      "message c d 4",
    ]);
    // Under MQTT 3.x the handshake of a refused message goes on as ever (3.1.1, MQTT-3.3.5-2).
    client.send(publishPacket("b", "2", { qos: 2, id: 2, dup: true }));
    if (isNew) bench.answer(0x87);
    client.send(ack("pubrel", 2));
    assertEquals(
      types(client),
      isNew ? ["pubrec 87", "pubcomp 92"] : ["pubrec 0", "pubcomp 0"],
    );
  });

  Deno.test(`BrokerMachine asks which filters ${name} may subscribe to`, () => {
    const bench = benchAsking({ subscribe: true });
    const client = bench.client({ protocolVersion });
    client.send(subscribePacket(["a", "b", "c", "d"]));
    assertEquals(client.hex(), "");
    const question = bench.answer({
      reasonCode: 2,
      reasonCodes: [2, 0x87, 1, 0],
    });
    assert(question.type === "subscribe");
    assertEquals(question.subscriptions.length, 4);
    const [suback] = client.packets();
    assert(suback?.type === "suback");
    assertEquals(suback.reasonCodes, [2, isNew ? 0x87 : 0x80, 1, 0]);
    assertEquals(bench.machine.clients[0]?.topicFilters, ["a", "c", "d"]);
    client.send(subscribePacket(["x", "y"]));
    bench.answer(0x87);
    assertEquals(bench.machine.stats.subscriptions, 3);
  });
}

Deno.test("BrokerMachine grants no more than its Maximum QoS, whatever is decided", () => {
  const asks = {
    connect: false,
    publish: false,
    subscribe: true,
    authenticationMethods: [],
  };
  const bench = new Bench({ maximumQoS: 1, questions: asks });
  const client = bench.client();
  client.send(subscribePacket(["a", "b", "c"]));
  bench.answer({ reasonCode: 0, reasonCodes: [2, 1, 0] });
  const [suback] = client.packets();
  assert(suback?.type === "suback");
  assertEquals(suback.reasonCodes, [1, 1, 0]);
  const none = new Bench({ maximumQoS: 0, questions: asks });
  const other = none.client();
  other.send(subscribePacket(["a", "b"]));
  none.answer({ reasonCode: 1 });
  const [answer] = other.packets();
  assert(answer?.type === "suback");
  assertEquals(answer.reasonCodes, [0, 0]);
});

Deno.test("BrokerMachine passes on what a decision adds", () => {
  const bench = benchAsking({ connect: true, publish: true, subscribe: true });
  const peer = bench.wire();
  const reasonString = "because";
  peer.send(
    connectPacket(),
    subscribePacket("t"),
    publishPacket("t", "x", { qos: 1 }),
  );
  bench.answer(0);
  bench.answer({ reasonCode: 0x87, properties: { reasonString } });
  bench.answer({
    reasonCode: 0x97,
    properties: { userProperties: [["k", "v"]] },
  });
  assertEquals(peer.lines().slice(1), [
    'SUBACK id 1 0x87 not authorized reasonString "because"',
    'PUBACK id 1 0x97 quota exceeded userProperties "k"="v"',
  ]);
  const welcome = bench.wire();
  welcome.send(connectPacket({ clientId: "w" }));
  bench.answer({
    reasonCode: 0,
    properties: { userProperties: [["k", "v"]] },
  });
  const [connack] = welcome.packets();
  assert(connack?.type === "connack");
  assertEquals(connack.properties.userProperties, [["k", "v"]]);
  const small = bench.wire();
  small.send(connectPacket({ properties: { maximumPacketSize: 13 } }));
  bench.answer({ reasonCode: 0, properties: { reasonString } });
  assertEquals(small.packets().map(({ type }) => type), ["connack"]);
  assert(small.connection.isConnected);
  const refused = bench.wire();
  refused.send(connectPacket({ clientId: "d" }));
  bench.answer({
    reasonCode: 0x9C,
    properties: { serverReference: "elsewhere", reasonString },
  });
  assertEquals(refused.lines(), [
    'CONNACK MQTT 5 0x9C use another server serverReference "elsewhere" reasonString "because"',
  ]);
});

Deno.test("BrokerMachine leaves out what only explains, where it is not wanted or too long", () => {
  // [MQTT-3.1.2-29], [MQTT-3.4.2-2], [MQTT-3.4.2-3]
  const answer = {
    reasonCode: 0x87,
    properties: { reasonString: "because it is so" },
  };
  for (
    const properties of [
      { requestProblemInformation: false },
      { maximumPacketSize: 20 },
    ]
  ) {
    const bench = benchAsking({ publish: true, subscribe: true });
    const client = bench.client({ properties });
    client.send(publishPacket("t", "x", { qos: 1 }));
    bench.answer(answer);
    client.send(subscribePacket("t"));
    bench.answer(answer);
    assertEquals(client.lines(), [
      "PUBACK id 1 0x87 not authorized",
      "SUBACK id 1 0x87 not authorized",
    ]);
  }
  // On DISCONNECT and CONNACK it is welcome all the same.
  const bench = benchAsking({});
  const client = bench.client({
    properties: { requestProblemInformation: false },
  });
  client.send(connectPacket());
  const [packet] = client.packets();
  assert(packet?.type === "disconnect");
  assertEquals(
    packet.properties.reasonString,
    "The client sent CONNECT twice [MQTT-3.1.0-2]",
  );
});

Deno.test("BrokerMachine asks about a will when its client connects", () => {
  const bench = benchAsking({ publish: true });
  const will = {
    topicName: "w",
    payload: utf8("gone"),
    qos: 1,
    retain: false,
    properties: {},
  } as const;
  const peer = bench.wire();
  peer.send(connectPacket({ will }));
  const question = bench.answer(0x87);
  assert(question.type === "publish" && question.isWill);
  assertEquals(question.message.topicName, "w");
  assertEquals(types(peer), ["connack 87"]);
  const other = bench.wire();
  other.send(connectPacket({ will }));
  bench.answer(0);
  assertEquals(types(other), ["connack 0"]);
  other.lose();
  assertEquals(bench.told().at(-1), "session-ended c");
  assertEquals(bench.asked(), []);
  assertEquals(bench.machine.stats.messagesReceived, 1);
});

Deno.test("BrokerMachine asks nothing about filters that it refuses itself", () => {
  const bench = benchAsking({ subscribe: true });
  const client = bench.client();
  client.send(publishPacket("t", "x", { qos: 2, id: 5 }));
  client.send(subscribePacket("t", { id: 5 }));
  assertEquals(bench.asked(), []);
  assertEquals(
    client.lines().at(-1),
    "SUBACK id 5 0x91 packet identifier in use",
  );
});

Deno.test("BrokerMachine lets other clients go on while a question is open", () => {
  const bench = benchAsking({ publish: true });
  const client = bench.client("a");
  const other = bench.client("b");
  client.send(publishPacket("t"));
  other.send(subscribePacket("t"), { type: "pingreq" });
  assertEquals(types(other), ["suback", "pingresp"]);
  bench.machine.publish({
    topicName: "t",
    payload: utf8("x"),
    qos: 0,
    retain: false,
    properties: {},
  }, bench.now);
  assertEquals(types(other), ["publish"]);
});

Deno.test("BrokerMachine overlooks an answer for a connection that is gone, and one that comes twice", () => {
  const bench = benchAsking({ connect: true, publish: true });
  const gone = bench.wire();
  gone.send(connectPacket());
  const [question] = bench.asked();
  assert(question !== undefined);
  gone.lose();
  bench.machine.answer(question, { reasonCode: 0 }, bench.now);
  assertEquals(bench.told(), ["refused c -"]);
  const peer = bench.wire();
  peer.send(connectPacket());
  const again = bench.answer(0);
  bench.machine.answer(again, { reasonCode: 0x87 }, bench.now);
  assertEquals(types(peer), ["connack 0"]);
  // One that is taken over while a question about it is open.
  peer.send(publishPacket("t"));
  const [open] = bench.asked();
  assert(open !== undefined);
  const taker = bench.wire();
  taker.send(connectPacket());
  bench.answer(0);
  assertEquals(types(peer), ["disconnect 8e"]);
  bench.machine.answer(open, { reasonCode: 0 }, bench.now);
  assertEquals(bench.machine.stats.messagesReceived, 0);
});

Deno.test("BrokerMachine does not lose patience with a client about whom it has asked", () => {
  const bench = benchAsking({ connect: true });
  const peer = bench.wire();
  peer.send(connectPacket());
  bench.pass(60_000);
  bench.answer(0);
  assertEquals(types(peer), ["connack 0"]);
});

Deno.test("BrokerMachine ends a client that sends more than may wait behind a question", () => {
  const bench = new Bench({
    incomingSizeMax: 100,
    questions: {
      connect: false,
      publish: true,
      subscribe: false,
      authenticationMethods: [],
    },
  });
  const client = bench.client();
  client.send(publishPacket("t"));
  client.push(new Uint8Array(100));
  assert(!client.isEnding);
  client.push(new Uint8Array(1));
  assertEquals(types(client), ["disconnect 97"]);
});
