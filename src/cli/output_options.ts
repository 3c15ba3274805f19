/**
 * The options that say how messages are printed.
 *
 * @module
 */
import type { Table } from "./option.ts";
import { text } from "./readers.ts";

const FORMS = ["verbose", "classic", "json", "format"];

const LOOKS = ["hex", "base64", "raw"];

/** How messages are printed. */
export const OUTPUT = {
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
