// What one client is due and has had, whose hands it went through there, and what must hold of that.

import { matchTopic } from "../../src/topic/filter.ts";
import type { Ledger, Publication } from "./ledger.ts";

/** What one consumer did with one message. */
interface Holding {
  handed: number;
  putBack: number;
  /** More than one where the broker has taken it as often. */
  inHand: number;
}

/** One loop or handler of one program. */
export class Consumer {
  readonly name: string;
  /** Messages that it was left with, and those that it has acknowledged by hand: copies have the same key. */
  readonly leftInHand = new WeakSet<object>();
  readonly settled = new WeakSet<object>();
  readonly #ledger: Account;
  readonly #holdings = new Map<string, Holding>();
  /** Whether no other of its client takes what it takes. */
  readonly isAlone: boolean;
  readonly #since: number;
  readonly #last = new Map<string, number>();
  /** What it was left with comes first again. */
  #first: string | undefined;
  /** Its process was killed: what it does reaches nobody. */
  #isGone = false;

  constructor(name: string, account: Account, isAlone: boolean) {
    this.name = name;
    this.#ledger = account;
    this.isAlone = isAlone;
    this.#since = account.arrivals;
  }

  /** Its process was killed. */
  killed(): void {
    this.#isGone = true;
    this.#holdings.clear();
  }

