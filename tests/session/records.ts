/**
 * What can be known of a session from its records alone: what a store would give back.
 *
 * @module
 */
import type { StoreRecord } from "../../src/session/record.ts";

/** An outgoing message as the records have it. */
export interface Kept {
  state: "queued" | "sent" | "released";
  packetId: number;
  readonly qos: number;
  readonly payload: string;
}

const decoder = new TextDecoder();

/** Follows the records; throws where one does not fit what came before it. */
export class Replay {
  /** The outgoing messages that are not settled, by their order. */
  readonly outgoing = new Map<number, Kept>();
  /** The incoming QoS 2 ids between PUBREC and PUBREL. */
  readonly owned = new Set<number>();

  /** How many have begun their handshake. */
  get inFlight(): number {
    return [...this.outgoing.values()].filter(({ state }) => state !== "queued")
      .length;
  }

  /** Follows some more. */
  follow(records: readonly StoreRecord[]): void {
    for (const record of records) this.#follow(record);
  }

  #follow(record: StoreRecord): void {
    switch (record.type) {
      case "accepted": {
        const { order, qos, payload } = record;
        const text = typeof payload === "string"
          ? payload
          : decoder.decode(payload);
        check(!this.outgoing.has(order), record);
        check(order > Math.max(0, ...this.outgoing.keys()), record);
        const kept = { state: "queued", packetId: 0, qos, payload: text };
        this.outgoing.set(order, { ...kept, state: "queued" });
        return;
      }
      case "sent": {
        const { packetId } = record;
        for (const kept of this.outgoing.values()) {
          check(kept.packetId !== packetId, record);
        }
        const kept = this.#get(record, "queued");
        kept.state = "sent";
        kept.packetId = packetId;
        return;
      }
      case "released": {
        const kept = this.#get(record, "sent");
        check(kept.qos === 2, record);
        kept.state = "released";
        return;
      }
      case "settled":
        check(this.outgoing.delete(record.order), record);
        return;
      case "owned":
        check(!this.owned.has(record.packetId), record);
        this.owned.add(record.packetId);
        return;
      case "completed":
        check(this.owned.delete(record.packetId), record);
        return;
      case "session-lost":
        this.owned.clear();
        for (const kept of this.outgoing.values()) {
          kept.state = "queued";
          kept.packetId = 0;
        }
    }
  }

  #get(record: { order: number }, state: Kept["state"]): Kept {
    const kept = this.outgoing.get(record.order);
    if (kept?.state !== state) {
      throw new Error(`${JSON.stringify(record)} where it is ${kept?.state}`);
    }
    return kept;
  }
}

function check(holds: boolean, record: StoreRecord): void {
  if (!holds) throw new Error(`${JSON.stringify(record)} does not fit`);
}
