/**
 * The options of `midge publish`.
 *
 * @module
 */
import type { Table } from "./option.ts";
import { duration, integer, path, qos, text } from "./readers.ts";

const MESSAGES = [
  "message",
  "file",
  "stdinFile",
  "stdinLine",
  "stdinNull",
  "nullMessage",
  "jsonl",
];

/** The options of `midge publish`. */
export const PUBLISH = {
  topic: {
    letters: "t",
    argument: "TOPIC",
    read: text,
    repeat: true,
    help: "the Topic Name to publish to; may be given several times",
  },
  message: {
    letters: "m",
    argument: "TEXT",
    read: text,
    rivals: MESSAGES,
    help: "the message",
  },
  file: {
    letters: "f",
    argument: "FILE",
    read: text,
    rivals: MESSAGES,
    help: "the message is the content of FILE; - is standard input",
  },
  stdinFile: {
    letters: "s",
    rivals: MESSAGES,
    help: "the message is all of standard input",
  },
  stdinLine: {
    letters: "l",
    rivals: MESSAGES,
    help: "each line of standard input is a message",
  },
  stdinNull: {
    letters: "0",
    rivals: MESSAGES,
    help: "what stands between NUL bytes of standard input is a message",
  },
  jsonl: {
    rivals: MESSAGES,
    help: "each line of standard input is what subscribe --json prints",
  },
  nullMessage: {
    letters: "n",
    rivals: MESSAGES,
    help: "an empty message; with -r it clears what is retained",
  },
  qos: {
    letters: "q",
    argument: "QOS",
    read: qos,
    help: "0 at most once, 1 at least once, 2 exactly once (0)",
  },
  retain: {
    letters: "r",
    help: "the server retains the message for later subscribers",
  },
  store: {
    argument: "FILE",
    read: path,
    help:
      "keep in FILE what the server has not got, and how much of the input was taken: after a kill, run it again",
  },
  repeat: {
    argument: "N",
    read: integer(1, Number.MAX_SAFE_INTEGER),
    rivals: ["stdinLine", "stdinNull", "jsonl"],
    help: "publish the message N times",
  },
  interval: {
    aliases: ["repeat-delay"],
    argument: "TIME",
    read: duration,
    help: "the time between two of --repeat",
  },
} as const satisfies Table;
