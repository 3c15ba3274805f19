/**
 * The client: what a program publishes, subscribes to and receives.
 *
 * @module
 */
import type { ConnackPacket } from "../codec/packet.ts";
import { ConnectionLostError, type MqttError } from "../errors.ts";
import type { SessionEvent } from "../session/event.ts";
import { tellAnswer } from "./answer.ts";
import { type ConnectionInfo, connectionInfo } from "./connection_info.ts";
import {
  checkDisconnect,
  checkReject,
  checkRequests,
} from "./connection_check.ts";
import { Life } from "./life.ts";
import { Link } from "./link.ts";
import { BatchLoop, MessageLoop } from "./loop.ts";
import type { Message } from "./message.ts";
import type {
  DisconnectOptions,
  PublishOptions,
  PublishResult,
  ReauthenticateOptions,
  SubscribeOptions,
  UnsubscribeOptions,
} from "./options.ts";
import type { Payload } from "./payload.ts";
import { NO_OPTIONS, Publisher } from "./publisher.ts";
import { Reauthenticator } from "./reauthenticator.ts";
import { Receiver } from "./receiver.ts";
import {
  Requester,
  type RequestManyOptions,
  type RequestOptions,
} from "./requester.ts";
import { type RequestHandler, serve, type ServeOptions } from "./responder.ts";
import type { Restored } from "./restored.ts";
import type { Settings } from "./settings.ts";
import type { Stats, StatusEvent } from "./status.ts";
import { Subscriber } from "./subscriber.ts";
import { beginLoop, type Subscription } from "./subscription.ts";
import { rejected, type Request, Wait } from "./wait.ts";

/**
 * A client of an MQTT server. `connect()` makes it.
 *
 * Iterated, it is the receive loop of the whole client: it gets every message that no loop or handler
 * of a subscription takes.
 *
 * When its connection is lost it has another, as `reconnect` says: loops, and what waits for an answer, wait on.
 * Every call that waits rejects with a {@linkcode ConnectionLostError} when the client ends first, and with
 * an {@linkcode AbortedError} when its signal fires.
 */
export class Client implements AsyncIterable<Message>, AsyncDisposable {
  readonly #settings: Settings;
  readonly #life = new Life();
  readonly #link: Link;
  readonly #publisher: Publisher;
  readonly #receiver: Receiver;
  readonly #subscriber: Subscriber;
  readonly #requester: Requester;
  readonly #reauthenticator: Reauthenticator;
  readonly #closed = new Wait<MqttError | undefined>();
  #connection: ConnectionInfo | undefined;
  #disconnected: Promise<void> | undefined;

