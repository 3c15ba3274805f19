/**
 * The messages of `midge publish --store`: each arrives, though the command is killed and run again.
 *
 * @module
 */
import type {
  Client,
  ConnectOptions,
  DisconnectOptions,
  Restored,
} from "../../mod.ts";
import { count } from "./changes.ts";
import { Course } from "./course.ts";
import type { Common } from "./json_message.ts";
import { KeptStream } from "./kept_stream.ts";
import { leftIn, Leftovers } from "./leftovers.ts";
import type { Values } from "./option.ts";
import { type Place, placeOf } from "./place.ts";
import { publishStream, type Source } from "./publish_stream.ts";
import type { SHARED } from "./shared_options.ts";
import { isDamaged, storeOptions } from "./stored.ts";
import { writeError } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";

/** What the pieces of an input are called. */
const NOUNS = {
  lines: "line",
  nul: "part",
  jsonl: "line",
  repeat: "message",
} as const satisfies Record<Source["type"], string>;

type StoredValues = Values<typeof SHARED> & {
  readonly store: string | undefined;
};

/** What is to be published, and where it is kept. */
export interface StoredOptions {
  readonly path: string;
  readonly values: StoredValues;
  readonly address: string;
  readonly source: Source;
  readonly common: Common;
}

/** One run, from what the store has brought back to its end. */
export class StoredRun {
  /** What `connect()` is asked for. */
  readonly connect: ConnectOptions;
  /** What is said when all has arrived: the next run begins anew. */
  readonly disconnect: DisconnectOptions = { checkpoint: undefined };
  readonly #options: StoredOptions;
  #before: Place | undefined;
  #isDamaged = false;

  /** Throws a UsageError for what contradicts a store. */
  constructor(options: StoredOptions) {
    const { path, values, address, common } = options;
    if (common.options.qos === 0) {
      throw new UsageError(
        "--store keeps no message of QoS 0: add -q 2, exactly once, or -q 1",
      );
    }
    this.#options = options;
    this.connect = storeOptions(path, values, {
      address,
      onRestored: (restored) => this.#onRestored(restored),
    });
  }

  /** Publishes what is to be published, and returns the exit code. */
  async publish(client: Client, stop: AbortSignal): Promise<number> {
    const { path, source, common, values: { quiet } } = this.#options;
    if (this.#isDamaged) {
      throw new UsageError(
        `what ${path} knows of the input may not be the last: nothing of it was published. Run it again to go on with what is left`,
      );
    }
    return await publishStream(client, {
      source,
      common,
      stop,
      quiet,
      keep: (fate) =>
        new KeptStream({
          client,
          course: this.#course(),
          leftovers: new Leftovers(client, fate),
        }),
    });
  }

  #course(): Course {
    const { path, source, common, values: { quiet } } = this.#options;
    const noun = NOUNS[source.type];
    return new Course({
      before: this.#before,
      identity: JSON.stringify([source.type, common.topics]),
      noun,
      onOther() {
        if (quiet) return;
        writeError(
          `midge: this is not the input of which ${path} knows: no ${noun} of it is skipped`,
        );
      },
    });
  }

  #onRestored(restored: Restored): void {
    const { path, values, source } = this.#options;
    const { checkpoint } = restored;
    this.#before = checkpoint === undefined ? undefined : placeOf(checkpoint);
    if (checkpoint !== undefined && this.#before === undefined) {
      throw new UsageError(
        `${path} belongs to another command or program. Take another --store`,
      );
    }
    this.#isDamaged = isDamaged(restored);
    if (values.quiet) return;
    const line = restoredLine(leftIn(restored), this.#before, source.type);
    if (line !== undefined) writeError(`midge: ${path}: ${line}`);
  }
}

/** What a person is told of what has come back; undefined where that is nothing. */
export function restoredLine(
  messages: number,
  place: Place | undefined,
  type: Source["type"],
): string | undefined {
  const said = [
    ...(messages > 0 ? [`${count(messages, "message")} restored`] : []),
    ...(place === undefined ? [] : [taken(place, NOUNS[type])]),
  ];
  return said.length === 0 ? undefined : said.join(", ");
}

function taken({ lines, messages }: Place, noun: string): string {
  const part = messages > 0 ? ` and a part of the next` : "";
  const verb = lines === 1 && part === "" ? "was" : "were";
  return `${count(lines, noun)}${part} of the input ${verb} taken before`;
}
