// SUBSCRIBE, UNSUBSCRIBE and what they bring (3.8 - 3.11, 4.7).

import { assert, assertEquals } from "@std/assert";
import type { BrokerSettings } from "../../src/broker/settings.ts";
import type { SubscribePacket } from "../../src/codec/packet.ts";
import {
  Bench,
  type FilterOptions,
  type Peer,
  publishPacket,
  subscribePacket,
  text,
  unsubscribePacket,
  VERSION_NAMES,
  VERSIONS,
} from "./machine.ts";

/** The codes of the SUBACK or UNSUBACK that comes next. */
function codes(peer: Peer): string {
  const [packet] = peer.packets();
  assert(packet?.type === "suback" || packet?.type === "unsuback");
  return packet.reasonCodes.map((code) => code.toString(16)).join(" ");
}

/** A client that has subscribed. */
function subscriber(
  bench: Bench,
  topicFilters: string | readonly string[],
  options: FilterOptions = {},
): Peer {
  const client = bench.client("s");
  client.send(subscribePacket(topicFilters, options));
  client.take();
  return client;
}

/** What ends a client that subscribes: the Reason Code of DISCONNECT. */
function endOf(
  packet: SubscribePacket,
  settings: Partial<BrokerSettings> = {},
): string {
  const client = new Bench(settings).client();
  client.send(packet);
  assert(client.isEnding);
  const [disconnect] = client.packets();
  assert(disconnect?.type === "disconnect");
  return disconnect.reasonCode.toString(16);
}

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];
  const isNew = protocolVersion === 5;

  Deno.test(`BrokerMachine grants by ${name} what is asked for, filter by filter`, () => {
    const client = new Bench().client({ protocolVersion });
    client.send({
      type: "subscribe",
      packetId: 7,
      subscriptions: ([0, 1, 2] as const).map((qos) => ({
        topicFilter: `a/${qos}`,
        qos,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
      })),
      properties: {},
    });
    assertEquals(codes(client), "0 1 2");
    client.send(unsubscribePacket("a/1", "a/3"));
    assertEquals(codes(client), isNew ? "0 11" : "");
  });

  Deno.test(`BrokerMachine refuses subscriptions beyond its limit by ${name}, and no others`, () => {
    const client = new Bench({ subscriptionsMax: 2 })
      .client({ protocolVersion });
    client.send(subscribePacket(["a", "a", "b"]));
    // A filter of one SUBSCRIBE beyond the limit is not looked at.
    assertEquals(codes(client), isNew ? "2 2 97" : "2 2 80");
    client.send(subscribePacket("b"));
    assertEquals(codes(client), "2");
    client.send(subscribePacket(["c", "a"], { qos: 0 }));
    assertEquals(codes(client), isNew ? "97 0" : "80 0");
  });

  Deno.test(`BrokerMachine ends a client of ${name} whose Topic Filter is none`, () => {
    const subscribes = ["a#", "#/a", "a+/b", "$share/g", "$share//a"];
    for (const topicFilter of subscribes) {
      const bench = new Bench();
      const client = bench.client({ protocolVersion });
      client.send(subscribePacket(["ok", topicFilter]));
      const [packet] = client.packets();
      assertEquals(
        packet?.type === "disconnect" ? packet.reasonCode : undefined,
        isNew ? 0x81 : undefined,
        topicFilter,
      );
      assert(client.isEnding);
      const other = bench.client({ protocolVersion });
      other.send(unsubscribePacket(topicFilter));
      assert(other.isEnding);
    }
  });

  Deno.test(`BrokerMachine clears RETAIN by ${name} when it forwards, unless it is wanted as published`, () => {
    const bench = new Bench();
    const client = bench.client({ protocolVersion });
    client.send(subscribePacket("t", { retainAsPublished: isNew }));
    client.take();
    bench.client("p").send(publishPacket("t", "x", { retain: true }));
    const [packet] = client.packets();
    assert(packet?.type === "publish");
    assertEquals(packet.retain, isNew);
  });
}

Deno.test("BrokerMachine keeps a message from the wildcards that $-topics do not match", () => {
  const bench = new Bench();
  const client = subscriber(bench, ["#", "+/x", "$SYS/+"]);
  bench.client("p").send(
    publishPacket("$other/x", "1"),
    publishPacket("$SYS/x", "2"),
    publishPacket("SYS/x", "3"),
  );
  assertEquals(client.messages(), ["2", "3"]);
});

