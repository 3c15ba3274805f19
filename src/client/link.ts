/**
 * A session on its wire: opening, the turns of the read loop, the one timer, the end.
 *
 * @module
 */
import type { ConnackPacket, ProtocolVersion } from "../codec/packet.ts";
import { ConnectionLostError } from "../errors.ts";
import { reasonText } from "../codec/reason_code.ts";
import type { SessionEvent } from "../session/event.ts";
import { Session } from "../session/session.ts";
import {
  type FailedAttempt,
  lostAttempt,
  refusedAttempt,
  unwanted,
  wireError,
  wireFault,
} from "./connect_fault.ts";
import { Alarm } from "./alarm.ts";
import { Connection, WRITE_SIZE } from "./connection.ts";
import { openWithFallback } from "./opening.ts";
import type { DisconnectOptions } from "./options.ts";
import type { Settings } from "./settings.ts";
import { Trace } from "./trace.ts";
import type { Request } from "./wait.ts";

/** How far the wall clock must run ahead of the monotonic one to mean that the machine was suspended. */
const SUSPEND_MS = 5_000;

/** How long a server that was paused by us, and owes a PINGRESP, is given to show a byte. */
const GRACE_MS = 1_000;

/** Answers that a server does not read are kept to this many bytes; then it is not read from either. */
const REPLIES_MAX = 1 << 20;

/** How long the last bytes may take to leave on a wire that is of no more use. */
const PART_MS = 1_000;

/** How long the server is given to close its side after our DISCONNECT. */
const LINGER_MS = 1_000;

const DISCONNECT_TIMEOUT_MS = 5_000;

/** Who is told what the link has. */
export interface LinkOwner {
  /** Something happened in the session. */
  onEvent(event: SessionEvent<Request>, now: number): void;
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
  /** Whether reading is to wait. */
  isPaused(): boolean;
  /** When `onTurn` is due though nothing comes. */
  deadline(now: number): number;
}

/** What waits for CONNACK. */
interface Opening {
  readonly protocolVersion: ProtocolVersion;
  readonly end: (failed: FailedAttempt | undefined) => void;
}

/** Keeps one session going on one wire after the other. */
export class Link {
  /** The protocol. */
  readonly session: Session<Request>;
  /** CONNACK of the present connection, or of the last. */
  connack: ConnackPacket | undefined;
  readonly #settings: Settings;
  readonly #owner: LinkOwner;
  #connection: Connection | undefined;
  #opening: Opening | undefined;
  #firstBytes = new Uint8Array(0);
  #flushing = false;
  #hasFlushed = false;
  #ended = false;
  #disconnecting = false;
  readonly #alarm: Alarm;
  #wallAhead: number;
  #grace = false;
  #watchers: (() => void)[] = [];

  /** Makes a link that has no wire. */
  constructor(settings: Settings, owner: LinkOwner) {
    this.#settings = settings;
    this.#owner = owner;
    this.session = new Session({
      inflight: settings.inflight,
      recording: false,
    });
    this.#alarm = new Alarm(settings.clock, () => this.#ring());
    this.#wallAhead = settings.clock.wallNow() - settings.clock.now();
  }

  /** Connects: resolves when CONNACK has accepted, rejects with a ConnectError or an AbortedError. */
  async open(): Promise<void> {
    try {
      await openWithFallback(
        this.#settings,
        (version, signal) => this.#attempt(version, signal),
      );
    } catch (error) {
      this.#ended = true;
      this.#dropConnection();
      throw error;
    }
  }

  /**
   * What the session has for the wire leaves soon: the first time in a turn with the microtasks, for a quick
   * answer; then when the turn has ended, so that what is said bit by bit leaves in one write.
   */
  scheduleFlush(): void {
    const connection = this.#connection;
    if (connection === undefined || connection.writing) return;
    if (this.session.outgoingSize >= WRITE_SIZE) return connection.flush();
    if (this.#flushing) return;
    this.#flushing = true;
    const flush = () => {
      this.#flushing = false;
      if (this.#ended) return;
      this.#connection?.flush();
      this.arm();
    };
    if (!this.#hasFlushed) {
      this.#hasFlushed = true;
      queueMicrotask(flush);
    } else {
      this.#settings.clock.afterTurn(() => {
        this.#hasFlushed = false;
        flush();
      });
    }
  }

