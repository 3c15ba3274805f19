import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { QoS } from "../../src/codec/packet.ts";
import { PacketIds } from "../../src/session/packet_ids.ts";
import {
  bytes,
  connectedSession,
  FILTER,
  message,
  NOW,
  packets,
  reconnect,
  told,
  written,
  writtenPackets,
} from "./session.ts";

const PACKET_ID_MAX = 65_535;

/** As many identifiers as are asked for. */
function take(ids: PacketIds, count: number): number[] {
  return Array.from({ length: count }, () => ids.take());
}

Deno.test("PacketIds begin with 1 and end with 65,535; there is no 0", () => {
  const ids = new PacketIds();
  assertEquals(take(ids, 3), [1, 2, 3]);
  assertEquals(take(ids, PACKET_ID_MAX - 3).at(-1), PACKET_ID_MAX);
  assertEquals(ids.has(0) && ids.has(1) && ids.has(PACKET_ID_MAX), true);
});

Deno.test("PacketIds go round in a circle: a freed one is used last", () => {
  const ids = new PacketIds();
  take(ids, 2);
  ids.free(1);
  assertEquals(ids.has(1), false);
  assertEquals(take(ids, PACKET_ID_MAX - 2).at(-1), PACKET_ID_MAX);
  assertEquals(ids.take(), 1);
});

Deno.test("PacketIds give 0 where all are in use, and the one that is freed then", () => {
  const ids = new PacketIds();
  take(ids, PACKET_ID_MAX);
  assertEquals(ids.take(), 0);
  for (const freed of [1, 31, 32, 33, 40_000, 65_504, PACKET_ID_MAX]) {
    ids.free(freed);
    assertEquals([ids.take(), ids.take()], [freed, 0]);
  }
});

Deno.test("PacketIds go on from the last one, not from the lowest that is free", () => {
  const ids = new PacketIds();
  take(ids, PACKET_ID_MAX);
  for (const freed of [35, 40, 60]) ids.free(freed);
  assertEquals(ids.take(), 35);
  ids.free(33);
  assertEquals(take(ids, 4), [40, 60, 33, 0]);
});

Deno.test("PacketIds take it lightly when a free one or 0 is given back", () => {
  const ids = new PacketIds();
  take(ids, PACKET_ID_MAX);
  ids.free(7);
  ids.free(7);
  ids.free(0);
  assertEquals([ids.take(), ids.take()], [7, 0]);
});

Deno.test("PacketIds never give one that is in use, and always the next free one", () => {
  const step = fc.oneof(
    fc.record({ take: fc.integer({ min: 1, max: 500 }) }),
    fc.record({ free: fc.array(fc.nat(PACKET_ID_MAX), { maxLength: 200 }) }),
    fc.constant({ take: PACKET_ID_MAX }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const ids = new PacketIds();
      const used = new Set<number>();
      let last = 0;
      for (const step of steps) {
        if ("free" in step) {
          for (const packetId of step.free) {
            ids.free(packetId);
            used.delete(packetId);
          }
          continue;
        }
        for (let i = 0; i < step.take && used.size < PACKET_ID_MAX; i++) {
          do last = last % PACKET_ID_MAX + 1; while (used.has(last));
          used.add(last);
          if (ids.take() !== last) throw new Error(`not ${last}`);
        }
      }
    }),
    { numRuns: 20 },
  );
});

/** A session whose identifiers are all in use by messages of QoS 1, with nothing left to write. */
function exhaustedSession() {
  const session = connectedSession();
  for (let packetId = 1; packetId <= PACKET_ID_MAX; packetId++) {
    session.publish(message("t", "", { qos: 1 }), `${packetId}`);
  }
  session.takeBytes();
  return session;
}

