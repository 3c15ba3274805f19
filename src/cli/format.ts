/**
 * How a received message is printed. Into a pipe or a file goes what came, byte for byte; on a
 * terminal its control characters are made visible.
 *
 * @module
 */
import type { Message } from "../../mod.ts";
import type { Output } from "./output.ts";
import { escapeLine, escapeText } from "./terminal.ts";

/** What is printed of a message. */
export type Received = Pick<
  Message,
  "topic" | "payload" | "qos" | "retain" | "packetId" | "properties"
>;

/** Appends one message to the output. */
export type Format = (message: Received, output: Output) => void;

/** How the parts of a message look. */
export interface Look {
  /** A topic, or another text that must stay on its line. */
  readonly text: (text: string) => string;
  /** The payload: text, or bytes that go out as they are. */
  readonly payload: (payload: Uint8Array) => string | Uint8Array;
  /** What stands behind each message. */
  readonly end: string;
}

/** Byte for byte: for pipes and files. */
export const RAW: Look = {
  text: (text) => text,
  payload: (payload) => payload,
  end: "\n",
};

/** With control characters made visible: for terminals. */
export const VISIBLE: Look = {
  text: escapeLine,
  payload: (payload) => escapeText(decode(payload)),
  end: "\n",
};

/** The payload on a line, as mosquitto_sub prints it. */
export function plain(look: Look): Format {
  return ({ payload }, output) => {
    append(output, look.payload(payload));
    output.text(look.end);
  };
}

/** The topic, a space and the payload on a line, as `mosquitto_sub -v` prints it. */
export function verbose(look: Look): Format {
  return ({ topic, payload }, output) => {
    output.text(`${look.text(topic)} `);
    append(output, look.payload(payload));
    output.text(look.end);
  };
}

/** The line of the old tools: `Topic: test/1, message: 'hello'`. */
export function classic(look: Look): Format {
  return ({ topic, payload }, output) => {
    output.text(`Topic: ${look.text(topic)}, message: '`);
    append(output, look.payload(payload));
    output.text(`'${look.end}`);
  };
}

/** Appends text or bytes. */
export function append(output: Output, part: string | Uint8Array): void {
  if (typeof part === "string") output.text(part);
  else output.bytes(part);
}

function decode(payload: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(payload);
}
