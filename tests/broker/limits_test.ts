// Limits: packet sizes both ways, slow clients, and what may wait.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { BrokerMachine } from "../../src/broker/machine.ts";
import {
  type BrokerSettings,
  DEFAULT_SETTINGS,
} from "../../src/broker/settings.ts";
import type { QoS } from "../../src/codec/packet.ts";
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
} from "./machine.ts";

function subscriberOf(bench: Bench, given: Given = {}): Peer {
  const client = bench.client({ clientId: "s", ...given });
  client.send(subscribePacket("#"));
  client.take();
  return client;
}

function publish(
  bench: Bench,
  payload: string,
  qos: QoS = 0,
  topicName = "t",
): void {
  bench.machine.publish({
    topicName,
    payload: utf8(payload),
    qos,
    retain: false,
    properties: {},
  }, bench.now);
}

Deno.test("BrokerMachine ends a client whose packet is larger than it accepts", () => {
  const bench = new Bench({ maximumPacketSize: 100 });
  const client = bench.client();
  client.send(publishPacket("t", "x".repeat(94)));
  assert(!client.isEnding);
  client.send(publishPacket("t", "x".repeat(95)));
  const [packet] = client.packets();
  assert(packet?.type === "disconnect");
  assertEquals(packet.reasonCode, 0x95);
  // It is seen by the header alone: nothing needs to come behind it.
  const other = bench.client();
  other.sendBytes("30 ff ff ff 7f");
  assert(other.isEnding);
  const old = bench.client({ clientId: "old", protocolVersion: 4 });
  old.sendBytes("30 64");
  assertEquals([old.hex(), old.isEnding], ["", true]);
});

Deno.test("BrokerMachine says nothing to a CONNECT that is larger than it accepts", () => {
  const bench = new Bench({ maximumPacketSize: 100 });
  const peer = bench.wire();
  peer.send(connectPacket({ clientId: "x".repeat(100) }));
  assertEquals([peer.hex(), peer.isEnding], ["", true]);
});

Deno.test("BrokerMachine drops for a client what is larger than it takes, and goes on as if it had sent it", () => {
  // [MQTT-3.1.2-24], [MQTT-3.1.2-25]
  const bench = new Bench();
  const small = subscriberOf(bench, {
    properties: { maximumPacketSize: 30, receiveMaximum: 1 },
  });
  const large = subscriberOf(bench, { clientId: "large" });
  for (const qos of [0, 1, 2] as const) {
    publish(bench, "x".repeat(30), qos);
    publish(bench, "fits", qos);
  }
  assertEquals(small.messages(), ["fits", "fits", "fits"]);
  assertEquals(large.messages().length, 6);
  assertEquals(bench.machine.stats.messagesDropped["too-large"], 3);
  assertEquals(bench.machine.stats.queuedBytes, 0);
  assertEquals(
    bench.told().filter((line) => line.startsWith("dropped")),
    Array(3).fill("dropped s t too-large"),
  );
});

Deno.test("BrokerMachine counts each byte of a packet against its client's maximum", () => {
  const bench = new Bench();
  const client = subscriberOf(bench, { properties: { maximumPacketSize: 14 } });
  publish(bench, "x".repeat(8)); // 30 0c 00 01 74 00 and 8 bytes: 14
  publish(bench, "x".repeat(9));
  assertEquals(client.messages().map(({ length }) => length), [8]);
});

Deno.test("BrokerMachine drops a message sent again that a later connection does not take", () => {
  const bench = new Bench();
  const given: Given = {
    clientId: "s",
    cleanStart: false,
    properties: { sessionExpiryInterval: 100 },
  };
  const client = subscriberOf(bench, given);
  publish(bench, "x".repeat(100), 1);
  publish(bench, "small", 1);
  client.take();
  client.lose();
  const again = bench.wire();
  again.send(connectPacket({
    ...given,
    properties: { sessionExpiryInterval: 100, maximumPacketSize: 50 },
  }));
  assertEquals(again.messages(), ["small"]);
  assertEquals(bench.machine.clients[0]?.inFlight, 0);
});

