// Two sessions of our client and the broker between them, over wires that are cut at any byte: what the two
// promise together.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { BrokerConnection } from "../../src/broker/connection.ts";
import type { ProtocolVersion, QoS } from "../../src/codec/packet.ts";
import type { IncomingDelivery } from "../../src/session/delivery.ts";
import type { Session } from "../../src/session/session.ts";
import { message, newSession } from "../session/session.ts";
import {
  Bench,
  connectPacket,
  text,
  VERSION_NAMES,
  VERSIONS,
} from "./machine.ts";

const FOREVER = 0xFFFFFFFF;

/** One thing that happens. */
type Step =
  | { readonly type: "publish"; readonly qos: QoS; readonly topic: number }
  | { readonly type: "acknowledge"; readonly count: number }
  | { readonly type: "to broker"; readonly who: 0 | 1; readonly count: number }
  | { readonly type: "to client"; readonly who: 0 | 1; readonly count: number }
  | { readonly type: "loss"; readonly who: 0 | 1 };

const who = fc.constantFrom(0 as const, 1 as const);
const count = fc.oneof(fc.integer({ min: 1, max: 15 }), fc.constant(10_000));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("publish"),
      qos: fc.constantFrom(0, 1, 2),
      topic: fc.nat(1),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("acknowledge"),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant("to broker"), who, count }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant("to client"), who, count }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("loss"), who }) },
);

/** One client: its session, its wire, and the bytes under way on it. */
class Side {
  readonly session: Session<string>;
  readonly #bench: Bench;
  readonly #version: ProtocolVersion;
  readonly #clientId: string;
  #connection: BrokerConnection;
  #toBroker: Uint8Array = new Uint8Array(0);
  #toClient: Uint8Array = new Uint8Array(0);

  constructor(bench: Bench, version: ProtocolVersion, clientId: string) {
    this.#bench = bench;
    this.#version = version;
    this.#clientId = clientId;
    this.session = newSession({ inflight: { max: 5, qos2Max: 5 } });
    this.#connection = this.#open();
  }