Deno.test("BrokerMachine sends one copy for overlapping subscriptions, with the highest QoS and all identifiers", () => {
  // [MQTT-3.3.4-2], [MQTT-3.3.4-3], [MQTT-3.3.4-4]
  const bench = new Bench();
  const client = bench.client("s");
  client.send(
    subscribePacket("a/#", {
      qos: 0,
      properties: { subscriptionIdentifier: 5 },
    }),
    subscribePacket("a/b", { qos: 2 }),
    subscribePacket("+/b", {
      qos: 1,
      properties: { subscriptionIdentifier: 268_435_455 },
    }),
    subscribePacket("c"),
  );
  client.take();
  bench.client("p").send(publishPacket("a/b", "x", { qos: 2 }));
  assertEquals(client.lines(), [
    'PUBLISH "a/b" QoS 2 id 1 1 bytes "x" subscriptionIdentifiers 5, 268435455',
  ]);
});

Deno.test("BrokerMachine sends a client of MQTT 3.1.1 one copy for overlapping subscriptions", () => {
  const bench = new Bench();
  const client = bench.client({ clientId: "s", protocolVersion: 4 });
  client.send(subscribePacket(["a/#", "a/b", "+/+"], { qos: 1 }));
  client.take();
  bench.client("p").send(publishPacket("a/b", "x", { qos: 2 }));
  assertEquals(client.lines(), ['PUBLISH "a/b" QoS 1 id 1 1 bytes "x"']);
});

Deno.test("BrokerMachine replaces a subscription with the same filter, its options and its identifier", () => {
  const bench = new Bench();
  const client = subscriber(bench, "t", {
    qos: 2,
    properties: { subscriptionIdentifier: 1 },
  });
  client.send(subscribePacket("t", { qos: 1, retainAsPublished: true }));
  assertEquals(codes(client), "1");
  bench.client("p").send(publishPacket("t", "x", { qos: 2, retain: true }));
  assertEquals(client.lines(), ['PUBLISH "t" QoS 1 id 1 retain 1 bytes "x"']);
  assertEquals(bench.machine.stats.subscriptions, 1);
  client.send(unsubscribePacket("t"));
  assertEquals(codes(client), "0");
  assertEquals(bench.machine.stats.subscriptions, 0);
});

Deno.test("BrokerMachine sends nothing of what is left, and finishes what it has begun", () => {
  const bench = new Bench();
  const client = bench.client({
    clientId: "s",
    properties: { receiveMaximum: 1 },
  });
  client.send(subscribePacket("t"));
  client.take();
  const publisher = bench.client("p");
  publisher.send(publishPacket("t", "before", { qos: 2 }));
  client.send(unsubscribePacket("t"));
  publisher.send(publishPacket("t", "after", { qos: 2, id: 2 }));
  assertEquals(client.messages(), ["before"]);
});

Deno.test("BrokerMachine keeps from a client what it publishes itself, where it asks for it", () => {
  // [MQTT-3.8.3-3]
  const bench = new Bench();
  const client = bench.client();
  client.send(subscribePacket("t", { noLocal: true }));
  client.take();
  client.send(publishPacket("t", "mine", { qos: 1, retain: true }));
  assertEquals(client.lines(), ["PUBACK id 1 0x10 no matching subscribers"]);
  bench.client("p").send(publishPacket("t", "theirs"));
  assertEquals(client.messages(), ["theirs"]);
  // Not as a retained one either.
  client.send(subscribePacket("t", { noLocal: true, id: 2 }));
  assertEquals(client.messages(), []);
});

Deno.test("BrokerMachine keeps what is local from one of two overlapping subscriptions", () => {
  const bench = new Bench();
  const client = bench.client();
  client.send(
    subscribePacket("t", {
      noLocal: true,
      qos: 2,
      properties: { subscriptionIdentifier: 1 },
    }),
    subscribePacket("#", {
      qos: 1,
      properties: { subscriptionIdentifier: 2 },
    }),
  );
  client.take();
  client.send(publishPacket("t", "x", { qos: 2 }));
  assertEquals(client.lines(), [
    'PUBLISH "t" QoS 1 id 1 1 bytes "x" subscriptionIdentifiers 2',
    "PUBREC id 1",
  ]);
});

