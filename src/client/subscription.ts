/**
 * What `subscribe()` resolves with: some Topic Filters, and the loop over what matches them.
 *
 * @module
 */
import type { Consumer } from "./consumer.ts";
import { BatchLoop, type LoopOwner, MessageLoop } from "./loop.ts";
import type { Message } from "./message.ts";
import type { UnsubscribeOptions } from "./options.ts";

/** What a subscription asks its client to do. */
export interface SubscriptionOwner {
  /** A loop begins. */
  attach(consumer: Consumer): void;
  /** A loop was left. */
  detach(consumer: Consumer): void;
  /** Whether it was asked to leave, and could. */
  hasLeft(subscription: Subscription): boolean;
  /** The subscription wants no more messages. */
  leave(
    subscription: Subscription,
    options: UnsubscribeOptions,
  ): Promise<void>;
  /** Resolves when it has left, or there is no connection. */
  dispose(left: Promise<void>): Promise<void>;
}

/** What a subscription is made from. */
export interface SubscriptionParts {
  readonly filters: readonly string[];
  readonly consumer: Consumer;
  readonly owner: SubscriptionOwner;
}

/**
 * One or more Topic Filters of a client, and the messages that match them.
 *
 * Iterate it to receive. A message is acknowledged when the loop asks for the next one (see `ack` in
 * {@linkcode SubscribeOptions}). Leaving the loop by break, return or throw keeps the filters, and puts
 * the message in hand, unacknowledged, back at the head of the queue, to be had by the next loop:
 * call `message.ack()` before a break that is meant.
 *
 * @example
 * ```ts ignore
 * await using readings = await client.subscribe("sensors/+/temperature", { qos: 1 });
 * for await (const message of readings) console.log(message.topic, message.text());
 * ```
 */
export class Subscription implements AsyncIterable<Message>, AsyncDisposable {
  /** The Topic Filters, as asked. */
  readonly filters: readonly string[];
  /**
   * The server's latest answer for each filter: the QoS granted, 0 to 2, or 128 and more for one that was
   * refused. That happens only with `partial`, or where it was refused on a later connection.
   */
  granted: readonly number[] = [];
  readonly #consumer: Consumer;
  readonly #owner: SubscriptionOwner;
  #ended: Promise<void> | undefined;

  /** Made by `subscribe()` alone. */
  constructor(parts: SubscriptionParts) {
    this.filters = parts.filters;
    this.#consumer = parts.consumer;
    this.#owner = parts.owner;
  }

  /** How many messages wait in its queue. */
  get waiting(): number {
    return this.#consumer.length;
  }

  /** Begins the loop. Throws a TypeError where one is under way, or where `onMessage` was given. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message, undefined> {
    return beginLoop(
      MessageLoop,
      this.#consumer,
      this.#owner,
      "this subscription",
    );
  }

  /**
   * A loop for those who count nanoseconds: each turn gives all that waits, at least one message. All
   * of a batch is acknowledged when the next is asked for.
   */
  batches(): AsyncIterableIterator<Message[], undefined> {
    return beginLoop(
      BatchLoop,
      this.#consumer,
      this.#owner,
      "this subscription",
    );
  }

  /**
   * Leaves the filters: UNSUBSCRIBE goes out for each that no other subscription of the client has.
   * Resolves after UNSUBACK; the loop still gets what came before it, then ends.
   */
  unsubscribe(options: UnsubscribeOptions = {}): Promise<void> {
    if (this.#ended !== undefined) return this.#ended;
    const leaving = this.#owner.leave(this, options);
    // What could not begin may be asked again.
    if (this.#owner.hasLeft(this)) this.#ended = leaving;
    return leaving;
  }

  /** As `unsubscribe()`, but where there is no connection it does not wait for one: the next has UNSUBSCRIBE. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#owner.dispose(this.unsubscribe());
  }
}

/** Begins a loop over a consumer that has none. */
export function beginLoop<Loop extends MessageLoop | BatchLoop>(
  Kind: new (consumer: Consumer, owner: LoopOwner) => Loop,
  consumer: Consumer,
  owner: Pick<SubscriptionOwner, "attach" | "detach">,
  what: string,
): Loop {
  if (consumer.receiver !== undefined) {
    throw new TypeError(
      `Cannot begin a loop over ${what}: its messages go to another loop or to onMessage`,
    );
  }
  const loop = new Kind(consumer, { detach: () => owner.detach(consumer) });
  if (consumer.end === undefined) owner.attach(consumer);
  return loop;
}
