/**
 * A session on one wire after the other: the turns, the one timer, the end.
 *
 * @module
 */
import type {
  ConnackPacket,
  ConnectPacket,
  Properties,
  ProtocolVersion,
} from "../codec/packet.ts";
import { ConnectError, ConnectionLostError } from "../errors.ts";
import type { IncomingDelivery } from "../session/delivery.ts";
import type { SessionEvent } from "../session/event.ts";
import { Session } from "../session/session.ts";
import type { Wire } from "../transport/wire.ts";
import { Alarm } from "./alarm.ts";
import type { Approach } from "./approach.ts";
import { Attempts } from "./attempts.ts";
import { type FailedAttempt, wirelessAttempt } from "./connect_fault.ts";
import { Conversation, PART_MS } from "./conversation.ts";
import type { Exchange } from "./exchange.ts";
import type { Keeper } from "./keeper.ts";
import type { LinkOwner } from "./link_owner.ts";
import type { DisconnectOptions } from "./options.ts";
import type { Settings } from "./settings.ts";
import type { Store } from "../store/store.ts";
import { SleepWatch, SUSPEND_MS } from "./sleep_watch.ts";
import { untilAborted } from "./until_aborted.ts";
import { type Request, Wait } from "./wait.ts";
import { Watch } from "./watch.ts";

/** How long the server is given to close its side after our DISCONNECT. */
const LINGER_MS = 1_000;

const DISCONNECT_TIMEOUT_MS = 5_000;

/** Keeps one session going on one wire after the other. */
export class Link {
  /** The protocol. */
  readonly session: Session<Request>;
  /** What the present connection, or the last, was agreed on with. */
  agreed: { connect: ConnectPacket; connack: ConnackPacket } | undefined;
  /** When the last connection was lost; undefined before. */
  lostAt: number | undefined;
  /** Who keeps what the session records; undefined where there is no store. */
  keeper: Keeper | undefined;
  readonly #settings: Settings;
  readonly #owner: LinkOwner;
  readonly #attempts: Attempts;
  readonly #alarm: Alarm;
  readonly #opened = new Wait<void>();
  readonly #watch: Watch;
  readonly #sleepWatch: SleepWatch;
  #conversation: Conversation | undefined;
  #ended = false;
  #disconnecting = false;
  #turning = false;

