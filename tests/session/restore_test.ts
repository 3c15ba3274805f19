// A session that goes on with what an earlier process has left, and one whose store cannot keep what it accepts.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { NO_PROPERTIES, type QoS } from "../../src/codec/packet.ts";
import { StoreError } from "../../src/errors.ts";
import { Flight } from "../../src/session/flight.ts";
import { FlightQueue } from "../../src/session/flight_queue.ts";
import { PacketIds } from "../../src/session/packet_ids.ts";
import { RestoredFlights } from "../../src/session/restoration.ts";
import type {
  RestoredMessage,
  RestoredQueue,
} from "../../src/session/restored.ts";
import {
  connect,
  connectedSession,
  message,
  newSession,
  NOW,
  written,
  writtenLines,
} from "./session.ts";

function restored(order: number, qos: QoS = 1): RestoredMessage {
  return {
    order,
    topicName: "a",
    payload: new TextEncoder().encode(`${order}`),
    qos,
    retain: false,
    properties: NO_PROPERTIES,
    expiresAt: 0,
  };
}

/** A store's queue of messages with these orders. */
function queueOf(orders: readonly number[]): RestoredQueue {
  const left = orders.map((order) => restored(order));
  return {
    get length() {
      return left.length;
    },
    get size() {
      return 2 * left.length;
    },
    shift: () => left.shift(),
  };
}

function flight(order: number): Flight<string> {
  const { topicName, qos, retain, properties, expiresAt } = restored(order);
  const packet = { topicName, qos, retain, properties, expiresAt };
  return new Flight(
    { ...packet, type: "publish", payload: "", dup: false, packetId: 0 },
    `${order}`,
    order,
  );
}

Deno.test("PacketIds gives none that was reserved, and goes on behind it", () => {
  const ids = new PacketIds();
  ids.reserve(65_535);
  ids.reserve(1);
  ids.reserve(3);
  assertEquals([ids.take(), ids.take(), ids.take()], [4, 5, 6]);
  ids.free(3);
  assertEquals(ids.has(3), false);
});

Deno.test("FlightQueue gives those put before, then what a store has brought back, then the new ones, whatever ends meanwhile", () => {
  const steps = fc.array(
    fc.record({
      type: fc.constantFrom("push", "shift", "end", "unshift"),
      index: fc.nat(100),
    }),
    { maxLength: 60 },
  );
  fc.assert(fc.property(fc.nat(10), steps, (count, steps) => {
    const queue = new FlightQueue<string>();
    const orders = Array.from({ length: count }, (_, index) => index + 1);
    queue.restore(new RestoredFlights(queueOf(orders), () => ""));
    // What the queue must be: the orders, with the flights that are known here.
    let model: { order: number; flight?: Flight<string> }[] = orders.map(
      (order) => ({ order }),
    );
    let last = count;
    for (const { type, index } of steps) {
      if (type === "push") {
        const pushed = flight(++last);
        queue.push(pushed);
        model.push({ order: last, flight: pushed });
      } else if (type === "unshift") {
        const first = flight(++last);
        queue.unshift(first);
        model.unshift({ order: last, flight: first });
      } else if (type === "shift") {
        assertEquals(queue.peek()?.order, model[0]?.order);
        queue.shift();
        model.shift();
      } else {
        const known = model.filter(({ flight }) => flight !== undefined);
        const ended = known[index % Math.max(1, known.length)]?.flight;
        if (ended === undefined) continue;
        ended.state = "ended";
        queue.leaveGap(ended);
        model = model.filter(({ flight }) => flight !== ended);
      }
      assertEquals(queue.length, model.length);
    }
    for (const { order } of model) {
      assertEquals(queue.peek()?.order, order);
      queue.shift();
    }
    assertEquals([queue.peek(), queue.length, queue.bytes], [undefined, 0, 0]);
  }));
});

Deno.test("FlightQueue leaves to the store what had not its turn, where all is given up", () => {
  const queue = new FlightQueue<string>();
  queue.restore(new RestoredFlights(queueOf([1, 2, 3]), () => ""));
  queue.push(flight(4));
  queue.peek();
  assertEquals(queue.takeAll().map(({ order }) => order), [1, 4]);
  assertEquals([queue.length, queue.bytes, queue.hasQos0], [0, 0, false]);
});

Deno.test("Session refuses what was accepted after a message, in flight or waiting, and frees its identifiers", () => {
  const session = connectedSession({ recording: true });
  const fault = new StoreError("Cannot write: full", { fault: "full" });
  session.publish(message("a", "1", { qos: 1 }), "first");
  session.publish(message("a", "2", { qos: 2 }), "second");
  session.publish(message("a", "3", { qos: 1 }), "third");
  written(session);
  session.takeEvents();
  session.takeRecords();
  session.keeping.refuseAfter(1, fault);
  const refused = session.takeEvents().map((event) =>
    event.type === "abandoned" && event.cause instanceof StoreError
      ? [event.request, event.delivery, event.cause.message]
      : event.type
  );
  const why = 'Cannot publish to "a": Cannot write: full';
  assertEquals(refused, [
    ["second", "not-sent", why],
    ["third", "not-sent", why],
  ]);
  assertEquals(session.takeRecords(), [
    { type: "settled", order: 2 },
    { type: "settled", order: 3 },
  ]);
  assertEquals(session.inFlight, 1);
});

Deno.test("Session gives a message of QoS 0 no identifier where all that a store gave back has ended as it waited", () => {
  const session = newSession();
  const expiresAt = NOW + 1_000;
  const left = [{ ...restored(2), expiresAt }];
  session.keeping.restore(
    {
      published: [{ packetId: 1, message: restored(1) }],
      released: [],
      queue: {
        get length() {
          return left.length;
        },
        get size() {
          return 2 * left.length;
        },
        shift: () => left.shift(),
      },
      owned: [],
      lastOrder: 2,
      isLost: false,
    },
    "c",
    () => "restored",
  );
  // The window is full with the first, and the second one waits for its turn.
  const connack = { receiveMaximum: 1 };
  connect(session, { sessionPresent: true, connack });
  session.publish(message("a", "3", { qos: 1, expiresAt }), "new");
  session.wake(expiresAt);
  assertEquals(session.queued, 0);
  session.takeBytes();
  session.publish(message("a", "4"), "last");
  assertEquals(writtenLines(session), ["publish 0 a 4 qos 0"]);
  assertEquals(session.inFlight, 1);
});