  /** Made by `connect()` alone. */
  constructor(settings: Settings) {
    this.#settings = settings;
    const life = this.#life;
    const link = this.#link = new Link(settings, {
      onEvent: (event, now) => this.#onEvent(event, now),
      onAway: (error) => {
        this.#publisher.away(error);
        this.#subscriber.away();
        this.#receiver.away();
        this.#reauthenticator.away(error);
      },
      onStatus: (event) => life.status.tell(event),
      onTurn: (now) => this.#receiver.wake(now),
      onWritten: (size) => {
        life.stats.bytesSent += size;
        this.#publisher.written();
      },
      onRead: (size) => life.stats.bytesReceived += size,
      onEnding: (error) => life.end = error ?? life.end,
      onEnd: (error) => this.#onEnd(error),
      onClosed: (error) => this.#closed.resolve(error),
      makeRequest: (topicName) => this.#publisher.restored(topicName),
      // Nothing is read while consumers are far behind.
      isPaused: () => this.#receiver.isBehind && !this.#awaitsAnswer(),
      deadline: (now) => this.#receiver.deadline(now),
    });
    const { clock } = settings;
    this.#publisher = new Publisher({ life, link, clock });
    const receiver = this.#receiver = new Receiver({
      settings,
      life,
      link,
      acknowledger: {
        acknowledge: (delivery, reasonCode, properties) =>
          link.acknowledge(delivery, reasonCode, properties),
        checkReject: (code) => checkReject(code, this.connection),
      },
      awaitsAnswer: () => this.#awaitsAnswer(),
      fail: (error) => this.#fail(error),
    });
    this.#subscriber = new Subscriber({ settings, life, link, receiver });
    this.#reauthenticator = new Reauthenticator({ settings, life, link });
    this.#requester = new Requester({
      life,
      clock,
      client: this,
      checkVersion: (what) => checkRequests(what, this.connection),
      onAwaited: () => link.resume(),
    });
  }

  /** Connects. Called once, by `connect()`. */
  open(): Promise<void> {
    return this.#link.open();
  }

  /** Whether there is a connection at present. While there is none the client tries to have another. */
  get connected(): boolean {
    return this.#link.isConnected;
  }

  /** What was negotiated: the limits and properties of the present connection, or of the last. */
  get connection(): ConnectionInfo {
    if (this.#connection === undefined) {
      throw new TypeError("The client was never connected");
    }
    return this.#connection;
  }

  /** What the option `store` has brought back from an earlier process; undefined without one. */
  get restored(): Restored | undefined {
    return this.#link.keeper?.restored;
  }

  /** Resolves when the client has ended: with undefined after `disconnect()`, else with the cause. It never rejects. */
  get closed(): Promise<MqttError | undefined> {
    return this.#closed.promise;
  }

  /**
   * Publishes a message (chapter 3.3). The payload is copied or written before the call returns.
   *
   * Resolves when the handshake of its QoS is complete: with undefined at QoS 0, when its bytes are
   * accepted for writing (so that awaiting it slows a fast publisher down), else with the server's
   * answer. It never throws, it rejects: with a TypeError or RangeError where it cannot be sent as it
   * is, with a {@linkcode PublishError} where the server refuses it or it has had to wait too long, with a
   * {@linkcode ConnectionLostError} or {@linkcode AbortedError} whose `delivery` says what is known of
   * it. A rejection that nobody awaits does not end the process: `status()` tells it.
   *
   * While there is no connection it waits for the next one, within the bounds of the option `offline`, and
   * the promise with it; QoS 0 rejects, or where `offline.qos0` is set waits and resolves when it has its
   * room.
   *
   * @example
   * ```ts ignore
   * await client.publish("test/1", "hello", { qos: 1 });
   * ```
   */
  publish(
    topic: string,
    payload: Payload,
    options: PublishOptions = NO_OPTIONS,
  ): Promise<PublishResult | undefined> {
    return this.#publisher.publish(topic, payload, options);
  }

  /** Keeps a checkpoint that goes with no message, or with undefined none any more; see {@linkcode PublishOptions.checkpoint}. */
  checkpoint(checkpoint: string | undefined): Promise<void> {
    return this.#publisher.checkpoint(checkpoint);
  }

  /**
   * Subscribes to one Topic Filter or several (chapter 3.8). Resolves after SUBACK.
   *
   * Rejects with a {@linkcode SubscribeError} that has all Reason Codes if any filter is refused, after
   * leaving those that were granted; with `partial` it resolves, and `granted` tells. Messages that come
   * between SUBSCRIBE and the beginning of the loop wait for it, if it begins in the macrotask in which
   * this resolves.
   *
   * A subscription outlives connections: where the server has lost the session it is asked for again, with
   * the options it was asked for with, so that retained messages come again unless `retainHandling` is 2.
   * Where the server then refuses it, its loop ends with that {@linkcode SubscribeError}. While there is no
   * connection this waits for the next one.
   */
  subscribe(
    filters: string | readonly string[],
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    return this.#subscriber.subscribe(filters, options);
  }

  /**
   * Leaves Topic Filters that no Subscription object stands for: those of a resumed session (chapter
   * 3.10). Resolves after UNSUBACK with its Reason Codes, which are empty under MQTT 3.x. No later connection
   * is asked for them again. While there is no connection this waits for the next one.
   */
  unsubscribe(
    filters: string | readonly string[],
    options: UnsubscribeOptions = {},
  ): Promise<readonly number[]> {
    return this.#subscriber.unsubscribe(filters, options);
  }

  /**
   * Publishes a request, and resolves with the reply (MQTT 5, chapter 4.10). The reply comes to a topic of the
   * client's own, which is subscribed to when the first request is made, and begins with the server's Response
   * Information where it has given one. The wait outlives a reconnect.
   *
   * Rejects with a {@linkcode RequestError} where no reply comes in time, or at QoS 1 and 2 where the server
   * knows of nobody who is subscribed; else as `publish()` and `subscribe()` do.
   *
   * @example
   * ```ts ignore
   * await client.serve("clock/now", () => new Date().toISOString());
   * const reply = await client.request("clock/now", "", { timeoutMs: 2_000 });
   * console.log(reply.text());
   * ```
   */
  request(
    topic: string,
    payload: Payload,
    options: RequestOptions = {},
  ): Promise<Message> {
    return this.#requester.request(topic, payload, options);
  }

  /**
   * Publishes a request that many may answer: an iterator of replies, which ends when there were `count`, or
   * when its time is over. It throws as `request()` rejects; the time being over is no error.
   */
  requestMany(
    topic: string,
    payload: Payload,
    options: RequestManyOptions = {},
  ): AsyncIterableIterator<Message, undefined> {
    return this.#requester.requestMany(topic, payload, options);
  }

  /**
   * Subscribes, and answers each request with what the handler gives: the reply goes to the request's
   * Response Topic with its Correlation Data (MQTT 5, chapter 4.10). Whatever comes without a Response Topic
   * is handled all the same, and answered to nobody. The request is acknowledged when its reply has been.
   */
  serve(
    filters: string | readonly string[],
    handler: RequestHandler,
    options: ServeOptions = {},
  ): Promise<Subscription> {
    const hasEnded = () => this.#life.end !== undefined;
    return serve({ client: this, hasEnded }, filters, handler, options);
  }

  /**
   * Authenticates anew on the present connection, by the option `authenticate`: before a token expires, say (MQTT
   * 5, chapter 4.12.1). Resolves when the server is content. Where it is not, it ends the connection, and this
   * rejects with that {@linkcode ConnectionLostError}: the next connection authenticates as the first one did.
   */
  reauthenticate(options: ReauthenticateOptions = {}): Promise<void> {
    return this.#reauthenticator.authenticate(options);
  }

  /** The receive loop of the whole client. Throws a TypeError where one is under way, or where `onMessage` was given. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message, undefined> {
    const receiver = this.#receiver;
    return beginLoop(MessageLoop, receiver.client, receiver, "the client");
  }

  /** As the receive loop, but each turn gives all that waits, at least one message. */
  batches(): AsyncIterableIterator<Message[], undefined> {
    const receiver = this.#receiver;
    return beginLoop(BatchLoop, receiver.client, receiver, "the client");
  }

  /** Tells what changes, from now on. It ends with the client. */
  status(): AsyncIterableIterator<StatusEvent, undefined> {
    return this.#life.status.listen();
  }

  /** The counters as they are now. */
  stats(): Stats {
    const { stats } = this.#life;
    const { session } = this.#link;
    stats.inFlight = session.inFlight;
    stats.queued = session.queued;
    stats.publishesDropped = session.dropped;
    stats.outgoingBytes = session.outgoingSize;
    this.#receiver.count();
    return { ...stats };
  }

  /**
   * Ends in order (chapter 3.14). Loops end after the message in hand; messages that wait in queues stay
   * unacknowledged. Publishes that were accepted are waited for, for `timeoutMs` (5,000), if need be over a
   * reconnect; loops and handlers never are, so that it may be called in one. What is unsettled then rejects.
   */
  disconnect(options: DisconnectOptions = {}): Promise<void> {
    try {
      checkDisconnect(options, {
        connect: this.#link.agreed?.connect,
        protocolVersion: this.connection.protocolVersion,
      });
    } catch (error) {
      return rejected(error);
    }
    if (this.#life.end === undefined) {
      this.#life.end = new ConnectionLostError("the client was disconnected");
      this.#receiver.end({ drain: "none" });
      this.#disconnected = this.#link.disconnect(options);
    }
    return this.#disconnected ?? Promise.resolve();
  }

  /** Drops the connection at once, without DISCONNECT: the server publishes the will. Loops and waits end with an error whose `cause` is the reason. */
  close(reason?: unknown): void {
    this.#link.end(
      new ConnectionLostError("the client was closed", { cause: reason }),
    );
  }

  /** Disconnects normally: without the will, and whether or not an exception is under way. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  #onEvent(event: SessionEvent<Request>, now: number): void {
    switch (event.type) {
      case "publish":
        return this.#receiver.receive(event, undefined, now);
      case "delivery":
        return this.#receiver.receive(event.packet, event, now);
      case "connected":
        this.#onConnected(event.packet, now);
        return this.#life.warn(this.#settings.warning);
      case "session-lost":
        return this.#life.status.tell(event);
      case "resubscribed":
        return this.#subscriber.resubscribed(event);
      case "stray":
        return this.#life.tellStray(event.packet);
    }
    if ("request" in event) {
      tellAnswer(event, {
        publisher: this.#publisher,
        subscriber: this.#subscriber,
      });
    }
  }

  #onConnected({ sessionPresent }: ConnackPacket, now: number): void {
    const { agreed, lostAt, session } = this.#link;
    if (agreed === undefined) return;
    this.#connection = connectionInfo(agreed, {
      clientId: session.clientId,
      maxInflight: this.#settings.inflight.max,
    });
    this.#receiver.router.identifiers.connected(this.#connection);
    if (lostAt === undefined) return;
    this.#life.stats.reconnects++;
    this.#life.status.tell({
      type: "back",
      sessionPresent,
      awayMs: now - lostAt,
      filtersRestored: session.subscriptions,
    });
    this.#requester.back();
  }

  /** Whether an answer is awaited that is not read either where nothing is read. */
  #awaitsAnswer(): boolean {
    const { inFlight, queued, unanswered } = this.#link.session;
    return inFlight + queued + unanswered > 0 ||
      this.#publisher.isDraining || this.#requester.isAwaited;
  }

  #onEnd(error: ConnectionLostError | undefined): void {
    this.#publisher.end();
    this.#subscriber.end();
    this.#requester.end();
    this.#reauthenticator.end();
    this.#receiver.end(
      error === undefined ? { drain: "none" } : { drain: "qos0", error },
    );
    this.#life.status.tell({ type: "closed", error });
    this.#life.status.end();
  }

  #fail(cause: unknown): void {
    this.#link.end(
      new ConnectionLostError("an onMessage handler has failed", { cause }),
    );
  }
}
