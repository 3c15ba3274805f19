// A real broker that ends and starts again while two clients publish to each other, and what became of it all.

import {
  type Client,
  connect,
  ConnectionLostError,
  type ProtocolVersion,
  type QoS,
} from "../../mod.ts";
import { RestartedMosquitto } from "../support/restarted_mosquitto.ts";
import { tappedTransport } from "../support/tapped_transport.ts";
import { Arrivals, isOrdered, numberIn, payloadOf } from "./arrivals.ts";
import { FlightLedger } from "./flight_ledger.ts";

/** So many publishes of one side are under way at a time. */
const UNDER_WAY_MAX = 50;

/** A run that takes longer hangs. */
const HUNG_MS = 30_000;

/** How the broker ends, and what it has kept when it starts again. */
export interface Restart {
  readonly protocolVersion: ProtocolVersion;
  readonly persistence: boolean;
  readonly by: "SIGTERM" | "SIGKILL";
  /** How many messages of each QoS go each way. When half of one side's are settled, the broker ends. */
  readonly messages: number;
}

/** What became of the messages, over both directions. */
export interface RestartOutcome {
  /** What the clients did wrong, a line each: hung, an identifier used twice, QoS 2 doubled or order lost by their own hand. */
  readonly faults: readonly string[];
  /** What was rejected, a line each. */
  readonly rejected: readonly string[];
  /** Acknowledged by the broker, and not delivered. */
  readonly lost: number;
  /** Messages of QoS 2 that the broker delivered anew, having forgotten that it had delivered them. */
  readonly doubled: number;
  /** Of how many QoS, over both directions, the broker delivered messages out of their order. */
  readonly reordered: number;
  /** Messages of QoS 1 that came more than once, as they may. */
  readonly repeated: number;
  /** Publishes that rejected with the delivery "unknown". */
  readonly unknown: number;
  /** Connections that the clients have had again. */
  readonly reconnects: number;
}

/** Runs it once. */
export async function runRestart(
  executable: string,
  restart: Restart,
): Promise<RestartOutcome> {
  const { protocolVersion, persistence, by, messages } = restart;
  await using broker = new RestartedMosquitto({ executable, persistence });
  await broker.start();
  const hanging = new AbortController();
  const hung = hanging.signal;
  const timer = setTimeout(() => hanging.abort(), HUNG_MS);
  const left = new Side("left", "right", messages);
  const right = new Side("right", "left", messages);
  const sides = [left, right];
  try {
    for (const side of sides) {
      await side.begin(broker, protocolVersion, hung);
    }
    const publishing = sides.map((side) => side.publishAll(hung));
    await Promise.race([left.isHalfDone, over(hung)]);
    await broker.stop(by);
    await broker.start();
    await Promise.race([Promise.all(publishing), over(hung)]);
    // Whatever is asked of the broker again comes before this, and so before the last messages.
    await Promise.all(sides.map((side) => side.publishTo("nobody", 1, hung)));
    await Promise.all(sides.map((side) => side.publishLast(hung)));
    await Promise.race([
      Promise.all(sides.map(({ reading }) => reading)),
      over(hung),
    ]);
  } catch (error) {
    left.ledger.faults.push(hung.aborted ? "hung" : String(error));
  } finally {
    clearTimeout(timer);
    for (const side of sides) side.client?.close();
  }
  return outcome(left, right);
}

/** One client: it publishes to the other, and reads what the other publishes. */
class Side {
  readonly ledger = new FlightLedger();
  readonly arrivals: Arrivals;
  readonly rejected: { qos: QoS; number: number; error: unknown }[] = [];
  client: Client | undefined;
  reading: Promise<void> | undefined;
  readonly #name: string;
  readonly #other: string;
  readonly #messages: number;
  readonly #halfDone = Promise.withResolvers<void>();
  #settled = 0;

  constructor(name: string, other: string, messages: number) {
    this.#name = name;
    this.#other = other;
    this.#messages = messages;
    this.arrivals = new Arrivals(`sent to the ${name}`, messages);
  }