Deno.test("BrokerMachine remembers no alias of a message that was too large", () => {
  const bench = new Bench();
  const client = subscriberOf(bench, {
    properties: { maximumPacketSize: 30, topicAliasMaximum: 5 },
  });
  publish(bench, "x".repeat(30), 0, "long/name");
  publish(bench, "x", 0, "long/name");
  assertEquals(client.lines(), [
    'PUBLISH "long/name" QoS 0 1 bytes "x" topicAlias 1',
  ]);
});

Deno.test("BrokerMachine sends without an alias what would be too large with it", () => {
  const bench = new Bench();
  const client = subscriberOf(bench, {
    properties: { maximumPacketSize: 20, topicAliasMaximum: 5 },
  });
  publish(bench, "x".repeat(10), 0, "abcde"); // 30 12 00 05 61 62 63 64 65 00 and 10 bytes: 20
  publish(bench, "x".repeat(11), 0, "abcde");
  publish(bench, "x", 0, "abcde");
  assertEquals(client.lines(), [
    'PUBLISH "abcde" QoS 0 10 bytes "xxxxxxxxxx"',
    'PUBLISH "abcde" QoS 0 1 bytes "x" topicAlias 1',
  ]);
});

Deno.test("BrokerMachine ends a client that takes no packet as large as its answer", () => {
  const bench = new Bench();
  const client = bench.client({ properties: { maximumPacketSize: 20 } });
  client.send(subscribePacket(Array(30).fill("t")));
  assertEquals(client.lines(), ["DISCONNECT 0x95 packet too large"]);
  assert(client.isEnding);
});

Deno.test("BrokerMachine writes no more for a client that does not read than it may, and keeps the order", () => {
  const bench = new Bench({ outgoingSizeMax: 1_000 });
  const client = subscriberOf(bench);
  client.isReading = false;
  for (let index = 0; index < 100; index++) {
    publish(bench, `${index}`.padEnd(100, "x"), index % 2 ? 0 : 1);
    assert(client.connection.outgoingSize < 1_200);
  }
  const first = client.packets().length;
  assert(first < 20);
  assert(client.connection.outgoingSize > 0, "it is not written yet");
  assertEquals(client.take().length, 0);
  client.isReading = true;
  client.read();
  const rest = client.packets();
  assertEquals(first + rest.length, 100);
  const numbers = rest.map((packet) =>
    packet.type === "publish" ? parseInt(text(packet.payload)) : NaN
  );
  assertEquals(numbers, Array.from(numbers, (_, index) => first + index));
});

Deno.test("BrokerMachine holds no more for a session than it may: QoS 0 goes first, then what comes last", () => {
  const bench = new Bench({ outgoingSizeMax: 1, queuedMessagesMax: 4 });
  const client = subscriberOf(bench);
  client.isReading = false;
  publish(bench, "sent");
  client.take();
  publish(bench, "a", 0);
  publish(bench, "b", 1);
  publish(bench, "c", 0);
  publish(bench, "d", 2);
  publish(bench, "e", 1); // in place of a
  publish(bench, "f", 1); // in place of c
  publish(bench, "g", 1); // there is no space
  publish(bench, "h", 0); // nor for this
  assertEquals(bench.machine.stats.messagesDropped["queue-full"], 4);
  assertEquals(
    bench.told().filter((line) => line.startsWith("dropped")),
    Array(4).fill("dropped s t queue-full"),
  );
  client.isReading = true;
  client.read();
  assertEquals(client.messages(), ["b", "d", "e", "f"]);
  assertEquals(bench.machine.stats.queuedBytes, 0);
});

Deno.test("BrokerMachine counts bytes as well, and what is unacknowledged", () => {
  const bench = new Bench({ queuedBytesMax: 3_500 });
  const client = subscriberOf(bench);
  publish(bench, "x".repeat(1_000), 1);
  publish(bench, "x".repeat(1_000), 2);
  publish(bench, "x".repeat(1_000), 1);
  assertEquals(client.packets().length, 2);
  // After PUBREC the message itself is not kept any more.
  client.send(ack("pubrec", 2));
  client.take();
  publish(bench, "x".repeat(1_000), 1);
  assertEquals(client.packets().length, 1);
  assertEquals(bench.machine.stats.queuedMessages, 2);
});

