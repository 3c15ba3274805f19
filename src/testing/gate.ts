/**
 * One direction of a wire with faults: which of its bytes get through, and where they stop.
 *
 * This file reads no clock and waits for nothing.
 *
 * @module
 */
import { PacketBounds } from "./packet_bounds.ts";
import {
  dropsOf,
  type PacketChoice,
  type PacketName,
  packetNamed,
  type Stop,
  stopsOf,
  type WireEnd,
  type WireFaults,
} from "./wire_faults.ts";

/** What becomes of bytes. */
export interface Passage {
  /** Those that get through, in order: views. */
  readonly through: readonly Uint8Array[];
  /** What happens behind them; undefined where all goes on. */
  readonly stop: Stop | undefined;
}

/** Lets bytes through, or not. */
export class Gate {
  readonly #from: WireEnd;
  readonly #bounds = new PacketBounds();
  #stops: readonly Stop[] = [];
  #drops: readonly PacketChoice[] = [];
  /** How many bytes and packets have come since faults were set. */
  #bytes = 0;
  readonly #packets = new Map<PacketName | "", number>();
  #packet: PacketName | "" = "";
  #isDropping = false;

  /** Makes a gate for what one end sends. Everything gets through. */
  constructor(from: WireEnd) {
    this.#from = from;
  }

  /** Sets what goes wrong from here on. */
  set(faults: WireFaults): void {
    const isOurs = ({ from }: { readonly from: WireEnd }) =>
      from === this.#from;
    this.#stops = stopsOf(faults).filter(({ point }) => isOurs(point))
      .toSorted((one, other) => positionOf(one, 0) - positionOf(other, 0));
    this.#drops = dropsOf(faults).filter(isOurs);
    this.#bytes = 0;
    this.#packets.clear();
  }

  /** Bytes that got through as they came: only the bounds of packets are followed. */
  follow(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at = this.#bounds.follow(bytes, at);
  }

  /** Bytes have come. None may come behind a stop. */
  pass(bytes: Uint8Array): Passage {
    const through: Uint8Array[] = [];
    const limit = this.#stops.find(({ point }) =>
      "afterBytes" in point && point.afterBytes <= this.#bytes + bytes.length
    );
    const end = limit === undefined
      ? bytes.length
      : positionOf(limit, this.#bytes);
    this.#bytes += bytes.length;
    let from = 0;
    let at = 0;
    const passage = (stop: Stop | undefined): Passage => {
      if (at > from) through.push(bytes.subarray(from, at));
      return { through, stop };
    };
    while (at < end) {
      if (this.#bounds.isBetween) {
        this.#begin(bytes[at] ?? 0);
        const stop = this.#stopAt("before");
        if (stop !== undefined) return passage(stop);
      }
      const next = this.#bounds.follow(bytes.subarray(0, end), at);
      if (this.#isDropping) {
        passage(undefined);
        from = next;
      }
      at = next;
      const stop = this.#bounds.isBetween ? this.#stopAt("after") : undefined;
      if (stop !== undefined) return passage(stop);
    }
    return passage(limit);
  }

  #begin(header: number): void {
    this.#packet = packetNamed(header);
    const nth = (this.#packets.get(this.#packet) ?? 0) + 1;
    this.#packets.set(this.#packet, nth);
    this.#isDropping = this.#drops.some((drop) =>
      drop.packet === this.#packet && (drop.nth ?? 1) === nth
    );
  }

  #stopAt(side: "before" | "after"): Stop | undefined {
    const nth = this.#packets.get(this.#packet);
    return this.#stops.find(({ point }) =>
      !("afterBytes" in point) && (point.nth ?? 1) === nth &&
      (side === "before"
        ? "before" in point && point.before === this.#packet
        : "after" in point && point.after === this.#packet)
    );
  }
}

function positionOf({ point }: Stop, bytes: number): number {
  return "afterBytes" in point ? Math.max(point.afterBytes - bytes, 0) : 0;
}
