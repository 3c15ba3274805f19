// Enhanced authentication (4.12).

import { assert, assertEquals } from "@std/assert";
import type { AuthPacket, Properties } from "../../src/codec/packet.ts";
import type { BrokerQuestion } from "../../src/broker/question.ts";
import {
  Bench,
  connectPacket,
  type Peer,
  publishPacket,
  text,
  utf8,
} from "./machine.ts";

const METHOD = { authenticationMethod: "m" };

function newBench(): Bench {
  return new Bench({
    questions: {
      connect: false,
      publish: false,
      subscribe: false,
      authenticationMethods: ["m", "n"],
    },
  });
}

function auth(
  reasonCode: number,
  data: string,
  authenticationMethod = "m",
): AuthPacket {
  const authenticationData = utf8(data);
  return {
    type: "auth",
    reasonCode,
    properties: { authenticationMethod, authenticationData },
  };
}

/** A decision that says something in the method. */
function saying(reasonCode: number, data: string) {
  return { reasonCode, properties: { authenticationData: utf8(data) } };
}

/** What a question is about. */
function subject(question: BrokerQuestion): string {
  assert(question.type === "authenticate");
  const { step, authenticationMethod, authenticationData } = question;
  return `${step} ${authenticationMethod} ${
    authenticationData === undefined ? "-" : text(authenticationData)
  }`;
}

/** What a client is sent: type, code and what is said in the method. */
function lines(peer: Peer): string[] {
  return peer.packets().map((packet) => {
    if (!("properties" in packet) || !("reasonCode" in packet)) {
      return packet.type;
    }
    const { authenticationMethod: method, authenticationData: data } =
      packet.properties;
    const said = data === undefined ? "" : ` ${text(data)}`;
    return `${packet.type} ${packet.reasonCode.toString(16)}${
      method === undefined ? "" : ` ${method}`
    }${said}`;
  });
}

/** A client that has authenticated itself. */
function authenticated(bench: Bench, properties: Properties = METHOD): Peer {
  const peer = bench.wire();
  peer.send(connectPacket({ properties }));
  bench.answer(0);
  assertEquals(lines(peer), ["connack 0 m"]);
  return peer;
}

Deno.test("BrokerMachine authenticates a client in as many steps as it takes", () => {
  const bench = newBench();
  const peer = bench.wire();
  peer.send(connectPacket({
    properties: { ...METHOD, authenticationData: utf8("hello") },
  }));
  assertEquals(subject(bench.answer(saying(0x18, "who"))), "connect m hello");
  assertEquals(lines(peer), ["auth 18 m who"]);
  peer.send(auth(0x18, "me"));
  assertEquals(subject(bench.answer(saying(0x18, "sure"))), "continue m me");
  peer.send(auth(0x18, "yes"));
  assertEquals(subject(bench.answer(saying(0, "fine"))), "continue m yes");
  assertEquals(lines(peer), ["auth 18 m sure", "connack 0 m fine"]);
  assert(peer.connection.isConnected);
});

Deno.test("BrokerMachine, in bytes: MQTT 5 authenticates itself in two steps", () => {
  const bench = newBench();
  const peer = bench.wire();
  peer.sendBytes(`
    10 16                   | CONNECT, Remaining Length 22
    00 04 4d 51 54 54 05    | MQTT 5
    02 00 00                | Clean Start, no Keep Alive
    08                      | Property Length 8
    15 00 01 6d             | Authentication Method "m"
    16 00 01 31             | Authentication Data "1"
    00 01 61                | Client Identifier "a"`);
  bench.answer(saying(0x18, "2"));
  // AUTH, Remaining Length 10: continue, Property Length 8, the data "2", the method.
  assertEquals(peer.hex(), "f0 0a 18 08 16 00 01 32 15 00 01 6d");
  peer.sendBytes("f0 0a 18 08 15 00 01 6d 16 00 01 33");
  bench.answer(saying(0, "4"));
  // CONNACK, Remaining Length 19: success, Property Length 16, and as ever but for the data and the method.
  assertEquals(
    peer.hex(),
    "20 13 00 00 10 27 01 00 00 00 22 03 e8 16 00 01 34 15 00 01 6d",
  );
});

Deno.test("BrokerMachine refuses a client that does not authenticate itself", () => {
  for (const reasonCode of [0x87, 0x8C]) {
    const bench = newBench();
    const peer = bench.wire();
    peer.send(connectPacket({ properties: METHOD }));
    bench.answer(reasonCode);
    assertEquals(lines(peer), [`connack ${reasonCode.toString(16)}`]);
    assert(peer.isEnding);
    const late = bench.wire();
    late.send(connectPacket({ properties: METHOD }));
    bench.answer(0x18);
    late.send(auth(0x18, "x"));
    bench.answer(reasonCode);
    assertEquals(lines(late).at(-1), `connack ${reasonCode.toString(16)}`);
  }
});

