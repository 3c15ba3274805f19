/**
 * A message as one line of JSON, with the names that mosquitto_sub gives to its parts. What is not
 * UTF-8 is given in base64 under a name of its own, so that nothing is lost or bent.
 *
 * @module
 */
import type { PublishProperties } from "../../mod.ts";
import type { Format, Received } from "./format.ts";
import { isoTime } from "./local_time.ts";
import { longName } from "./option.ts";

/** What JSON.stringify leaves as it is, and a terminal would obey. */
const CONTROLS = /[\x7f-\x9f\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/** What JSON looks like. */
export interface JsonLook {
  /** Spaces of indentation, over several lines; one line by default: JSON Lines. */
  readonly indent?: number;
  /** What stands behind each object. */
  readonly end: string;
}

/** A JSON object for each message. */
export function json({ indent, end }: JsonLook): Format {
  return (message, output) => {
    const object = messageObject(message, new Date());
    output.text(`${jsonText(object, indent)}${end}`);
  };
}

/** JSON with every character escaped that a terminal would obey. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(CONTROLS, escape);
}

/** A message as the object that {@linkcode json} writes. */
export function messageObject(
  message: Received,
  received: Date,
): Record<string, unknown> {
  const properties = propertiesObject(message.properties);
  return {
    // Microseconds, of which we know the milliseconds.
    tst: isoTime(received, `.${milliseconds(received)}000`),
    topic: message.topic,
    qos: message.qos,
    retain: message.retain ? 1 : 0,
    payloadlen: message.payload.length,
    ...(message.qos > 0 ? { mid: message.packetId } : {}),
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(message.payload.length > 0
      ? textOrBase64("payload", message.payload)
      : { payload: null }),
  };
}

/** `contentType` is `content-type`; User Properties stay pairs: order and duplicates count. */
function propertiesObject(
  { subscriptionIdentifiers, ...properties }: PublishProperties,
): Record<string, unknown> {
  const entries = Object.entries(properties).map(([name, value]) =>
    value instanceof Uint8Array
      ? textOrBase64(longName(name), value)
      : { [longName(name)]: value }
  );
  // Mosquitto knows of one; a list says that there are more.
  const [identifier, ...others] = subscriptionIdentifiers ?? [];
  return Object.assign(
    identifier === undefined ? {} : {
      "subscription-identifier": others.length === 0
        ? identifier
        : subscriptionIdentifiers,
    },
    ...entries,
  );
}

function textOrBase64(name: string, bytes: Uint8Array): Record<string, string> {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { [name]: decoder.decode(bytes) };
  } catch {
    return { [`${name}_b64`]: bytes.toBase64() };
  }
}

function milliseconds(time: Date): string {
  return String(time.getMilliseconds()).padStart(3, "0");
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