  #open(): BrokerConnection {
    this.session.open(
      this.#bench.now,
      connectPacket({
        protocolVersion: this.#version,
        clientId: this.#clientId,
        cleanStart: false,
        properties: this.#version === 5
          ? {
            sessionExpiryInterval: FOREVER,
            receiveMaximum: 3,
            topicAliasMaximum: 1,
          }
          : {},
      }),
    );
    return this.#bench.machine.connect(this.#bench.now, this.#clientId);
  }

  /** So many bytes come to the broker. */
  moveToBroker(count: number): boolean {
    const { machine, now } = this.#bench;
    const bytes = this.session.takeBytes();
    if (bytes !== undefined) {
      this.#toBroker = join(this.#toBroker, bytes);
      this.session.written(now, "all");
    }
    const part = this.#toBroker.slice(0, count);
    this.#toBroker = this.#toBroker.slice(part.length);
    if (part.length > 0) machine.receive(this.#connection, part, now);
    return part.length > 0;
  }

  /** So many bytes come to the client. */
  moveToClient(count: number): boolean {
    const { machine, now } = this.#bench;
    if (this.#toClient.length === 0) {
      // One block at a time: the next one is taken when this one is written.
      this.#toClient = this.#connection.takeBytes()?.slice() ??
        this.#toClient;
    }
    const part = this.#toClient.slice(0, count);
    this.#toClient = this.#toClient.slice(part.length);
    if (part.length === 0) return false;
    if (this.#toClient.length === 0) machine.written(this.#connection, now);
    this.session.receive(part, now);
    return true;
  }

  /** The wire breaks: what is under way is lost, and a new one is there at once. */
  lose(): void {
    assert(!this.#connection.isEnding, "the broker has ended the connection");
    this.#bench.machine.lost(this.#connection, this.#bench.now);
    this.session.lost();
    this.#toBroker = this.#toClient = new Uint8Array(0);
    this.#connection = this.#open();
  }
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array {
  const joined = new Uint8Array(one.length + other.length);
  joined.set(one);
  joined.set(other, one.length);
  return joined;
}

function simulate(version: ProtocolVersion, steps: readonly Step[]): void {
  const bench = new Bench({
    outgoingSizeMax: 60,
    inflightMax: 3,
    receiveMaximum: 5,
  });
  const publisher = new Side(bench, version, "p");
  const subscriber = new Side(bench, version, "s");
  const sides = [publisher, subscriber] as const;
  const published: Record<string, string[]> = {};
  const delivered: Record<string, string[]> = {};
  let waiting: IncomingDelivery[] = [];
  let serial = 0;

  const look = () => {
    for (const event of publisher.session.takeEvents()) {
      assert(event.type !== "failed", "the publisher has failed");
      assert(event.type !== "disconnected", "the publisher was ended");
      assert(event.type !== "stray", "an answer to nothing");
    }
    for (const event of subscriber.session.takeEvents()) {
      assert(event.type !== "failed", JSON.stringify(event));
      assert(event.type !== "disconnected", JSON.stringify(event));
      if (event.type !== "publish" && event.type !== "delivery") continue;
      const packet = event.type === "publish" ? event : event.packet;
      const key = `${packet.topicName} ${packet.qos}`;
      (delivered[key] ??= []).push(text(packet.payload));
      if (event.type === "delivery") waiting.push(event);
    }
  };
  const settle = () => {
    for (let moved = true; moved;) {
      moved = false;
      for (const side of sides) {
        if (side.moveToBroker(10_000)) moved = true;
        if (side.moveToClient(10_000)) moved = true;
      }
      look();
      for (const delivery of waiting) {
        subscriber.session.acknowledge(delivery);
        moved = true;
      }
      waiting = [];
    }
  };

  subscriber.session.subscribe({
    subscriptions: [{
      topicFilter: "topic/#",
      qos: 2,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    }],
    properties: {},
  }, "");
  settle();
  for (const step of steps) {
    switch (step.type) {
      case "publish": {
        const { qos, topic } = step;
        if (qos === 0 && !publisher.session.connected) break;
        const payload = String(++serial);
        const topicName = `topic/${topic}`;
        publisher.session.publish(
          message(topicName, payload, { qos }),
          payload,
        );
        (published[`${topicName} ${qos}`] ??= []).push(payload);
        break;
      }
      case "acknowledge":
        for (const delivery of waiting.splice(0, step.count)) {
          subscriber.session.acknowledge(delivery);
        }
        break;
      case "to broker":
        sides[step.who].moveToBroker(step.count);
        break;
      case "to client":
        sides[step.who].moveToClient(step.count);
        break;
      case "loss":
        sides[step.who].lose();
    }
    look();
  }
  settle();

  for (const topicName of ["topic/0", "topic/1"]) {
    const sent = (qos: QoS) => published[`${topicName} ${qos}`] ?? [];
    const came = (qos: QoS) => delivered[`${topicName} ${qos}`] ?? [];
    const late = came(0).filter((payload, index) =>
      sent(0).indexOf(payload) < sent(0).indexOf(came(0)[index - 1] ?? "")
    );
    assertEquals(late, [], "QoS 0 comes in order, if at all");
    assertEquals(new Set(came(0)).size, came(0).length, "and once");
    assertEquals([...new Set(came(1))], sent(1), "QoS 1: all, in order");
    assertEquals(came(2), sent(2), "QoS 2: all, in order, once");
  }
  const { stats } = bench.machine;
  assertEquals([stats.queuedMessages, stats.queuedBytes], [0, 0]);
  assertEquals(publisher.session.inFlight + publisher.session.queued, 0);
}

for (const version of VERSIONS) {
  Deno.test(`BrokerMachine and Session deliver by ${VERSION_NAMES[version]} what was published, in order, through any loss`, () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 300, size: "max" }),
        (steps) => simulate(version, steps),
      ),
      { numRuns: 150 },
    );
  });
}
