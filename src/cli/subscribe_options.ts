/**
 * The options of `midge subscribe`.
 *
 * @module
 */
import type { Table } from "./option.ts";
import { duration, integer, qos, text } from "./readers.ts";

const FORMS = ["verbose", "classic", "json", "format"];

const LOOKS = ["hex", "base64", "raw"];

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
  verbose: {
    letters: "v",
    rivals: FORMS,
    help: "print the topic, a space and the payload",
  },
  classic: {
    rivals: FORMS,
    help: "print Topic: test/1, message: 'hello'",
  },
  json: {
    rivals: FORMS,
    help: "print a JSON object a line, with mosquitto's names",
  },
  pretty: {
    rivals: ["verbose", "classic", "format"],
    help: "print JSON over several lines",
  },
  format: {
    letters: "F",
    argument: "FORMAT",
    read: text,
    rivals: FORMS,
    help: "print %t topic, %p payload, %q QoS ... as mosquitto_sub -F does",
  },
  hex: {
    rivals: [...LOOKS, "json", "pretty"],
    help: "print payloads in hexadecimal",
  },
  base64: {
    rivals: [...LOOKS, "json", "pretty"],
    help: "print payloads in base64",
  },
  raw: {
    rivals: LOOKS,
    help: "print every byte as it is, on a terminal too",
  },
  noNewline: { letters: "N", help: "print no newline after a payload" },
} as const satisfies Table;