  /** What keeps reading waiting may have changed. */
  resume(): void {
    this.#connection?.resume();
  }

  /** The owner's deadline may have come nearer. */
  arm(): void {
    const { clock } = this.#settings;
    const now = clock.now();
    let at = Math.min(this.session.deadline, this.#owner.deadline(now));
    if (this.session.deadline < Infinity) at = Math.min(at, now + SUSPEND_MS);
    this.#alarm.set(at, now);
  }

  /** Ends in order: accepted publishes are waited for, then DISCONNECT leaves and the wire is closed. */
  async disconnect(options: DisconnectOptions): Promise<void> {
    const isWritten = () =>
      !this.#connection?.writing && this.session.outgoingSize === 0;
    await this.#until(
      () => isWritten() && this.session.inFlight + this.session.queued === 0,
      options.timeoutMs ?? DISCONNECT_TIMEOUT_MS,
    );
    if (this.#ended) return;
    this.#disconnecting = true;
    this.session.disconnect(options.reasonCode);
    this.#connection?.flush();
    await this.#until(isWritten, PART_MS);
    if (this.#ended) return;
    if (isWritten()) {
      await this.#connection?.closeWrite();
      // To close with bytes unread would reset the wire, and what was sent last might be lost with it.
      await this.#until(() => this.#ended, LINGER_MS);
    }
    this.end(undefined);
  }

  /** Ends because of what the server does, and tells it why under MQTT 5. */
  refuse(reasonCode: number, why: string): void {
    if (this.#ended) return;
    if (this.connack?.protocolVersion === 5) {
      this.session.disconnect(reasonCode);
    }
    void this.#connection?.part(PART_MS);
    this.#lose(why, {});
  }

  /** Ends at once. */
  end(error: ConnectionLostError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#dropConnection();
    this.session.abandon();
    this.#owner.onEnding(error);
    this.#tellEvents(this.#settings.clock.now());
    this.#owner.onEnd(error);
    this.#tellWatchers();
  }

  async #attempt(
    protocolVersion: ProtocolVersion,
    signal: AbortSignal,
  ): Promise<FailedAttempt | undefined> {
    const { address, transport, clock, debug } = this.#settings;
    let wire;
    try {
      signal.throwIfAborted();
      wire = await transport.open(signal);
    } catch (error) {
      throw wireError(address, error);
    }
    try {
      const packet = this.#settings.connectPacket(protocolVersion);
      this.session.open(clock.now(), packet);
    } catch (error) {
      wire.close();
      throw error;
    }
    this.#firstBytes = new Uint8Array(0);
    const failed = await new Promise<FailedAttempt | undefined>((resolve) => {
      this.#opening = { protocolVersion, end: resolve };
      this.#connection = new Connection({
        wire,
        session: this.session,
        owner: {
          isPaused: () => this.#isPaused(),
          onRead: (bytes) => this.#onRead(bytes),
          onTurn: (now) => this.#turn(now),
          onWritten: (size) => this.#onWritten(size),
          onLost: (error) => this.#onLost(error),
        },
        clock,
        trace: debug === undefined
          ? undefined
          : new Trace(debug, protocolVersion),
      });
      this.#connection.flush();
      const abort = () => this.#onLost(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
    });
    if (failed !== undefined) this.#dropConnection();
    return failed;
  }

