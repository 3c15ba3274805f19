/**
 * The client: what a program publishes, subscribes to and receives.
 *
 * @module
 */
import { isReasonCode } from "../codec/reason_code.ts";
import { ConnectionLostError, type MqttError } from "../errors.ts";
import type { SessionEvent } from "../session/event.ts";
import { checkInteger, checkNames } from "./checks.ts";
import { type ConnectionInfo, connectionInfo } from "./connection_info.ts";
import { Life } from "./life.ts";
import { Link } from "./link.ts";
import { BatchLoop, MessageLoop } from "./loop.ts";
import type { Message } from "./message.ts";
import type {
  DisconnectOptions,
  PublishOptions,
  PublishResult,
  SubscribeOptions,
  UnsubscribeOptions,
} from "./options.ts";
import type { Payload } from "./payload.ts";
import { NO_OPTIONS, Publisher } from "./publisher.ts";
import { Receiver } from "./receiver.ts";
import type { Settings } from "./settings.ts";
import type { Stats, StatusEvent } from "./status.ts";
import { Subscriber } from "./subscriber.ts";
import { beginLoop, type Subscription } from "./subscription.ts";
import { rejected, type Request, Wait } from "./wait.ts";

const DISCONNECT_OPTIONS: ReadonlySet<string> = new Set([
  "timeoutMs",
  "reasonCode",
]);

/**
 * A client of an MQTT server. `connect()` makes it.
 *
 * Iterated, it is the receive loop of the whole client: it gets every message that no loop or handler
 * of a subscription takes.
 *
 * Every call that waits rejects with a {@linkcode ConnectionLostError} when the connection ends first,
 * and with an {@linkcode AbortedError} when its signal fires.
 */
export class Client implements AsyncIterable<Message>, AsyncDisposable {
  readonly #settings: Settings;
  readonly #life = new Life();
  readonly #link: Link;
  readonly #publisher: Publisher;
  readonly #receiver: Receiver;
  readonly #subscriber: Subscriber;
  readonly #closed = new Wait<MqttError | undefined>();
  #connection: ConnectionInfo | undefined;
  #disconnected: Promise<void> | undefined;

