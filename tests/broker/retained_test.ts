// Retained messages (3.3.1.3, 3.8.3.1).

import { assertEquals } from "@std/assert";
import type { FilterOptions, Peer } from "./machine.ts";
import {
  Bench,
  publishPacket,
  subscribePacket,
  VERSION_NAMES,
  VERSIONS,
} from "./machine.ts";

/** A broker that retains a message of QoS 2. */
function benchWith(
  topicName: string,
  payload: string,
): { bench: Bench; publisher: Peer } {
  const bench = new Bench();
  const publisher = bench.client("p");
  publisher.send(publishPacket(topicName, payload, { qos: 2, retain: true }));
  publisher.take();
  return { bench, publisher };
}

/** What a subscription brings at once. */
function broughtBy(
  client: Peer,
  topicFilters: string | readonly string[],
  options: FilterOptions = {},
): string[] {
  client.send(subscribePacket(topicFilters, options));
  return client.lines().slice(1);
}

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];

  Deno.test(`BrokerMachine sends a retained message behind SUBACK by ${name}, with RETAIN and the lower QoS`, () => {
    const { bench } = benchWith("t", "kept");
    const client = bench.client({ protocolVersion });
    client.send(subscribePacket("t", { qos: 1 }));
    assertEquals(client.packets().map(({ type }) => type), [
      "suback",
      "publish",
    ]);
    // Once more for a subscription that is there already.
    assertEquals(broughtBy(client, "t", { qos: 1 }), [
      'PUBLISH "t" QoS 1 id 2 retain 4 bytes "kept"',
    ]);
  });

  Deno.test(`BrokerMachine replaces and deletes what ${name} has retained`, () => {
    const bench = new Bench();
    const client = bench.client({ protocolVersion });
    client.send(
      publishPacket("t", "one", { retain: true }),
      publishPacket("t", "two", { retain: true, qos: 1 }),
      publishPacket("t", "three"), // not retained: what is retained stays [MQTT-3.3.1-8]
    );
    client.take();
    assertEquals(broughtBy(client, "t"), [
      'PUBLISH "t" QoS 1 id 1 retain 3 bytes "two"',
    ]);
    // An empty one goes to those who are there, and deletes [MQTT-3.3.1-6, MQTT-3.3.1-7].
    client.send(publishPacket("t", "", { retain: true }));
    assertEquals(client.lines(), ['PUBLISH "t" QoS 0 0 bytes']);
    assertEquals(broughtBy(client, "t"), []);
    assertEquals(bench.machine.stats.retainedMessages, 0);
    assertEquals(bench.machine.stats.retainedBytes, 0);
  });
}

Deno.test("BrokerMachine keeps to Retain Handling: always, once, never", () => {
  // [MQTT-3.3.1-9], [MQTT-3.3.1-10], [MQTT-3.3.1-11]
  const { bench } = benchWith("t", "kept");
  const brought = 'PUBLISH "t" QoS 0 retain 4 bytes "kept"';
  for (
    const [retainHandling, first, second] of [
      [0, 1, 1],
      [1, 1, 0],
      [2, 0, 0],
    ] as const
  ) {
    const client = bench.client();
    const options = { qos: 0, retainHandling } as const;
    const all = [brought];
    assertEquals(broughtBy(client, "t", options), all.slice(0, first));
    assertEquals(broughtBy(client, "t", options), all.slice(0, second));
  }
});

Deno.test("BrokerMachine treats the filters of one SUBSCRIBE as if each had come alone", () => {
  // [MQTT-3.8.4-5]
  const { bench } = benchWith("t", "kept");
  const client = bench.client();
  const options = { qos: 0, retainHandling: 1 } as const;
  assertEquals(broughtBy(client, ["t", "t"], options).length, 1);
  assertEquals(broughtBy(client, ["+", "#"], { qos: 0 }).length, 2);
});

