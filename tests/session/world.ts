/**
 * A Session, an honest server and the wire between them, driven step by step by bytes, and what must hold
 * in the end.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { ProtocolVersion, QoS } from "../../src/codec/packet.ts";
import { type Delivery, PublishError } from "../../src/errors.ts";
import type { IncomingDelivery } from "../../src/session/delivery.ts";
import type { Flight } from "../../src/session/flight.ts";
import type { OfflinePolicy } from "../../src/session/offline.ts";
import type { LostFlight } from "../../src/session/options.ts";
import type { Session } from "../../src/session/session.ts";
import { Replay } from "./records.ts";
import { ServerModel } from "./server_model.ts";
import { connectPacket, FILTER, message, newSession, NOW } from "./session.ts";

/** What the world is made from. */
export interface WorldOptions {
  readonly version: ProtocolVersion;
  /** Whether the server forgets its session at some of the losses that ask it to. */
  readonly mayForget: boolean;
  readonly qos1: LostFlight;
  readonly qos2: LostFlight;
  readonly policy: OfflinePolicy;
  readonly qos0: boolean;
}

/** Any behaviour of the client that a program can ask for. */
export const behaviour: fc.Arbitrary<
  Omit<WorldOptions, "version" | "mayForget">
> = fc.record({
  qos1: fc.constantFrom("resend", "reject"),
  qos2: fc.constantFrom("reject", "resend"),
  policy: fc.constantFrom("reject", "drop-oldest", "wait"),
  qos0: fc.boolean(),
});

/** One thing that happens. Numbers are taken modulo what there is. */
export type Step =
  /** In whole seconds; 0 is a message that does not expire. */
  | {
    readonly type: "publish";
    readonly qos: QoS;
    readonly expiresIn: number;
  }
  | { readonly type: "subscribe" | "unsubscribe"; readonly index: number }
  | { readonly type: "time passes"; readonly ms: number }
  | { readonly type: "abort"; readonly index: number }
  | {
    readonly type: "acknowledge";
    readonly index: number;
    readonly refuses: boolean;
  }
  | { readonly type: "server publishes"; readonly qos: 1 | 2 }
  | { readonly type: "server answers"; readonly count: number }
  | { readonly type: "to server"; readonly count: number }
  | { readonly type: "to client"; readonly count: number }
  | { readonly type: "loss"; readonly forgets: boolean };

const count = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(10_000));

/** Any step. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant("publish"),
      qos: fc.constantFrom(0, 1, 2),
      expiresIn: fc.constantFrom(0, 0, 0, 1, 3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom("subscribe", "unsubscribe"),
      index: fc.nat(2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("time passes"),
      ms: fc.integer({ min: 1, max: 2_500 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("abort"), index: fc.nat(9) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("acknowledge"),
      index: fc.nat(9),
      refuses: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("server publishes"),
      qos: fc.constantFrom(1, 2),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("server answers"), count }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant("to server"), count }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant("to client"), count }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("loss"), forgets: fc.boolean() }),
  },
);

/** How many messages may be under way, each way. Small, so that windows are full at times. */
const WINDOW = 3;

/** How many messages may wait for a connection. */
const OFFLINE_MAX = 2;

const decoder = new TextDecoder();

/** The two machines, the wire between them, and what was seen. */
export class World {
  readonly server: ServerModel;
  readonly session: Session<string>;
  readonly replay = new Replay();
  readonly #options: WorldOptions;
  readonly #version: ProtocolVersion;
  #now = NOW;
  #toServer: number[] = [];
  #toClient: number[] = [];
  #held: IncomingDelivery[] = [];
  #flights = new Map<string, Flight<string>>();

  /** Payloads, which are numbers in the order of publication. */
  readonly published: { qos: QoS; payload: string }[] = [];
  readonly serverPublished: { qos: 1 | 2; payload: string }[] = [];
  readonly forgotten = new Set<string>();
  readonly delivered: { qos: number; payload: string }[] = [];
  readonly refused = new Set<string>();
  readonly outcomes = new Map<string, string>();
  readonly deliveries = new Map<string, Delivery>();
  /** The Topic Filters that the program wants. */
  readonly filters = new Set<string>();
  #requests = 0;
  #forgets = 0;
  #isUnaware = false;

  constructor(options: WorldOptions) {
    const { version, qos1, qos2, policy, qos0 } = options;
    this.#options = options;
    this.#version = version;
    this.server = new ServerModel(version, WINDOW);
    this.session = newSession({
      inflight: { max: WINDOW, qos2Max: WINDOW },
      sessionLost: { qos1, qos2 },
      offline: { messagesMax: OFFLINE_MAX, policy, qos0 },
      recording: true,
    });
    this.#open();
  }

