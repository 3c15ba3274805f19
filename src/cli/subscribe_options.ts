/**
 * The options of `midge subscribe`.
 *
 * @module
 */
import type { Table } from "./option.ts";
import { OUTPUT } from "./output_options.ts";
import { duration, integer, path, qos, text } from "./readers.ts";

const STOPS = ["count", "one"];

/** The options of `midge subscribe`. */
export const SUBSCRIBE = {
  topic: {
    letters: "t",
    argument: "FILTER",
    read: text,
    repeat: true,
    help: "the Topic Filter; may be given several times, also as FILTER=QOS",
  },
  qos: {
    letters: "q",
    argument: "QOS",
    read: qos,
    help: "the highest QoS to receive with (0)",
  },
  unsubscribe: {
    letters: "U",
    argument: "FILTER",
    read: text,
    repeat: true,
    help: "leave a Topic Filter of the session that -c goes on with",
  },
  store: {
    argument: "FILE",
    read: path,
    help:
      "keep the session in FILE: the next run goes on with it, also after a kill",
  },
  count: {
    letters: "C",
    argument: "N",
    read: integer(1, Number.MAX_SAFE_INTEGER),
    rivals: STOPS,
    help: "end after N messages",
  },
  one: { letters: "1", rivals: STOPS, help: "end after one message" },
  timeout: {
    letters: "W",
    argument: "TIME",
    read: duration,
    help: "end after this time, with exit code 27",
  },
  idleTimeout: {
    argument: "TIME",
    read: duration,
    help: "end when nothing came for this time, with exit code 27",
  },
  exitAfterSubscribe: {
    letters: "E",
    help: "end when the server has answered: print nothing",
  },
  noRetained: {
    letters: "R",
    rivals: ["retainedOnly", "removeRetained"],
    help: "do not print retained messages",
  },
  retainedOnly: {
    help: "end with the first message that was not retained",
  },
  removeRetained: {
    help: "clear what is retained on each topic that is printed",
  },
  dryRun: { rivals: ["yes"], help: "with --remove-retained: only tell" },
  yes: { help: "with --remove-retained: do not ask" },
  filterOut: {
    letters: "T",
    argument: "FILTER",
    read: text,
    repeat: true,
    help: "do not print what matches; may be given several times",
  },
  shared: {
    argument: "GROUP",
    read: text,
    mqtt5: true,
    help: "share the messages with the others of a group",
  },
  reply: {
    argument: "TEXT",
    read: text,
    mqtt5: true,
    help:
      "answer each request with TEXT; |COMMAND gives it to a command, and answers with its output",
  },
  noLocal: { mqtt5: true, help: "not what this client itself publishes" },
  retainAsPublished: {
    mqtt5: true,
    help: "show the retain flag as the publisher set it",
  },
  retainHandling: {
    argument: "0|1|2",
    read: qos,
    mqtt5: true,
    help: "retained messages always, if new, or never (0)",
  },
  ...OUTPUT,
} as const satisfies Table;
