// The types of the standard byte functions.

/** What the functions give back: bytes on a buffer of their own. */
type Bytes = Uint8Array<ArrayBuffer>;

/** One array of all the arrays' bytes. */
export declare function concat(buffers: readonly Uint8Array[]): Bytes;

/** Copies as much of `src` into `dst` as fits behind `offset`; gives back how much. */
export declare function copy(
  src: Uint8Array,
  dst: Uint8Array,
  offset?: number,
): number;

/** Whether `source` ends with `suffix`. */
export declare function endsWith(
  source: Uint8Array,
  suffix: Uint8Array,
): boolean;

/** Whether both hold the same bytes. */
export declare function equals(a: Uint8Array, b: Uint8Array): boolean;

/** Whether `needle` occurs in `source`. */
export declare function includesNeedle(
  source: Uint8Array,
  needle: Uint8Array,
  start?: number,
): boolean;

/** Where `needle` first occurs in `source`, or -1. */
export declare function indexOfNeedle(
  source: Uint8Array,
  needle: Uint8Array,
  start?: number,
): number;

/** Where `needle` last occurs in `source`, or -1. */
export declare function lastIndexOfNeedle(
  source: Uint8Array,
  needle: Uint8Array,
  start?: number,
): number;

/** `count` copies of `source`, one behind the other. */
export declare function repeat(source: Uint8Array, count: number): Bytes;

/** Whether `source` starts with `prefix`. */
export declare function startsWith(
  source: Uint8Array,
  prefix: Uint8Array,
): boolean;
