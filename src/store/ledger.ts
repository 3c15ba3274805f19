/**
 * From the records of a session to the changes of a store.
 *
 * This file computes only.
 *
 * @module
 */
import { ByteWriter } from "../codec/writer.ts";
import type { StoreRecord } from "../session/record.ts";
import type { SessionBinding } from "./binding.ts";
import { type Checkpoint, Checkpoints } from "./checkpoint.ts";
import {
  CHECKPOINT_KEY,
  encodeBinding,
  encodeCheckpoint,
  encodeFlight,
  encodeMessage,
  FLIGHT_KEYS,
  MESSAGE_KEYS,
  SESSION_KEY,
} from "./record_codec.ts";
import type { StoreChange } from "./store.ts";

/** What a ledger goes on from. */
export interface LedgerState {
  /** The packet ids of the messages that are published, by their order. */
  readonly published: ReadonlyMap<number, number>;
  /** The packet ids of the messages that are released, by their order, in the order of their PUBRECs. */
  readonly released: ReadonlyMap<number, number>;
  /** The incoming packet ids that are owned. */
  readonly owned: Iterable<number>;
  /** The highest number that a release has. */
  readonly releases: number;
  /** The checkpoint that holds. */
  readonly checkpoint: Checkpoint | undefined;
  /** The highest order that a message has had. */
  readonly lastOrder: number;
}

/** What is known of a session of which nothing is known. */
export const EMPTY_LEDGER: LedgerState = {
  published: new Map(),
  released: new Map(),
  owned: [],
  releases: 0,
  checkpoint: undefined,
  lastOrder: 0,
};

const REMOVED = -1;

/** Collects changes until they are taken. */
export class Ledger {
  readonly #writer = new ByteWriter();
  readonly #published: Map<number, number>;
  readonly #released: Map<number, number>;
  readonly #owned: Set<number>;
  readonly #checkpoints: Checkpoints;
  #releases: number;
  // The changes that wait: the key of each, and where its value ends among the bytes.
  readonly #keys: number[] = [];
  readonly #ends: number[] = [];
  // Flights of a session that is lost. They go last: while a message is there, so must be that it was sent.
  readonly #stale = new Set<number>();

  /** Makes a ledger of a session of which so much is known. */
  constructor(state: LedgerState = EMPTY_LEDGER) {
    this.#published = new Map(state.published);
    this.#released = new Map(state.released);
    this.#owned = new Set(state.owned);
    this.#releases = state.releases;
    this.#checkpoints = new Checkpoints(state.checkpoint, state.lastOrder);
  }

  /** Whether there is something to take. */
  get hasChanges(): boolean {
    return this.#keys.length + this.#stale.size > 0;
  }

  /** Takes records in. `wallAhead` is what the wall clock has more than the driver's. */
  record(records: readonly StoreRecord[], wallAhead: number): void {
    for (const record of records) this.#record(record, wallAhead);
  }

  /** The session belongs to this client and server. */
  bind(binding: SessionBinding): void {
    encodeBinding(this.#writer, binding);
    this.#put(SESSION_KEY);
  }

  /** The message with this order is kept no more: it was never sent, and its sender is told. */
  withdraw(order: number): void {
    this.#settled(order);
  }

  /** An incoming message of QoS 2 is owned. */
  own(packetId: number): void {
    this.#owned.add(packetId);
    this.#put(packetId);
  }

  /** The message with this order is of no more use, whatever becomes of its packet id. */
  dropMessage(order: number): void {
    this.#removeMessage(order);
  }

  /** The handshake with this packet id has ended. */
  dropFlight(packetId: number): void {
    this.#remove(FLIGHT_KEYS + packetId);
  }

  /** A packet id that the server may know is to be freed by PUBREL, whatever was sent with it. */
  recall(order: number, packetId: number): void {
    this.#released.set(order, packetId);
    this.#putFlight(packetId, order, ++this.#releases);
  }

  /** What was taken last is kept. */
  kept(): void {
    this.#checkpoints.kept();
  }

  /** The store has failed: of what was accepted since it last kept something nothing holds, nor do its checkpoints. */
  revoke(): void {
    const checkpoint = this.#checkpoints.revoked();
    if (checkpoint !== undefined) this.#putCheckpoint(checkpoint);
  }

  /** All changes since they were last taken. Their values are valid until they are taken again. */
  take(): StoreChange[] {
    for (const packetId of this.#stale) this.#remove(FLIGHT_KEYS + packetId);
    this.#stale.clear();
    const bytes = this.#writer.take() ?? NOTHING;
    let start = 0;
    const changes = this.#keys.map((key, number) => {
      const end = this.#ends[number] ?? REMOVED;
      if (end === REMOVED) return { key, value: undefined };
      const value = bytes.subarray(start, end);
      start = end;
      return { key, value };
    });
    this.#keys.length = 0;
    this.#ends.length = 0;
    this.#checkpoints.taken();
    return changes;
  }

