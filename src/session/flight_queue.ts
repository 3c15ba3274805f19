/**
 * The messages that wait for their turn to be sent.
 *
 * @module
 */
import type { Flight } from "./flight.ts";
import type { RestoredFlights } from "./restoration.ts";
import { Ring } from "./ring.ts";

/** First in, first out. One that ends while it waits leaves a gap, which costs nothing more. */
export class FlightQueue<Request> {
  #ring = new Ring<Flight<Request>>();
  #gaps = 0;
  #bytes = 0;
  #qos0 = 0;
  /** What a store has given back: it stands behind those of the ring. */
  #restored: RestoredFlights<Request> | undefined;
  /** Where the new ones go as long as there is such. */
  #behind = this.#ring;

  /** How many wait. */
  get length(): number {
    const waiting = this.#ring.length - this.#gaps;
    if (this.#restored === undefined) return waiting;
    return waiting + this.#restored.length + this.#behind.length;
  }

  /** The bytes of those that wait. */
  get bytes(): number {
    return this.#bytes + (this.#restored?.size ?? 0);
  }

  /** Whether there may be one of QoS 0 among them. */
  get hasQos0(): boolean {
    return this.#qos0 > 0 || (this.#restored?.length ?? 0) > 0;
  }

  /** Puts what a store has given back behind all others. */
  restore(flights: RestoredFlights<Request>): void {
    if (flights.length === 0) return;
    this.#restored = flights;
    this.#behind = new Ring();
  }

  /** Adds one behind all others. */
  push(flight: Flight<Request>): void {
    this.#behind.push(flight);
    this.#enter(flight);
  }

  /** Puts one before all others. */
  unshift(flight: Flight<Request>): void {
    this.#ring.unshift(flight);
    this.#enter(flight);
  }

  /** The first one, which stays; undefined where none waits. */
  peek(): Flight<Request> | undefined {
    for (;;) {
      const flight = this.#ring.peek();
      if (flight?.state === "ended") {
        this.#ring.shift();
        this.#gaps--;
      } else if (flight !== undefined || this.#restored === undefined) {
        return flight;
      } else this.#takeRestored(this.#restored);
    }
  }

  /** Takes the first one, which `peek` has given. */
  shift(): void {
    const flight = this.#ring.shift();
    if (flight !== undefined) this.#exit(flight);
  }

  /** One that waits has ended. The gaps are closed when they are half of all: so each costs little. */
  leaveGap(flight: Flight<Request>): void {
    this.#exit(flight);
    const held = this.#ring.length +
      (this.#restored === undefined ? 0 : this.#behind.length);
    if (++this.#gaps * 2 <= held) return;
    for (const ring of new Set([this.#ring, this.#behind])) {
      const flights = present(ring);
      ring.clear();
      for (const flight of flights) ring.push(flight);
    }
    this.#gaps = 0;
  }

  /** Those that wait and fit, in their order; what a store has given back is not known before its turn comes. */
  filter(fits: (flight: Flight<Request>) => boolean): Flight<Request>[] {
    return this.#present().filter(fits);
  }

  /** Takes all that wait, in their order, but for what a store has given back: that is left to the store. */
  takeAll(): Flight<Request>[] {
    const flights = this.#present();
    this.#ring = this.#behind = new Ring();
    this.#restored = undefined;
    this.#gaps = 0;
    this.#bytes = 0;
    this.#qos0 = 0;
    return flights;
  }

  /** The next one's turn has come. When none is left, those behind move up. */
  #takeRestored(restored: RestoredFlights<Request>): void {
    const flight = restored.shift();
    if (flight === undefined) {
      this.#restored = undefined;
      this.#ring = this.#behind;
    } else {
      this.#ring.push(flight);
      this.#enter(flight);
    }
  }

  #present(): Flight<Request>[] {
    return [...new Set([this.#ring, this.#behind])].flatMap(present);
  }

  #enter({ size, message }: Flight<Request>): void {
    this.#bytes += size;
    if (message.qos === 0) this.#qos0++;
  }

  #exit({ size, message }: Flight<Request>): void {
    this.#bytes -= size;
    if (message.qos === 0) this.#qos0--;
  }
}

function present<Request>(ring: Ring<Flight<Request>>): Flight<Request>[] {
  return [...ring].filter(({ state }) => state !== "ended");
}
