/**
 * The loops over a consumer: message by message, or all that waits at once.
 *
 * @module
 */
import type { Consumer } from "./consumer.ts";
import type { Message } from "./message.ts";

/** How a loop tells that it begins and that it was left. */
export interface LoopOwner {
  /** The loop was left, or has ended: another may begin. */
  detach(): void;
}

interface Waiter<Value> {
  resolve(result: IteratorResult<Value, undefined>): void;
  reject(error: Error): void;
}

/** What all loops share: one waiting `next()` at a time is enough for `for await`; more queue up. */
abstract class Loop<Value> implements AsyncIterableIterator<Value, undefined> {
  protected readonly consumer: Consumer;
  readonly #owner: LoopOwner;
  #inHand: Value | undefined;
  #left = false;
  #waiters: Waiter<Value>[] = [];

  constructor(consumer: Consumer, owner: LoopOwner) {
    this.consumer = consumer;
    this.#owner = owner;
    consumer.receiver = (message) => this.#receive(message);
    consumer.onEnd = () => this.#settle();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Value, undefined>> {
    if (this.#inHand !== undefined) {
      this.finish(this.#inHand);
      this.#inHand = undefined;
    }
    if (this.#left) return Promise.resolve({ done: true, value: undefined });
    const value = this.#waiters.length === 0 ? this.takeValue() : undefined;
    if (value !== undefined) {
      this.#inHand = value;
      return Promise.resolve({ done: false, value });
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (this.consumer.end !== undefined) this.#settle();
    });
  }

  /** A break, a return and a throw look alike from here. */
  return(): Promise<IteratorResult<Value, undefined>> {
    if (!this.#left) {
      if (this.#inHand !== undefined) this.putBack(this.#inHand);
      this.#inHand = undefined;
      this.#leave();
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  protected abstract takeValue(): Value | undefined;
  protected abstract wrap(message: Message): Value;
  protected abstract finish(value: Value): void;
  protected abstract putBack(value: Value): void;

  #receive(message: Message): boolean {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) return false;
    const value = this.wrap(message);
    waiter.resolve({ done: false, value });
    // Where another next() waits already, the next has been asked for.
    if (this.#waiters.length === 0) this.#inHand = value;
    else this.finish(value);
    return true;
  }

  /** The consumer has ended, and what it still had was taken. */
  #settle(): void {
    const { end } = this.consumer;
    if (end === undefined || this.consumer.length > 0) return;
    const [first] = this.#waiters;
    if (first === undefined) return;
    if (end.error !== undefined) {
      this.#waiters.shift();
      first.reject(end.error);
    }
    this.#leave();
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.consumer.receiver = undefined;
    this.consumer.onEnd = undefined;
    for (const waiter of this.#waiters) {
      waiter.resolve({ done: true, value: undefined });
    }
    this.#waiters = [];
    this.#owner.detach();
  }
}

/** A loop that gets one message after the other. */
export class MessageLoop extends Loop<Message> {
  protected takeValue(): Message | undefined {
    return this.consumer.shift();
  }

  protected wrap(message: Message): Message {
    return message;
  }

  protected finish(message: Message): void {
    this.consumer.finish(message);
  }

  protected putBack(message: Message): void {
    this.consumer.putBack(message);
  }
}

/** How many messages a batch holds at most: enough that what a batch costs is nothing for each of them. */
const BATCH_MAX = 4_096;

/** A loop that gets all that waits, in arrays that are never empty. */
export class BatchLoop extends Loop<Message[]> {
  protected takeValue(): Message[] | undefined {
    const { consumer } = this;
    if (consumer.length === 0) return undefined;
    const batch: Message[] = [];
    while (batch.length < BATCH_MAX) {
      const message = consumer.shift();
      if (message === undefined) break;
      batch.push(message);
    }
    return batch;
  }

  protected wrap(message: Message): Message[] {
    return [message];
  }

  protected finish(batch: Message[]): void {
    for (const message of batch) this.consumer.finish(message);
  }

  protected putBack(batch: Message[]): void {
    for (let i = batch.length - 1; i >= 0; i--) {
      const message = batch[i];
      if (message !== undefined) this.consumer.putBack(message);
    }
  }
}
