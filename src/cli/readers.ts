/**
 * How the values of options are read. A reader takes the text as it was typed and returns the value,
 * or throws a RangeError whose message completes "option --x needs ...".
 *
 * @module
 */

/** A timer of the platform overflows above this many milliseconds (24 days). */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** The Session Expiry Interval that means never (MQTT 5, 3.1.2.11.2). */
const NEVER_EXPIRES = 0xFFFFFFFF;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const PROTOCOL_VERSIONS: Readonly<Record<string, 3 | 4 | 5>> = {
  "5": 5,
  "5.0": 5,
  "4": 4,
  "3.1.1": 4,
  "311": 4,
  "3": 3,
  "3.1": 3,
  "31": 3,
};

/** Any text, as it was typed. */
export function text(value: string): string {
  return value;
}

/** Where something is. */
export function path(value: string): string {
  if (value === "") throw new RangeError("a path");
  return value;
}

/** A reader of whole decimal numbers from `min` to `max`. */
export function integer(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^[0-9]+$/.test(value) || number < min || number > max) {
      throw new RangeError(`a whole number from ${min} to ${max}`);
    }
    return number;
  };
}

/** A Quality of Service: 0, 1 or 2. */
export function qos(value: string): 0 | 1 | 2 {
  if (value === "0") return 0;
  if (value === "1") return 1;
  if (value === "2") return 2;
  throw new RangeError("0, 1 or 2");
}

/** A protocol version in any of its spellings, as its Protocol Level. */
export function protocolVersion(value: string): 3 | 4 | 5 {
  const digits = value.toLowerCase().replace(/^(mqtt)?v?/, "");
  const level = Object.hasOwn(PROTOCOL_VERSIONS, digits)
    ? PROTOCOL_VERSIONS[digits]
    : undefined;
  if (level === undefined) throw new RangeError("5, 3.1.1 or 3.1");
  return level;
}

/** A host name or an address; an IPv6 address with or without its brackets. */
export function host(value: string): string {
  if (value === "") throw new RangeError("a host name or an address");
  if (value.includes("://")) {
    throw new RangeError("a host name or an address (a URL goes with --url)");
  }
  if (value.startsWith("/") || value.startsWith("unix:")) {
    throw new RangeError(
      "a host name or an address (a socket goes with --unix)",
    );
  }
  return value;
}

/** The name that a certificate must hold. */
export function serverName(value: string): string {
  if (!/^[^\s/]+$/.test(value)) throw new RangeError("the name of a host");
  return value;
}

/** How long the name of a protocol may be (RFC 7301, 3.1). */
const PROTOCOL_NAME_MAX = 255;

/** The name of a protocol, for ALPN. */
export function protocolName(value: string): string {
  if (value === "" || value.length > PROTOCOL_NAME_MAX) {
    throw new RangeError("the name of a protocol, such as mqtt");
  }
  return value;
}

/** What is not checked of a server: alone, and as mosquitto's tools have it, whether the name fits. */
export function insecure(
  value: string,
): "host-name" | "everything" | undefined {
  if (value === "everything") return "everything";
  if (value === "name" || value === "host-name") return "host-name";
  try {
    return flag(value) ? "host-name" : undefined;
  } catch {
    throw new RangeError("name or everything");
  }
}

/** A time span above zero, in seconds or with a unit (`2.5`, `500ms`, `1h`); gives milliseconds. */
export function duration(value: string): number {
  const ms = milliseconds(value);
  if (ms === undefined || ms <= 0 || ms > TIMER_MAX_MS) {
    throw new RangeError("a time such as 2.5, 500ms, 10s or 1h");
  }
  return ms;
}

/** A Session Expiry Interval (`90`, `1h`, `never`); gives seconds. */
export function sessionExpiry(value: string): number {
  if (value === "never") return NEVER_EXPIRES;
  const ms = milliseconds(value);
  if (ms === undefined || ms % 1_000 !== 0 || ms / 1_000 > NEVER_EXPIRES) {
    throw new RangeError("whole seconds, a time such as 1h, or never");
  }
  return ms / 1_000;
}

/** How many attempts in a row may fail; alone, as many as it takes. */
export function attempts(value: string): number {
  if (value === "true") return Infinity;
  const number = Number(value);
  if (/^[0-9]+$/.test(value) && number > 0 && Number.isSafeInteger(number)) {
    return number;
  }
  throw new RangeError("a number of attempts, at least 1");
}

/** The value of an option that is a switch and may also be told 0 or 1. */
export function flag(value: string): boolean {
  if (value === "1" || value === "true") return true;
  if (value === "0" || value === "false") return false;
  throw new RangeError("0 or 1");
}

function milliseconds(value: string): number | undefined {
  const [, digits, unit = "s"] =
    /^([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(ms|s|m|h|d)?$/.exec(value) ?? [];
  const unitMs = UNIT_MS[unit];
  if (digits === undefined || unitMs === undefined) return undefined;
  return Number(digits) * unitMs;
}