Deno.test("BrokerMachine holds no more for all sessions than it may", () => {
  const bench = new Bench({ allQueuedBytesMax: 20_000 });
  for (let index = 0; index < 10; index++) {
    subscriberOf(bench, {
      clientId: `s${index}`,
      properties: { sessionExpiryInterval: 100 },
    }).lose();
  }
  for (let index = 0; index < 10; index++) {
    publish(bench, "x".repeat(1_000), 1);
  }
  assert(bench.machine.stats.queuedBytes <= 20_000);
  assert(bench.machine.stats.queuedBytes > 10_000);
  bench.pass(100_000);
  assertEquals(bench.machine.stats.queuedBytes, 0);
  assertEquals(bench.machine.stats.queuedMessages, 0);
});

Deno.test("BrokerMachine does not grow by a client that never reads", () => {
  const bench = new Bench({ queuedMessagesMax: 1_000 });
  const client = subscriberOf(bench);
  client.isReading = false;
  client.take();
  const publisher = bench.client("p");
  const packet = publishPacket("t", "x".repeat(1_000), { qos: 1 });
  for (let index = 0; index < 5_000; index++) {
    publisher.send(packet);
    publisher.take();
    client.take();
    bench.machine.takeEvents();
  }
  const { queuedMessages } = bench.machine.stats;
  assert(client.connection.outgoingSize < 300_000);
  assert(queuedMessages < 1_300);
  // Not even QoS 0 and QoS 1 together, and not after it has gone.
  client.lose();
  assertEquals(bench.machine.stats.queuedMessages, 0);
  assertEquals(bench.machine.stats.queuedBytes, 0);
});

Deno.test("BrokerMachine does not read a client that does not read its answers", () => {
  const settings: Partial<BrokerSettings> = {
    outgoingSizeMax: 100,
    incomingSizeMax: 1_000,
  };
  const bench = new Bench(settings);
  const client = bench.client();
  client.isReading = false;
  const pings = new Uint8Array(500).map((_, index) => index % 2 ? 0 : 0xC0);
  client.push(pings);
  assert(client.connection.isPaused);
  const taken = client.take().length;
  assertEquals(taken, 402); // 201 PINGRESP: one beyond four times 100 bytes
  client.push(pings.subarray(0, 200));
  assertEquals(client.take().length, 0);
  client.isReading = true;
  client.read();
  assert(!client.connection.isPaused);
  assertEquals(client.take().length, 700 - 402);
  // One that goes on sending all the same is ended.
  client.isReading = false;
  client.push(pings);
  client.take();
  client.push(pings);
  client.push(pings);
  assert(!client.isEnding);
  client.push(pings);
  assert(client.isEnding);
  assertEquals(bench.told().at(-2), "disconnected c protocol-error 97");
});

Deno.test("BrokerMachine marks as dirty what there is something to do for, and nothing else", () => {
  const bench = new Bench();
  const client = subscriberOf(bench);
  const other = bench.client("other");
  bench.machine.takeDirty();
  assertEquals(bench.machine.takeDirty(), []);
  publish(bench, "x");
  assertEquals(bench.machine.takeDirty(), [client.connection]);
  other.send({ type: "disconnect", reasonCode: 0, properties: {} });
  assertEquals(bench.machine.takeDirty(), [other.connection]);
  other.lose();
  assertEquals(bench.machine.takeDirty(), []);
});

Deno.test("BrokerMachine counts what goes by", () => {
  const bench = new Bench();
  const client = subscriberOf(bench);
  const before = bench.machine.stats;
  client.send(publishPacket("t", "x", { qos: 1 })); // 9 bytes
  client.take(); // the same, and 4 bytes of PUBACK
  const after = bench.machine.stats;
  assertEquals(after.bytesReceived - before.bytesReceived, 9);
  assertEquals(after.bytesSent - before.bytesSent, 13);
  assertEquals(after.messagesReceived - before.messagesReceived, 1);
  assertEquals(after.messagesSent - before.messagesSent, 1);
  assertEquals([after.connections, after.sessions, after.subscriptions], [
    1,
    1,
    1,
  ]);
});

