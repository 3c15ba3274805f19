/**
 * From what a store gives back to the session that goes on.
 *
 * A process may have ended between any two changes, and a disk may have lost some. What is left is made
 * into a session that repeats no message of QoS 2, and takes no packet id that the server may still know.
 *
 * This file computes only.
 *
 * @module
 */
import type {
  RestoredFlight,
  RestoredMessage,
  RestoredRelease,
  RestoredSession,
} from "../session/restored.ts";
import { isAtHome, isGone, type SessionBinding } from "./binding.ts";
import { type Checkpoint, laterOf } from "./checkpoint.ts";
import { Ledger } from "./ledger.ts";
import {
  CHECKPOINT_KEY,
  decodeBinding,
  decodeCheckpoint,
  decodeFlight,
  FLIGHT_KEYS,
  MESSAGE_KEYS,
  SESSION_KEY,
} from "./record_codec.ts";
import type { StoreDamage, StoreEntry } from "./store.ts";
import { StoredQueue } from "./stored_queue.ts";

/** Who asks for the session. */
export interface Asker {
  /** The Client Identifier that was asked for; undefined where the one of the store will do. */
  readonly clientId: string | undefined;
  /** The addresses of the servers that may have it; undefined where they are not known yet. */
  readonly servers: readonly string[] | undefined;
  /** The time of the wall clock. */
  readonly wallNow: number;
}

/** A session that can go on. */
export interface StoredSession {
  /** What it begins with. */
  readonly session: RestoredSession;
  /** The ledger of what follows. It has changes already where something had to be made good. */
  readonly ledger: Ledger;
  /** Whose it was; undefined where it was never connected. */
  readonly binding: SessionBinding | undefined;
  /** Whether the servers that are asked for may be others. */
  readonly isElsewhere: boolean;
  /** Messages of QoS 2 that may have been delivered: they are not sent again, and nobody knows more. */
  readonly unknown: readonly RestoredMessage[];
  /** How many messages are known to be lost. */
  readonly lost: number;
  /** How far the program had come, by its own words. */
  readonly checkpoint: string | undefined;
}

/** A flight as it is kept. */
interface Flight {
  readonly packetId: number;
  readonly order: number;
  readonly releaseOrder: number;
  readonly doubtful: boolean;
}

/** The flights, and what becomes of each. */
interface SortedFlights {
  /** Their PUBLISH is sent again. */
  readonly published: readonly RestoredFlight[];
  /** Their PUBREL is sent again. */
  readonly released: readonly Flight[];
  /** Packet ids of those that cannot be sent again, and may not be taken for others. */
  readonly unusable: readonly number[];
  /** Packet ids of those whose handshake had ended. */
  readonly ended: readonly number[];
  /** Messages that are of no more use. */
  readonly done: readonly number[];
  /** Messages that may have been delivered. */
  readonly unknown: readonly RestoredMessage[];
}

/** Takes the entries of a store, and makes a session of them. */
export class SessionReader {
  readonly #queue: StoredQueue;
  readonly #flights: Flight[] = [];
  readonly #owned: number[] = [];
  #binding: SessionBinding | undefined;
  /** The last checkpoint that goes with no message, and the last that goes with one. */
  #apart: Checkpoint | undefined;
  #withMessage: Checkpoint | undefined;
  /** Messages up to this one may have been sent and settled since. */
  #doubtfulTo = 0;
  /** Changes of which nothing is known. */
  #lostChanges = 0;
  /** Packet ids of flights of which nothing else is known. */
  readonly #lostFlights: number[] = [];
  readonly #lostOwned: number[] = [];
  readonly #lostMessages = new Set<number>();
  readonly #unreadable: number[] = [];

  /** Makes a reader of nothing. `wallAhead` is what the wall clock has more than the driver's. */
  constructor(wallAhead: number) {
    this.#queue = new StoredQueue(wallAhead);
  }

  /** Takes an entry. Throws a StoreError where a later version has written it. */
  take({ key, value, doubtful = false }: StoreEntry): void {
    if (key === SESSION_KEY) this.#binding = decodeBinding(value);
    else if (key === CHECKPOINT_KEY) this.#apart = decodeCheckpoint(value);
    else if (key < FLIGHT_KEYS) this.#owned.push(key);
    else if (key < MESSAGE_KEYS) {
      const packetId = key - FLIGHT_KEYS;
      this.#flights.push({ ...decodeFlight(value), packetId, doubtful });
    } else this.#takeMessage(key - MESSAGE_KEYS, value, doubtful);
  }

  /** Takes what cannot be read. */
  takeDamage({ key, changesMax }: StoreDamage): void {
    if (key === undefined) this.#lostChanges += changesMax;
    else if (key >= MESSAGE_KEYS) this.#lostMessages.add(key - MESSAGE_KEYS);
    else if (key > CHECKPOINT_KEY) this.#lostFlights.push(key - FLIGHT_KEYS);
    // Its key says all there is to say of a message that is owned.
    else if (key !== SESSION_KEY && key !== CHECKPOINT_KEY) {
      this.#lostOwned.push(key);
    }
  }

