/**
 * What happens to the connection of a command that takes its time: a line on stderr for each change, so that it
 * never waits in silence.
 *
 * @module
 */
import type { Client, StatusEvent } from "../../mod.ts";
import { sentence } from "./sentence.ts";
import { writeError } from "./terminal.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Below this a tenth of a second says something. */
const TENTHS_MS = 10 * SECOND_MS;

/** So many of a smaller unit are said before a larger one is taken: `119 s`, then `2 min`. */
const UNITS_MAX = 120;

/** Tells what changes until the client ends. An error that has its line is told nowhere else, nor here if it was. */
export async function tellChanges(
  client: Client,
  told: WeakSet<Error>,
): Promise<void> {
  const lines = new ChangeLines();
  for await (const event of client.status()) {
    const line = lines.of(event);
    if (line === undefined) continue;
    if (event.type === "subscription-refused") {
      if (told.has(event.error)) continue;
      told.add(event.error);
    }
    writeError(`midge: ${line}`);
  }
}

/** Has the line of each change. */
export class ChangeLines {
  // What was told once need not be told again. Of the first connection the command's own notes tell.
  readonly #warnings = new Set<string>();
  #wasLost = false;
  #isUnclaimedTold = false;

  /** Undefined where a person need not know. */
  of(event: StatusEvent): string | undefined {
    switch (event.type) {
      case "lost":
        this.#wasLost = true;
        return retryLine(event);
      case "retry-failed":
        return retryLine(event);
      case "back":
        return backLine(event);
      case "session-lost":
        return sessionLine(event);
      case "flapping":
        return "three connections in a row ended within 5 s. Does another client have this client id? Check -i";
      case "subscription-refused":
        return sentence(event.error);
      case "warning":
        return this.#warning(event.text);
      case "dropped":
        return `${
          count(event.count, "message")
        } of QoS 0 came too fast, and had to be dropped`;
      case "unclaimed":
        return this.#unclaimed(event.topic);
      default:
        return undefined;
    }
  }

  #warning(text: string): string | undefined {
    const isNew = this.#wasLost && !this.#warnings.has(text);
    this.#warnings.add(text);
    return isNew ? text : undefined;
  }

  /** A session that others filled may bring many: the first stands for all. */
  #unclaimed(topic: string): string | undefined {
    if (this.#isUnclaimedTold) return undefined;
    this.#isUnclaimedTold = true;
    return `the session brings what this command does not take, such as a message to ${topic}: it is acknowledged and dropped`;
  }
}

function retryLine(
  { error, attempt, retryInMs }: StatusEvent & {
    readonly type: "lost" | "retry-failed";
  },
): string {
  return `${sentence(error)}; retry ${attempt} in ${span(retryInMs)}`;
}

function backLine(
  { awayMs, sessionPresent, filtersRestored }: StatusEvent & {
    readonly type: "back";
  },
): string {
  const session = sessionPresent ? "session resumed" : "a new session";
  const filters = filtersRestored > 0
    ? `, ${count(filtersRestored, "filter")} restored`
    : "";
  return `back after ${span(awayMs)}: ${session}${filters}`;
}

/** Where nothing was in flight, the line on the new session says it all. */
function sessionLine(
  { resent, unknown }: StatusEvent & { readonly type: "session-lost" },
): string | undefined {
  const fates = [
    ...(resent > 0 ? [`${resent} sent again may arrive twice`] : []),
    ...(unknown > 0 ? [`${unknown} may not have arrived`] : []),
  ];
  if (fates.length === 0) return undefined;
  return `the server has lost the session with ${
    count(resent + unknown, "message")
  } in flight: ${fates.join(", ")}`;
}

/** A number and what there are so many of. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** A time as people say it. */
function span(ms: number): string {
  if (ms < TENTHS_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (ms < UNITS_MAX * SECOND_MS) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < UNITS_MAX * MINUTE_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  return `${Math.round(ms / HOUR_MS)} h`;
}
