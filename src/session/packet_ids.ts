/**
 * Packet Identifiers (2.2.1): who has which of the 65,535, and which comes next.
 *
 * @module
 */

const PACKET_ID_MAX = 65_535;

const WORDS = (PACKET_ID_MAX + 1) / 32;

/** Gives identifiers in a circle, so that a freed one rests as long as possible before it is used again. */
export class PacketIds {
  // One bit an identifier.
  readonly #used = new Int32Array(WORDS);
  #last = 0;
  #count = 0;

  /** Makes identifiers that are all free. 0 is none [MQTT-2.2.1-3]. */
  constructor() {
    this.#used[0] = 1;
  }

  /** An identifier that is not in use [MQTT-4.3.2-1], or 0 where all are. */
  take(): number {
    if (this.#count === PACKET_ID_MAX) return 0;
    const next = (this.#last + 1) & PACKET_ID_MAX;
    const packetId = this.has(next) ? this.#freeFrom(next) : next;
    this.#set(packetId, true);
    this.#last = packetId;
    this.#count++;
    return packetId;
  }

  /** Takes one that is free, since another process had it. */
  reserve(packetId: number): void {
    this.#set(packetId, true);
    this.#last = packetId;
    this.#count++;
  }

  /** Whether an identifier is in use. */
  has(packetId: number): boolean {
    return (this.#word(packetId >> 5) & (1 << (packetId & 31))) !== 0;
  }

  /** Gives an identifier back. */
  free(packetId: number): void {
    if (packetId === 0 || !this.has(packetId)) return;
    this.#set(packetId, false);
    this.#count--;
  }

  /** The first free identifier from `start` on, in the circle. There is one: 32 are looked at in one go. */
  #freeFrom(start: number): number {
    let index = start >> 5;
    let free = ~this.#word(index) & (-1 << (start & 31));
    while (free === 0) {
      index = (index + 1) % WORDS;
      free = ~this.#word(index);
    }
    // The lowest bit that is set, alone, tells its place by the zeros before it.
    return index * 32 + 31 - Math.clz32(free & -free);
  }

  #word(index: number): number {
    return this.#used[index] ?? 0;
  }

  #set(packetId: number, used: boolean): void {
    const word = this.#word(packetId >> 5);
    const bit = 1 << (packetId & 31);
    this.#used[packetId >> 5] = used ? word | bit : word & ~bit;
  }
}
