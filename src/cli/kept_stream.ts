/**
 * The stream of `midge publish --store`: with each message the store is told how much of the input was taken.
 *
 * @module
 */
import { type Client, PublishError } from "../../mod.ts";
import type { Course } from "./course.ts";
import type { Outgoing } from "./json_message.ts";
import type { Leftovers } from "./leftovers.ts";
import type { Line, StreamKeeping } from "./publish_stream.ts";
import { UsageError } from "./usage_error.ts";

/** So many messages of earlier runs may wait when another is published: each run that is killed adds to them. */
const LEFT_MAX = 1_000;

/** What it is made from. */
export interface KeptStreamParts {
  readonly client: Client;
  readonly course: Course;
  readonly leftovers: Leftovers;
}

/** Goes through an input, of which an earlier run may have taken a part. */
export class KeptStream implements StreamKeeping {
  readonly #client: Client;
  readonly #course: Course;
  readonly #leftovers: Leftovers;
  #hasRoom = false;

  /** Begins before the first line. */
  constructor({ client, course, leftovers }: KeptStreamParts) {
    this.#client = client;
    this.#course = course;
    this.#leftovers = leftovers;
  }

  /** See `StreamKeeping.messages`. A line that cannot be read is taken all the same: the next run goes on behind it. */
  async messages(line: Line, read: () => Outgoing[]): Promise<Outgoing[]> {
    const step = await this.#afterLeftovers(() => this.#course.next(line));
    if (step.skipped === Infinity) return [];
    if (!this.#hasRoom) await this.#leftovers.atMost(LEFT_MAX);
    this.#hasRoom = true;
    try {
      const messages = read();
      const { length } = messages;
      return messages.map((message, index) => ({
        ...message,
        options: {
          ...message.options,
          checkpoint: step.checkpoint(index + 1, length),
        },
      })).slice(step.skipped);
    } catch (error) {
      await this.#client.checkpoint(step.checkpoint(1, 1));
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`${error.message}. Run it again to go on behind it`);
    }
  }

  /** See `StreamKeeping.refused`. What nobody would take is taken all the same, unlike what could not be kept. */
  refused({ options: { checkpoint } }: Outgoing, error: unknown): void {
    const isOfItself = error instanceof TypeError ||
      error instanceof RangeError || error instanceof PublishError;
    // Where it cannot be kept the store has failed, which ends the stream by itself.
    if (isOfItself) this.#client.checkpoint(checkpoint).catch(() => {});
  }

  /** See `StreamKeeping.inputEnded`. */
  async inputEnded(): Promise<void> {
    await this.#afterLeftovers(() => this.#course.end());
  }

  /** See `StreamKeeping.settled`. */
  async settled(): Promise<void> {
    await this.#leftovers.atMost(0);
  }

  /** An input that is not right is no reason to leave what was taken before. */
  async #afterLeftovers<Value>(look: () => Value): Promise<Value> {
    try {
      return look();
    } catch (error) {
      await this.#leftovers.atMost(0);
      throw error;
    }
  }
}
