// Wires that are slow, cut packets anywhere, and fail where the scenario says.

import type { Wire } from "../../src/transport/wire.ts";
import type { Random } from "../fuzz/random.ts";
import type { Time } from "./time.ts";

/**
 * How a wire fails. "fin": it is closed, and what was sent arrives. "reset": what is under way is lost.
 * "silence": nothing arrives any more, and nobody is told. "mute": the same in one direction.
 */
export type FaultType = "fin" | "reset" | "silence" | "mute";

/** A wire fails when so many bytes have arrived in one direction. */
export interface Fault {
  readonly type: FaultType;
  readonly direction: "toServer" | "toClient";
  readonly afterBytes: number;
}

/** How a wire behaves while it works. */
export interface WireManners {
  /** The longest time that bytes are under way. */
  readonly delayMs: number;
  /** How many bytes one direction holds before a write waits. */
  readonly capacity: number;
  /** Whether bytes are cut anywhere, when written, on the way and when read. */
  readonly cuts: boolean;
}

/** Who sees the bytes that cross one end of a wire. */
export interface Tap {
  sent(bytes: Uint8Array): void;
  received(bytes: Uint8Array): void;
  /** Its machine looks at nothing more that comes. */
  ended(): void;
}

/** What a wire is made from. */
export interface SimulatedWireOptions {
  readonly time: Time;
  readonly random: Random;
  readonly manners: WireManners;
  readonly fault: Fault | undefined;
  /** Whether it may fail now. */
  readonly mayFail: () => boolean;
  readonly onFailed: (type: FaultType) => void;
  readonly client: Tap;
  readonly server: Tap;
}

/** Two ends, and what is between. */
export class SimulatedWire {
  readonly client: Wire;
  readonly server: Wire;
  /** Whether a fault has begun. */
  hasFailed = false;
  readonly #options: SimulatedWireOptions;
  readonly #toServer: Channel;
  readonly #toClient: Channel;

  constructor(options: SimulatedWireOptions) {
    this.#options = options;
    const { client, server } = options;
    const channel = (
      direction: Fault["direction"],
      sender: Tap,
      receiver: Tap,
    ) =>
      new Channel(options, {
        sender,
        receiver,
        arrives: (total) => this.#allowed(direction, total),
      });
    this.#toServer = channel("toServer", client, server);
    this.#toClient = channel("toClient", server, client);
    this.client = this.#end(client, this.#toServer, this.#toClient);
    this.server = this.#end(server, this.#toClient, this.#toServer);
  }

  /** The wire fails now. */
  fail(type: FaultType, direction: Fault["direction"] = "toServer"): void {
    this.hasFailed = true;
    this.#options.onFailed(type);
    const both = [this.#toServer, this.#toClient];
    switch (type) {
      case "fin":
        return both.forEach((channel) => channel.end());
      case "reset":
        return both.forEach((channel) => channel.reset());
      case "silence":
        return both.forEach((channel) => channel.silence());
      case "mute":
        return this.#channel(direction).silence();
    }
  }

  #channel(direction: Fault["direction"]): Channel {
    return direction === "toServer" ? this.#toServer : this.#toClient;
  }

  /** How many of the bytes that arrive still do; the wire fails behind them. */
  #allowed(direction: Fault["direction"], total: number): number {
    const { fault, mayFail } = this.#options;
    if (
      fault === undefined || this.hasFailed ||
      fault.direction !== direction || total < fault.afterBytes || !mayFail()
    ) return total;
    queueMicrotask(() => {
      if (!this.hasFailed) this.fail(fault.type, direction);
    });
    return Math.max(0, fault.afterBytes);
  }

  #end(tap: Tap, outgoing: Channel, incoming: Channel): Wire {
    return {
      read: (into) => incoming.read(into),
      write: (bytes) => outgoing.write(bytes),
      closeWrite: () => {
        outgoing.end();
        return Promise.resolve();
      },
      close: () => {
        tap.ended();
        // The kernel resets a connection that is closed with bytes unread; then what was sent last is lost.
        const isReset = incoming.hasUnread && this.#options.random.once(2);
        incoming.abandon();
        outgoing.end(() => incoming.reset());
        if (isReset) outgoing.reset();
      },
    };
  }
}

interface ChannelOptions {
  readonly sender: Tap;
  readonly receiver: Tap;
  /** Told how many bytes will have arrived in all; says how many do. */
  readonly arrives: (total: number) => number;
}

