/**
 * The messages that wait for their turn to be sent: behind a full window, or for the next connection.
 *
 * @module
 */
import type { Doors } from "./doors.ts";
import type { Flight } from "./flight.ts";
import { FlightQueue } from "./flight_queue.ts";
import {
  type OfflineLimits,
  OUTSIDE_BYTES_MAX,
  OUTSIDE_MESSAGES_MAX,
} from "./offline.ts";
import { displaced, expired, full } from "./publish_fault.ts";
import { type MakeRequest, RestoredFlights } from "./restoration.ts";
import type { RestoredQueue } from "./restored.ts";
import type { Settlement } from "./settlement.ts";

/** Message Expiry Intervals are whole seconds: to look for those that have passed more often brings nothing. */
const EXPIRY_SCAN_MS = 1_000;

/** A queue that has a bound while there is no connection, and those who wait outside for room in it. */
export class OutgoingQueue<Request> {
  readonly #doors: Doors<Request>;
  readonly #settlement: Settlement<Request>;
  readonly #limits: OfflineLimits;
  readonly #queue = new FlightQueue<Request>();
  readonly #outside = new FlightQueue<Request>();
  #dropped = 0;
  #expiresAt = Infinity;
  #scanAt = -Infinity;

  /** Makes a queue in which none waits. */
  constructor(
    doors: Doors<Request>,
    settlement: Settlement<Request>,
    limits: OfflineLimits,
  ) {
    this.#doors = doors;
    this.#settlement = settlement;
    this.#limits = limits;
  }

  /** How many wait. */
  get length(): number {
    return this.#queue.length + this.#outside.length;
  }

  /** How many messages have given way to newer ones. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether one of QoS 0 waits, which the next one must not overtake. */
  get hasQos0(): boolean {
    return this.#queue.hasQos0;
  }

  /** Whether messages of QoS 0 may wait for the next connection. */
  get takesQos0(): boolean {
    return this.#limits.qos0;
  }

  /** When `expire()` has something to do. */
  get deadline(): number {
    return this.#expiresAt === Infinity
      ? Infinity
      : Math.max(this.#expiresAt, this.#scanAt);
  }

  /** What a store has given back waits for its turn. Nothing was pushed yet. */
  restore(queue: RestoredQueue, makeRequest: MakeRequest<Request>): void {
    this.#queue.restore(new RestoredFlights(queue, makeRequest));
  }

  /** One more waits for its turn. */
  push(flight: Flight<Request>): void {
    this.#queue.push(flight);
    this.#note(flight);
    this.#settlement.accepted(flight);
  }

  /** One that had its turn waits for it again, before all others. */
  unshift(flight: Flight<Request>): void {
    this.#queue.unshift(flight);
  }

  /** Sees to it that there is room for a message while there is no connection. Throws a PublishError where there is none. */
  makeRoom(topicName: string, size: number): void {
    const { policy, bytesMax } = this.#limits;
    if (policy === "wait") {
      const { length, bytes } = this.#outside;
      const isFull = length >= OUTSIDE_MESSAGES_MAX ||
        bytes + size > OUTSIDE_BYTES_MAX;
      if (isFull && !this.#hasRoom(size)) throw full(topicName, this.#queue);
      return;
    }
    if (policy === "drop-oldest" && size <= bytesMax) {
      while (!this.#hasRoom(size) && this.#dropOldest());
    }
    if (!this.#hasRoom(size)) throw full(topicName, this.#queue);
  }

  /** One more waits for the next connection, and for room until then. `makeRoom` was called for it. */
  keep(flight: Flight<Request>): void {
    if (this.#hasRoom(flight.size)) return this.push(flight);
    flight.state = "outside";
    this.#outside.push(flight);
    this.#note(flight);
  }

  /** The first whose turn it is; undefined where none waits. */
  peek(): Flight<Request> | undefined {
    return this.#queue.peek();
  }

  /** Takes the first, which `peek` has given. */
  shift(): void {
    this.#queue.shift();
  }

  /** One does not wait any more: it is given up by its sender. */
  remove(flight: Flight<Request>): void {
    this.#leave(flight);
    this.#admit();
  }

  /** There is a connection, which makes room for all. */
  connected(): void {
    for (const flight of this.#outside.takeAll()) this.#accept(flight);
  }

  /** Settles what has expired before it was sent. */
  expire(now: number): void {
    if (now < this.deadline) return;
    this.#scanAt = now + EXPIRY_SCAN_MS;
    this.#expiresAt = Infinity;
    const expires = ({ message, delivery }: Flight<Request>) =>
      message.expiresAt > 0 && delivery === "not-sent";
    for (const queue of [this.#queue, this.#outside]) {
      for (const flight of queue.filter(expires)) {
        if (!flight.hasExpired(now)) this.#note(flight);
        else {
          this.#leave(flight);
          this.#settlement.tellRefused(flight, expired(flight));
        }
      }
    }
    this.#admit();
  }

  /** Refuses those that were accepted after the one with this order. */
  refuseAfter(
    order: number,
    refuse: (flight: Flight<Request>) => void,
  ): void {
    for (const flight of this.#queue.filter((each) => each.order > order)) {
      refuse(flight);
      this.#queue.leaveGap(flight);
    }
  }

  /** Takes all, in their order. */
  takeAll(): Flight<Request>[] {
    return [...this.#queue.takeAll(), ...this.#outside.takeAll()];
  }

  #hasRoom(size: number): boolean {
    const { messagesMax, bytesMax } = this.#limits;
    return this.#outside.length === 0 && this.#queue.length < messagesMax &&
      this.#queue.bytes + size <= bytesMax;
  }

  /** False where there is none. */
  #dropOldest(): boolean {
    const oldest = this.#queue.peek();
    if (oldest === undefined) return false;
    this.#queue.shift();
    this.#dropped++;
    this.#settlement.refuse(oldest, displaced(oldest));
    return true;
  }

  #leave(flight: Flight<Request>): void {
    const queue = flight.state === "outside" ? this.#outside : this.#queue;
    this.#settlement.end(flight);
    queue.leaveGap(flight);
  }

  /** Those outside come in, as far as there is room. */
  #admit(): void {
    const { messagesMax, bytesMax } = this.#limits;
    for (
      let first = this.#outside.peek();
      first !== undefined && this.#queue.length < messagesMax &&
      this.#queue.bytes + first.size <= bytesMax;
      first = this.#outside.peek()
    ) {
      this.#outside.shift();
      this.#accept(first);
    }
  }

  #accept(flight: Flight<Request>): void {
    const { request } = flight;
    flight.state = "queued";
    this.push(flight);
    this.#doors.events.push({ type: "accepted", request });
  }

  #note({ message: { expiresAt } }: Flight<Request>): void {
    if (expiresAt > 0 && expiresAt < this.#expiresAt) {
      this.#expiresAt = expiresAt;
    }
  }
}
