/**
 * What a broker has seen: the messages that were published to it, and who waits for one.
 *
 * @module
 */
import type { QoS } from "../codec/packet.ts";
import type { PublishProperties } from "../codec/property.ts";
import { AbortedError } from "../errors.ts";
import { matchTopic, topicFilterFault } from "../topic/filter.ts";
import { type BrokerMessage, sizeOf } from "./message.ts";
import { ownedProperties } from "./owned.ts";

/** A message that was published: by a client, as a will, or by the broker itself. */
export class SeenMessage {
  /** Who published it; undefined where it was the broker itself. */
  readonly clientId: string | undefined;
  /** The Topic Name. */
  readonly topic: string;
  /** The payload's bytes: a copy. */
  readonly payload: Uint8Array;
  /** The QoS that it was published with. */
  readonly qos: QoS;
  /** Whether it is retained. */
  readonly retain: boolean;
  /** The MQTT 5 properties; empty under MQTT 3.x. */
  readonly properties: PublishProperties;

  /** Made by the broker alone. */
  constructor(message: BrokerMessage, clientId: string | undefined) {
    this.clientId = clientId;
    this.topic = message.topicName;
    this.payload = message.payload.slice();
    this.qos = message.qos;
    this.retain = message.retain;
    this.properties = ownedProperties(message.properties);
  }

  /** The payload as UTF-8; bytes that are not well-formed become U+FFFD. */
  text(): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.payload);
  }

  /** The payload as JSON. Throws a SyntaxError where it is none. */
  json<Value = unknown>(): Value {
    return JSON.parse(this.text());
  }
}

/** What payloads and properties that are kept may cost together: a broker that runs for days keeps no more. */
const BYTES_MAX = 16 * 1024 * 1024;

/** Somebody who waits for messages. */
interface Waiter {
  readonly filter: string;
  readonly count: number;
  readonly found: SeenMessage[];
  readonly resolve: (messages: SeenMessage[]) => void;
  readonly end: () => void;
}

/** Keeps the latest messages. */
export class SeenMessages {
  readonly #max: number;
  readonly #messages: SeenMessage[] = [];
  /** What each of them costs. */
  readonly #sizes: number[] = [];
  #bytes = 0;
  readonly #waiters = new Set<Waiter>();
  #isEnded = false;

  /** Keeps up to `max` messages. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Those that are kept, the oldest first. */
  get messages(): readonly SeenMessage[] {
    return this.#messages;
  }

  /** One more was published. */
  add(message: BrokerMessage, clientId: string | undefined): void {
    if (this.#max === 0 && this.#waiters.size === 0) return;
    const seen = new SeenMessage(message, clientId);
    const size = seen.payload.length + sizeOf(seen.properties);
    this.#messages.push(seen);
    this.#sizes.push(size);
    this.#bytes += size;
    while (this.#messages.length > this.#max || this.#bytes > BYTES_MAX) {
      this.#messages.shift();
      this.#bytes -= this.#sizes.shift() ?? 0;
    }
    for (const waiter of this.#waiters) offer(seen, waiter);
  }

  /** Resolves with the first `count` that match, as soon as there are so many. */
  async first(
    filter: string,
    count: number,
    signal?: AbortSignal,
  ): Promise<SeenMessage[]> {
    const what = `wait for messages to "${filter}"`;
    const fault = topicFilterFault(filter);
    if (fault !== undefined) throw new TypeError(`Cannot ${what}: ${fault}`);
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(
        `Cannot ${what}: their number must be a whole one from 1 on`,
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<SeenMessage[]>();
    const fail = (why: string, cause?: unknown) =>
      reject(new AbortedError(`Cannot ${what}: ${why}`, { cause }));
    const end = () => fail("the broker is closed");
    const waiter = { filter, count, found: [], resolve, end };
    const abort = () => fail("the signal was aborted", signal?.reason);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    this.#waiters.add(waiter);
    for (const message of this.#messages) offer(message, waiter);
    if (this.#isEnded) end();
    try {
      return await promise;
    } finally {
      this.#waiters.delete(waiter);
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Nothing more will come. */
  end(): void {
    this.#isEnded = true;
    for (const { end } of this.#waiters) end();
  }
}

function offer(
  message: SeenMessage,
  { filter, count, found, resolve }: Waiter,
): void {
  if (found.length < count && matchTopic(filter, message.topic)) {
    found.push(message);
  }
  if (found.length === count) resolve(found);
}
