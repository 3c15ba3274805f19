/**
 * `-F`: a format of the user's own, in the letters of `mosquitto_sub -F`.
 *
 * @module
 */
import { append, type Format, type Look, type Received } from "./format.ts";
import { jsonText, messageObject } from "./json.ts";
import { isoTime, TIME_FIELDS } from "./local_time.ts";
import type { Output } from "./output.ts";
import { writeError } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";

/** Appends one piece of the line. */
type Piece = (message: Received, output: Output, received: Date) => void;

/** What a letter stands for: text, or bytes such as the payload; undefined where there is none. */
type Field = (
  message: Received,
  received: Date,
  look: Look,
) => string | number | Uint8Array | undefined;

const FIELDS: Readonly<Record<string, Field>> = {
  A: ({ properties }) => properties.topicAlias,
  C: ({ properties }, _, { text }) => text(properties.contentType ?? ""),
  D: ({ properties }) => properties.correlationData,
  E: ({ properties }) => properties.messageExpiryInterval,
  F: ({ properties }) => properties.payloadFormatIndicator,
  I: (_, received) => isoTime(received),
  j: (message, received) => jsonText(messageObject(message, received)),
  J: (message, received) => jsonText(withJsonPayload(message, received)),
  l: ({ payload }) => payload.length,
  m: ({ packetId }) => packetId,
  P: ({ properties }, _, { text }) =>
    properties.userProperties?.map((pair) => text(pair.join(":"))).join(" "),
  p: ({ payload }) => payload,
  q: ({ qos }) => qos,
  R: ({ properties }, _, { text }) => text(properties.responseTopic ?? ""),
  r: ({ retain }) => retain ? 1 : 0,
  S: ({ properties }) => properties.subscriptionIdentifiers?.join(" "),
  t: ({ topic }, _, { text }) => text(topic),
  U: (_, received) => (received.getTime() / 1_000).toFixed(9),
  x: ({ payload }) => payload.toHex(),
  X: ({ payload }) => payload.toHex().toUpperCase(),
};

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  "0": "\0",
  a: "\x07",
  e: "\x1b",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** A field with flags, width and precision; a time; an escape; or text. */
const PIECES =
  /%(?<flags>[-0]*)(?<width>\d*)(?<precision>\.\d*)?(?<field>.?)|@(?<time>.?)|\\(?<escape>.?)|[^%@\\]+/gsu;

/** A format of `%t` topic, `%p` payload, `@H` hour, `\n` newline and so on. Throws a UsageError. */
export function formatString(format: string, look: Look): Format {
  const pieces = [...format.matchAll(PIECES)].map((match) =>
    compile(match[0], match.groups ?? {}, look)
  );
  return (message, output) => {
    const received = new Date();
    for (const piece of pieces) piece(message, output, received);
    output.text(look.end);
  };
}

function compile(
  typed: string,
  groups: Readonly<Record<string, string | undefined>>,
  look: Look,
): Piece {
  const { field, time, escape } = groups;
  if (field === "" || time === "" || escape === "") {
    throw new UsageError(`the format ends behind ${typed}`);
  }
  if (time === "@") return (_, output) => output.text("@");
  if (time !== undefined) {
    const timeField = lookUp(TIME_FIELDS, time, typed);
    return (_, output, received) => output.text(timeField(received));
  }
  if (escape !== undefined) return constant(typed, ESCAPES, escape);
  if (field === undefined) return (_, output) => output.text(typed);
  return field === "%"
    ? (_, output) => output.text("%")
    : compileField(typed, field, groups, look);
}

function constant(
  typed: string,
  texts: Readonly<Record<string, string>>,
  key: string,
): Piece {
  const text = lookUp(texts, key, typed);
  return (_, output) => output.text(text);
}

function compileField(
  typed: string,
  letter: string,
  groups: Readonly<Record<string, string | undefined>>,
  look: Look,
): Piece {
  const field = lookUp(FIELDS, letter, typed);
  const { flags = "", precision = "", width = "" } = groups;
  const gapMax = Number(width);
  const sizeMax = precision === "" ? Infinity : Number(precision.slice(1));
  const isLeft = flags.includes("-");
  return (message, output, received) => {
    const value = field(message, received, look) ?? "";
    const part = value instanceof Uint8Array
      ? look.payload(value.subarray(0, sizeMax))
      : String(value).slice(0, sizeMax);
    const gap = Math.max(0, gapMax - part.length);
    const fill = flags.includes("0") && typeof value === "number" ? "0" : " ";
    if (!isLeft) output.text(fill.repeat(gap));
    append(output, part);
    if (isLeft) output.text(" ".repeat(gap));
  };
}

/** The message as an object whose payload is what its JSON says. */
function withJsonPayload(
  message: Received,
  received: Date,
): Record<string, unknown> {
  const { payload, payload_b64: _, ...object } = messageObject(
    message,
    received,
  );
  if (typeof payload !== "string") return { ...object, payload: null };
  try {
    return { ...object, payload: JSON.parse(payload) };
  } catch {
    writeError(`midge: the payload on ${message.topic} is no JSON`);
    return { ...object, payload: null };
  }
}

function lookUp<Value>(
  table: Readonly<Record<string, Value>>,
  key: string,
  typed: string,
): Value {
  const value = Object.hasOwn(table, key) ? table[key] : undefined;
  if (value === undefined) {
    throw new UsageError(`the format has ${typed}, which stands for nothing`);
  }
  return value;
}