  /** Makes a link that has no wire. */
  constructor(settings: Settings, owner: LinkOwner) {
    this.#settings = settings;
    this.#owner = owner;
    this.session = new Session({
      inflight: settings.inflight,
      ...settings.session,
      recording: settings.store !== undefined,
    });
    const { clock } = settings;
    this.#attempts = new Attempts(settings, {
      tryVersion: (approach, version, signal) =>
        this.#converse(approach, version, signal),
      onOpened: () => this.#opened.resolve(),
      onGivenUp: (error) => this.#giveUp(error),
      onWaiting: () => this.arm(),
      onStatus: (event) => owner.onStatus(event),
    });
    this.#alarm = new Alarm(clock, () => this.#ring());
    this.#watch = new Watch(clock);
    this.#sleepWatch = new SleepWatch(clock);
  }

  /** CONNACK of the present connection, or of the last. */
  get connack(): ConnackPacket | undefined {
    return this.agreed?.connack;
  }

  /** Whether CONNACK has accepted and nothing has ended the connection since. */
  get isConnected(): boolean {
    return this.session.connected;
  }

  /** Connects: resolves when CONNACK has accepted, rejects with a ConnectError, a StoreError or an AbortedError. */
  async open(): Promise<void> {
    const { signal, store } = this.#settings;
    if (store !== undefined) await this.#restore(store);
    const abort = () => {
      if (!this.#opened.settled) this.#attempts.abort(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    try {
      if (signal?.aborted) abort();
      else this.#attempts.begin();
      await this.#opened.promise;
    } finally {
      signal?.removeEventListener("abort", abort);
      if (this.#ended) await this.keeper?.end();
    }
  }

  /** What the session has for the wire leaves soon; what it has for the store alone is kept soon. */
  scheduleFlush(): void {
    if (this.#conversation !== undefined) this.#conversation.scheduleFlush();
    else if (this.keeper !== undefined) this.scheduleTurn();
  }

  /** What keeps reading waiting may have changed. */
  resume(): void {
    this.#conversation?.resume();
  }

  /** A message is owned, or refused for good. */
  acknowledge(
    delivery: IncomingDelivery,
    reasonCode: number,
    properties?: Properties,
  ): void {
    this.session.acknowledge(delivery, reasonCode, properties);
    this.#attempts.acknowledged();
    this.scheduleFlush();
  }

  /** The session was given something while nothing comes that would have its events told: they are told soon. */
  scheduleTurn(): void {
    if (this.#turning) return;
    this.#turning = true;
    queueMicrotask(() => {
      this.#turning = false;
      if (!this.#ended) this.#turn(this.#settings.clock.now());
    });
  }

  /** The owner's deadline may have come nearer. */
  arm(): void {
    if (this.#ended) return;
    const { clock } = this.#settings;
    const now = clock.now();
    const at = Math.min(
      Math.max(this.session.deadline, this.#conversation?.graceUntil ?? 0),
      this.#attempts.dueAt,
    );
    // A sign of life, or another attempt: after a suspend both are due at once.
    const lookAt = at < Infinity ? now + SUSPEND_MS : Infinity;
    const keptAt = this.keeper?.deadline ?? Infinity;
    this.#alarm.set(
      Math.min(at, lookAt, keptAt, this.#owner.deadline(now)),
      now,
    );
  }

  /** Ends in order: accepted publishes are waited for, then DISCONNECT leaves and the wire is closed. */
  async disconnect(options: DisconnectOptions): Promise<void> {
    const { clock } = this.#settings;
    const { timeoutMs = DISCONNECT_TIMEOUT_MS } = options;
    const until = clock.now() + timeoutMs;
    if ("checkpoint" in options) this.keeper?.endWith(options.checkpoint);
    await this.#leave(options, timeoutMs);
    await this.keeper?.end(Math.max(PART_MS, until - clock.now()));
  }

  async #leave(options: DisconnectOptions, timeoutMs: number): Promise<void> {
    const isWritten = () => this.#conversation?.isWritten ?? true;
    await this.#until(
      () => isWritten() && this.session.inFlight + this.session.queued === 0,
      timeoutMs,
    );
    if (this.#ended) return;
    if (!this.isConnected) return this.end(undefined);
    this.#disconnecting = true;
    this.session.disconnect(options.reasonCode, {
      ...this.#settings.approaches.farewell,
      ...options.properties,
    });
    this.#conversation?.flush();
    await this.#until(isWritten, PART_MS);
    if (this.#ended) return;
    if (isWritten()) {
      await this.#conversation?.closeWrite();
      // To close with bytes unread would reset the wire, and what was sent last might be lost with it.
      await this.#until(() => this.#ended, LINGER_MS);
    }
    this.end(undefined);
  }

  /** Authenticates anew on the present connection. Resolves when the server is content; never where the connection ends. */
  async reauthenticate(exchange: Exchange): Promise<void> {
    await this.#conversation?.reauthenticate(exchange);
  }

  /** Ends the connection because of what the server does, and tells it why under MQTT 5. */
  refuse(reasonCode: number, why: string): void {
    this.#conversation?.refuse(reasonCode, why);
  }

  /** Ends at once. */
  end(error: ConnectionLostError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#attempts.end();
    this.#drop();
    this.#alarm.cancel();
    // What is not settled by now is settled for those who wait, and stays in the store.
    const kept = this.keeper?.end();
    this.session.abandon();
    this.#owner.onEnding(error);
    this.#tellEvents(this.#settings.clock.now());
    this.#owner.onEnd(error);
    this.#watch.look();
    if (kept === undefined) this.#owner.onClosed(error);
    else void kept.then(() => this.#owner.onClosed(error));
  }

  /** Goes on with what an earlier process has left. What that takes is loaded only here. */
  async #restore(store: Store): Promise<void> {
    const { Keeper } = await import("./keeper.ts");
    const { approaches, clock, onRestored, signal } = this.#settings;
    const keeper = new Keeper({
      store,
      session: this.session,
      clock,
      owner: this.#owner,
      onRestored,
      onRefused: () => this.scheduleTurn(),
    });
    await keeper.open(approaches, signal);
    this.keeper = keeper;
  }

  async #converse(
    approach: Approach,
    protocolVersion: ProtocolVersion,
    signal: AbortSignal,
  ): Promise<FailedAttempt | undefined> {
    const { clock, debug } = this.#settings;
    let wire: Wire | undefined;
    try {
      signal.throwIfAborted();
      // A store that does not answer holds up this attempt, and no other.
      if (this.keeper?.isFailing) {
        await untilAborted(this.keeper.repair(), signal);
      }
      wire = await approach.transport.open(signal);
      signal.throwIfAborted();
    } catch (error) {
      wire?.close();
      return wirelessAttempt(approach.address, error);
    }
    const conversation = this.#conversation = new Conversation({
      wire,
      approach,
      protocolVersion,
      session: this.session,
      clock,
      debug,
      keeper: this.keeper,
      owner: {
        isPaused: () => this.#owner.isPaused(),
        onRead: (size) => this.#owner.onRead(size),
        onTurn: (now) => this.#turn(now),
        onWritten: (size) => {
          this.#owner.onWritten(size);
          this.#watch.look();
        },
        onFlushed: () => this.arm(),
        onLost: (error) => this.#onLost(error),
      },
    });
    const abort = () => conversation.abort(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    const failed = await conversation.opened;
    signal.removeEventListener("abort", abort);
    if (failed !== undefined) this.#drop();
    return failed;
  }

  /** One input has been given: all doors are emptied. */
  #turn(now: number): void {
    this.#tellEvents(now);
    if (this.#ended) return;
    this.#owner.onTurn(now);
    if (this.#conversation !== undefined) this.#conversation.endTurn();
    else this.keeper?.keepApart();
    this.arm();
    this.#watch.look();
  }

  #tellEvents(now: number): void {
    let isWanted = true;
    for (const event of this.session.takeEvents()) {
      switch (event.type) {
        case "publish":
        case "delivery":
          // What is behind the CONNACK of a connection that is of no use is for nobody.
          if (isWanted) this.#owner.onEvent(event, now);
          break;
        case "connected":
          isWanted = this.#onConnected(event, now);
          break;
        case "auth":
          this.#conversation?.authenticate(event.packet);
          break;
        case "refused":
        case "disconnected":
        case "failed":
          this.#conversation?.ended(event);
          break;
        default:
          if (event.type === "published") this.#attempts.acknowledged();
          this.#owner.onEvent(event, now);
      }
    }
  }

  #onConnected(
    event: SessionEvent<Request> & { type: "connected" },
    now: number,
  ): boolean {
    const conversation = this.#conversation;
    const { packet } = event;
    if (!conversation?.accepts(packet)) return false;
    const { connect } = conversation;
    this.agreed = { connect, connack: packet };
    this.keeper?.bind(connect, packet, this.#settings.approaches.home);
    const { protocolVersion } = packet;
    this.#attempts.accepted(this.session.clientId, protocolVersion, now);
    this.#owner.onEvent(event, now);
    return true;
  }

  #onLost(error: ConnectionLostError): void {
    // After our DISCONNECT it is the server's part to close the wire [MQTT-3.14.4-3].
    if (this.#disconnecting) return this.end(undefined);
    const now = this.#settings.clock.now();
    this.#drop();
    if (!this.#attempts.lost(error, now)) return this.end(error);
    this.lostAt = now;
    this.#owner.onAway(error, now);
    this.#tellEvents(now);
  }

  /** There will be no connection any more, or there never was one. */
  #giveUp(error: unknown): void {
    if (this.#ended) return;
    if (this.agreed !== undefined) {
      const { message = "" } = error instanceof Error ? error : {};
      const told = error instanceof ConnectError ? error : {};
      return this.end(
        new ConnectionLostError(
          `The connection was lost for good: ${message}`,
          { ...told, cause: error },
        ),
      );
    }
    this.#ended = true;
    this.#attempts.end();
    this.#drop();
    this.#alarm.cancel();
    this.#opened.reject(error);
  }

  #ring(): void {
    const { clock } = this.#settings;
    const now = clock.now();
    if (this.#sleepWatch.hasSlept(now)) {
      this.session.ping(now);
      this.#attempts.hurry();
    }
    this.#attempts.wake(now);
    const isGivenGrace = this.session.isOverdue(now) &&
      this.#owner.isPaused() && this.#conversation?.giveGrace(now);
    if (!isGivenGrace) this.session.wake(now);
    this.keeper?.wake();
    this.#turn(now);
  }

  #until(holds: () => boolean, ms: number): Promise<void> {
    return this.#watch.until(() => this.#ended || holds(), ms);
  }

  #drop(): void {
    this.#conversation?.close();
    this.#conversation = undefined;
    this.session.lost();
  }
}
