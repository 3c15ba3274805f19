/**
 * The messages that wait for their turn to be sent.
 *
 * @module
 */
import type { Flight } from "./flight.ts";
import { Ring } from "./ring.ts";

/** First in, first out. One that ends while it waits leaves a gap, which costs nothing more. */
export class FlightQueue<Request> {
  #ring = new Ring<Flight<Request>>();
  #gaps = 0;

  /** How many wait. */
  get length(): number {
    return this.#ring.length - this.#gaps;
  }

  /** Adds one behind all others. */
  push(flight: Flight<Request>): void {
    this.#ring.push(flight);
  }

  /** Puts one before all others. */
  unshift(flight: Flight<Request>): void {
    this.#ring.unshift(flight);
  }

  /** The first one, which stays; undefined where none waits. */
  peek(): Flight<Request> | undefined {
    let flight = this.#ring.peek();
    while (flight?.state === "ended") {
      this.#ring.shift();
      this.#gaps--;
      flight = this.#ring.peek();
    }
    return flight;
  }

  /** Takes the first one, which `peek` has given. */
  shift(): void {
    this.#ring.shift();
  }

  /** One that waits has ended. The gaps are closed when they are half of all: so each costs little. */
  leaveGap(): void {
    if (++this.#gaps * 2 <= this.#ring.length) return;
    const flights = this.takeAll();
    for (const flight of flights) this.#ring.push(flight);
  }

  /** Takes all that wait, in their order. */
  takeAll(): Flight<Request>[] {
    const flights = [...this.#ring].filter(({ state }) => state !== "ended");
    this.#ring.clear();
    this.#gaps = 0;
    return flights;
  }
}
