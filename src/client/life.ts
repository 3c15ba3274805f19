/**
 * Whether a client still lives, and what it counts and tells: shared by all its parts.
 *
 * @module
 */
import { ConnectionLostError, type Delivery } from "../errors.ts";
import { newStats, StatusStream } from "./status.ts";

/** The life of one client. */
export class Life {
  /** Its counters. */
  readonly stats = newStats();
  /** What it tells. */
  readonly status = new StatusStream();
  /** Why nothing more can be asked of it; undefined while it lives. */
  end: ConnectionLostError | undefined;

  /** Throws where nothing more can be asked. */
  check(what: string, delivery?: Delivery): void {
    if (this.end !== undefined) throw this.error(what, delivery);
  }

  /** The error of one call that the end of the client has ended. */
  error(what: string, delivery?: Delivery): ConnectionLostError {
    const { end } = this;
    return new ConnectionLostError(
      `Cannot ${what}: ${end?.message ?? "the client has ended"}`,
      {
        cause: end,
        reasonCode: end?.reasonCode,
        reasonString: end?.reasonString,
        serverReference: end?.serverReference,
        delivery,
      },
    );
  }
}