Deno.test("Session gives each message and each request an identifier of its own", () => {
  const session = connectedSession();
  session.publish(message("t", "", { qos: 1 }), "one");
  session.subscribe({ subscriptions: [FILTER], properties: {} }, "two");
  session.publish(message("t", "", { qos: 2 }), "three");
  session.unsubscribe({ topicFilters: ["f"], properties: {} }, "four");
  assertEquals(
    written(session),
    "32 06 00 01 74 00 01 00 " +
      "82 07 00 02 00 00 01 66 00 " +
      "34 06 00 01 74 00 03 00 " +
      "a2 06 00 04 00 00 01 66",
  );
});

Deno.test("Session goes round the identifiers and leaves out those in use", () => {
  const session = connectedSession();
  session.publish(message("t", "", { qos: 2 }), "first");
  for (let packetId = 2; packetId <= PACKET_ID_MAX; packetId++) {
    session.publish(message("t", "", { qos: 1 }), "");
    session.receive(ack("puback", packetId), NOW);
  }
  session.takeBytes();
  session.publish(message("t", "", { qos: 1 }), "next");
  assertEquals(written(session), "32 06 00 01 74 00 02 00");
});

Deno.test("Session keeps the identifier of an aborted message until its handshake has ended", () => {
  const session = exhaustedSession();
  const aborted = connectedSession();
  const flight = aborted.publish(message("t", "", { qos: 1 }), "aborted");
  if (flight === undefined) throw new Error("QoS 1 has a flight");
  assertEquals(aborted.abort(flight), "unknown");
  for (let packetId = 2; packetId <= PACKET_ID_MAX; packetId++) {
    aborted.publish(message("t", "", { qos: 1 }), "");
  }
  aborted.takeBytes();
  aborted.publish(message("t", "", { qos: 1 }), "waits");
  assertEquals(written(aborted), "");
  aborted.receive(ack("puback", 1), NOW);
  assertEquals(written(aborted), "32 06 00 01 74 00 01 00");
  assertEquals([session.queued, aborted.queued], [0, 0]);
});

Deno.test("Session lets a message wait while all identifiers are in use", () => {
  const session = exhaustedSession();
  session.publish(message("t", "", { qos: 2 }), "waits");
  assertEquals([written(session), session.queued], ["", 1]);
  session.receive(ack("puback", 700), NOW);
  assertEquals(told(session), ["published 700 00"]);
  assertEquals(written(session), "34 06 00 01 74 02 bc 00");
});

Deno.test("Session gives the first identifier that is free to a request, before messages that wait", () => {
  const session = exhaustedSession();
  session.publish(message("t", "", { qos: 1 }), "waits");
  session.subscribe({ subscriptions: [FILTER], properties: {} }, "asked");
  assertEquals([written(session), session.unanswered], ["", 1]);
  session.receive(ack("puback", 700), NOW);
  assertEquals(written(session), "82 07 02 bc 00 00 01 66 00");
  // SUBACK gives it back.
  session.receive(bytes("90 04 02 bc 00 00"), NOW);
  assertEquals(told(session), ["published 700 00", "subscribed asked 00"]);
  assertEquals(written(session), "32 06 00 01 74 02 bc 00");
});

Deno.test("Session takes the identifiers of requests back when the connection is lost", () => {
  const session = connectedSession();
  session.subscribe({ subscriptions: [FILTER], properties: {} }, "asked");
  session.publish(message("t", "", { qos: 1 }), "one");
  session.takeBytes();
  reconnect(session, "kept");
  // SUBSCRIBE has a new one, for the old one may be answered no more.
  assertEquals(
    written(session),
    "82 07 00 03 00 00 01 66 00 3a 06 00 01 74 00 02 00",
  );
});

Deno.test("Session asks in the original order what had an identifier, and what waited for one", () => {
  const session = exhaustedSession();
  for (const topicFilter of ["f", "g"]) {
    session.unsubscribe({ topicFilters: [topicFilter], properties: {} }, "");
  }
  session.receive(ack("puback", 700), NOW);
  assertEquals(written(session), "a2 06 02 bc 00 00 01 66");
  session.lost();
  session.unsubscribe({ topicFilters: ["h"], properties: {} }, "");
  reconnect(session, "lost");
  assertEquals(
    written(session).slice(0, 71),
    "a2 06 02 bd 00 00 01 66 a2 06 02 be 00 00 01 67 a2 06 02 bf 00 00 01 68",
  );
});

