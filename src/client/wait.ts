/**
 * What a caller waits for: a promise that settles once, and can be given up by a signal.
 *
 * @module
 */
import { AbortedError, type Delivery } from "../errors.ts";
import type { PublishResult, SubscribeOptions } from "./options.ts";
import type { Subscription } from "./subscription.ts";

const ignore = () => {};

/** A promise with its two ends. A rejection that nobody awaits does not end the process. */
export class Wait<Value> {
  /** What the caller gets. */
  readonly promise: Promise<Value>;
  /** Whether it is decided. */
  settled = false;
  #resolve: (value: Value) => void = ignore;
  #reject: (error: unknown) => void = ignore;
  #unhook: (() => void) | undefined;

  /** Makes a promise that is pending. */
  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** It is done. */
  resolve(value: Value): void {
    if (this.settled) return;
    this.settled = true;
    this.#unhook?.();
    this.#resolve(value);
  }

  /** It has failed. */
  reject(error: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.#unhook?.();
    this.promise.catch(ignore);
    this.#reject(error);
  }

  /** Rejects as soon as the signal fires; `giveUp` says what is known of the delivery. */
  abortWith(
    signal: AbortSignal | undefined,
    what: string,
    giveUp: () => Delivery | undefined = () => undefined,
  ): void {
    if (signal === undefined) return;
    const abort = () => {
      if (!this.settled) this.reject(aborted(what, signal, giveUp()));
    };
    signal.addEventListener("abort", abort, { once: true });
    this.#unhook = () => signal.removeEventListener("abort", abort);
  }
}

/** Is told of a publish that has failed. */
export type TellFailure = (topicName: string, error: unknown) => void;

/** A publish under way. Its failure is told, whether or not anybody awaits it. */
export class PublishWait extends Wait<PublishResult | undefined> {
  /** Tells it from the other requests. */
  readonly type = "publish";
  /** Where the message goes. */
  readonly topicName: string;
  readonly #tellFailure: TellFailure;

  /** Makes the wait for one message. */
  constructor(topicName: string, tellFailure: TellFailure) {
    super();
    this.topicName = topicName;
    this.#tellFailure = tellFailure;
  }

  /** It has failed. */
  override reject(error: unknown): void {
    if (this.settled) return;
    this.#tellFailure(this.topicName, error);
    super.reject(error);
  }
}

/**
 * A publish of QoS 0 that waits for a connection. Its caller waits for room alone; what fails after that is
 * told all the same.
 */
export class KeptWait extends PublishWait {
  /** What the caller gets. */
  readonly room: PublishWait;

  /** Makes the wait for one message. */
  constructor(topicName: string, tellFailure: TellFailure) {
    super(topicName, tellFailure);
    this.room = new PublishWait(topicName, tellFailure);
  }

  /** It has failed. */
  override reject(error: unknown): void {
    if (this.room.settled) super.reject(error);
    else this.room.reject(error);
  }
}

/** A publish of an earlier process, which a store has brought back: nobody waits for it, and its end is told. */
export class RestoredWait extends PublishWait {
  readonly #tellSuccess: (topicName: string) => void;

  /** Makes the wait for one message. */
  constructor(
    topicName: string,
    tellFailure: TellFailure,
    tellSuccess: (topicName: string) => void,
  ) {
    super(topicName, tellFailure);
    this.#tellSuccess = tellSuccess;
  }

  /** It is done. */
  override resolve(result: PublishResult | undefined): void {
    if (!this.settled) this.#tellSuccess(this.topicName);
    super.resolve(result);
  }
}

/** A SUBSCRIBE under way. */
export class SubscribeWait extends Wait<Subscription> {
  /** Tells it from the other requests. */
  readonly type = "subscribe";
  /** What it will resolve with. */
  readonly subscription: Subscription;
  /** For messages: what was asked. */
  readonly what: string;
  /** Whether it resolves though some filters are refused. */
  readonly partial: boolean;
  /** Ends the subscription later. */
  readonly signal: AbortSignal | undefined;

  /** Makes the wait for one SUBACK. */
  constructor(
    subscription: Subscription,
    what: string,
    options: SubscribeOptions,
  ) {
    super();
    this.subscription = subscription;
    this.what = what;
    this.partial = options.partial ?? false;
    this.signal = options.signal;
  }
}

/** An UNSUBSCRIBE under way. */
export class UnsubscribeWait extends Wait<readonly number[]> {
  /** Tells it from the other requests. */
  readonly type = "unsubscribe";
  /** The Topic Filters, in the order asked. */
  readonly topicFilters: readonly string[];
  /** Called when UNSUBACK comes, or never will, whether or not anybody still waits. */
  readonly onAnswer: () => void;

  /** Makes the wait for one UNSUBACK. */
  constructor(topicFilters: readonly string[], onAnswer: () => void) {
    super();
    this.topicFilters = topicFilters;
    this.onAnswer = onAnswer;
  }
}

/** What the session is given with a packet, and gives back with its answer. */
export type Request = PublishWait | SubscribeWait | UnsubscribeWait;

/** The error of a wait that its signal has ended. */
export function aborted(
  what: string,
  signal: AbortSignal,
  delivery?: Delivery,
): AbortedError {
  return new AbortedError(`Cannot ${what}: the signal was aborted`, {
    cause: signal.reason,
    delivery,
  });
}

/** A rejected promise that does not end the process where nobody awaits it. */
export function rejected<Value>(error: unknown): Promise<Value> {
  const promise = Promise.reject(error);
  promise.catch(ignore);
  return promise;
}

/** The same without its value; it does not end the process either where nobody awaits it. */
export function quiet(promise: Promise<unknown>): Promise<void> {
  const result = promise.then(() => {});
  result.catch(ignore);
  return result;
}
