/**
 * The callback form: a handler at the end of a consumer.
 *
 * @module
 */
import { ReasonCode } from "../codec/reason_code.ts";
import type { Consumer } from "./consumer.ts";
import type { Message } from "./message.ts";

/** Called with each message, in order. The message is acknowledged when what it returns resolves. */
// deno-lint-ignore no-explicit-any -- whatever a callback returns, only a promise among it is of interest.
export type MessageHandler = (message: Message) => any;

/**
 * What happens where a handler throws or rejects. `"close"`: the client ends with that error, and
 * the message stays with the server. `"reject"`: the server is told to discard it (MQTT 5).
 * `"acknowledge"`: as if it had succeeded.
 */
export type OnError = "close" | "reject" | "acknowledge";

/** What a runner is made from. */
export interface HandlerOptions {
  readonly onMessage: MessageHandler;
  readonly onError: OnError;
  /** How many run at once. */
  readonly concurrency: number;
  /** Told of the error that is to end the client. */
  readonly fail: (error: unknown) => void;
}

/** Gives a consumer's messages to a handler, so many at a time. */
export function runHandler(consumer: Consumer, options: HandlerOptions): void {
  const { onMessage, onError, concurrency, fail } = options;
  let running = 0;
  let hasFailed = false;

  const failed = (message: Message, error: unknown) => {
    if (onError === "close") {
      hasFailed = true;
      return fail(error);
    }
    if (onError === "acknowledge") return consumer.finish(message);
    message.reject(ReasonCode.implementationSpecificError).catch(fail);
  };

  const run = (message: Message) => {
    let result: unknown;
    try {
      result = onMessage(message);
    } catch (error) {
      return failed(message, error);
    }
    if (!isThenable(result)) return consumer.finish(message);
    running++;
    result.then(
      () => consumer.finish(message),
      (error) => failed(message, error),
    ).then(next);
  };

  const next = () => {
    running--;
    while (running < concurrency && !hasFailed) {
      const message = consumer.shift();
      if (message === undefined) return;
      run(message);
    }
  };

  consumer.receiver = (message) => {
    if (running >= concurrency || hasFailed) return false;
    if (consumer.state !== "attached") return false;
    run(message);
    return true;
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
