// What a client must not send: each ends its connection with the right Reason Code, and nothing else.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { OutgoingPacket, Packet } from "../../src/codec/packet.ts";
import { connectRefusals } from "../codec/golden/connect.ts";
import { acknowledgementRefusals } from "../codec/golden/acknowledge.ts";
import { disconnectRefusals } from "../codec/golden/disconnect.ts";
import { publishRefusals } from "../codec/golden/publish.ts";
import { subscribeRefusals } from "../codec/golden/subscribe.ts";
import { unsubscribeRefusals } from "../codec/golden/unsubscribe.ts";
import type { Refusal } from "../codec/golden.ts";
import {
  ack,
  Bench,
  connectPacket,
  encode,
  type Peer,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
  VERSION_NAMES,
} from "./machine.ts";

const REFUSALS = [
  ...acknowledgementRefusals,
  ...disconnectRefusals,
  ...publishRefusals,
  ...subscribeRefusals,
  ...unsubscribeRefusals,
].filter(({ from }) => from === "client");

/** The packets that are sent where a connection ends. */
function lastWords(peer: Peer): string[] {
  return peer.packets().map((packet: Packet) =>
    "reasonCode" in packet ? packet.type : `unexpected ${packet.type}`
  );
}

function codesSaid(peer: Peer): number[] {
  return peer.packets().flatMap((packet) =>
    packet.type === "disconnect" || packet.type === "connack"
      ? [packet.reasonCode]
      : []
  );
}

/** Another client sees that the broker goes on. */
function assertGoesOn(bench: Bench): void {
  const other = bench.client("other");
  other.send({ type: "pingreq" });
  assertEquals(other.lines(), ["PINGRESP"]);
  other.lose();
}

function feeds(bytes: Uint8Array): Uint8Array[][] {
  return [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte))];
}

function testRefusal(refusal: Refusal): void {
  const { name, version, bytes, reasonCodes } = refusal;
  Deno.test(`BrokerMachine ends a client that sends ${name} (${VERSION_NAMES[version]})`, () => {
    for (const pieces of feeds(bytes)) {
      const bench = new Bench();
      const client = bench.client({ protocolVersion: version });
      for (const piece of pieces) client.push(piece);
      assert(client.isEnding, "it goes on");
      const said = codesSaid(client);
      if (version < 5) assertEquals(said, []);
      else {
        assertEquals(said.length, 1);
        assert(reasonCodes.includes(said[0] ?? -1), `0x${said[0]}`);
      }
      assertGoesOn(bench);
    }
  });
}

function testConnectRefusal(refusal: Refusal): void {
  const { name, version, bytes, reasonCodes } = refusal;
  Deno.test(`BrokerMachine refuses ${name} (${VERSION_NAMES[version]})`, () => {
    for (const pieces of feeds(bytes)) {
      const bench = new Bench();
      // What is answered to a CONNECT is in the form of its version, which may be none.
      const isUnknown = reasonCodes.includes(0x84);
      const peer = bench.wire(isUnknown ? 4 : version);
      for (const piece of pieces) peer.push(piece);
      assert(peer.isEnding, "it goes on");
      const said = codesSaid(peer);
      if (isUnknown) assertEquals(said, [1]);
      else if (version === 5 && said.length > 0) {
        assert(reasonCodes.includes(said[0] ?? -1), `0x${said[0]}`);
      } else assertEquals(said, []);
      assertGoesOn(bench);
    }
  });
}

REFUSALS.forEach(testRefusal);
connectRefusals.filter(({ from }) => from === "client")
  .forEach(testConnectRefusal);

Deno.test("BrokerMachine sends DISCONNECT once, and nothing behind it", () => {
  const client = new Bench().client();
  client.send({ type: "pingreq" });
  client.sendBytes("00 00 c0 00");
  client.sendBytes("c0 00");
  assertEquals(client.packets().map(({ type }) => type), [
    "pingresp",
    "disconnect",
  ]);
  assertEquals(lastWords(client), []);
});

const anyText = fc.constantFrom("a", "a/b", "a/#", "+/b", "$share/g/a", "#");
const anyId = fc.integer({ min: 1, max: 3 });
const anyQos = fc.constantFrom(0, 1, 2);