Deno.test("BrokerMachine finds retained messages by wildcards, and not what begins with $", () => {
  const bench = new Bench();
  const client = bench.client();
  for (const topicName of ["a", "a/b", "a/b/c", "b/b", "$SYS/b", "/b"]) {
    client.send(publishPacket(topicName, "x", { retain: true }));
  }
  const names = (topicFilter: string) => {
    client.send(subscribePacket(topicFilter, { qos: 0 }));
    return client.packets().map((packet) =>
      packet.type === "publish" ? packet.topicName : ""
    ).slice(1).join(" ");
  };
  assertEquals(names("a/#"), "a a/b a/b/c");
  assertEquals(names("+/b"), "a/b b/b /b");
  assertEquals(names("#"), "a a/b a/b/c b/b /b");
  assertEquals(names("$SYS/+"), "$SYS/b");
  assertEquals(names("a/b"), "a/b");
  assertEquals(names("A"), "");
});

Deno.test("BrokerMachine sends a retained message with the identifier of the new subscription alone", () => {
  const { bench } = benchWith("t", "kept");
  const client = bench.client();
  broughtBy(client, "#", { properties: { subscriptionIdentifier: 1 } });
  assertEquals(
    broughtBy(client, "t", {
      qos: 0,
      properties: { subscriptionIdentifier: 2 },
    }),
    ['PUBLISH "t" QoS 0 retain 4 bytes "kept" subscriptionIdentifiers 2'],
  );
});

Deno.test("BrokerMachine sends no retained message for a shared subscription", () => {
  const { bench } = benchWith("t", "kept");
  assertEquals(broughtBy(bench.client(), "$share/g/t"), []);
});

Deno.test("BrokerMachine keeps retained messages beyond the session of their publisher", () => {
  const { bench, publisher } = benchWith("t", "kept");
  publisher.lose();
  assertEquals(bench.machine.stats.sessions, 0);
  assertEquals(broughtBy(bench.client(), "t", { qos: 0 }).length, 1);
});

Deno.test("BrokerMachine sends a retained message to those who are connected as a new one", () => {
  const bench = new Bench();
  const client = bench.client();
  broughtBy(client, "t", { qos: 0 });
  bench.client("p").send(publishPacket("t", "x", { retain: true }));
  assertEquals(client.lines(), ['PUBLISH "t" QoS 0 1 bytes "x"']);
});

Deno.test("BrokerMachine retains what it publishes itself", () => {
  const bench = new Bench();
  const payload = new Uint8Array([0x61]);
  const message = { topicName: "t", payload, qos: 1, properties: {} } as const;
  bench.machine.publish({ ...message, retain: true }, bench.now);
  payload[0] = 0x62; // the caller's own again
  assertEquals(broughtBy(bench.client(), "t", { qos: 0 }), [
    'PUBLISH "t" QoS 0 retain 1 bytes "a"',
  ]);
});

Deno.test("BrokerMachine holds on to no more of a retained message's block than it needs", () => {
  const bench = new Bench();
  const client = bench.client();
  client.send(
    publishPacket("small", "x", {
      retain: true,
      properties: { correlationData: new Uint8Array(3) },
    }),
    publishPacket("large", "x".repeat(100_000)),
  );
  const [message] = bench.machine.takeEvents().filter((event) =>
    event.type === "message"
  );
  assertEquals(message?.payload.buffer.byteLength, 1);
  assertEquals(message?.properties.correlationData?.buffer.byteLength, 3);
});

Deno.test("BrokerMachine keeps no more bytes of retained messages than it is set to", () => {
  const bench = new Bench({ retainedBytesMax: 3_000 });
  const client = bench.client();
  const big = "x".repeat(2_000);
  client.send(
    publishPacket("a", big, { qos: 1, retain: true }),
    publishPacket("b", big, { qos: 1, retain: true }),
    publishPacket("a", big, { qos: 1, retain: true }),
    publishPacket("a", "", { qos: 1, retain: true }),
    publishPacket("b", big, { qos: 1, retain: true }),
  );
  const codes = client.packets().map((packet) =>
    packet.type === "puback" ? packet.reasonCode.toString(16) : ""
  );
  assertEquals(codes, ["10", "97", "10", "10", "10"]);
});
