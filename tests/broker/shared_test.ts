// Shared subscriptions (4.8.2).

import { assert, assertEquals } from "@std/assert";
import {
  ack,
  Bench,
  connectPacket,
  type FilterOptions,
  type Given,
  type Peer,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
  utf8,
} from "./machine.ts";

const LASTING = { sessionExpiryInterval: 100 };

/** A client of a shared subscription, whose session is kept. */
function member(
  bench: Bench,
  given: Given,
  options: FilterOptions & { filter?: string } = {},
): Peer {
  const client = bench.client({ properties: LASTING, ...given });
  client.send(subscribePacket(options.filter ?? "$share/g/t", options));
  client.take();
  return client;
}

function publish(bench: Bench, payloads: string, qos: 0 | 1 | 2 = 1): void {
  for (const payload of payloads) {
    bench.machine.publish({
      topicName: "t",
      payload: utf8(payload),
      qos,
      retain: false,
      properties: {},
    }, bench.now);
  }
}

Deno.test("BrokerMachine gives each message to one client of a shared subscription, by turns", () => {
  const bench = new Bench();
  const [a, b, c] = ["a", "b", "c"].map((clientId) =>
    member(bench, { clientId })
  );
  publish(bench, "1234567", 0);
  assertEquals(a?.messages().join(""), "147");
  assertEquals(b?.messages().join(""), "25");
  assertEquals(c?.messages().join(""), "36");
});

Deno.test("BrokerMachine gives each group its own copy, and those who do not share theirs", () => {
  const bench = new Bench();
  const one = member(bench, { clientId: "a" });
  const other = member(bench, { clientId: "b" }, { filter: "$share/h/t" });
  const wide = member(bench, { clientId: "c" }, { filter: "$share/g/+" });
  const plain = member(bench, { clientId: "d" }, { filter: "t" });
  // One client may have both, and gets both.
  plain.send(subscribePacket("$share/i/t", {
    properties: { subscriptionIdentifier: 7 },
  }));
  plain.take();
  publish(bench, "1", 0);
  assertEquals(one.messages(), ["1"]);
  assertEquals(other.messages(), ["1"]);
  assertEquals(wide.messages(), ["1"]);
  assertEquals(plain.lines(), [
    'PUBLISH "t" QoS 0 1 bytes "1"',
    'PUBLISH "t" QoS 0 1 bytes "1" subscriptionIdentifiers 7',
  ]);
});

Deno.test("BrokerMachine delivers at the QoS of the client whose turn it is", () => {
  // [MQTT-4.8.2-3]
  const bench = new Bench();
  const a = member(bench, { clientId: "a" }, { qos: 0 });
  const b = member(bench, { clientId: "b" }, { qos: 2 });
  publish(bench, "12", 2);
  assertEquals(a.lines(), ['PUBLISH "t" QoS 0 1 bytes "1"']);
  assertEquals(b.lines(), ['PUBLISH "t" QoS 2 id 1 1 bytes "2"']);
});

Deno.test("BrokerMachine takes a client that is connected before one that is away", () => {
  const bench = new Bench();
  const a = member(bench, { clientId: "a" });
  const b = member(bench, { clientId: "b" });
  a.lose();
  publish(bench, "123");
  assertEquals(b.messages(), ["1", "2", "3"]);
  // With nobody there, what is to be kept waits with one of them, and QoS 0 does not.
  b.lose();
  publish(bench, "4");
  publish(bench, "5", 0);
  assertEquals(bench.machine.stats.queuedMessages, 1);
});

Deno.test("BrokerMachine gives what a client has not acknowledged to another when its session ends", () => {
  const bench = new Bench();
  const a = member(bench, {
    clientId: "a",
    properties: { ...LASTING, receiveMaximum: 2 },
  });
  publish(bench, "1", 1);
  publish(bench, "2", 2);
  publish(bench, "34", 1); // these wait: the window is full
  a.take();
  const b = member(bench, { clientId: "b" });
  a.lose();
  bench.pass(99_999);
  assertEquals(b.messages(), []);
  bench.pass(1);
  // Not the one at QoS 2, whose delivery has begun [MQTT-4.8.2-5].
  assertEquals(b.messages(), ["1", "3", "4"]);
  assertEquals(bench.machine.stats.queuedMessages, 0);
});