/** Packets that a client may send, in any order: most are right at some time. */
const anyPacket: fc.Arbitrary<OutgoingPacket> = fc.oneof(
  fc.record({
    topicName: fc.constantFrom("a", "a/b", "b"),
    payload: fc.string({ maxLength: 20 }),
    qos: anyQos,
    id: anyId,
    retain: fc.boolean(),
    topicAlias: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    expiry: fc.option(fc.nat(3), { nil: undefined }),
  }).map(({ topicName, payload, qos, id, retain, topicAlias, expiry }) =>
    publishPacket(topicName, payload, {
      qos,
      id,
      retain,
      properties: {
        ...(topicAlias === undefined ? {} : { topicAlias }),
        ...(expiry === undefined ? {} : { messageExpiryInterval: expiry }),
      },
    })
  ),
  fc.record({
    topicFilter: anyText,
    qos: anyQos,
    retainHandling: fc.constantFrom(0, 1, 2),
    retainAsPublished: fc.boolean(),
    id: anyId,
  }).map(({ topicFilter, ...options }) =>
    subscribePacket(topicFilter, options)
  ),
  anyText.map((topicFilter) => unsubscribePacket(topicFilter)),
  fc.record({
    type: fc.constantFrom("puback", "pubrec", "pubrel", "pubcomp"),
    id: anyId,
    code: fc.constantFrom(0, 0, 0, 0x92),
  }).map(({ type, id, code }) =>
    ack(type, id, type === "puback" || type === "pubrec" ? 0 : code)
  ),
  fc.constant({ type: "pingreq" } as const),
);

const anyStep = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      who: fc.nat(3),
      packets: fc.array(anyPacket, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ who: fc.nat(3), lost: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      who: fc.nat(3),
      bytes: fc.uint8Array({ maxLength: 12 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ who: fc.nat(3), reads: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ ms: fc.nat(5_000) }) },
);

Deno.test("BrokerMachine takes whatever four clients send, and has nothing left when they are gone", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60, size: "max" }), (steps) => {
      const bench = new Bench({ outgoingSizeMax: 50, queuedMessagesMax: 5 });
      const peers: Peer[] = [];
      const peerOf = (who: number): Peer => {
        const known = peers[who];
        if (known !== undefined && !known.isEnding) return known;
        known?.lose();
        const peer = peers[who] = bench.wire(who === 3 ? 4 : 5);
        peer.send(connectPacket({
          protocolVersion: who === 3 ? 4 : 5,
          clientId: `c${who}`,
          cleanStart: false,
          properties: who === 3 ? {} : {
            sessionExpiryInterval: who * 2,
            receiveMaximum: who + 1,
            topicAliasMaximum: who,
          },
        }));
        return peer;
      };
      for (const step of steps) {
        if ("ms" in step) {
          bench.pass(step.ms);
          continue;
        }
        const peer = peerOf(step.who);
        if ("packets" in step) {
          const version = step.who === 3 ? 4 : 5;
          const packets = step.packets.map((packet) =>
            version === 4 ? plain(packet) : packet
          );
          peer.push(encode(version, ...packets));
        } else if ("bytes" in step) peer.push(step.bytes);
        else if ("lost" in step) peer.lose();
        else peer.isReading = step.reads;
        peer.take();
        if ("lost" in step) delete peers[step.who];
      }
      for (const peer of peers) peer?.lose();
      for (const { clientId } of bench.machine.clients) {
        bench.machine.endSession(clientId, bench.now);
      }
      const { stats, deadline } = bench.machine;
      assertEquals([stats.connections, stats.sessions], [0, 0]);
      assertEquals([stats.subscriptions, stats.queuedMessages], [0, 0]);
      assertEquals(stats.queuedBytes, 0);
      assert(deadline === Infinity || stats.retainedMessages > 0);
    }),
    { numRuns: 300 },
  );
});

/** A packet as MQTT 3.1.1 has it. */
function plain(packet: OutgoingPacket): OutgoingPacket {
  if (packet.type === "subscribe") {
    return {
      ...packet,
      subscriptions: packet.subscriptions.map((request) => ({
        ...request,
        retainAsPublished: false,
        retainHandling: 0,
      })),
      properties: {},
    };
  }
  if (!("properties" in packet)) return packet;
  return "reasonCode" in packet
    ? { ...packet, reasonCode: 0, properties: {} }
    : { ...packet, properties: {} };
}

Deno.test("BrokerMachine quotes what a client has sent, however long, so that the Reason String can be sent", () => {
  // A control character takes six when it is quoted.
  const long = "\u0001".repeat(65_534);
  const bench = new Bench();
  const client = bench.client("a");
  client.send(subscribePacket(`${long}#`));
  const [packet] = client.packets();
  assert(packet?.type === "disconnect");
  assertEquals(packet.reasonCode, 0x81);
  assert(client.isEnding);
  const other = bench.wire();
  other.send(connectPacket({ properties: { authenticationMethod: long } }));
  assertEquals(codesSaid(other), [0x8c]);
  assertGoesOn(bench);
});