  /** Makes a session of all that was taken. */
  finish(asker: Asker): StoredSession {
    const isLost = this.#isLost(asker);
    const isElsewhere = this.#isElsewhere(asker);
    const flights = this.#sortFlights(!isLost && isElsewhere);
    const unknown = [...flights.unknown, ...this.#takeDoubtful()];
    const { ledger, recalled, lastOrder } = this.#makeLedger(flights);
    const useless = [
      ...flights.done,
      ...unknown.map(({ order }) => order),
      ...this.#unreadable,
    ];
    for (const order of useless) ledger.dropMessage(order);
    for (const packetId of flights.ended) ledger.dropFlight(packetId);
    return {
      session: {
        published: flights.published,
        released: [...flights.released, ...recalled],
        queue: this.#queue,
        owned: [...this.#owned, ...this.#lostOwned],
        lastOrder,
        isLost,
      },
      ledger,
      binding: this.#binding,
      isElsewhere,
      unknown,
      lost: this.#lostMessages.size,
      checkpoint: this.#checkpoint?.text,
    };
  }

  get #checkpoint(): Checkpoint | undefined {
    return laterOf(this.#apart, this.#withMessage);
  }

  #takeMessage(order: number, value: Uint8Array, doubtful: boolean): void {
    try {
      const { checkpoint: text } = this.#queue.add(order, value);
      const isLast = order > (this.#withMessage?.order ?? 0);
      if (text !== undefined && isLast) this.#withMessage = { order, text };
    } catch {
      this.#unreadable.push(order);
      this.#lostMessages.add(order);
      return;
    }
    if (doubtful) this.#doubtfulTo = Math.max(this.#doubtfulTo, order);
  }

  /**
   * Finds the messages of those that were sent, and those that cannot be sent again: of QoS 2 what may have been
   * settled since, or was sent to a server that may be another one.
   */
  #sortFlights(isElsewhere: boolean): SortedFlights {
    const messages = this.#takeMessages();
    const published: RestoredFlight[] = [];
    const unknown: RestoredMessage[] = [];
    const unusable = [...this.#lostFlights];
    const ended: number[] = [];
    const sent = this.#flights.filter(({ releaseOrder }) => releaseOrder === 0)
      .sort((one, other) => one.order - other.order);
    const released = this.#flights
      .filter(({ releaseOrder }) => releaseOrder > 0)
      .sort((one, other) => one.releaseOrder - other.releaseOrder);
    const done = released.map(({ order }) => order)
      .filter((order) => messages.delete(order));
    for (const { packetId, order, doubtful } of sent) {
      const message = messages.get(order);
      messages.delete(order);
      const isUnsure = doubtful || isElsewhere;
      if (message !== undefined && !(isUnsure && message.qos === 2)) {
        published.push({ packetId, message });
        continue;
      }
      // What is settled goes before its flight does: the process has ended in between.
      if (message === undefined && !this.#mayLack(order)) {
        ended.push(packetId);
        continue;
      }
      unusable.push(packetId);
      if (message === undefined) this.#lostMessages.add(order);
      else unknown.push(message);
    }
    return { published, released, unusable, ended, done, unknown };
  }

  /** Whether the message with this order may be among what is lost. */
  #mayLack(order: number): boolean {
    return this.#lostChanges > 0 || this.#lostMessages.has(order);
  }

  /** The messages that are in flight, by their order. */
  #takeMessages(): Map<number, RestoredMessage> {
    if (this.#flights.length === 0) return new Map();
    const orders = new Set(this.#flights.map(({ order }) => order));
    const messages = this.#queue.takeOut((order) => orders.has(order));
    return new Map(messages.map((message) => [message.order, message]));
  }

  /**
   * A change that was lost may have said of a message that it was sent, or settled. Messages are sent in the
   * order in which they were accepted: so it was one of the first, and there are no more than the changes.
   */
  #takeDoubtful(): RestoredMessage[] {
    let changes = this.#lostChanges;
    let flights = this.#lostFlights.length;
    if (changes + flights === 0) return [];
    return this.#queue.takeOut(
      (order) => order <= this.#doubtfulTo && changes-- > 0 || flights-- > 0,
      ({ qos }) => qos === 2,
    );
  }

  /**
   * A packet id of which it is not known what was sent with it must not be taken for another message while
   * the server may know it. PUBREL frees it whatever it was: so it is as if its PUBREC had come.
   */
  #makeLedger({ published, released, unusable }: SortedFlights) {
    const orders = this.#flights.map(({ order }) => order);
    let lastOrder = orders.reduce(
      (highest, order) => Math.max(highest, order),
      Math.max(this.#queue.lastOrder, this.#apart?.order ?? 0),
    );
    const ledger = new Ledger({
      published: new Map(
        published.map(({ packetId, message }) => [message.order, packetId]),
      ),
      released: new Map(
        released.map(({ packetId, order }) => [order, packetId]),
      ),
      owned: this.#owned,
      releases: released.at(-1)?.releaseOrder ?? 0,
      checkpoint: this.#checkpoint,
      lastOrder,
    });
    for (const packetId of this.#lostOwned) ledger.own(packetId);
    const recalled = unusable.map((packetId): RestoredRelease => {
      ledger.recall(++lastOrder, packetId);
      return { packetId, order: lastOrder };
    });
    return { ledger, recalled, lastOrder };
  }

  #isLost({ clientId, wallNow }: Asker): boolean {
    const binding = this.#binding;
    if (binding === undefined) return false;
    return (clientId ?? binding.clientId) !== binding.clientId ||
      isGone(binding, wallNow);
  }

  /** A server may have several names: where one has a session for us under another name, it may be this one. */
  #isElsewhere({ servers }: Asker): boolean {
    const binding = this.#binding;
    return binding !== undefined && servers !== undefined &&
      !isAtHome(binding, servers);
  }
}