  /** Resolves when the broker may end. */
  get isHalfDone(): Promise<void> {
    return this.#halfDone.promise;
  }

  /** How many connections it has had again. */
  get reconnects(): number {
    return this.client?.stats().reconnects ?? 0;
  }

  async begin(
    { url, port }: RestartedMosquitto,
    protocolVersion: ProtocolVersion,
    signal: AbortSignal,
  ): Promise<void> {
    const client = this.client = await connect(url, {
      protocolVersion,
      clientId: this.#name,
      cleanStart: false,
      reconnect: { initialMs: 5, maxMs: 50 },
      transport: tappedTransport(port, protocolVersion, this.ledger),
      signal,
    });
    const messages = await client.subscribe(this.#name, { qos: 2, signal });
    this.reading = this.arrivals.read(messages);
    // Where something else goes wrong first, that is what is told.
    this.reading.catch(() => {});
  }

  async publishAll(signal: AbortSignal): Promise<void> {
    const underWay = new Set<Promise<void>>();
    for (let number = 0; number < this.#messages; number++) {
      for (const qos of [1, 2] as const) {
        const publish = this.#publish(qos, number, signal)
          .finally(() => underWay.delete(publish));
        underWay.add(publish);
        if (underWay.size >= UNDER_WAY_MAX) await Promise.race(underWay);
      }
    }
    await Promise.all(underWay);
  }

  async publishLast(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#publish(1, this.#messages, signal),
      this.#publish(2, this.#messages, signal),
    ]);
  }

  async publishTo(
    topic: string,
    qos: QoS,
    signal: AbortSignal,
  ): Promise<void> {
    await this.client?.publish(topic, this.#name, { qos, signal });
  }

  async #publish(
    qos: QoS,
    number: number,
    signal: AbortSignal,
  ): Promise<void> {
    const payload = payloadOf(qos, number);
    try {
      await this.client?.publish(this.#other, payload, { qos, signal });
    } catch (error) {
      this.rejected.push({ qos, number, error });
    }
    if (++this.#settled === this.#messages) this.#halfDone.resolve();
  }
}

/** Sums up; what the ledgers show to be the broker's doing is no fault of the clients. */
function outcome(left: Side, right: Side): RestartOutcome {
  const faults = [...left.ledger.faults, ...right.ledger.faults];
  const rejected: string[] = [];
  let lost = 0;
  let doubled = 0;
  let reordered = 0;
  for (const [from, to] of [[left, right], [right, left]] as const) {
    const { arrivals } = to;
    for (const { qos, number, error } of from.rejected) {
      const line = `rejected: QoS ${qos} number ${number}: ${error}`;
      rejected.push(line);
      const isUnknown = error instanceof ConnectionLostError &&
        error.delivery === "unknown";
      if (!isUnknown) faults.push(line);
    }
    for (const qos of [1, 2] as const) {
      lost += arrivals.lost(qos).filter((number) =>
        !from.rejected.some((one) =>
          one.qos === qos && one.number === number
        )
      ).length;
      if (!isOrdered(to.ledger.came(qos).map(numberIn))) reordered++;
      else if (!isOrdered(arrivals.of(qos))) {
        faults.push(`QoS ${qos} was handed out in another order than it came`);
      }
    }
    for (const [number, times] of timesOf(arrivals.of(2))) {
      const begun = to.ledger.begun(payloadOf(2, number));
      if (times > begun) {
        faults.push(`QoS 2 number ${number} was handed out twice`);
      }
      if (times > 1) doubled++;
    }
  }
  return {
    faults,
    rejected,
    lost,
    doubled,
    reordered,
    repeated: left.arrivals.repeated + right.arrivals.repeated,
    unknown: left.rejected.length + right.rejected.length,
    reconnects: left.reconnects + right.reconnects,
  };
}

function timesOf(numbers: readonly number[]): Map<number, number> {
  const times = new Map<number, number>();
  for (const number of numbers) times.set(number, (times.get(number) ?? 0) + 1);
  return times;
}

function over(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), {
      once: true,
    });
  });
}
