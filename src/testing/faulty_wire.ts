/**
 * The broker's end of a wire, with faults where they are asked for.
 *
 * @module
 */
import type { Clock, Wire } from "../../mod.ts";
import { Gate } from "./gate.ts";
import { Lane } from "./lane.ts";
import {
  type CutKind,
  delayOf,
  type Stop,
  type WireFaults,
} from "./wire_faults.ts";

/** A wire that may know how to break; one that does not is closed instead. */
type BreakableWire = Wire & { readonly reset?: () => void };

/** What a wire with faults is made from. */
export interface FaultyWireOptions {
  /** The wire itself. */
  readonly below: Wire;
  readonly clock: Clock;
  /** The wire itself is closed. */
  readonly onGone: () => void;
}

const BLOCK_SIZE = 16_384;

const NOTHING = new Uint8Array(0);

/**
 * As long as nobody asks for a fault, bytes go straight through. From then on there is a lane in each direction,
 * `in` from the client to the broker and `out` back, with a gate before it.
 */
export class FaultyWire implements Wire {
  readonly #below: BreakableWire;
  readonly #clock: Clock;
  readonly #onGone: () => void;
  readonly #gates = { in: new Gate("client"), out: new Gate("broker") };
  readonly #lanes: { readonly in: Lane; readonly out: Lane };
  /** The wire itself is being read for the broker, without a lane. */
  #isReading = false;
  #hasFaults = false;
  #isSilent = false;
  #isCut = false;
  /** The broker has closed it. */
  #isClosed = false;
  /** All that was under way to the client is written. */
  #isDrained = false;
  #isEnding = false;
  #isGone = false;

  /** Makes a wire without faults. */
  constructor({ below, clock, onGone }: FaultyWireOptions) {
    this.#below = below;
    this.#clock = clock;
    this.#onGone = onGone;
    this.#lanes = { in: new Lane(clock), out: new Lane(clock) };
  }

