// What was published, what the broker took of it and whom that is due to; and what must hold from end to end.

import type { BrokerEvent } from "../../src/broker/event.ts";
import type { Delivery } from "../../src/errors.ts";
import { matchTopic } from "../../src/topic/filter.ts";
import { Account } from "./account.ts";

/** A payload begins with its sender and number: `p/12|`, and goes on with what makes it as long as it is to be. */
export function payloadOf(key: string, size: number): string {
  return `${key}|`.padEnd(size, "x");
}

/** The sender and the number. */
export function keyOf(payload: Uint8Array): string {
  const end = payload.indexOf(0x7C);
  let key = "";
  for (const byte of payload.subarray(0, end)) key += String.fromCharCode(byte);
  return key;
}

/** How a publish has ended. */
export type Outcome =
  | { readonly type: "resolved" }
  | {
    readonly type: "rejected";
    readonly delivery: Delivery | undefined;
    readonly isAborted: boolean;
    readonly why: string;
  }
  /** The process was killed. */
  | { readonly type: "vanished" };

/** One message of one program. */
export interface Publication {
  readonly key: string;
  readonly clientId: string;
  readonly topic: string;
  readonly qos: number;
  readonly size: number;
  /** Its number among all of its sender. */
  readonly serial: number;
  outcome: Outcome | undefined;
  /** How often the broker has taken it. */
  taken: number;
  /** How many sessions its sender had been told of when a store gave it back; undefined where none has. */
  restoredIn: number | undefined;
}

/** Knows what must come of each message. */
export class Ledger {
  readonly publications = new Map<string, Publication>();
  readonly fail: (rule: string, why: string) => void;
  note: (what: string) => void = () => {};
  /** Told that a session has begun anew, or has ended. */
  onSessionEnded: (clientId: string) => void = () => {};
  onConnected: (event: BrokerEvent & { type: "connected" }) => void = () => {};
  onDisconnected: (event: BrokerEvent & { type: "disconnected" }) => void =
    () => {};
  readonly #accounts = new Map<string, Account>();
  readonly #lastTaken = new Map<string, number>();
  #serial = 0;

  constructor(fail: (rule: string, why: string) => void) {
    this.fail = fail;
  }

  account(clientId: string): Account {
    const known = this.#accounts.get(clientId);
    if (known !== undefined) return known;
    const account = new Account(this, clientId);
    this.#accounts.set(clientId, account);
    return account;
  }

  /** A program is about to publish. */
  publish(
    clientId: string,
    message: { topic: string; qos: number; size: number },
  ): Publication {
    const serial = ++this.#serial;
    const publication: Publication = {
      ...message,
      key: `${clientId}/${serial}`,
      clientId,
      serial,
      outcome: undefined,
      taken: 0,
      restoredIn: undefined,
    };
    this.publications.set(publication.key, publication);
    return publication;
  }

  /** A publish has ended. */
  settle(publication: Publication, outcome: Outcome): void {
    const { key, qos, taken } = publication;
    publication.outcome = outcome;
    if (outcome.type === "resolved" && qos > 0 && taken === 0) {
      this.fail("resolved means taken", `${key} at QoS ${qos}`);
    }
    this.#checkNotSent(publication);
  }

  /** A store has given messages back to the next process; so many sessions its client had been told of. */
  restored(clientId: string, keys: readonly string[], sessions: number): void {
    for (const key of keys) {
      const publication = this.publications.get(key);
      if (publication?.clientId === clientId) {
        publication.restoredIn = sessions;
        this.note(`${clientId} has ${key} from its store`);
      } else this.fail("nothing from nowhere", `the store gave ${key}`);
    }
  }

  /** The broker has something to tell. */
  onEvent(event: BrokerEvent): void {
    switch (event.type) {
      case "message":
        return this.#onTaken(
          keyOf(event.payload),
          event.topicName,
          event.clientId,
        );
      case "subscribed":
        if (event.reasonCode >= 0x80) return;
        this.account(event.clientId).filters.set(
          event.topicFilter,
          event.reasonCode,
        );
        return;
      case "unsubscribed":
        this.account(event.clientId).filters.delete(event.topicFilter);
        return;
      case "session-ended": {
        const { clientId } = event;
        const account = this.account(clientId);
        account.filters.clear();
        // What has not come by now may never come.
        account.due.clear();
        return this.onSessionEnded(clientId);
      }
      case "connected":
        return this.onConnected(event);
      case "refused":
        return;
      case "disconnected":
        this.onDisconnected(event);
        if (event.cause !== "protocol-error") return;
        return this.fail(
          "no broken rules",
          `the broker on ${event.clientId}: ${event.reason}`,
        );
      case "dropped":
        if (event.cause === "too-large") return;
        return this.fail(
          "nothing is dropped",
          `${event.topicName} of ${event.clientId}: ${event.cause}`,
        );
    }
  }

  /** What must hold in the end, besides what is due. */
  check(): void {
    for (const publication of this.publications.values()) {
      const { key, outcome } = publication;
      if (outcome === undefined) {
        this.fail("every promise settles", `the publish of ${key}`);
      }
      this.#checkNotSent(publication);
    }
  }

  /** Of those that a store has given back: what must have arrived and has not. */
  *missing(clientId: string): Generator<Publication> {
    for (const publication of this.publications.values()) {
      const { qos, taken, restoredIn, outcome } = publication;
      if (publication.clientId !== clientId || restoredIn === undefined) {
        continue;
      }
      // What was given up may have been sent again before that was kept.
      if (qos > 0 && taken === 0 && outcome?.type === "vanished") {
        yield publication;
      }
    }
  }

  #checkNotSent({ key, outcome, taken, restoredIn }: Publication): void {
    if (outcome?.type !== "rejected" || outcome.delivery !== "not-sent") return;
    // A process may be killed before it is kept that a message was given up: then the next one sends it.
    if (taken > 0 && restoredIn === undefined) {
      this.fail("not-sent means not taken", `${key}: ${outcome.why}`);
    }
  }

  #onTaken(
    key: string,
    topicName: string,
    clientId: string | undefined,
  ): void {
    const publication = this.publications.get(key);
    if (publication === undefined || publication.clientId !== clientId) {
      return this.fail("nothing from nowhere", `the broker took ${key}`);
    }
    const { qos, topic, serial, size } = publication;
    if (topic !== topicName) {
      this.fail("the topic stays", `${key} of ${topic} came as ${topicName}`);
    }
    publication.taken++;
    this.#checkNotSent(publication);
    if (publication.taken === 1) {
      const stream = `${clientId} ${topic} ${qos}`;
      const last = this.#lastTaken.get(stream) ?? 0;
      if (serial < last) {
        this.fail(
          "order per topic and QoS",
          `the broker took ${key} behind number ${last} of ${stream}`,
        );
      }
      this.#lastTaken.set(stream, serial);
    } else if (qos !== 1) {
      this.fail(
        qos === 2 ? "QoS 2 exactly once" : "QoS 0 at most once",
        `the broker took ${key} ${publication.taken} times`,
      );
    }
    for (const account of this.#accounts.values()) {
      let granted = -1;
      for (const [topicFilter, qos] of account.filters) {
        if (matchTopic(topicFilter, topic)) granted = Math.max(granted, qos);
      }
      if (Math.min(granted, qos) > 0 && size <= account.sizeMax) {
        account.due.add(key);
      }
    }
  }
}
