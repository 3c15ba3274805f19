/**
 * One wire from CONNECT to its loss: what is said of the connection itself, and when bytes leave.
 *
 * @module
 */
import type {
  AuthPacket,
  ConnackPacket,
  ConnectPacket,
  ProtocolVersion,
} from "../codec/packet.ts";
import { ReasonCode, reasonText } from "../codec/reason_code.ts";
import {
  ConnectionLostError,
  type ConnectionLostErrorOptions,
  DisconnectedError,
} from "../errors.ts";
import type { SessionEvent } from "../session/event.ts";
import type { Session } from "../session/session.ts";
import type { Wire } from "../transport/wire.ts";
import type { Approach } from "./approach.ts";
import { Authenticator } from "./authenticator.ts";
import type { Clock } from "./clock.ts";
import {
  type FailedAttempt,
  lostAttempt,
  refusedAttempt,
  unauthenticatedAttempt,
  unwanted,
  wireFault,
} from "./connect_fault.ts";
import { Connection, WRITE_SIZE } from "./connection.ts";
import type { Exchange } from "./exchange.ts";
import type { Keeper } from "./keeper.ts";
import { Trace } from "./trace.ts";
import { type Request, Wait } from "./wait.ts";

/** Answers that a server does not read are kept to this many bytes; then it is not read from either. */
const REPLIES_MAX = 1 << 20;

/** How long the last bytes may take to leave on a wire that is of no more use. */
export const PART_MS = 1_000;

/** How many of the first bytes tell what a port speaks that does not speak MQTT. */
const FIRST_BYTES = 8;

/** How long a server that was paused by us, and owes a PINGRESP, is given to show a byte. */
const GRACE_MS = 1_000;

/** Who is told what happens. */
export interface ConversationOwner {
  /** Whether reading is to wait. */
  isPaused(): boolean;
  /** So many bytes have come. */
  onRead(size: number): void;
  /** An input has been given to the session: its events wait. */
  onTurn(now: number): void;
  /** All that was taken has been written. */
  onWritten(size: number): void;
  /** What the session had was handed to the wire, or has been written, with nothing having come. */
  onFlushed(): void;
  /** The connection has ended, after CONNACK. */
  onLost(error: ConnectionLostError): void;
}

/** What a conversation is made from. */
export interface ConversationOptions {
  readonly wire: Wire;
  readonly approach: Approach;
  readonly protocolVersion: ProtocolVersion;
  readonly session: Session<Request>;
  readonly owner: ConversationOwner;
  readonly clock: Clock;
  readonly debug: ((line: string) => void) | undefined;
  /** Who keeps what the session records; undefined where nobody does. */
  readonly keeper: Keeper | undefined;
}

/** What the server says of the connection itself. */
export type ConnectionEvent = SessionEvent<Request> & {
  readonly type: "refused" | "disconnected" | "failed";
};

/** Talks with one server on one wire. Once closed it tells nobody anything. */
export class Conversation {
  /** What it began with. */
  readonly connect: ConnectPacket;
  /** Until when a server that may be dead is waited for; 0 where it is not. */
  graceUntil = 0;
  readonly #options: ConversationOptions;
  readonly #connection: Connection;
  readonly #authenticator: Authenticator;
  readonly #opened = new Wait<FailedAttempt | undefined>();
  #protocolVersion: ProtocolVersion;
  #firstBytes = new Uint8Array(0);
  #isOpen = false;
  #flushing = false;
  #hasFlushed = false;

