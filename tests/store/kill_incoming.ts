// A subscriber that is killed again and again around its packets, with a real mosquitto and a publisher beside it.
// What it is handed is compared with what was published, and with what it has acknowledged.

import { type Client, connect } from "../../mod.ts";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import { RestartedMosquitto } from "../support/restarted_mosquitto.ts";
import {
  type KilledAt,
  killOnce,
  type KillOptions,
  type KillOutcome,
  linesOf,
  startProgram,
  triggerOf,
} from "./kill_process.ts";
import { startKillProxy, type Witness } from "./kill_proxy.ts";

const decoder = new TextDecoder();

const PUBLISH = 3;
const PUBACK = 4;
const PUBREC = 5;
const PUBREL = 6;

const KILLED_AT: readonly KilledAt[] = [
  { direction: "to-server", type: PUBREC },
  { direction: "to-client", type: PUBREL },
  { direction: "to-server", type: 7 }, // PUBCOMP
  { direction: "to-client", type: PUBLISH },
  { direction: "to-server", type: PUBACK },
];

/** So many more of each QoS than packets until the kill: what the process has in hand is never acknowledged. */
const SPARE = 20;

/** Kills a subscriber so many times, then lets one finish. */
export async function killSubscriber(
  { executable, protocolVersion, durability, times }: KillOptions,
): Promise<KillOutcome> {
  const folder = await Deno.makeTempDir({ prefix: "midge-kill-" });
  await using broker = new RestartedMosquitto({
    executable,
    persistence: true,
  });
  await broker.start();
  const account = new Account();
  using proxy = startKillProxy(
    broker.port,
    witnessOf(account, protocolVersion),
  );
  const url = `mqtt://127.0.0.1:${proxy.port}`;
  const subscriber = (...run: number[]) =>
    startProgram("kill_subscriber.ts", [
      ...[url, protocolVersion, durability, `${folder}/state.log`],
      ...run,
    ]);
  await begin(broker.url, protocolVersion);
  await using publisher = await connect(broker.url);
  try {
    for (let run = 1; run <= times; run++) {
      const trigger = triggerOf(KILLED_AT, run);
      const published = publish(publisher, account, trigger.count + SPARE);
      account.add(await killOnce(proxy, trigger, () => subscriber(run)));
      await published;
    }
    const last = subscriber();
    const lines = linesOf(last);
    // Mosquitto 2.0.11 lets what is published to a client that is there overtake what waits for it.
    await Promise.race([account.settled(), lines]);
    await publisher.publish("kill/end", "0", { qos: 2 });
    account.add(await lines);
    const { code } = await last.status;
    if (code !== 0) account.faults.push(`The last process ended with ${code}`);
    return account.outcome(times);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The session that the processes go on with. */
async function begin(url: string, protocolVersion: 4 | 5): Promise<void> {
  await using client = await connect(url, {
    clientId: "killed",
    cleanStart: false,
    protocolVersion,
  });
  await client.subscribe("kill/+", { qos: 2 });
}

/**
 * Publishes until so many of each QoS are on their way. Of more Mosquitto 2.0.11 would send more with each connection,
 * whatever our Receive Maximum is.
 */
async function publish(
  publisher: Client,
  account: Account,
  count: number,
): Promise<void> {
  const published = [];
  for (const qos of [1, 2] as const) {
    while (account.underWay(qos) < count) {
      const number = account.number(qos);
      published.push(publisher.publish(`kill/${qos}`, `${number}`, { qos }));
    }
  }
  await Promise.all(published);
}

/** Has the account know what the server sends, and what the process has acknowledged: whether or not the server hears of that, the store has it. */
function witnessOf(account: Account, protocolVersion: 4 | 5): Witness {
  const numbers = new Map<number, number>();
  const numberOf = (packet: Uint8Array) =>
    numbers.get((packet[2] ?? 0) << 8 | (packet[3] ?? 0)) ?? 0;
  return (direction, packet) => {
    const type = (packet[0] ?? 0) >> 4;
    if (direction === "to-server") {
      if (type === PUBREC) account.acknowledging(numberOf(packet));
      else if (type === PUBACK) account.ending(1, numberOf(packet));
    } else if (type === PUBREL) account.releasing(numberOf(packet));
    else if (type === PUBLISH) {
      const reader = new PacketDecoder({ protocolVersion, from: "server" });
      reader.push(packet.slice());
      const publish = reader.next();
      if (publish?.type !== "publish" || publish.qos === 0) return;
      const number = Number(decoder.decode(publish.payload));
      account.sending(publish.qos, number);
      numbers.set(publish.packetId, number);
    }
  };
}

/** The messages of one QoS, which are numbered from 1 in their order. */
class Series {
  published = 0;
  again = 0;
  /** Those that were handed out. */
  readonly handedOut = new Set<number>();
  /** Those in hand at a kill that must be handed out again. */
  readonly due = new Set<number>();
  /** Those that some process was about to acknowledge. */
  readonly acknowledged = new Set<number>();
  /** Those whose PUBACK or PUBREC has left for the server, and that have not come again since. */
  readonly ended = new Set<number>();
  /** What the server has sent to the present process, in its order. */
  sent: number[] = [];
}

/** Compares what is handed out with what was promised. */
class Account {
  readonly faults: string[] = [];
  readonly #series = { 1: new Series(), 2: new Series() };
  /** Those of QoS 2 whose PUBREC has left an earlier process. */
  #taken = new Set<number>();
  /** The same of the present one. */
  readonly #leaving = new Set<number>();
  /** Those whose PUBREL has come. */
  readonly #released = new Set<number>();
  readonly #settled = Promise.withResolvers<void>();
  #isLast = false;
  #outOfOrder = 0;
  #left = 0;
  #byServer = 0;

  /** The next number to publish. */
  number(qos: 1 | 2): number {
    return ++this.#series[qos].published;
  }

  /** How many the server has, and may send again. */
  underWay(qos: 1 | 2): number {
    const { published, ended } = this.#series[qos];
    return published - ended.size;
  }

  /** Resolves when the server has none any more. Nothing is published from now on. */
  settled(): Promise<void> {
    this.#isLast = true;
    this.#look();
    return this.#settled.promise;
  }

  /** PUBLISH comes by. */
  sending(qos: 1 | 2, number: number): void {
    if (number === 0) return;
    this.#series[qos].sent.push(number);
    this.#series[qos].ended.delete(number);
    // Mosquitto 2.0.11 goes back from PUBREL to PUBLISH where a connection ends before it has sent PUBREL again.
    if (qos === 1 || !this.#released.delete(number)) return;
    this.#byServer++;
    this.#taken.delete(number);
  }

  /** PUBREC comes by. */
  acknowledging(number: number): void {
    this.#leaving.add(number);
    this.ending(2, number);
  }

  /** PUBACK or PUBREC comes by. */
  ending(qos: 1 | 2, number: number): void {
    if (number > 0) this.#series[qos].ended.add(number);
    this.#look();
  }

  /** PUBREL comes by. */
  releasing(number: number): void {
    this.#released.add(number);
  }

  /** What one process has printed until its end. */
  add(lines: readonly string[]): void {
    for (const qos of [1, 2] as const) {
      const ofQos = lines.map((line) => line.split(" "))
        .filter(([, topic]) => topic === `kill/${qos}`)
        .map(([what, , number]) => ({ what, number: Number(number) }));
      this.#add(qos, ofQos);
    }
    this.#taken = this.#taken.union(this.#leaving);
    this.#leaving.clear();
  }

  /** What came of it all. */
  outcome(kills: number): KillOutcome {
    let [arrived, lost] = [0, 0];
    for (const qos of [1, 2] as const) {
      const { published, due, acknowledged } = this.#series[qos];
      arrived += acknowledged.size;
      for (let number = 1; number <= published; number++) {
        if (acknowledged.has(number) && !due.has(number)) continue;
        lost++;
        this.faults.push(`QoS ${qos} ${number} was not handed out (again)`);
      }
    }
    return {
      kills,
      arrived,
      left: this.#left,
      again: { 1: this.#series[1].again, 2: this.#series[2].again },
      againByServer: this.#byServer,
      lost,
      outOfOrder: this.#outOfOrder,
      faults: this.faults,
    };
  }

  #look(): void {
    if (!this.#isLast || this.underWay(1) + this.underWay(2) > 0) return;
    this.#settled.resolve();
  }

  #add(
    qos: 1 | 2,
    lines: readonly { what: string | undefined; number: number }[],
  ): void {
    const series = this.#series[qos];
    const inHand = new Set<number>();
    const sent = series.sent.values();
    series.sent = [];
    for (const { what, number } of lines) {
      if (what === "a") {
        inHand.delete(number);
        series.acknowledged.add(number);
        continue;
      }
      this.#checkTurn(qos, number, sent);
      inHand.add(number);
      series.due.delete(number);
      if (!series.handedOut.has(number)) series.handedOut.add(number);
      else this.#handOutAgain(qos, number);
    }
    for (const number of inHand) series.due.add(number);
    this.#left += inHand.size;
  }

  /** It is handed out in the order in which the server has sent it; left out is what an earlier process has acknowledged. */
  #checkTurn(qos: 1 | 2, number: number, sent: Iterator<number>): void {
    const { acknowledged } = this.#series[qos];
    for (let next = sent.next(); next.value !== number; next = sent.next()) {
      if (!next.done && qos === 2 && acknowledged.has(next.value)) continue;
      this.#outOfOrder++;
      const why = next.done ? "out of turn" : `in place of ${next.value}`;
      this.faults.push(`QoS ${qos} ${number} was handed out ${why}`);
      return;
    }
  }

  #handOutAgain(qos: 1 | 2, number: number): void {
    this.#series[qos].again++;
    if (qos === 1 || !this.#taken.has(number)) return;
    this.faults.push(`QoS 2 ${number} was handed out behind its PUBREC`);
  }
}