  #record(record: StoreRecord, wallAhead: number): void {
    switch (record.type) {
      case "accepted": {
        const { order, expiresAt, checkpoint } = record;
        const wall = expiresAt === 0 ? 0 : Math.ceil(expiresAt + wallAhead);
        encodeMessage(this.#writer, record, wall);
        this.#checkpoints.accepted(order, checkpoint);
        return this.#put(MESSAGE_KEYS + order);
      }
      case "sent":
        return this.#sent(record.order, record.packetId);
      case "released":
        return this.#release(record.order);
      case "settled":
        return this.#settled(record.order);
      case "owned":
        return this.own(record.packetId);
      case "completed":
        this.#owned.delete(record.packetId);
        return this.#remove(record.packetId);
      case "session-lost":
        return this.#lost();
      case "checkpoint":
        return this.#putCheckpoint(this.#checkpoints.came(record.checkpoint));
    }
  }

  #sent(order: number, packetId: number): void {
    this.#published.set(order, packetId);
    this.#putFlight(packetId, order, 0);
  }

  #release(order: number): void {
    const packetId = this.#published.get(order);
    if (packetId === undefined) return;
    this.#published.delete(order);
    this.#released.set(order, packetId);
    this.#putFlight(packetId, order, ++this.#releases);
    this.#removeMessage(order);
  }

  #settled(order: number): void {
    const released = this.#released.get(order);
    if (released !== undefined) {
      this.#released.delete(order);
      return this.#remove(FLIGHT_KEYS + released);
    }
    this.#removeMessage(order);
    const published = this.#published.get(order);
    if (published === undefined) return;
    this.#published.delete(order);
    this.#remove(FLIGHT_KEYS + published);
  }

  #lost(): void {
    for (const packetId of this.#owned) this.#remove(packetId);
    this.#owned.clear();
    for (const flights of [this.#published, this.#released]) {
      for (const packetId of flights.values()) this.#stale.add(packetId);
      flights.clear();
    }
  }

  #putFlight(packetId: number, order: number, releaseOrder: number): void {
    // With the session its identifiers became free: this is another flight with the same one.
    this.#stale.delete(packetId);
    encodeFlight(this.#writer, { order, releaseOrder });
    this.#put(FLIGHT_KEYS + packetId);
  }

  /** What it says of how far the program has come must not go with it. */
  #removeMessage(order: number): void {
    const checkpoint = this.#checkpoints.leaving(order);
    if (checkpoint !== undefined) this.#putCheckpoint(checkpoint);
    this.#remove(MESSAGE_KEYS + order);
  }

  #putCheckpoint(checkpoint: Checkpoint): void {
    encodeCheckpoint(this.#writer, checkpoint);
    this.#put(CHECKPOINT_KEY);
  }

  #put(key: number): void {
    this.#keys.push(key);
    this.#ends.push(this.#writer.length);
  }

  #remove(key: number): void {
    this.#keys.push(key);
    this.#ends.push(REMOVED);
  }
}

const NOTHING = new Uint8Array(0);
