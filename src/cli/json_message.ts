/**
 * What `publish --jsonl` reads: the lines that `subscribe --json` writes.
 *
 * @module
 */
import type {
  PublishOptions,
  PublishProperties,
  UserProperty,
} from "../../mod.ts";
import { readProperty } from "./properties.ts";
import { UsageError } from "./usage_error.ts";

/** A message that is to be published. */
export interface Outgoing {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly options: PublishOptions;
}

/** What the command line says of every message. */
export interface Common {
  /** The Topic Names: each message goes to each of them. */
  readonly topics: readonly string[];
  /** What holds for a message that says nothing else. */
  readonly options: PublishOptions;
}

/**
 * Reads a line. Topics of the command line stand above the line's own; what only a receiver knows
 * (`tst`, `mid`, `payloadlen`, Subscription Identifiers) is passed over. Throws a UsageError.
 */
export function readMessage(line: Uint8Array, common: Common): Outgoing[] {
  const fields = readObject(line);
  const { topic, qos = common.options.qos, retain } = fields;
  const topics = common.topics.length > 0 ? common.topics : [topic];
  if (qos !== 0 && qos !== 1 && qos !== 2) {
    throw new UsageError("qos must be 0, 1 or 2");
  }
  const options: PublishOptions = {
    qos,
    retain: retain === undefined
      ? common.options.retain ?? false
      : retain === 1 || retain === true,
    properties: {
      ...common.options.properties,
      ...readProperties(fields["properties"] ?? {}),
    },
  };
  const payload = readPayload(fields);
  return topics.map((topic) => {
    if (typeof topic === "string") return { topic, payload, options };
    throw new UsageError("there is no topic");
  });
}

function readObject(line: Uint8Array): Record<string, unknown> {
  try {
    const value = JSON.parse(new TextDecoder().decode(line));
    if (isObject(value)) return value;
  } catch {
    // The same is wrong with it as with a number or a list.
  }
  throw new UsageError("this is no JSON object");
}

/** What is no text is given as JSON again, as `mosquitto_sub -F %J` has taken it apart. */
function readPayload(fields: Record<string, unknown>): string | Uint8Array {
  const { payload = null, payload_b64: base64 } = fields;
  if (typeof base64 === "string") return readBase64("payload_b64", base64);
  if (payload === null) return "";
  return typeof payload === "string" ? payload : JSON.stringify(payload);
}

function readProperties(properties: unknown): PublishProperties {
  if (!isObject(properties)) throw new UsageError("properties is no object");
  const read = Object.entries(properties).map(([name, value]) => {
    if (RECEIVED.includes(name)) return {};
    if (name === "user-properties") return { userProperties: pairs(value) };
    return name.endsWith(BASE64)
      ? { correlationData: readBase64(name, String(value)) }
      : readProperty(name, String(value));
  });
  return Object.assign({}, ...read);
}

/** What a sender cannot say, or not of this connection. */
const RECEIVED = ["subscription-identifier", "topic-alias"];

const BASE64 = "_b64";

/** Pairs, or an object as mosquitto_sub writes it. */
function pairs(value: unknown): UserProperty[] {
  const entries = Array.isArray(value)
    ? value
    : isObject(value)
    ? Object.entries(value)
    : [];
  return entries.map(([name, value]) => [String(name), String(value)]);
}

function readBase64(name: string, value: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(value);
  } catch {
    throw new UsageError(`${name} is no base64`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
