// How a program takes messages: by a loop that leaves and comes back, or by a handler that fails at times.

import { type Message, MqttError } from "../../mod.ts";
import type { Consumer } from "./account.ts";
import { keyOf } from "./ledger.ts";
import type { ConsumerPlan } from "./scenario.ts";

/** Thrown by loops that leave, and handlers that fail. */
export class Whim extends Error {
  override name = "Whim";
}

/** How a loop takes messages that has nothing else to do. */
export const CALM: ConsumerPlan = {
  form: "loop",
  ack: "processed",
  lateMs: 0,
  workMs: 0,
  leavesAfter: 0,
  leaves: "break",
  awayMs: 0,
  concurrency: 1,
  failsEvery: 0,
  onError: "close",
};

/** The process that a loop or handler is in: its time ends with it. */
export interface TakerHost {
  /** Nothing fails any more, and nobody leaves. */
  readonly isSound: boolean;
  schedule(callback: () => void, ms: number): void;
  sleep(ms: number): Promise<void>;
}

/** Takes messages as planned, and says so in the account. */
export class Taker {
  readonly #host: TakerHost;
  readonly #plan: ConsumerPlan;
  readonly #consumer: Consumer;
  #taken = 0;

  constructor(host: TakerHost, plan: ConsumerPlan, consumer: Consumer) {
    this.#host = host;
    this.#plan = plan;
    this.#consumer = consumer;
  }

  /** The loop: takes messages until it is over. */
  async loop(source: AsyncIterable<Message>): Promise<void> {
    const { lateMs, awayMs } = this.#plan;
    // A loop that begins at once has all that came behind SUBACK.
    if (lateMs > 0) await this.#host.sleep(lateMs);
    while (await this.#loopOnce(source) === "left") {
      await this.#host.sleep(awayMs);
    }
  }

  /** The handler. */
  handle(message: Message): Promise<void> | void {
    const { ack, workMs, failsEvery } = this.#plan;
    this.#begin(message);
    if (ack === "manual") return;
    const fails = ++this.#taken === failsEvery && !this.#host.isSound;
    if (fails) this.#taken = 0;
    const end = () => fails ? this.#fail(message) : this.#end(message);
    if (workMs === 0 || this.#host.isSound) return end();
    return this.#host.sleep(workMs).then(end);
  }

  async #loopOnce(source: AsyncIterable<Message>): Promise<"left" | "over"> {
    const { ack, workMs, leaves, leavesAfter } = this.#plan;
    let hasLeft = false;
    this.#taken = 0;
    try {
      for await (const message of source) {
        this.#begin(message);
        const { isSound } = this.#host;
        if (workMs > 0 && !isSound && ack !== "manual") {
          await this.#host.sleep(workMs);
        }
        if (++this.#taken === leavesAfter && !isSound) {
          hasLeft = true;
          if (leaves === "ack and break") this.#acknowledge(message);
          else this.#leave(message);
          if (leaves === "throw") throw new Whim("leaves");
          break;
        }
        if (ack === "processed") this.#end(message);
      }
    } catch (error) {
      if (!(error instanceof Whim || error instanceof MqttError)) throw error;
    }
    return hasLeft ? "left" : "over";
  }

  /** A message is in hand. */
  #begin(message: Message): void {
    const { ack } = this.#plan;
    this.#consumer.handed(keyOf(message.payload), message.qos);
    if (ack === "receipt") this.#consumer.done(keyOf(message.payload));
    if (ack === "manual") this.#acknowledgeLater(message);
  }

  /** It is done with a message. */
  #end(message: Message): void {
    if (this.#plan.ack === "receipt") return;
    this.#consumer.done(keyOf(message.payload));
  }

  #fail(message: Message): never {
    const { onError } = this.#plan;
    if (onError === "reject") this.#consumer.refused(keyOf(message.payload));
    if (onError === "acknowledge") this.#end(message);
    throw new Whim("fails");
  }

  /** The loop is left with a message in hand. */
  #leave(message: Message): void {
    if (message.qos === 0) return this.#end(message);
    if (this.#plan.ack === "receipt") return;
    if (this.#consumer.settled.has(message)) return;
    this.#consumer.putBack(keyOf(message.payload));
    this.#consumer.leftInHand.add(message);
  }

  #acknowledge(message: Message): void {
    this.#consumer.settled.add(message);
    this.#consumer.acknowledged(keyOf(message.payload));
    void message.ack();
  }

  #acknowledgeLater(message: Message): void {
    const { leftInHand, settled } = this.#consumer;
    leftInHand.delete(message);
    this.#host.schedule(() => {
      // One that was left in hand is handed out again.
      if (leftInHand.has(message) || settled.has(message)) return;
      this.#acknowledge(message);
    }, this.#plan.workMs + 1);
  }
}