  /** The loop, or the handler, has a message. */
  handed(key: string, qos: number): void {
    if (this.#isGone) return;
    const holding = this.#holdings.get(key) ??
      { handed: 0, putBack: 0, inHand: 0 };
    this.#holdings.set(key, holding);
    this.#ledger.note(`${this.name} has ${key}`);
    this.#ledger.handed(this, key, qos, holding);
    if (holding.handed === 0) this.#checkOrder(key, qos);
    this.#checkFirst(key);
    holding.handed++;
    holding.inHand++;
  }

  /** It is through with it. */
  done(key: string): void {
    const holding = this.#holdings.get(key);
    if (holding === undefined) return;
    holding.inHand--;
    this.#ledger.note(`${this.name} is done with ${key}`);
    this.#ledger.done(key);
  }

  /** It has acknowledged it by hand, whoever else has it. */
  acknowledged(key: string): void {
    if (this.#isGone) return;
    this.done(key);
    this.#ledger.byHand.add(key);
  }

  /** It has refused it: where that is lost, the message comes again. */
  refused(key: string): void {
    if (this.#isGone) return;
    this.acknowledged(key);
    this.#ledger.refused.add(key);
  }

  /** It was left with the message in hand. */
  putBack(key: string): void {
    const holding = this.#holdings.get(key);
    if (holding === undefined) return;
    holding.inHand--;
    holding.putBack++;
    this.#ledger.note(`${this.name} leaves ${key}`);
    // What is acknowledged by now needs no owner: it may come again, and may not.
    if (this.#ledger.isSettled(key)) this.#ledger.done(key);
    else if (this.isAlone) this.#first = key;
  }

  /** Whether it has the message now. */
  has(key: string): boolean {
    return (this.#holdings.get(key)?.inHand ?? 0) > 0;
  }

  #checkFirst(key: string): void {
    const first = this.#first;
    this.#first = undefined;
    // When the client ends, what the server will send again is no longer handed out.
    if (first === undefined || first === key || this.#ledger.hasEnded) return;
    // What came before it may be claimed from the inbox meanwhile.
    const { taken = 0 } = this.#ledger.publication(first) ?? {};
    if (taken > 1 || this.#ledger.isSettled(first)) return;
    if (this.#ledger.arrivalOf(key) < this.#ledger.arrivalOf(first)) return;
    this.#ledger.fail(
      "what is left in hand comes first again",
      `${this.name} got ${key}, and was left with ${first}`,
    );
  }

  #checkOrder(key: string, qos: number): void {
    const publication = this.#ledger.publication(key);
    if (!this.isAlone || publication === undefined) return;
    // What was taken twice may have come again; what came before this consumer began was another's.
    if (publication.taken > 1 || this.#ledger.arrivalOf(key) < this.#since) {
      return;
    }
    // A subscription's QoS may make one QoS of two, which have no order between them.
    const stream =
      `${publication.clientId} ${publication.topic} ${publication.qos} ${qos}`;
    const last = this.#last.get(stream) ?? 0;
    if (publication.serial < last) {
      this.#ledger.fail(
        "order per topic and QoS",
        `${this.name} got ${key} behind number ${last} of ${stream}`,
      );
    }
    this.#last.set(stream, Math.max(last, publication.serial));
  }
}

/** What one client is due and has had. */
export class Account {
  readonly clientId: string;
  /** The Topic Filters that the broker has of it, with the QoS granted. */
  readonly filters = new Map<string, number>();
  /** Messages that the broker has for it: QoS 1 and 2, not yet through. */
  readonly due = new Set<string>();
  /** Messages that were acknowledged by hand. */
  readonly byHand = new Set<string>();
  /** Those of them that were refused. */
  readonly refused = new Set<string>();
  /** Filters whose messages are acknowledged on receipt. */
  readonly receiptFilters = new Set<string>();
  /** The largest payload that surely fits into its Maximum Packet Size. */
  sizeMax = Infinity;
  /** Whether the client has ended. */
  hasEnded = false;
  /** How many messages have come. */
  arrivals = 0;
  readonly #ledger: Ledger;
  readonly #arrived = new Map<string, number>();
  /** Messages that a consumer is through with, and in which process. */
  readonly #done = new Map<string, number>();
  /** Messages of QoS 2 that were answered by PUBREC, and in which process. */
  readonly #answered = new Map<string, number>();
  #consumers: Consumer[] = [];
  #process = 0;

  constructor(ledger: Ledger, clientId: string) {
    this.#ledger = ledger;
    this.clientId = clientId;
  }

  /** One more loop or handler. */
  consumer(name: string, isAlone: boolean): Consumer {
    const consumer = new Consumer(name, this, isAlone);
    this.#consumers.push(consumer);
    return consumer;
  }

  /** A PUBLISH has come to the client. */
  arrived(key: string): void {
    this.arrivals++;
    if (!this.#arrived.has(key)) this.#arrived.set(key, this.arrivals);
  }

  /** PUBREC has left for a message that was not refused. */
  answered(key: string): void {
    if (!this.#answered.has(key)) this.#answered.set(key, this.#process);
  }

  /** The process was killed: nobody has anything in hand any more, and the next one is about to begin. */
  killed(): void {
    this.#process++;
    for (const consumer of this.#consumers) consumer.killed();
    this.#consumers = [];
    // What is acknowledged on receipt, or by hand, is nobody's when the process ends.
    for (const key of this.due) {
      if (this.#arrived.has(key) && this.isSettled(key)) this.due.delete(key);
    }
  }

  arrivalOf(key: string): number {
    return this.#arrived.get(key) ?? 0;
  }

  publication(key: string): Publication | undefined {
    return this.#ledger.publications.get(key);
  }

  /** What a reader of the trace may want to know. */
  note(what: string): void {
    this.#ledger.note(what);
  }

  fail(rule: string, why: string): void {
    this.#ledger.fail(rule, `${this.clientId}: ${why}`);
  }

  /** A consumer is given a message. */
  handed(
    { name, isAlone }: Consumer,
    key: string,
    qos: number,
    holding: Holding,
  ): void {
    const publication = this.publication(key);
    if (publication === undefined || publication.taken === 0) {
      return this.fail("nothing from nowhere", `${name} got ${key}`);
    }
    const answered = this.#answered.get(key) ?? Infinity;
    if (qos === 2 && answered < this.#process) {
      this.fail(
        "QoS 2 exactly once",
        `${name} got ${key}, which an earlier process has answered by PUBREC`,
      );
    }
    // It is this process that must be through with it now.
    if ((this.#done.get(key) ?? Infinity) < this.#process) {
      this.#done.delete(key);
    }
    // What another has acknowledged may come again while this one has it.
    if (isAlone && holding.inHand >= publication.taken) {
      this.fail("one at a time", `${name} got ${key} while it has it`);
    }
    const times = holding.handed - holding.putBack + 1;
    const mayComeAgain = qos === 1 || this.refused.has(key);
    if (!mayComeAgain && times > publication.taken) {
      this.fail(
        qos === 2 ? "QoS 2 exactly once" : "QoS 0 at most once",
        `${name} got ${key} ${times} times, taken ${publication.taken} times`,
      );
    }
  }

  /** A consumer is through with a message. */
  done(key: string): void {
    this.#done.set(key, this.#process);
    this.due.delete(key);
  }

  /** Whether a message needs no owner: it was acknowledged by hand, or on receipt. */
  isSettled(key: string): boolean {
    if (this.byHand.has(key)) return true;
    const topic = this.publication(key)?.topic ?? "";
    for (const topicFilter of this.receiptFilters) {
      if (matchTopic(topicFilter, topic)) return true;
    }
    return false;
  }

  /** Why a message may not be acknowledged by now; undefined where it may. */
  whyNotOwned(key: string): string | undefined {
    if (this.isSettled(key)) return undefined;
    if (!this.#done.has(key)) return "no loop went on from it";
    // Of what was taken twice one may be done, and the other in hand.
    if ((this.publication(key)?.taken ?? 0) > 1) return undefined;
    const holder = this.#consumers.find((consumer) => consumer.has(key));
    return holder && `${holder.name} has it in hand`;
  }
}