Deno.test("BrokerMachine refuses a method that nobody knows, and asks nothing", () => {
  const bench = newBench();
  const peer = bench.wire();
  peer.send(connectPacket({ properties: { authenticationMethod: "x" } }));
  assertEquals(lines(peer), ["connack 8c"]);
  assertEquals(bench.asked(), []);
});

Deno.test("BrokerMachine takes AUTH and DISCONNECT alone while a client authenticates itself", () => {
  // [MQTT-3.1.2-30]
  const begin = (bench: Bench) => {
    const peer = bench.wire();
    peer.send(connectPacket({ properties: METHOD }));
    bench.answer(0x18);
    peer.take();
    return peer;
  };
  for (const packet of [publishPacket("t"), connectPacket()]) {
    const bench = newBench();
    const peer = begin(bench);
    peer.send(packet);
    assertEquals(lines(peer), ["connack 82"]);
    assert(peer.isEnding);
  }
  const bench = newBench();
  const peer = begin(bench);
  peer.send({ type: "disconnect", reasonCode: 0, properties: {} });
  assertEquals([peer.hex(), peer.isEnding], ["", true]);
  assertEquals(bench.told(), ["refused c -"]);
});

Deno.test("BrokerMachine lets no exchange take longer than CONNECT may", () => {
  const bench = newBench();
  const peer = bench.wire();
  peer.send(connectPacket({ properties: METHOD }));
  bench.pass(9_000);
  bench.answer(0x18);
  bench.pass(1_000);
  assert(peer.isEnding);
});

Deno.test("BrokerMachine ends who changes the method, or speaks out of turn", () => {
  for (
    const [packet, code] of [
      [auth(0x18, "x", "n"), "8c"],
      [auth(0x19, "x"), "82"],
    ] as const
  ) {
    const bench = newBench();
    const peer = bench.wire();
    peer.send(connectPacket({ properties: METHOD }));
    bench.answer(0x18);
    peer.take();
    peer.send(packet);
    assertEquals(lines(peer), [`connack ${code}`]);
  }
  for (
    const [packet, code] of [
      [auth(0x19, "x", "n"), "8c"],
      [auth(0x18, "x"), "82"],
    ] as const
  ) {
    const client = authenticated(newBench());
    client.send(packet);
    assertEquals(lines(client), [`disconnect ${code}`]);
  }
});

Deno.test("BrokerMachine ends a client that sends AUTH and has named no method", () => {
  // [MQTT-4.12.0-7]
  const client = newBench().client();
  client.send(auth(0x19, "x"));
  assertEquals(lines(client), ["disconnect 82"]);
});

Deno.test("BrokerMachine lets a client authenticate itself anew, while all goes on", () => {
  const bench = newBench();
  const client = authenticated(bench);
  client.send(auth(0x19, "again"), { type: "pingreq" });
  assertEquals(
    subject(bench.answer(saying(0x18, "who"))),
    "re-authenticate m again",
  );
  assertEquals(lines(client), ["auth 18 m who", "pingresp"]);
  client.send(publishPacket("t"), auth(0x18, "me"));
  assertEquals(subject(bench.answer(saying(0, "fine"))), "continue m me");
  assertEquals(lines(client), ["auth 0 m fine"]);
  // And once more.
  client.send(auth(0x19, "again"));
  bench.answer(0);
  assertEquals(lines(client), ["auth 0 m"]);
});

Deno.test("BrokerMachine ends a client whose re-authentication fails, and publishes its will", () => {
  // [MQTT-4.12.1-2]
  const bench = newBench();
  const client = authenticated(bench);
  client.send(auth(0x19, "again"));
  bench.answer({ reasonCode: 0x87, properties: { reasonString: "no" } });
  assertEquals(client.lines(), [
    'DISCONNECT 0x87 not authorized reasonString "no"',
  ]);
  assert(client.isEnding);
  assertEquals(bench.told().slice(1), [
    "disconnected c refused 87",
    "session-ended c",
  ]);
});

Deno.test("BrokerMachine ends a client that begins anew before the exchange has ended", () => {
  const bench = newBench();
  const client = authenticated(bench);
  client.send(auth(0x19, "again"));
  bench.answer(0x18);
  client.take();
  client.send(auth(0x19, "again"));
  assertEquals(lines(client), ["disconnect 82"]);
});
