/**
 * The options of `midge request`.
 *
 * @module
 */
import type { Table } from "./option.ts";
import { OUTPUT } from "./output_options.ts";
import { duration, integer, qos, text } from "./readers.ts";

const MESSAGES = ["message", "file", "stdinFile", "nullMessage"];

/** The options of `midge request`. */
export const REQUEST = {
  topic: {
    letters: "t",
    argument: "TOPIC",
    read: text,
    help: "the Topic Name to send the request to",
  },
  message: {
    letters: "m",
    argument: "TEXT",
    read: text,
    rivals: MESSAGES,
    help: "the request",
  },
  file: {
    letters: "f",
    argument: "FILE",
    read: text,
    rivals: MESSAGES,
    help: "the request is the content of FILE; - is standard input",
  },
  stdinFile: {
    letters: "s",
    rivals: MESSAGES,
    help: "the request is all of standard input",
  },
  nullMessage: {
    letters: "n",
    rivals: MESSAGES,
    help: "an empty request",
  },
  qos: {
    letters: "q",
    argument: "QOS",
    read: qos,
    help: "how the request is sent (0)",
  },
  replyQos: {
    argument: "QOS",
    read: qos,
    help: "the highest QoS of the reply (0)",
  },
  count: {
    letters: "C",
    argument: "N",
    read: integer(1, Number.MAX_SAFE_INTEGER),
    help: "wait for N replies (1)",
  },
  timeout: {
    letters: "W",
    argument: "TIME",
    read: duration,
    help: "how long to wait (10 s); with fewer replies the exit code is 27",
  },
  ...OUTPUT,
} as const satisfies Table;