/** One direction. */
class Channel {
  readonly #options: SimulatedWireOptions;
  readonly #ends: ChannelOptions;
  #arrived: Uint8Array[] = [];
  #total = 0;
  /** Bytes that were written and not read. */
  #held = 0;
  #lastAt = 0;
  #isCut = false;
  #isSilent = false;
  #isReset = false;
  /** The writer has ended it; then the reader has come to its end. */
  #isEnding = false;
  #isEnded = false;
  /** The reader has gone. */
  #isAbandoned = false;
  #wake: (() => void)[] = [];

  constructor(options: SimulatedWireOptions, ends: ChannelOptions) {
    this.#options = options;
    this.#ends = ends;
  }

  /** Whether bytes have come, or are coming, that nobody has read. */
  get hasUnread(): boolean {
    return this.#held > 0;
  }

  async write(bytes: Uint8Array): Promise<number> {
    const { manners: { capacity, cuts, delayMs }, random, time } =
      this.#options;
    this.#checkWritable();
    while (this.#held >= capacity) {
      await this.#change();
      this.#checkWritable();
    }
    const size = Math.min(bytes.length, capacity - this.#held);
    const isCut = cuts && size > 1 && random.once(4);
    const part = bytes.slice(0, isCut ? 1 + random.below(size - 1) : size);
    this.#ends.sender.sent(part);
    this.#held += part.length;
    this.#send(part);
    if (random.once(8)) await time.sleep(random.below(delayMs + 1));
    return part.length;
  }

  async read(into: Uint8Array): Promise<number | null> {
    const { manners: { cuts }, random } = this.#options;
    while (this.#arrived.length === 0) {
      if (this.#isAbandoned) {
        throw new Deno.errors.Interrupted("The wire is closed");
      }
      if (this.#isReset) {
        throw new Deno.errors.ConnectionReset("The wire was reset");
      }
      if (this.#isEnded) return null;
      await this.#change();
    }
    let filled = 0;
    do {
      const [chunk] = this.#arrived;
      if (chunk === undefined) break;
      let size = Math.min(chunk.length, into.length - filled);
      if (cuts && size > 1 && random.once(8)) size = 1 + random.below(size - 1);
      const part = chunk.subarray(0, size);
      into.set(part, filled);
      this.#ends.receiver.received(part);
      filled += size;
      if (size === chunk.length) this.#arrived.shift();
      else this.#arrived[0] = chunk.subarray(size);
      if (size < chunk.length) break;
    } while (filled < into.length);
    this.#held -= filled;
    this.#notify();
    return filled;
  }

  /** What was written still arrives, then the end. */
  end(onEnded: () => void = () => {}): void {
    this.#isEnding = true;
    this.#notify();
    this.#later(() => {
      if (this.#isSilent) return;
      this.#isEnded = true;
      this.#notify();
      onEnded();
    });
  }

  /** All that is under way is lost, and both sides are told. */
  reset(): void {
    this.#isReset = true;
    this.#arrived = [];
    this.#held = 0;
    this.#notify();
  }

  /** Nothing arrives any more, and nobody is told. */
  silence(): void {
    this.#isSilent = true;
  }

  /** The reader has gone. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#arrived = [];
    this.#notify();
  }

  #checkWritable(): void {
    if (this.#isReset) {
      throw new Deno.errors.ConnectionReset("The wire was reset");
    }
    if (this.#isEnding) throw new Deno.errors.BrokenPipe("The wire is closed");
  }

  #send(part: Uint8Array): void {
    const { manners: { cuts }, random } = this.#options;
    if (!cuts || part.length < 2 || !random.once(4)) {
      return this.#later(() => this.#arrive(part));
    }
    const at = 1 + random.below(part.length - 1);
    this.#later(() => this.#arrive(part.subarray(0, at)));
    this.#later(() => this.#arrive(part.subarray(at)));
  }

  /** After the time that bytes are under way, in order. */
  #later(callback: () => void): void {
    const { time, random, manners: { delayMs } } = this.#options;
    this.#lastAt = Math.max(
      this.#lastAt,
      time.now + random.below(delayMs + 1),
    );
    time.schedule(callback, this.#lastAt - time.now);
  }

  #arrive(part: Uint8Array): void {
    if (this.#isSilent || this.#isReset || this.#isAbandoned || this.#isCut) {
      return;
    }
    const allowed = this.#ends.arrives(this.#total + part.length) - this.#total;
    const here = part.subarray(0, Math.max(0, allowed));
    // What is behind the cut was never sent.
    if (here.length < part.length) this.#isCut = true;
    this.#total += here.length;
    if (here.length === 0) return;
    this.#arrived.push(here);
    this.#notify();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}