  get isQuiet(): boolean {
    return this.#toServer.length + this.#toClient.length +
        this.session.outgoingSize + this.#held.length +
        this.server.outgoingSize === 0;
  }

  take(step: Step): void {
    switch (step.type) {
      case "publish":
        this.#publish(step.qos, step.expiresIn);
        break;
      case "subscribe":
      case "unsubscribe":
        this.#ask(step.type, `f${step.index}`);
        break;
      case "time passes":
        this.#now += step.ms;
        if (this.session.deadline <= this.#now) this.session.wake(this.#now);
        break;
      case "abort":
        this.#abort(step.index);
        break;
      case "acknowledge": {
        const index = step.index % Math.max(1, this.#held.length);
        const [delivery] = this.#held.splice(index, 1);
        if (delivery === undefined) break;
        // MQTT 3.x has no refusal.
        const reasonCode = step.refuses && this.#version === 5 ? 0x83 : 0;
        if (reasonCode > 0) {
          this.refused.add(decoder.decode(delivery.packet.payload));
        }
        this.session.acknowledge(delivery, reasonCode);
        break;
      }
      case "server publishes": {
        if (!this.server.hasRoom) break;
        const payload = `${this.serverPublished.length}`;
        this.serverPublished.push({ qos: step.qos, payload });
        this.server.publish(step.qos, payload);
        break;
      }
      case "server answers":
        this.server.answer(step.count);
        break;
      case "to server":
        this.#toServer.push(...this.session.takeBytes() ?? []);
        this.server.receive(
          Uint8Array.from(this.#toServer.splice(0, step.count)),
        );
        break;
      case "to client":
        this.#toClient.push(...this.server.take());
        this.session.receive(
          Uint8Array.from(this.#toClient.splice(0, step.count)),
          this.#now,
        );
        break;
      case "loss":
        this.#lose(step.forgets);
    }
    this.#look();
  }

  /** Lets all that is under way come to its end, over one more connection. */
  finish(): void {
    this.#lose(false);
    for (let round = 0; round < 10_000 && !this.isQuiet; round++) {
      for (
        const step of [
          { type: "to server", count: 10_000 },
          { type: "server answers", count: 10_000 },
          { type: "to client", count: 10_000 },
          { type: "acknowledge", index: 0, refuses: false },
        ] as const
      ) this.take(step);
    }
    assert(this.isQuiet, "it comes to no end");
  }

  #publish(qos: QoS, expiresIn: number): void {
    if (qos === 0 && !this.session.connected && !this.#options.qos0) return;
    const payload = `${this.published.length}`;
    this.published.push({ qos, payload });
    // MQTT 3.x has no expiry.
    const given = this.#version < 5 || expiresIn === 0
      ? message("t", payload, { qos })
      : message("t", payload, {
        qos,
        properties: { messageExpiryInterval: expiresIn },
        expiresAt: this.#now + expiresIn * 1000,
      });
    try {
      const flight = this.session.publish(given, payload);
      if (flight !== undefined) this.#flights.set(payload, flight);
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      assert(!this.session.connected, error.message);
      this.outcomes.set(payload, "publish-refused");
      this.deliveries.set(payload, error.delivery);
    }
  }

  #ask(type: "subscribe" | "unsubscribe", topicFilter: string): void {
    const request = `request ${++this.#requests}`;
    if (type === "subscribe") {
      const subscriptions = [{ ...FILTER, topicFilter }];
      this.session.subscribe({ subscriptions, properties: {} }, request);
      this.filters.add(topicFilter);
    } else {
      const topicFilters = [topicFilter];
      this.session.unsubscribe({ topicFilters, properties: {} }, request);
      this.filters.delete(topicFilter);
    }
  }

  #abort(index: number): void {
    // Of QoS 0 nobody waits any more for what has its room.
    const flights = [...this.#flights].filter(([, { message, state }]) =>
      message.qos > 0 || state === "outside"
    );
    const [payload, flight] = flights[index % Math.max(1, flights.length)] ??
      [];
    if (payload === undefined || flight === undefined) return;
    this.#settle(payload, `aborted ${this.session.abort(flight)}`);
  }

  #lose(forgets: boolean): void {
    // A CONNACK without Session Present that is lost, and the next one with it: then no client can know
    // that its session is another. That hole is the protocol's.
    if (this.#isUnaware) return;
    this.session.lost();
    this.server.lost();
    this.#toServer = [];
    this.#toClient = [];
    if (forgets && this.#options.mayForget) {
      this.#forgets++;
      this.#isUnaware = true;
      for (const payload of this.server.forget()) this.forgotten.add(payload);
    }
    this.#open();
  }

  #open(): void {
    const connect = {
      properties: this.#version === 5 ? { receiveMaximum: WINDOW } : {},
    };
    this.session.open(
      this.#now,
      connectPacket({ protocolVersion: this.#version, connect }),
    );
  }

  /** Takes what the session has to tell, and compares it with its records. */
  #look(): void {
    for (const event of this.session.takeEvents()) {
      if (event.type === "delivery") {
        const { qos, payload } = event.packet;
        this.delivered.push({ qos, payload: decoder.decode(payload) });
        this.#held.push(event);
      } else if (
        event.type === "published" || event.type === "abandoned" ||
        event.type === "subscribed" || event.type === "unsubscribed"
      ) {
        this.#settle(event.request, event.type);
      } else if (event.type === "publish-refused") {
        this.#settle(event.request, event.type);
        this.deliveries.set(event.request, event.error.delivery);
      } else if (event.type === "connected") {
        this.#isUnaware = false;
      } else if (event.type === "resubscribed") {
        assertEquals(event.error, undefined);
      } else if (event.type !== "session-lost" && event.type !== "accepted") {
        throw new Error(`${event.type} is not for an honest server`);
      }
    }
    this.replay.follow(this.session.takeRecords());
    assertEquals(this.replay.inFlight, this.session.inFlight);
    const flights = [...this.#flights.values()];
    const outside = flights.filter(({ state }) => state === "outside").length;
    assertEquals(
      this.replay.outgoing.size,
      this.session.inFlight + this.session.queued - outside,
    );
  }

  #settle(payload: string, outcome: string): void {
    const before = this.outcomes.get(payload);
    assertEquals(before, undefined, `${payload} is ${before} and ${outcome}`);
    this.outcomes.set(payload, outcome);
    this.#flights.delete(payload);
  }

  /** What must hold in the end. */
  check(): void {
    const { session, server, replay } = this;
    const { inFlight, queued, unanswered, subscriptions } = session;
    assertEquals([inFlight, queued, unanswered], [0, 0, 0]);
    assertEquals(server.unfinished, 0);
    assertEquals([replay.outgoing.size, replay.owned.size], [0, 0]);
    assertEquals(server.filters, this.filters);
    assertEquals(subscriptions, this.filters.size);
    for (let number = 1; number <= this.#requests; number++) {
      assert(this.outcomes.has(`request ${number}`), `request ${number}`);
    }
    for (const { qos, payload } of this.published) {
      this.#checkPublished(qos, payload);
    }
    for (const { qos, payload } of this.serverPublished) {
      this.#checkDelivered(qos, payload);
    }
    for (const qos of [0, 1, 2]) {
      assertInOrder(server.log.filter((each) => each.qos === qos));
      assertInOrder(this.delivered.filter((each) => each.qos === qos));
    }
  }

  #checkPublished(qos: QoS, payload: string): void {
    const times = timesOf(payload, this.server.log);
    const outcome = this.outcomes.get(payload) ?? "nothing";
    const delivery = this.deliveries.get(payload);
    const what =
      `${payload} at QoS ${qos}, taken ${times} times: ${outcome} ${delivery}`;
    // A lost session has QoS 2 sent twice where that was asked for.
    const again = qos === 2 && this.#options.qos2 === "resend"
      ? this.#forgets
      : 0;
    if (qos !== 1) assert(times <= 1 + again, what);
    if (outcome === "published") assert(times >= 1, what);
    else if (outcome === "aborted not-sent" || delivery === "not-sent") {
      assertEquals(times, 0, what);
    } else if (delivery === "refused") {
      // It may have been taken before: at QoS 1 with a PUBACK that was lost, at QoS 2 with a session.
      assert(qos === 1 || times <= again, what);
    } else if (outcome === "abandoned" || delivery === "unknown") {
      assert(this.#forgets > 0, what);
    } else if (qos > 0) assertEquals(outcome, "aborted unknown", what);
  }

  #checkDelivered(qos: QoS, payload: string): void {
    const times = timesOf(payload, this.delivered);
    const what = `${payload} at QoS ${qos}, delivered ${times} times`;
    if (!this.forgotten.has(payload)) assert(times >= 1, what);
    // What was refused may come again, where PUBREC was lost: it is new then [MQTT-4.3.3-9].
    if (qos === 2 && !this.refused.has(payload)) assert(times <= 1, what);
  }
}

function timesOf(
  payload: string,
  messages: readonly { payload: string }[],
): number {
  return messages.filter((message) => message.payload === payload).length;
}

/** The first of each came in the order of publication. */
function assertInOrder(messages: readonly { payload: string }[]): void {
  const first = [...new Set(messages.map(({ payload }) => Number(payload)))];
  assertEquals(first, first.toSorted((one, other) => one - other));
}
