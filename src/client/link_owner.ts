/**
 * What a link tells, and whom.
 *
 * @module
 */
import type { ConnectionLostError } from "../errors.ts";
import type { SessionEvent } from "../session/event.ts";
import type { StatusEvent } from "./status.ts";
import type { Request } from "./wait.ts";

/** Who is told what the link has. */
export interface LinkOwner {
  /** Something happened in the session. "connected" among it: there is a connection, the first or another. */
  onEvent(event: SessionEvent<Request>, now: number): void;
  /** The connection is gone, and another will be tried for; what was asked of the session waits there. */
  onAway(error: ConnectionLostError, now: number): void;
  /** Something of the connection itself that a program may want to know of. */
  onStatus(event: StatusEvent): void;
  /** So many bytes have come. */
  onRead(size: number): void;
  /** Bytes have come and their events were told. */
  onTurn(now: number): void;
  /** All that was waiting to be written is. */
  onWritten(size: number): void;
  /** The link is about to end; what still waits in the session is told next. */
  onEnding(error: ConnectionLostError | undefined): void;
  /** The link has ended, for good: in order, or with an error. */
  onEnd(error: ConnectionLostError | undefined): void;
  /** The link has ended, and nobody else has its store any more. */
  onClosed(error: ConnectionLostError | undefined): void;
  /** What is settled in place of the promise that an earlier process had of a message. */
  makeRequest(topicName: string): Request;
  /** Whether reading is to wait. */
  isPaused(): boolean;
  /** When `onTurn` is due though nothing comes. */
  deadline(now: number): number;
}
