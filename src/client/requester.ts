/**
 * Requests and their replies (MQTT 5, chapter 4.10): a response topic of the client's own, and correlation
 * data that tells which request a reply belongs to.
 *
 * @module
 */
import type { QoS } from "../codec/packet.ts";
import type { PublishProperties } from "../codec/property.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { RequestError } from "../errors.ts";
import { Alarm } from "./alarm.ts";
import { checkInteger, checkMs, checkNames, checkSignal } from "./checks.ts";
import { randomClientId } from "./client_id.ts";
import type { Clock } from "./clock.ts";
import type { Life } from "./life.ts";
import type { Message } from "./message.ts";
import { type Payload, payloadBytes } from "./payload.ts";
import type { ResponderOwner } from "./responder.ts";
import { Stream } from "./stream.ts";
import type { Subscription } from "./subscription.ts";
import { aborted } from "./wait.ts";

/** How long a reply is waited for where nothing is said. */
const TIMEOUT_MS = 10_000;

/** How many replies to one request wait for a program that is slow to take them; the oldest give way. */
const REPLIES_MAX = 1_000;

/** Response topics begin so where the server names no other beginning (Response Information). */
const PREFIX = "reply";

const CORRELATION_SIZE = 4;

/** What `request()` can be asked for. */
export interface RequestOptions {
  /** How the request is sent; 0 by default. At QoS 1 and 2 the server can say that nobody is there to answer. */
  readonly qos?: QoS;
  /** The request's properties; `responseTopic` and `correlationData` are the client's own. */
  readonly properties?: Omit<
    PublishProperties,
    "responseTopic" | "correlationData"
  >;
  /** How long to wait for the reply, from the call on; 10,000 by default. */
  readonly timeoutMs?: number;
  /** Gives up waiting when it fires. */
  readonly signal?: AbortSignal;
  /**
   * The highest QoS of the reply; 0 by default. A reply of QoS 1 or 2 waits behind every message that the
   * server has already sent and this client has not acknowledged: a loop that makes requests may wait for itself.
   */
  readonly replyQos?: QoS;
  /**
   * Whether the request is sent again after a reconnect, where the reply has not come: whoever answers may then
   * get it twice. False by default: a reply that came while the client was away is lost at QoS 0.
   */
  readonly resend?: boolean;
}

/** What `requestMany()` can be asked for. */
export interface RequestManyOptions extends RequestOptions {
  /** How many replies end it; by default it ends when its time is over. */
  readonly count?: number;
}

const REQUEST_OPTIONS = [
  "qos",
  "properties",
  "timeoutMs",
  "signal",
  "replyQos",
  "resend",
] as const;
const NAMES: ReadonlySet<string> = new Set(REQUEST_OPTIONS);
const NAMES_MANY: ReadonlySet<string> = new Set([...REQUEST_OPTIONS, "count"]);

/** What a requester is made from. */
export interface RequesterOptions {
  readonly life: Life;
  readonly clock: Clock;
  /** Throws where the connection cannot have requests; else what response topics begin with, if the server says. */
  checkVersion(what: string): string | undefined;
  /** Told when somebody begins to wait for a reply: it would not come while reading pauses. */
  onAwaited(): void;
  readonly client: ResponderOwner["client"];
}

/** A request that waits for replies. */
interface Exchange {
  readonly what: string;
  readonly topic: string;
  readonly payload: Payload;
  readonly options: RequestOptions;
  readonly replies: Stream<Message>;
  /** How many replies it still takes. */
  left: number;
  /** Whether the request has left, so that there is something to be sent again. */
  wasSent: boolean;
  /** When its time is over. */
  readonly until: number;
  /** Lets go of the signal. */
  readonly release: () => void;
}

/** Sends requests, and takes replies to those who wait for them. */
export class Requester {
  readonly #options: RequesterOptions;
  readonly #exchanges = new Map<number, Exchange>();
  readonly #subscribing = new Map<QoS, Promise<Subscription>>();
  readonly #name = randomClientId();
  /** One timer for all of them: one that is taken back too early stays with the platform until its time is over. */
  readonly #alarm: Alarm;
  #latest = 0;

  /** Makes a requester that nobody has asked. */
  constructor(options: RequesterOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, () => this.#ring());
  }

  /** Whether anybody waits for a reply. */
  get isAwaited(): boolean {
    for (const { replies } of this.#exchanges.values()) {
      if (replies.isAwaited) return true;
    }
    return false;
  }

  /** See `Client.request`. */
  async request(
    topic: string,
    payload: Payload,
    options: RequestOptions,
  ): Promise<Message> {
    checkNames("request", options, NAMES);
    const { timeoutMs = TIMEOUT_MS } = options;
    const { replies, what } = this.#ask(topic, payload, options, 1);
    const { value } = await replies.next();
    if (value !== undefined) return value;
    throw new RequestError(
      `Cannot ${what}: no reply came within ${timeoutMs / 1000} s`,
    );
  }

  /** See `Client.requestMany`. */
  requestMany(
    topic: string,
    payload: Payload,
    { count, ...options }: RequestManyOptions,
  ): AsyncIterableIterator<Message, undefined> {
    checkNames("request", { count, ...options }, NAMES_MANY);
    if (count !== undefined) {
      checkInteger("request", "count", count, 1, Number.MAX_SAFE_INTEGER);
    }
    return this.#ask(topic, payload, options, count ?? Infinity).replies;
  }