  /** Has things go wrong from now on, in place of those before. False where the wire has none to give any more. */
  inflict(faults: WireFaults): boolean {
    if (this.#isSilent || this.#isCut || this.#isClosed) return false;
    const { split = [] } = faults;
    this.#lanes.in.set(delayOf(faults, "client"), split);
    this.#lanes.out.set(delayOf(faults, "broker"), split);
    if (!this.#hasFaults) this.#layLanes();
    for (const gate of [this.#gates.in, this.#gates.out]) {
      gate.set(faults);
      // Behind 0 bytes is here.
      this.#stop(gate.pass(NOTHING).stop);
    }
    return true;
  }

  /** The wire ends now. False where it has ended. */
  cut(how: CutKind): boolean {
    if (this.#isSilent || this.#isCut || this.#isClosed) return false;
    if (!this.#hasFaults) this.#layLanes();
    this.#isCut = true;
    if (how === "fin") {
      this.#lanes.in.end();
      this.#lanes.out.end();
    } else {
      const fault = new Deno.errors.ConnectionReset("The wire was reset");
      this.#lanes.in.break(fault);
      this.#below.reset?.();
      this.#release();
    }
    return true;
  }

  /** The broker is to end: what is under way arrives, and nothing holds it up. */
  end(): void {
    this.#isEnding = true;
    this.#lanes.in.hurry();
    this.#lanes.out.hurry();
    if (this.#isSilent || this.#isClosed) this.#release();
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (!this.#hasFaults) {
      this.#isReading = true;
      const size = await this.#readThrough(into);
      this.#isReading = false;
      if (!this.#hasFaults) {
        // Here, where nothing can come between: faults that are set while this waits find it unread.
        if (size !== null) this.#gates.in.follow(into.subarray(0, size));
        return size;
      }
      if (size !== null) this.#arrived(into.slice(0, size));
      void this.#pump();
    }
    const piece = await this.#lanes.in.take(into.length);
    if (piece === null) return null;
    into.set(piece);
    return piece.length;
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (!this.#hasFaults) {
      const size = await this.#below.write(bytes);
      this.#gates.out.follow(bytes.subarray(0, size));
      return size;
    }
    if (this.#isSilent) return bytes.length;
    if (this.#isCut || this.#isClosed) {
      throw new Deno.errors.BrokenPipe("The wire was cut");
    }
    const { through, stop } = this.#gates.out.pass(bytes);
    const { out } = this.#lanes;
    for (const part of through) out.push(part.slice());
    this.#stop(stop);
    while (!out.hasRoom) await out.changed();
    return bytes.length;
  }

  async closeWrite(): Promise<void> {
    if (!this.#hasFaults) await this.#below.closeWrite?.();
    else if (!this.#isSilent) this.#lanes.out.end();
  }

  close(): void {
    this.#isClosed = true;
    if (!this.#hasFaults) return this.#release();
    this.#lanes.in.break(new Deno.errors.Interrupted("The wire is closed"));
    // Not even the end of a silent wire gets through.
    if (this.#isSilent) return;
    this.#lanes.out.end();
    if (this.#isDrained || this.#isEnding) this.#release();
  }

  /** From here on bytes go through lanes. */
  #layLanes(): void {
    this.#hasFaults = true;
    void this.#drain();
    if (!this.#isReading) void this.#pump();
  }

  async #readThrough(into: Uint8Array): Promise<number | null> {
    try {
      return await this.#below.read(into);
    } catch (error) {
      if (!this.#hasFaults) throw error;
      return null; // It fails again where it is read for the lane.
    }
  }

  /** Moves what comes from the client into its lane, to the end of the wire. */
  async #pump(): Promise<void> {
    const lane = this.#lanes.in;
    const block = new Uint8Array(BLOCK_SIZE);
    try {
      for (
        let size = await this.#below.read(block);
        size !== null;
        size = await this.#below.read(block)
      ) {
        this.#arrived(block.slice(0, size));
        while (!lane.hasRoom) await lane.changed();
      }
      if (!this.#isSilent) lane.end();
    } catch (error) {
      const isTold = !this.#isSilent && !this.#isCut;
      if (isTold && error instanceof Error) lane.break(error);
    }
    // The client has given it up, and the broker does not hear of it.
    if (this.#isSilent) this.#release();
  }

  #arrived(bytes: Uint8Array): void {
    if (this.#isSilent || this.#isCut) return;
    const { through, stop } = this.#gates.in.pass(bytes);
    for (const part of through) this.#lanes.in.push(part);
    this.#stop(stop);
  }

  /** Writes what arrives in the lane to the client. */
  async #drain(): Promise<void> {
    const lane = this.#lanes.out;
    try {
      for (
        let piece = await lane.take(BLOCK_SIZE);
        piece !== null;
        piece = await lane.take(BLOCK_SIZE)
      ) {
        for (let at = 0; at < piece.length;) {
          at += await this.#below.write(piece.subarray(at));
        }
        if (lane.isSplit) await this.#turn();
      }
      await this.#below.closeWrite?.();
    } catch {
      // The wire has gone: that is seen where it is read.
    }
    this.#isDrained = true;
    if (this.#isClosed || this.#isCut) this.#release();
  }

  /** Pieces that are written in one macrotask would be read as one. */
  #turn(): Promise<void> {
    return new Promise((resolve) => this.#clock.afterTurn(resolve));
  }

  #stop(stop: Stop | undefined): void {
    if (stop === undefined || this.#isSilent || this.#isCut) return;
    if (stop.fault === "silence") this.#isSilent = true;
    else this.cut(stop.fault);
  }

  #release(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#lanes.out.break(new Deno.errors.Interrupted("The wire is closed"));
    if (this.#isEnding) {
      this.#lanes.in.break(new Deno.errors.Interrupted("The wire is closed"));
    }
    try {
      this.#below.close();
    } catch {
      // It may have closed itself: that was to be.
    }
    this.#onGone();
  }
}
