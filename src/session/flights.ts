/**
 * The messages whose handshake has begun and not ended, by Packet Identifier.
 *
 * @module
 */
import type { AckPacket } from "../codec/packet.ts";
import type { Flight } from "./flight.ts";
import { IdTable } from "./id_table.ts";
import { mismatched } from "./misconduct.ts";
import type { PacketIds } from "./packet_ids.ts";
import {
  type MakeRequest,
  publishedFlight,
  releasedFlight,
} from "./restoration.ts";
import type { RestoredSession } from "./restored.ts";

/** Knows them in the two orders in which they are sent again. */
export class Flights<Request> {
  readonly #ids: PacketIds;
  readonly #flights = new IdTable<Flight<Request>>();

  /** Makes a table of none. */
  constructor(ids: PacketIds) {
    this.#ids = ids;
  }

  /** How many there are. */
  get size(): number {
    return this.#flights.size;
  }

  /** The one with this identifier. */
  get(packetId: number): Flight<Request> | undefined {
    return this.#flights.get(packetId);
  }

  /** Throws where an acknowledgement of no message of ours has the identifier of a SUBSCRIBE or UNSUBSCRIBE. */
  checkStray(packet: AckPacket): void {
    if (this.#ids.has(packet.packetId)) throw mismatched(packet);
  }

  /** Gives a message its identifier. False where none is free. */
  add(flight: Flight<Request>): boolean {
    const packetId = this.#ids.take();
    if (packetId === 0) return false;
    flight.message.packetId = packetId;
    this.#flights.set(packetId, flight);
    return true;
  }

  /** Begins with those that have their identifiers since an earlier process. */
  restore(
    { published, released }: Pick<RestoredSession, "published" | "released">,
    makeRequest: MakeRequest<Request>,
  ): void {
    for (const each of published) {
      this.#restore(publishedFlight(each, makeRequest));
    }
    for (const [index, each] of released.entries()) {
      const flight = releasedFlight(each, makeRequest);
      flight.releaseOrder = index + 1;
      this.#restore(flight);
    }
  }

  /** The identifier of a message is free again. */
  delete({ message }: Flight<Request>): void {
    this.#flights.delete(message.packetId);
    this.#ids.free(message.packetId);
  }

  /** Refuses those that wait for PUBACK or PUBREC and were accepted after the one with this order. */
  refuseAfter(
    order: number,
    refuse: (flight: Flight<Request>) => void,
  ): void {
    for (const flight of this.published()) {
      if (flight.order <= order) continue;
      this.delete(flight);
      refuse(flight);
    }
  }

  /** What waits for PUBACK or PUBREC, in the order in which it first left [MQTT-4.6.0-1]. */
  published(): Flight<Request>[] {
    return this.#flights.values().filter(({ state }) => state === "published")
      .sort((one, other) => one.order - other.order);
  }

  /** What waits for PUBCOMP, in the order in which the PUBRECs came [MQTT-4.6.0-4]. */
  released(): Flight<Request>[] {
    return this.#flights.values().filter(({ state }) => state === "released")
      .sort((one, other) => one.releaseOrder - other.releaseOrder);
  }

  #restore(flight: Flight<Request>): void {
    const { packetId } = flight.message;
    this.#ids.reserve(packetId);
    this.#flights.set(packetId, flight);
  }
}
