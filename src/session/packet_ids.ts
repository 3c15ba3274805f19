/**
 * Packet Identifiers (2.2.1): who has which of the 65,535, and which comes next.
 *
 * @module
 */

const PACKET_ID_MAX = 65_535;

/** Gives identifiers in a circle, so that a freed one rests as long as possible before it is used again. */
export class PacketIds {
  // One bit an identifier.
  readonly #used = new Uint32Array((PACKET_ID_MAX + 1) / 32);
  #last = 0;
  #count = 0;

  /** How many are in use. */
  get count(): number {
    return this.#count;
  }

  /** An identifier that is not in use [MQTT-2.2.1-3], or 0 where all are. */
  take(): number {
    if (this.#count === PACKET_ID_MAX) return 0;
    let packetId = this.#last;
    do {
      packetId = packetId === PACKET_ID_MAX ? 1 : packetId + 1;
    } while (this.has(packetId));
    this.#set(packetId, true);
    this.#last = packetId;
    this.#count++;
    return packetId;
  }

  /** Whether an identifier is in use. */
  has(packetId: number): boolean {
    return ((this.#used[packetId >> 5] ?? 0) & (1 << (packetId & 31))) !== 0;
  }

  /** Gives an identifier back. */
  free(packetId: number): void {
    if (!this.has(packetId)) return;
    this.#set(packetId, false);
    this.#count--;
  }

  #set(packetId: number, used: boolean): void {
    const word = this.#used[packetId >> 5] ?? 0;
    const bit = 1 << (packetId & 31);
    this.#used[packetId >> 5] = used ? word | bit : word & ~bit;
  }
}
