// The Message Expiry Interval (3.3.2.3.3).

import { assert, assertEquals } from "@std/assert";
import {
  Bench,
  connectPacket,
  type Given,
  type Peer,
  publishPacket,
  subscribePacket,
} from "./machine.ts";

const LASTING: Given = {
  clientId: "s",
  cleanStart: false,
  properties: { sessionExpiryInterval: 100_000 },
};

function benchWith(given: Given = {}): { bench: Bench; subscriber: Peer } {
  const bench = new Bench();
  const subscriber = bench.client({ ...LASTING, ...given });
  subscriber.send(subscribePacket("t"));
  subscriber.take();
  return { bench, subscriber };
}

function publish(
  bench: Bench,
  payload: string,
  messageExpiryInterval: number,
  options: { retain?: boolean } = {},
): void {
  bench.client("p").send(publishPacket("t", payload, {
    qos: 1,
    properties: { messageExpiryInterval },
    ...options,
  }));
}

/** What a client gets that comes back: payloads and what is left of their lives. */
function comeBack(bench: Bench, given: Given = {}): string[] {
  const peer = bench.wire();
  peer.send(connectPacket({ ...LASTING, ...given }));
  return livesOf(peer);
}

function livesOf(peer: Peer): string[] {
  return peer.packets().filter((packet) => packet.type === "publish").map(
    ({ payload, properties }) =>
      `${String.fromCharCode(...payload)} ${properties.messageExpiryInterval}`,
  );
}

Deno.test("BrokerMachine forwards a Message Expiry Interval at once as it is", () => {
  const { bench, subscriber } = benchWith();
  publish(bench, "a", 10);
  publish(bench, "b", 0xFFFFFFFF);
  publish(bench, "c", 0);
  assertEquals(livesOf(subscriber), ["a 10", "b 4294967295", "c 0"]);
});

Deno.test("BrokerMachine counts down while a message waits, and sends none that has expired", () => {
  // [MQTT-3.3.2-5], [MQTT-3.3.2-6]
  const { bench, subscriber } = benchWith();
  subscriber.lose();
  publish(bench, "a", 3);
  publish(bench, "b", 10);
  publish(bench, "c", 0);
  bench.pass(2_999);
  publish(bench, "d", 10);
  bench.pass(1);
  assertEquals(comeBack(bench), ["b 7", "d 10"]);
  const dropped = bench.told().filter((line) => line.startsWith("dropped"));
  assertEquals(dropped, ["dropped s t expired", "dropped s t expired"]);
  assertEquals(bench.machine.stats.messagesDropped.expired, 2);
  assertEquals(bench.machine.stats.queuedMessages, 2); // unacknowledged
});

Deno.test("BrokerMachine keeps a message without a Message Expiry Interval for ever", () => {
  const { bench, subscriber } = benchWith();
  subscriber.lose();
  bench.client("p").send(publishPacket("t", "a", { qos: 1 }));
  bench.pass(90_000_000);
  assertEquals(comeBack(bench), ["a undefined"]);
});

Deno.test("BrokerMachine expires what waits for the window or for its client to read", () => {
  const bench = new Bench({ outgoingSizeMax: 1 });
  const client = bench.client({ properties: { receiveMaximum: 1 } });
  client.send(subscribePacket("t"));
  client.take();
  client.isReading = false;
  const properties = { messageExpiryInterval: 5 };
  const publisher = bench.client("p");
  publisher.send(publishPacket("t", "1", { qos: 1, properties }));
  publisher.take();
  publisher.send(publishPacket("t", "2", { qos: 1, properties }));
  publisher.take();
  publisher.send(publishPacket("t", "3", { qos: 0, properties }));
  assertEquals(livesOf(client), ["1 5"]);
  bench.pass(5_000);
  client.isReading = true;
  client.read();
  assertEquals(client.lines(), []);
  assertEquals(bench.machine.stats.messagesDropped.expired, 1); // QoS 0: 2 waits for PUBACK
  client.send({
    type: "puback",
    packetId: 1,
    reasonCode: 0,
    properties: {},
  });
  assertEquals(bench.machine.stats.messagesDropped.expired, 2);
  assertEquals(bench.machine.stats.queuedMessages, 0);
});

Deno.test("BrokerMachine sends again what has expired on its way: its delivery had begun", () => {
  const { bench, subscriber } = benchWith();
  publish(bench, "a", 5);
  subscriber.take();
  subscriber.lose();
  bench.pass(60_000);
  assertEquals(comeBack(bench), ["a 0"]);
});

Deno.test("BrokerMachine keeps a retained message no longer than its Message Expiry Interval", () => {
  const { bench } = benchWith();
  const brought = () => {
    const client = bench.client();
    client.send(subscribePacket("t"));
    return livesOf(client);
  };
  publish(bench, "a", 10, { retain: true });
  bench.pass(4_000);
  assertEquals(brought(), ["a 6"]);
  bench.pass(5_999);
  assertEquals(brought(), ["a 1"]);
  bench.pass(1);
  assertEquals(brought(), []);
  assertEquals(bench.machine.stats.retainedMessages, 0);
  assertEquals(bench.machine.stats.retainedBytes, 0);
});

Deno.test("BrokerMachine forgets the expiry of a retained message that is replaced", () => {
  const { bench } = benchWith();
  for (let time = 0; time < 100; time++) {
    publish(bench, "a", 10, { retain: true });
  }
  publish(bench, "b", 100, { retain: true });
  bench.pass(10_000);
  assertEquals(bench.machine.stats.retainedMessages, 1);
  bench.client("p").send(publishPacket("t", "", { retain: true }));
  assertEquals(bench.machine.deadline, Infinity);
});

Deno.test("BrokerMachine gives MQTT 3.1.1 what has not expired, without a word of it", () => {
  const bench = new Bench();
  const given: Given = {
    protocolVersion: 4,
    clientId: "s",
    cleanStart: false,
  };
  const subscriber = bench.client(given);
  subscriber.send(subscribePacket("t"));
  subscriber.lose();
  publish(bench, "a", 3);
  publish(bench, "b", 10);
  bench.pass(3_000);
  const again = bench.wire(4);
  again.send(connectPacket(given));
  assertEquals(again.lines().slice(1), ['PUBLISH "t" QoS 1 id 1 1 bytes "b"']);
});

Deno.test("BrokerMachine makes room for new messages where the oldest have expired", () => {
  const bench = new Bench({ queuedMessagesMax: 2 });
  const subscriber = bench.client(LASTING);
  subscriber.send(subscribePacket("t"));
  subscriber.lose();
  publish(bench, "a", 5);
  publish(bench, "b", 5);
  bench.pass(5_000);
  publish(bench, "c", 5);
  assert(!bench.told().some((line) => line.endsWith("queue-full")));
  assertEquals(comeBack(bench), ["c 5"]);
});
