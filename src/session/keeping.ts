/**
 * The side of a session that a store sees: what must be durable, what it begins with, and what becomes of
 * messages that cannot be kept.
 *
 * @module
 */
import type { StoreError } from "../errors.ts";
import type { Identity } from "./identity.ts";
import type { MakeRequest } from "./restoration.ts";
import type { RestoredSession } from "./restored.ts";
import type { Work } from "./resumption.ts";

/** What a session keeps in a store. */
export class Keeping<Request> {
  readonly #work: Work<Request>;
  readonly #identity: Identity;

  /** Made by the session alone. */
  constructor(work: Work<Request>, identity: Identity) {
    this.#work = work;
    this.#identity = identity;
  }

  /** Whether there are records: without a store there never are. */
  get hasRecords(): boolean {
    const { records } = this.#work.doors;
    return records !== undefined && records.length > 0;
  }

  /**
   * Goes on with the session of an earlier process, before the first connection. `clientId` is whose it was;
   * undefined where it never had a connection.
   */
  restore(
    restored: RestoredSession,
    clientId: string | undefined,
    makeRequest: MakeRequest<Request>,
  ): void {
    const { incoming, outgoing } = this.#work;
    incoming.restore(restored.owned);
    outgoing.restore(restored, makeRequest);
    if (clientId === undefined) return;
    this.#identity.restore(clientId, restored.isLost ? "lost" : "kept");
  }

  /** The program has come so far, with no message that is kept; undefined: there is nothing to go on from any more. */
  checkpoint(checkpoint: string | undefined): void {
    this.#work.doors.records?.push({ type: "checkpoint", checkpoint });
  }

  /** What was accepted after the message with this order could not be kept: its senders are told. */
  refuseAfter(order: number, cause: StoreError): void {
    this.#work.outgoing.refuseAfter(order, cause);
  }
}
