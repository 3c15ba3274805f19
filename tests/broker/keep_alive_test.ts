// The Keep Alive (3.1.2.10).

import { assert, assertEquals } from "@std/assert";
import {
  Bench,
  connectPacket,
  publishPacket,
  subscribePacket,
  VERSION_NAMES,
  VERSIONS,
} from "./machine.ts";

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];

  Deno.test(`BrokerMachine ends a client of ${name} that is silent for one and a half times its Keep Alive`, () => {
    const bench = new Bench();
    const client = bench.client({ protocolVersion, keepAlive: 10 });
    bench.pass(14_999);
    assert(!client.isEnding);
    client.send(publishPacket("t"));
    bench.pass(14_999);
    assertEquals([client.hex(), client.isEnding], ["", false]);
    bench.pass(1);
    assertEquals(
      client.lines(),
      protocolVersion === 5 ? ["DISCONNECT 0x8D keep alive timeout"] : [],
    );
    assert(client.isEnding);
    assertEquals(bench.told().slice(-2), [
      "disconnected c keep-alive 8d",
      "session-ended c",
    ]);
    assertEquals(bench.machine.deadline, Infinity);
  });

  Deno.test(`BrokerMachine never ends a client of ${name} without a Keep Alive for its silence`, () => {
    const bench = new Bench();
    const client = bench.client({ protocolVersion, keepAlive: 0 });
    assertEquals(bench.machine.deadline, Infinity);
    bench.pass(1e12);
    assert(!client.isEnding);
  });
}

Deno.test("BrokerMachine waits for nobody who has gone", () => {
  const bench = new Bench();
  bench.client({ keepAlive: 10 }).lose();
  bench.wire().lose();
  assertEquals(bench.machine.deadline, Infinity);
});

Deno.test("BrokerMachine counts packets, not bytes, as signs of life", () => {
  const bench = new Bench();
  const client = bench.client({ keepAlive: 10 });
  bench.pass(14_000);
  client.sendBytes("c0");
  bench.pass(1_000);
  assert(client.isEnding);
});

Deno.test("BrokerMachine goes by its Server Keep Alive under MQTT 5, and by the client's under MQTT 3.1.1", () => {
  const bench = new Bench({ serverKeepAlive: 10 });
  const client = bench.client({ keepAlive: 0 });
  const short = bench.client({ clientId: "short", keepAlive: 4 });
  const old = bench.client({
    clientId: "old",
    protocolVersion: 4,
    keepAlive: 100,
  });
  bench.pass(6_000);
  assert(short.isEnding && !client.isEnding);
  bench.pass(9_000);
  assert(client.isEnding && !old.isEnding);
});

Deno.test("BrokerMachine keeps the time for each client", () => {
  const bench = new Bench();
  const clients = [7, 3, 9, 1, 5, 8, 2].map((keepAlive) =>
    bench.client({ clientId: `c${keepAlive}`, keepAlive })
  );
  bench.told();
  bench.pass(60_000);
  assert(clients.every(({ isEnding }) => isEnding));
  const ends = bench.told().filter((line) => line.startsWith("disconnected"));
  assertEquals(
    ends.map((line) => line.split(" ")[1]),
    ["c1", "c2", "c3", "c5", "c7", "c8", "c9"],
  );
});

Deno.test("BrokerMachine takes what it has not looked at itself for no silence", () => {
  const bench = new Bench({
    questions: {
      connect: false,
      publish: true,
      subscribe: false,
      authenticationMethods: [],
    },
  });
  const client = bench.client({ keepAlive: 10 });
  client.send(publishPacket("t"), { type: "pingreq" });
  bench.pass(60_000);
  assert(!client.isEnding);
  bench.answer(0);
  assertEquals(client.lines(), ["PINGRESP"]);
  bench.pass(14_999);
  assert(!client.isEnding);
  bench.pass(1);
  assert(client.isEnding);
});

Deno.test("BrokerMachine begins to count anew when a question is answered", () => {
  const bench = new Bench({
    questions: {
      connect: true,
      publish: true,
      subscribe: false,
      authenticationMethods: [],
    },
  });
  const peer = bench.wire();
  peer.send(connectPacket({ keepAlive: 10 }));
  bench.pass(9_000);
  bench.answer(0);
  bench.pass(14_999);
  peer.send(publishPacket("t"));
  bench.pass(29_000);
  bench.answer(0);
  bench.pass(14_999);
  assert(!peer.isEnding);
  bench.pass(1);
  assert(peer.isEnding);
});

Deno.test("BrokerMachine does not take its own sending for the client's life", () => {
  const bench = new Bench();
  const client = bench.client({ keepAlive: 10 });
  client.send(subscribePacket("t", { qos: 0 }));
  const publisher = bench.client("p");
  for (let second = 0; second < 15; second++) {
    publisher.send(publishPacket("t"));
    client.take();
    bench.pass(1_000);
  }
  assert(client.isEnding);
});