  /** Made by `connect()` alone. */
  constructor(settings: Settings) {
    this.#settings = settings;
    const life = this.#life;
    const link = this.#link = new Link(settings, {
      onEvent: (event, now) => this.#onEvent(event, now),
      onTurn: (now) => this.#receiver.wake(now),
      onWritten: (size) => {
        life.stats.bytesSent += size;
        this.#publisher.written();
      },
      onRead: (size) => life.stats.bytesReceived += size,
      onEnding: (error) => life.end = error ?? life.end,
      onEnd: (error) => this.#onEnd(error),
      isPaused: () => this.#isPaused(),
      deadline: (now) => this.#receiver.deadline(now),
    });
    this.#publisher = new Publisher(life, link);
    const receiver = this.#receiver = new Receiver({
      settings,
      life,
      link,
      acknowledger: {
        acknowledge: (delivery, reasonCode) => {
          link.session.acknowledge(delivery, reasonCode);
          link.scheduleFlush();
        },
        checkReject: (reasonCode) => this.#checkReject(reasonCode),
      },
      fail: (error) => this.#fail(error),
    });
    this.#subscriber = new Subscriber({ settings, life, link, receiver });
  }

  /** Connects. Called once, by `connect()`. */
  open(): Promise<void> {
    return this.#link.open();
  }

  /** What was negotiated: the limits and properties of the present connection, or of the last. */
  get connection(): ConnectionInfo {
    if (this.#connection === undefined) {
      throw new TypeError("The client was never connected");
    }
    return this.#connection;
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
   * is, with a {@linkcode PublishError} where the server refuses it, with a
   * {@linkcode ConnectionLostError} or {@linkcode AbortedError} whose `delivery` says what is known of
   * it. A rejection that nobody awaits does not end the process: `status()` tells it.
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

  /**
   * Subscribes to one Topic Filter or several (chapter 3.8). Resolves after SUBACK.
   *
   * Rejects with a {@linkcode SubscribeError} that has all Reason Codes if any filter is refused, after
   * leaving those that were granted; with `partial` it resolves, and `granted` tells. Messages that come
   * between SUBSCRIBE and the beginning of the loop wait for it, if it begins in the macrotask in which
   * this resolves.
   */
  subscribe(
    filters: string | readonly string[],
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    return this.#subscriber.subscribe(filters, options);
  }

  /**
   * Leaves Topic Filters that no Subscription object stands for: those of a resumed session (chapter
   * 3.10). Resolves after UNSUBACK with its Reason Codes, which are empty under MQTT 3.x.
   */
  unsubscribe(
    filters: string | readonly string[],
    options: UnsubscribeOptions = {},
  ): Promise<readonly number[]> {
    return this.#subscriber.unsubscribe(filters, options);
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
    stats.outgoingBytes = session.outgoingSize;
    this.#receiver.count();
    return { ...stats };
  }

  /**
   * Ends in order (chapter 3.14). Loops end after the message in hand; messages that wait in queues stay
   * unacknowledged. Publishes that were accepted are waited for, for `timeoutMs` (5,000); loops and
   * handlers never are, so that it may be called in one. What is unsettled then rejects.
   */
  disconnect(options: DisconnectOptions = {}): Promise<void> {
    try {
      checkNames("disconnect", options, DISCONNECT_OPTIONS);
      const { reasonCode = 0, timeoutMs = 0 } = options;
      checkInteger("disconnect", "reasonCode", reasonCode, 0, 255);
      if (!(timeoutMs >= 0)) {
        throw new RangeError("Cannot disconnect: timeoutMs must be 0 or more");
      }
      if (reasonCode > 0 && this.connection.protocolVersion < 5) {
        throw new TypeError("Cannot disconnect: reasonCode needs MQTT 5");
      }
      if (!isReasonCode(reasonCode, "disconnect", "client")) {
        throw new RangeError(
          `Cannot disconnect: ${reasonCode} is no Reason Code that a client may send`,
        );
      }
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
      case "connected": {
        const connect = this.#settings.connectPacket(
          event.packet.protocolVersion,
        );
        this.#connection = connectionInfo(connect, event.packet, {
          clientId: this.#link.session.clientId,
          maxInflight: this.#settings.inflight.max,
        });
        const { warning } = this.#settings;
        if (warning !== undefined) {
          this.#life.status.tell({ type: "warning", text: warning });
        }
        return;
      }
      case "stray": {
        this.#life.stats.strayAcknowledgements++;
        const { type: packetType, packetId } = event.packet;
        return this.#life.status.tell({ type: "stray", packetType, packetId });
      }
    }
    if (!("request" in event)) return;
    const { request } = event;
    if (request.type === "publish") {
      if (event.type === "published") {
        this.#publisher.succeeded(request, event.packet);
      } else if (event.type === "publish-refused") {
        request.reject(event.error);
      } else if (event.type === "abandoned") {
        this.#publisher.abandoned(request, event.delivery);
      }
    } else if (event.type === "abandoned") {
      this.#subscriber.abandoned(request, event.cause);
    } else if (request.type === "subscribe") {
      if (event.type === "subscribed") {
        this.#subscriber.subscribed(request, event.packet);
      }
    } else if (event.type === "unsubscribed") {
      this.#subscriber.unsubscribed(request, event.packet);
    }
  }

  /** Nothing is read while consumers are far behind, unless an answer is awaited that would not be read either. */
  #isPaused(): boolean {
    if (!this.#receiver.isBehind) return false;
    const { inFlight, queued, unanswered } = this.#link.session;
    return inFlight + queued + unanswered === 0 && !this.#publisher.isDraining;
  }

  #onEnd(error: ConnectionLostError | undefined): void {
    this.#publisher.end();
    this.#subscriber.end();
    this.#receiver.end(
      error === undefined ? { drain: "none" } : { drain: "qos0", error },
    );
    this.#life.status.tell({ type: "closed", error });
    this.#life.status.end();
    this.#closed.resolve(error);
  }

  #fail(error: unknown): void {
    this.#link.end(
      new ConnectionLostError("an onMessage handler has failed", {
        cause: error,
      }),
    );
  }

  #checkReject(reasonCode: number): void {
    if (this.connection.protocolVersion < 5) {
      throw new TypeError("Cannot reject a message: that needs MQTT 5");
    }
    if (
      reasonCode < 0x80 || !isReasonCode(reasonCode, "puback", "client")
    ) {
      throw new RangeError(
        `Cannot reject a message: ${reasonCode} is no Reason Code of a refusal`,
      );
    }
  }
}
