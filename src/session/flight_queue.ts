/**
 * The messages that wait for their turn to be sent.
 *
 * @module
 */
import type { Flight } from "./flight.ts";
import { Ring } from "./ring.ts";

/** First in, first out. One that ends while it waits leaves a gap, which costs nothing more. */
export class FlightQueue<Request> {
  /** The bytes of those that wait. */
  bytes = 0;
  /** How many of them are of QoS 0. */
  qos0 = 0;
  readonly #ring = new Ring<Flight<Request>>();
  #gaps = 0;

  /** How many wait. */
  get length(): number {
    return this.#ring.length - this.#gaps;
  }

  /** Adds one behind all others. */
  push(flight: Flight<Request>): void {
    this.#ring.push(flight);
    this.#enter(flight);
  }

  /** Puts one before all others. */
  unshift(flight: Flight<Request>): void {
    this.#ring.unshift(flight);
    this.#enter(flight);
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
    const flight = this.#ring.shift();
    if (flight !== undefined) this.#exit(flight);
  }

  /** One that waits has ended. The gaps are closed when they are half of all: so each costs little. */
  leaveGap(flight: Flight<Request>): void {
    this.#exit(flight);
    if (++this.#gaps * 2 <= this.#ring.length) return;
    const flights = this.#present();
    this.#ring.clear();
    this.#gaps = 0;
    for (const flight of flights) this.#ring.push(flight);
  }

  /** Those that wait and fit, in their order. */
  filter(fits: (flight: Flight<Request>) => boolean): Flight<Request>[] {
    return this.#present().filter(fits);
  }

  /** Takes all that wait, in their order. */
  takeAll(): Flight<Request>[] {
    const flights = this.#present();
    this.#ring.clear();
    this.#gaps = 0;
    this.bytes = 0;
    this.qos0 = 0;
    return flights;
  }

  #present(): Flight<Request>[] {
    return [...this.#ring].filter(({ state }) => state !== "ended");
  }

  #enter({ size, message }: Flight<Request>): void {
    this.bytes += size;
    if (message.qos === 0) this.qos0++;
  }

  #exit({ size, message }: Flight<Request>): void {
    this.bytes -= size;
    if (message.qos === 0) this.qos0--;
  }
}