  #isPaused(): boolean {
    if (this.session.replySize > REPLIES_MAX && this.#connection?.writing) {
      return true;
    }
    return !this.#grace && this.#owner.isPaused();
  }

  #onRead(bytes: Uint8Array): void {
    this.#grace = false;
    this.#owner.onRead(bytes.length);
    if (this.#opening !== undefined && this.#firstBytes.length === 0) {
      this.#firstBytes = bytes.slice(0, 8);
    }
  }

  #onWritten(size: number): void {
    this.#owner.onWritten(size);
    if (this.session.outgoingSize > 0) this.scheduleFlush();
    this.#connection?.resume();
    this.#tellWatchers();
  }

  /** One input has been given: all doors are emptied. */
  #turn(now: number): void {
    this.#tellEvents(now);
    if (this.#ended) return;
    this.#hasFlushed = false;
    this.#owner.onTurn(now);
    this.#connection?.flush();
    this.arm();
    this.#tellWatchers();
  }

  #tellEvents(now: number): void {
    for (const event of this.session.takeEvents()) {
      if (event.type === "publish" || event.type === "delivery") {
        this.#owner.onEvent(event, now);
      } else if (event.type === "connected") {
        this.connack = event.packet;
        this.#owner.onEvent(event, now);
        this.#endOpening(() => unwanted(this.#settings, event.packet));
      } else if (event.type === "refused") this.#onRefused(event.packet);
      else if (event.type === "disconnected") {
        const { reasonCode, properties } = event.packet;
        const { reasonString, serverReference } = properties;
        const why = `the server ended it, ${
          reasonText(reasonCode, "disconnect")
        } (${reasonCode})${reasonString ? ` "${reasonString}"` : ""}`;
        this.#lose(why, { reasonCode, reasonString, serverReference });
      } else if (event.type === "failed") {
        // The wire stays until DISCONNECT with its reason is written, but not for long.
        void this.#connection?.part(PART_MS);
        this.#lose(event.error.message, { cause: event.error });
      } else this.#owner.onEvent(event, now);
    }
  }

  #onRefused(packet: ConnackPacket): void {
    const { address } = this.#settings;
    this.#endOpening((asked) => refusedAttempt(address, asked, packet));
  }

  /** CONNACK has come, or never will. What ends the connection from then on is no failed attempt any more. */
  #endOpening(
    fault: (asked: ProtocolVersion) => FailedAttempt | undefined,
  ): boolean {
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.end(fault(opening.protocolVersion));
    return opening !== undefined;
  }

  #onLost(error: unknown): void {
    this.#lose(
      error === undefined ? "the server closed it" : wireFault(error),
      { cause: error },
    );
  }

  #lose(
    why: string,
    options: ConstructorParameters<typeof ConnectionLostError>[1] & object,
  ): void {
    const { address } = this.#settings;
    const isAttempt = this.#endOpening((asked) =>
      lostAttempt(address, asked, options.cause, this.#firstBytes)
    );
    if (isAttempt) return;
    // After our DISCONNECT it is the server's part to close the wire [MQTT-3.14.4-3].
    if (this.#disconnecting) return this.end(undefined);
    this.end(
      new ConnectionLostError(
        `The connection to ${address} was lost: ${why}`,
        options,
      ),
    );
  }

  #ring(): void {
    const { clock } = this.#settings;
    const now = clock.now();
    const wallAhead = clock.wallNow() - now;
    const suspended = wallAhead - this.#wallAhead >= SUSPEND_MS;
    this.#wallAhead = wallAhead;
    if (suspended) this.session.ping(now);
    if (this.session.isOverdue(now) && this.#owner.isPaused()) {
      if (!this.#grace) return this.#giveGrace();
    }
    this.session.wake(now);
    this.#turn(now);
  }

  /** A server that we do not read from cannot show that it lives: one read decides. */
  #giveGrace(): void {
    this.#grace = true;
    this.resume();
    const now = this.#settings.clock.now();
    this.#alarm.set(now + GRACE_MS, now);
  }

  /** Waits until something holds, the time is over, or the link has ended. */
  async #until(holds: () => boolean, ms: number): Promise<void> {
    if (holds()) return;
    let over = ms === 0;
    const cancel = this.#settings.clock.schedule(() => {
      over = true;
      this.#tellWatchers();
    }, ms);
    while (!over && !this.#ended && !holds()) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
    cancel();
  }

  #tellWatchers(): void {
    if (this.#watchers.length === 0) return;
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }

  #dropConnection(): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#alarm.cancel();
    this.session.lost();
  }
}