Deno.test("BrokerMachine ends a client that asks for what CONNACK says is not there", () => {
  const shared = { sharedSubscriptionAvailable: false };
  const wildcards = { wildcardSubscriptionAvailable: false };
  const identifiers = { subscriptionIdentifiersAvailable: false };
  assertEquals(endOf(subscribePacket("$share/g/a"), shared), "9e");
  assertEquals(endOf(subscribePacket("a/+"), wildcards), "a2");
  assertEquals(endOf(subscribePacket("$share/g/#"), wildcards), "a2");
  const properties = { subscriptionIdentifier: 1 };
  assertEquals(endOf(subscribePacket("a", { properties }), identifiers), "a1");
  const client = new Bench(identifiers).client();
  client.send(subscribePacket("a"));
  assertEquals(codes(client), "2");
  const old = new Bench({ ...shared, ...wildcards })
    .client({ protocolVersion: 4 });
  old.send(subscribePacket(["$share/g/a", "a/+", "a"]));
  assertEquals(codes(old), "80 80 2");
});

Deno.test("BrokerMachine refuses a Topic Filter with more levels than it takes", () => {
  const bench = new Bench({ topicLevelsMax: 3 });
  const filters = ["a/b/c", "a/b/c/d", "$share/g/a/b/c", "///", "//"];
  const client = bench.client();
  client.send(subscribePacket(filters));
  assertEquals(codes(client), "2 8f 2 8f 2");
  const old = bench.client({ protocolVersion: 4 });
  old.send(subscribePacket(filters));
  assertEquals(codes(old), "2 80 2 80 2");
});

Deno.test("BrokerMachine ends a client that asks for No Local on a shared subscription", () => {
  const client = new Bench().client();
  // The encoder does not write such a thing: SUBSCRIBE "$share/g/a" with No Local.
  client.sendBytes(
    "82 10 00 01 00 00 0a 24 73 68 61 72 65 2f 67 2f 61 04",
  );
  const [packet] = client.packets();
  assert(packet?.type === "disconnect");
  assertEquals(packet.reasonCode, 0x82);
});

Deno.test("BrokerMachine sends a message to many, each as it has subscribed", () => {
  const bench = new Bench();
  const clients = Array.from({ length: 200 }, (_, index) => {
    const client = bench.client(`s${index}`);
    client.send(subscribePacket(index % 2 ? "a/b" : "a/+", {
      qos: index % 3 === 0 ? 0 : 1,
    }));
    client.take();
    return client;
  });
  const publisher = bench.client("p");
  for (let time = 0; time < 3; time++) {
    publisher.send(publishPacket("a/b", `${time}`, { qos: 1 }));
    for (const [index, client] of clients.entries()) {
      const [packet, ...others] = client.packets();
      assert(packet?.type === "publish");
      assertEquals(others, []);
      assertEquals(text(packet.payload), `${time}`);
      assertEquals(packet.qos, index % 3 === 0 ? 0 : 1);
    }
  }
});

Deno.test("BrokerMachine finds who has subscribed, however many Topic Names there are, and however long", () => {
  const bench = new Bench();
  const one = subscriber(bench, ["#", "+/x"], { qos: 0 });
  const publisher = bench.client("p");
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 30_000; index++) {
      publisher.send(publishPacket(`${index}/x`));
    }
    publisher.send(publishPacket("x".repeat(1_000)));
    assertEquals(one.messages().length, 30_001);
  }
  one.send(unsubscribePacket("#"));
  publisher.send(publishPacket("x".repeat(1_000)), publishPacket("7/x"));
  assertEquals(one.messages().length, 1);
});

Deno.test("BrokerMachine tells of subscriptions as they come and go", () => {
  const bench = new Bench({ subscriptionsMax: 2 });
  const client = bench.client();
  client.send(subscribePacket(["a", "b"], { qos: 1 }));
  client.send(subscribePacket("c"), unsubscribePacket("a", "x"));
  assertEquals(bench.told().slice(1), [
    "subscribed c a 01",
    "subscribed c b 01",
    "subscribed c c 97",
    "unsubscribed c a 00",
    "unsubscribed c x 11",
  ]);
  assertEquals(bench.machine.clients[0]?.topicFilters, ["b"]);
});