Deno.test("BrokerMachine completes a delivery of QoS 2 with the same client when it comes back", () => {
  // [MQTT-4.8.2-4]
  const bench = new Bench();
  const a = member(bench, { clientId: "a" });
  publish(bench, "1", 2);
  a.take();
  a.lose();
  const b = member(bench, { clientId: "b" });
  const again = bench.wire();
  again.send(connectPacket({
    clientId: "a",
    cleanStart: false,
    properties: LASTING,
  }));
  assertEquals(again.messages(), ["1"]);
  assertEquals(b.messages(), []);
});

Deno.test("BrokerMachine gives what a client has refused to nobody else", () => {
  // [MQTT-4.8.2-6]
  const bench = new Bench();
  const a = member(bench, { clientId: "a", properties: {} });
  publish(bench, "1", 1);
  a.take();
  const b = member(bench, { clientId: "b" });
  a.send(ack("puback", 1, 0x83));
  a.lose();
  assertEquals(b.messages(), []);
});

Deno.test("BrokerMachine drops what nobody is left for", () => {
  const bench = new Bench();
  const a = member(bench, { clientId: "a", properties: {} });
  publish(bench, "1", 1);
  a.lose();
  assertEquals(bench.machine.stats.queuedMessages, 0);
  assertEquals(bench.machine.stats.subscriptions, 0);
  const publisher = bench.client("p");
  publisher.send(publishPacket("t", "x", { qos: 1 }));
  assertEquals(publisher.lines(), ["PUBACK id 1 0x10 no matching subscribers"]);
});

Deno.test("BrokerMachine takes a client with space before one that does not read", () => {
  const bench = new Bench({ outgoingSizeMax: 10, queuedMessagesMax: 1 });
  const slow = member(bench, { clientId: "a" });
  const quick = member(bench, { clientId: "b" });
  slow.isReading = false;
  publish(bench, "12345678", 1);
  const got = quick.messages().length + slow.messages().length;
  assert(got >= 5);
  assertEquals(
    bench.told().filter((line) => line.startsWith("dropped")).length,
    8 - got - bench.machine.stats.queuedMessages,
  );
});

Deno.test("BrokerMachine lets no message wait with a client away whose subscription is at QoS 0", () => {
  const bench = new Bench();
  const a = member(bench, { clientId: "a" }, { qos: 0 });
  const b = member(bench, { clientId: "b" }, { qos: 1 });
  a.lose();
  b.lose();
  publish(bench, "12");
  assertEquals(bench.machine.stats.queuedMessages, 2);
});

Deno.test("BrokerMachine lets the newest of QoS 0 wait with a client that does not read, not with one away", () => {
  const bench = new Bench({ outgoingSizeMax: 1, queuedMessagesMax: 1 });
  const away = member(bench, { clientId: "a" });
  const slow = member(bench, { clientId: "b" });
  away.lose();
  slow.isReading = false;
  publish(bench, "123", 0);
  const [first] = slow.messages();
  slow.isReading = true;
  slow.read();
  assertEquals([first, ...slow.messages()], ["1", "3"]);
});

Deno.test("BrokerMachine keeps the turn as members leave", () => {
  const bench = new Bench();
  const [a, b, c] = ["a", "b", "c"].map((clientId) =>
    member(bench, { clientId })
  );
  publish(bench, "1", 0); // a's turn, then b's
  a?.send(unsubscribePacket("$share/g/t"));
  a?.take();
  publish(bench, "2", 0);
  assertEquals(b?.messages(), ["2"]);
  b?.send(unsubscribePacket("$share/g/t"));
  publish(bench, "3", 0);
  assertEquals(c?.messages(), ["3"]);
  c?.send(unsubscribePacket("$share/g/t"));
  publish(bench, "4", 0);
  assertEquals(c?.messages(), []);
});

Deno.test("BrokerMachine gives no expired message to another client", () => {
  const bench = new Bench();
  const a = member(bench, { clientId: "a", properties: {} });
  bench.client("p").send(publishPacket("t", "old", {
    qos: 1,
    properties: { messageExpiryInterval: 5 },
  }));
  a.take();
  const b = member(bench, { clientId: "b" });
  bench.pass(5_000);
  a.lose();
  assertEquals(b.messages(), []);
});

Deno.test("BrokerMachine shares subscriptions with MQTT 3.1.1 as well", () => {
  const bench = new Bench();
  const a = member(bench, {
    clientId: "a",
    protocolVersion: 4,
    properties: {},
  });
  const b = member(bench, { clientId: "b" });
  publish(bench, "12", 0);
  assertEquals([a.messages(), b.messages()], [["1"], ["2"]]);
});
