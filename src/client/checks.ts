/**
 * The checks of what a caller hands in. What is wrong is a TypeError or a RangeError that says what
 * could not be done.
 *
 * @module
 */

/** A checkpoint says where a program is, and holds none of its data: a place in a file, say, and a checksum. */
const CHECKPOINT_SIZE_MAX = 1_024;

const encoder = new TextEncoder();

/** Throws a TypeError where an option, `within` another one where that is named, has a name that does not exist. */
export function checkNames(
  what: string,
  options: object,
  names: ReadonlySet<string>,
  within?: string,
): void {
  if (typeof options !== "object" || options === null) {
    const which = within ?? "the options";
    throw new TypeError(`Cannot ${what}: ${which} must be an object`);
  }
  for (const name in options) {
    if (!names.has(name)) {
      const path = within === undefined ? name : `${within}.${name}`;
      throw new TypeError(`Cannot ${what}: there is no option "${path}"`);
    }
  }
}

/** Throws a RangeError where a number is none, or out of range. */
export function checkInteger(
  what: string,
  name: string,
  value: number,
  min: number,
  max: number,
): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(
    `Cannot ${what}: ${name} must be a whole number from ${min} to ${max}`,
  );
}

/** Throws a TypeError where a value is there and no string. */
export function checkString(name: string, value: unknown): void {
  if (value === undefined || typeof value === "string") return;
  throw new TypeError(`Cannot connect: ${name} must be a string`);
}

/** Throws a RangeError where a time is none. */
export function checkMs(what: string, name: string, value: number): void {
  if (value >= 0) return;
  throw new RangeError(`Cannot ${what}: ${name} must be 0 or more`);
}

/** Throws a TypeError where a signal is none: an AbortController in its place is the likely mistake. */
export function checkSignal(what: string, signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw new TypeError(`Cannot ${what}: signal must be an AbortSignal`);
}

/** Throws a TypeError or a RangeError where a checkpoint could not be given back as it is. */
export function checkCheckpoint(what: string, checkpoint: unknown): void {
  if (typeof checkpoint !== "string" || !checkpoint.isWellFormed()) {
    throw new TypeError(
      `Cannot ${what}: the checkpoint must be a string without lone surrogates`,
    );
  }
  // A character makes three bytes at most, so that most of them need not be encoded.
  if (3 * checkpoint.length <= CHECKPOINT_SIZE_MAX) return;
  const size = encoder.encode(checkpoint).length;
  if (size <= CHECKPOINT_SIZE_MAX) return;
  throw new RangeError(
    `Cannot ${what}: the checkpoint must not have more than ${CHECKPOINT_SIZE_MAX} bytes: ${size}`,
  );
}
