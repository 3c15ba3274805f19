/**
 * The options of `midge test`.
 *
 * @module
 */
import type { Table } from "./option.ts";
import { duration, integer, text } from "./readers.ts";

/** The options of `midge test`. */
export const TEST = {
  topicP: {
    letters: "t",
    argument: "TOPIC",
    read: text,
    help: "the topic to publish to (test/1)",
  },
  topicS: {
    letters: "s",
    argument: "FILTER",
    read: text,
    help: "the topic to subscribe to (test/2; with --embedded that of -t)",
  },
  count: {
    argument: "N",
    read: integer(1, Number.MAX_SAFE_INTEGER),
    help: "end after N messages were published",
  },
  interval: {
    argument: "TIME",
    read: duration,
    help: "the time between two messages (1s, with --embedded 500ms)",
  },
} as const satisfies Table;