  /** Sends CONNECT. It throws, and leaves the wire alone, where that cannot be encoded. */
  constructor(options: ConversationOptions) {
    this.#options = options;
    const { wire, approach, protocolVersion, session, owner, clock, debug } =
      options;
    this.#protocolVersion = protocolVersion;
    this.connect = approach.connectPacket(protocolVersion);
    session.open(clock.now(), this.connect);
    this.#authenticator = new Authenticator(session, approach.exchange, {
      onSaid: () => this.scheduleFlush(),
      onAccepted: () => this.#begin(),
      onFailed: (cause) => this.#cannotAuthenticate(cause),
    });
    this.#connection = new Connection({
      wire,
      session,
      owner: {
        isPaused: () => this.#isPaused(),
        onRead: (bytes) => this.#onRead(bytes),
        onTurn: (now) => owner.onTurn(now),
        onWritten: (size) => this.#onWritten(size),
        onLost: (error) => this.#onWireLost(error),
      },
      clock,
      trace: debug === undefined
        ? undefined
        : new Trace(debug, protocolVersion),
      keeper: options.keeper,
    });
    this.#connection.flush();
  }

  /** Resolves when CONNACK has come, or never will: with undefined where it has accepted. */
  get opened(): Promise<FailedAttempt | undefined> {
    return this.#opened.promise;
  }

  /** Whether all that was said has left. */
  get isWritten(): boolean {
    return !this.#connection.writing && !this.#connection.isDue;
  }

  /**
   * What the session has for the wire leaves soon: the first time in a turn with the microtasks, for a quick
   * answer; then when the turn has ended, so that what is said bit by bit leaves in one write.
   */
  scheduleFlush(): void {
    const { session, clock } = this.#options;
    if (this.#connection.writing) return;
    if (session.outgoingSize >= WRITE_SIZE) return this.#connection.flush();
    if (this.#flushing) return;
    this.#flushing = true;
    if (!this.#hasFlushed) {
      this.#hasFlushed = true;
      this.#flushWhenSaid(0);
    } else {
      clock.afterTurn(() => {
        this.#hasFlushed = false;
        this.#flush();
      });
    }
  }

  /** A turn of the read loop is over: what it has brought about leaves. */
  endTurn(): void {
    this.#hasFlushed = false;
    if (this.#connection.isDue) this.scheduleFlush();
  }

  /** What keeps reading waiting may have changed. */
  resume(): void {
    this.#connection.resume();
  }

  /**
   * A server that we do not read from cannot show that it lives: one read decides, for which it is given some time,
   * once. False when that is over.
   */
  giveGrace(now: number): boolean {
    if (this.graceUntil === 0) {
      this.graceUntil = now + GRACE_MS;
      this.resume();
    }
    return now < this.graceUntil;
  }

  /** The server has said something in an exchange of AUTH packets, or has ended it by CONNACK. */
  authenticate(packet: AuthPacket | ConnackPacket): void {
    this.#authenticator.receive(packet);
  }

  /** Authenticates anew. Resolves when the server is content; never where the connection ends. */
  reauthenticate(exchange: Exchange): Promise<void> {
    return this.#authenticator.again(exchange);
  }

  /** CONNACK has accepted. False where that is of no use to us. */
  accepts(packet: ConnackPacket): boolean {
    const failed = unwanted(this.#options.approach, packet);
    this.#protocolVersion = packet.protocolVersion;
    this.#opened.resolve(failed);
    this.#isOpen = failed === undefined;
    return this.#isOpen;
  }

  /** The server has ended the connection, or what it did has. */
  ended(event: ConnectionEvent): void {
    if (event.type === "refused") return this.#onRefused(event.packet);
    if (event.type === "failed") {
      // The wire stays until DISCONNECT with its reason is written, but not for long.
      this.part();
      return this.#lose(event.error.message, { cause: event.error });
    }
    const { reasonCode, properties } = event.packet;
    const { reasonString } = properties;
    const reasonName = reasonText(reasonCode, "disconnect");
    const hint = reasonString ? ` "${reasonString}"` : "";
    const why = `the server ended it, ${reasonName} (${reasonCode})${hint}`;
    this.#lose(why, { ...properties, reasonCode, reasonName });
  }

  /** Ends because of what the server does, and tells it why under MQTT 5. */
  refuse(reasonCode: number, why: string, cause?: unknown): void {
    if (this.#protocolVersion === 5) {
      this.#options.session.disconnect(reasonCode);
    }
    this.part();
    this.#lose(why, { cause });
  }

  /** Gives up what waits for CONNACK. */
  abort(reason: unknown): void {
    if (!this.#opened.settled) this.#onWireLost(reason);
  }

  /** Hands what the session has to the wire. */
  flush(): void {
    this.#connection.flush();
  }

  /** Ends our side, so that the server reads to the end of what was written. */
  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  /** Tells nobody anything any more, but writes what waits before it drops the wire. */
  part(): void {
    void this.#connection.part(PART_MS);
  }

  /** Drops the wire at once; one that is parting has its time. */
  close(): void {
    this.#authenticator.close();
    this.#connection.close();
  }

  /** A loop that acknowledges one message after the other says more with each microtask. */
  #flushWhenSaid(size: number): void {
    queueMicrotask(() => {
      const { outgoingSize } = this.#options.session;
      if (outgoingSize > size) this.#flushWhenSaid(outgoingSize);
      else this.#flush();
    });
  }

  #flush(): void {
    this.#flushing = false;
    this.#connection.flush();
    this.#options.owner.onFlushed();
  }

  #isPaused(): boolean {
    const { session, owner } = this.#options;
    if (session.replySize > REPLIES_MAX && this.#connection.writing) {
      return true;
    }
    if (this.#authenticator.isJudging) return true;
    // Before CONNACK nothing comes that could wait, and without it there is no connection.
    if (!this.#opened.settled) return false;
    return this.graceUntil === 0 && owner.isPaused();
  }

  #onRead(bytes: Uint8Array): void {
    this.graceUntil = 0;
    this.#options.owner.onRead(bytes.length);
    if (!this.#opened.settled && this.#firstBytes.length === 0) {
      this.#firstBytes = bytes.slice(0, FIRST_BYTES);
    }
  }

  #onWritten(size: number): void {
    const { owner } = this.#options;
    owner.onWritten(size);
    if (this.#connection.isDue) this.scheduleFlush();
    // The time that a PINGREQ leaves for its answer begins with the end of its write.
    else owner.onFlushed();
    this.#connection.resume();
  }

  /** What came behind CONNACK has waited until we were content with it. */
  #begin(): void {
    const { session, owner, clock } = this.#options;
    const now = clock.now();
    session.accept(now);
    session.proceed(now, Infinity);
    owner.onTurn(now);
    this.resume();
  }

  #cannotAuthenticate(cause: unknown): void {
    const { session, approach: { address } } = this.#options;
    if (this.#isOpen) {
      const why = wireFault(cause);
      return this.refuse(ReasonCode.unspecifiedError, why, cause);
    }
    session.disconnect(ReasonCode.unspecifiedError);
    this.part();
    this.#opened.resolve(unauthenticatedAttempt(address, cause));
  }

  #onRefused(packet: ConnackPacket): void {
    const { address } = this.#options.approach;
    this.#opened.resolve(
      refusedAttempt(address, this.#protocolVersion, packet),
    );
  }

  #onWireLost(cause: unknown): void {
    const why = cause === undefined ? "the server closed it" : wireFault(cause);
    this.#lose(why, { cause });
  }

  /** What ends the connection before CONNACK makes a failed attempt of it; later, a loss. */
  #lose(why: string, options: ConnectionLostErrorOptions): void {
    const { approach: { address }, owner } = this.#options;
    if (!this.#isOpen) {
      return this.#opened.resolve(
        lostAttempt(
          address,
          this.#protocolVersion,
          options.cause,
          this.#firstBytes,
        ),
      );
    }
    const isSaid = options.reasonCode !== undefined;
    const LostError = isSaid ? DisconnectedError : ConnectionLostError;
    owner.onLost(
      new LostError(`The connection to ${address} was lost: ${why}`, options),
    );
  }
}