  /** There is a connection again: what asked for it is sent once more. */
  back(): void {
    for (const [id, exchange] of this.#exchanges) {
      if (exchange.wasSent && exchange.options.resend) {
        void this.#send(id, exchange);
      }
    }
  }

  /** The client has ended. */
  end(): void {
    for (const [id, { what }] of this.#exchanges) {
      this.#end(id, this.#options.life.error(what));
    }
    this.#alarm.cancel();
  }

  #ring(): void {
    const now = this.#options.clock.now();
    for (const [id, { until }] of this.#exchanges) {
      if (until <= now) this.#end(id);
      else this.#alarm.set(until, now);
    }
  }

  #ask(
    topic: string,
    payload: Payload,
    options: RequestOptions,
    left: number,
  ): Exchange {
    const { life, clock, checkVersion } = this.#options;
    const what = `request "${topic}"`;
    const { timeoutMs = TIMEOUT_MS, replyQos = 0, signal } = options;
    checkMs(what, "timeoutMs", timeoutMs);
    checkInteger(what, "replyQos", replyQos, 0, 2);
    checkSignal(what, signal);
    for (const name of ["responseTopic", "correlationData"]) {
      if (!Object.hasOwn(options.properties ?? {}, name)) continue;
      throw new TypeError(`Cannot ${what}: ${name} is the client's own`);
    }
    life.check(what);
    if (signal?.aborted) throw aborted(what, signal);
    const prefix = checkVersion(what);
    // It leaves when the response topic is subscribed to: the caller may reuse its buffer before.
    const kept = typeof payload === "string"
      ? payload
      : payloadBytes(payload).slice();
    const id = this.#takeId();
    const abort = () => {
      if (signal !== undefined) this.#end(id, aborted(what, signal));
    };
    const now = clock.now();
    const exchange: Exchange = {
      what,
      topic,
      payload: kept,
      options,
      until: now + timeoutMs,
      replies: new Stream({
        max: REPLIES_MAX,
        onLeave: () => this.#end(id),
        onAwaited: () => this.#options.onAwaited(),
      }),
      left,
      wasSent: false,
      release: () => signal?.removeEventListener("abort", abort),
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.#exchanges.set(id, exchange);
    this.#alarm.set(exchange.until, now);
    this.#responseTopic(replyQos, prefix).then(
      () => this.#send(id, exchange),
      (error) => this.#end(id, error),
    );
    return exchange;
  }

  async #send(id: number, exchange: Exchange): Promise<void> {
    const { topic, payload, what } = exchange;
    const { qos = 0, replyQos = 0, properties, signal } = exchange.options;
    try {
      const responseTopic = await this.#responseTopic(replyQos, undefined);
      if (!this.#exchanges.has(id)) return;
      const correlationData = new Uint8Array(CORRELATION_SIZE);
      new DataView(correlationData.buffer).setUint32(0, id);
      const result = await this.#options.client.publish(topic, payload, {
        qos,
        properties: { ...properties, responseTopic, correlationData },
        ...(signal === undefined ? {} : { signal }),
      });
      exchange.wasSent = true;
      if (result?.reasonCode !== ReasonCode.noMatchingSubscribers) return;
      this.#end(
        id,
        new RequestError(`Cannot ${what}: nobody is subscribed to it`, {
          reasonCode: result.reasonCode,
        }),
      );
    } catch (error) {
      this.#end(id, error);
    }
  }

  #onReply(message: Message): void {
    const { correlationData } = message.properties;
    if (correlationData?.length !== CORRELATION_SIZE) return;
    const { buffer, byteOffset } = correlationData;
    const id = new DataView(buffer, byteOffset).getUint32(0);
    const exchange = this.#exchanges.get(id);
    // Whoever asked has given up, or has all the replies that were wanted.
    if (exchange === undefined) return;
    exchange.replies.push(message);
    if (--exchange.left === 0) this.#end(id);
  }

  #end(id: number, error?: unknown): void {
    const exchange = this.#exchanges.get(id);
    if (exchange === undefined) return;
    this.#exchanges.delete(id);
    exchange.release();
    exchange.replies.end(error);
  }

  /** The topic for replies of one QoS, once it is subscribed to. One that was refused is asked for anew by the next request. */
  async #responseTopic(qos: QoS, prefix: string | undefined): Promise<string> {
    const subscribing = this.#subscribing.get(qos) ??
      this.#subscribe(qos, prefix);
    const { filters: [topic = ""], granted: [reasonCode = 0] } =
      await subscribing;
    if (reasonCode < 0x80) return topic;
    // It was refused on a later connection.
    if (this.#subscribing.get(qos) === subscribing) {
      this.#subscribing.delete(qos);
    }
    return this.#responseTopic(qos, prefix);
  }

  #subscribe(qos: QoS, prefix: string | undefined): Promise<Subscription> {
    const beginning = (prefix ?? PREFIX).replace(/\/$/, "");
    if (qos > 0) {
      this.#options.life.status.tell({
        type: "warning",
        text:
          `Replies of QoS ${qos} wait behind all messages that are not acknowledged: a loop that makes requests may wait for itself`,
      });
    }
    const subscribing = this.#options.client.subscribe(
      `${beginning}/${this.#name}/${qos}`,
      { qos, ack: "receipt", onMessage: (message) => this.#onReply(message) },
    );
    this.#subscribing.set(qos, subscribing);
    subscribing.catch(() => this.#subscribing.delete(qos));
    return subscribing;
  }

  #takeId(): number {
    do this.#latest = (this.#latest + 1) >>> 0; while (
      this.#exchanges.has(this.#latest)
    );
    return this.#latest;
  }
}
