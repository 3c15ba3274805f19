/**
 * Whether a client still lives, and what it counts and tells: shared by all its parts.
 *
 * @module
 */
import {
  ConnectionLostError,
  type Delivery,
  DisconnectedError,
} from "../errors.ts";
import { newStats, StatusStream } from "./status.ts";

/** What says of an acknowledgement which one it is. */
interface StrayPacket {
  readonly type: string;
  readonly packetId: number;
}

/** The life of one client. */
export class Life {
  /** Its counters. */
  readonly stats = newStats();
  /** What it tells. */
  readonly status = new StatusStream();
  /** Why nothing more can be asked of it; undefined while it lives. */
  end: ConnectionLostError | undefined;

  /** A person is to know of something, where there is something. */
  warn(text: string | undefined): void {
    if (text !== undefined) this.status.tell({ type: "warning", text });
  }

  /** The server acknowledged what is not in flight. */
  tellStray({ type: packetType, packetId }: StrayPacket): void {
    this.stats.strayAcknowledgements++;
    this.status.tell({ type: "stray", packetType, packetId });
  }

  /** Throws where nothing more can be asked. */
  check(what: string, delivery?: Delivery): void {
    if (this.end !== undefined) throw this.error(what, delivery);
  }

  /** The error of one call that the end of the client has ended. */
  error(what: string, delivery?: Delivery): ConnectionLostError {
    const { end } = this;
    if (end !== undefined) return lostWith(`Cannot ${what}`, end, delivery);
    return new ConnectionLostError(
      `Cannot ${what}: the client has ended`,
      { delivery },
    );
  }
}

/** The error of what the loss of a connection has ended: it is one like that of the loss, which is its cause. */
export function lostWith(
  what: string,
  cause: ConnectionLostError,
  delivery?: Delivery,
): ConnectionLostError {
  const LostError = cause instanceof DisconnectedError
    ? DisconnectedError
    : ConnectionLostError;
  const { reasonCode, reasonName, reasonString } = cause;
  const { userProperties, serverReference } = cause;
  return new LostError(`${what}: ${cause.message}`, {
    cause,
    reasonCode,
    reasonName,
    reasonString,
    userProperties,
    serverReference,
    delivery,
  });
}