Deno.test("BrokerMachine refuses settings that cannot be announced", () => {
  const make = (settings: Partial<BrokerSettings>) =>
    new BrokerMachine({
      ...DEFAULT_SETTINGS,
      makeClientId: () => "",
      ...settings,
    });
  for (
    const settings of [
      { receiveMaximum: 0 },
      { receiveMaximum: 65_536 },
      { maximumPacketSize: 0 },
      { maximumPacketSize: 300_000_000 },
      { topicAliasMaximum: -1 },
      { serverKeepAlive: 0 },
      { sessionExpiryIntervalMax: 0x100000000 },
      { inflightMax: 0 },
      { queuedMessagesMax: NaN },
      { retainedMessagesMax: 1.5 },
    ]
  ) {
    assertThrows(() => make(settings), RangeError, "Cannot make a broker: ");
  }
  assertThrows(
    // TypeScript would not let it pass, and JavaScript does.
    () => make(Object.fromEntries([["maximumQoS", 3]])),
    RangeError,
    "Cannot make a broker: maximumQoS must be 0 to 2, not 3",
  );
  make({ queuedMessagesMax: Infinity, serverKeepAlive: undefined });
});

Deno.test("BrokerMachine refuses a message of its own that cannot be sent", () => {
  const { machine } = new Bench();
  const message = {
    topicName: "t",
    payload: utf8("x"),
    qos: 0,
    retain: false,
    properties: {},
  } as const;
  assertThrows(
    () => machine.publish({ ...message, topicName: "a/#" }, 0),
    TypeError,
    'Cannot publish to "a/#": a Topic Name must not contain wildcards',
  );
  assertThrows(
    () => machine.publish({ ...message, properties: { topicAlias: 1 } }, 0),
    TypeError,
    "topicAlias is for the broker to give",
  );
  assertThrows(
    () =>
      machine.publish(
        { ...message, properties: { sessionExpiryInterval: 1 } },
        0,
      ),
    TypeError,
  );
  assertThrows(
    () =>
      machine.publish(
        { ...message, properties: { messageExpiryInterval: -1 } },
        0,
      ),
    RangeError,
  );
  assertEquals(machine.stats.messagesReceived, 0);
  assertThrows(
    () => machine.disconnect("c", 0x04, 0),
    RangeError,
    'Cannot disconnect "c": a server\'s DISCONNECT cannot carry Reason Code 4',
  );
});

Deno.test("BrokerMachine reads a client that takes its time for a large message", () => {
  const bench = new Bench({ outgoingSizeMax: 100 });
  const client = subscriberOf(bench, { keepAlive: 10 });
  client.isReading = false;
  publish(bench, "x".repeat(10_000));
  client.take();
  for (let minute = 0; minute < 10; minute++) {
    assert(!client.connection.isPaused);
    client.send({ type: "pingreq" });
    bench.pass(10_000);
  }
  assert(!client.isEnding);
});

Deno.test("BrokerMachine counts what it drops, and tells no more of it at once than can be held", () => {
  const bench = new Bench({ queuedMessagesMax: 1, outgoingSizeMax: 1 });
  for (let each = 0; each < 200; each++) {
    bench.machine.publish({
      topicName: `t/${each}`,
      payload: utf8("x"),
      qos: 0,
      retain: true,
      properties: {},
    }, bench.now);
  }
  const client = bench.client();
  bench.told();
  const drops = () =>
    bench.told().filter((line) => line.startsWith("dropped")).length;
  client.send(subscribePacket(Array.from({ length: 100 }, () => "#")));
  // The SUBACK fills what may wait for the client, one message waits behind it.
  const count = 200 * 100 - 1;
  assertEquals(bench.machine.stats.messagesDropped["queue-full"], count);
  assertEquals(drops(), 10_000);
  client.take();
  client.send(subscribePacket(["t/1", "t/2", "t/3"]));
  assertEquals(bench.machine.stats.messagesDropped["queue-full"], count + 2);
  assertEquals(drops(), 2);
});