Deno.test("Session can ask ever so much over a loss", () => {
  const session = connectedSession();
  for (let i = 0; i < 40_000; i++) {
    session.unsubscribe({ topicFilters: ["f"], properties: {} }, "");
  }
  session.takeBytes();
  reconnect(session, "kept");
  assertEquals(session.takeBytes()?.length, 40_000 * 8);
});

Deno.test("Session gives no identifier away that waits for PUBREC, PUBCOMP or nobody any more, over many losses", () => {
  const session = connectedSession();
  const inUse = new Set<number>();
  let next = 0;
  const publishOne = () => {
    session.takeBytes();
    session.publish(message("t", "", { qos: 2 }), `${++next}`);
    const [, , , , , high = 0, low = 0] = session.takeBytes() ?? [];
    const packetId = high << 8 | low;
    assertEquals(inUse.has(packetId), false, `${packetId} is in use`);
    inUse.add(packetId);
    return packetId;
  };
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 7_000; i++) {
      const packetId = publishOne();
      if (i % 100 === 0) continue; // waits for PUBREC for ever
      session.receive(ack("pubrec", packetId), NOW);
      if (i % 100 === 1) continue; // waits for PUBCOMP for ever
      session.receive(ack("pubcomp", packetId), NOW);
      inUse.delete(packetId);
    }
    reconnect(session, "kept");
  }
  assertEquals([session.inFlight, inUse.size], [1_400, 1_400]);
});

Deno.test("Session gives no identifier away that is in use, over 10,000 aborted publishes, losses and rounds of all identifiers", () => {
  const session = connectedSession();
  /** What the server has taken and not answered. */
  const unanswered = new Map<number, { topicName: string; qos: QoS }>();
  let published = 0;
  const publishOne = (qos: QoS) =>
    session.publish(message(`${++published}`, "", { qos }), "");

  /** An identifier that the server knows may come back with the same message alone. */
  const look = () => {
    let last = 0;
    for (const packet of writtenPackets(session)) {
      if (packet.type !== "publish") continue;
      const { packetId, topicName, qos, dup } = packet;
      const known = unanswered.get(packetId)?.topicName;
      assertEquals(known, dup ? topicName : undefined, `id ${packetId}`);
      unanswered.set(packetId, { topicName, qos });
      last = packetId;
    }
    return last;
  };
  const answer = (packetId: number) => {
    const { qos } = unanswered.get(packetId) ?? {};
    const types = qos === 1
      ? ["puback"] as const
      : ["pubrec", "pubcomp"] as const;
    for (const type of types) session.receive(ack(type, packetId), NOW);
    unanswered.delete(packetId);
  };

  for (let round = 1; round <= 10_000; round++) {
    const flight = publishOne(round % 2 === 0 ? 1 : 2);
    if (flight === undefined) throw new Error("QoS 1 and 2 have flights");
    if (round % 3 > 0) look();
    session.abort(flight);
    for (let i = 0; i < 15; i++) {
      publishOne(1);
      answer(look());
    }
    if (round % 250 === 0) {
      const isKept = round % 4_000 > 0;
      session.lost();
      const away = publishOne(1);
      if (away !== undefined) session.abort(away);
      if (!isKept) unanswered.clear();
      reconnect(session, isKept ? "kept" : "lost");
      look();
    }
    // The others wait for long: the identifiers have begun anew by then.
    if (unanswered.size > 3_000) {
      [...unanswered.keys()].slice(0, 100).forEach(answer);
    }
  }
  assertEquals(session.inFlight, unanswered.size);
  [...unanswered.keys()].forEach(answer);
  assertEquals([session.inFlight, session.queued], [0, 0]);
});

function ack(type: "puback" | "pubrec" | "pubcomp", packetId: number) {
  return packets(5, { type, packetId, reasonCode: 0, properties: {} });
}
