/**
 * How much of an input a run of `midge publish` has taken, as the store remembers it.
 *
 * @module
 */

/** A place in an input. */
export interface Place {
  /** How many lines were taken, with all their messages. */
  readonly lines: number;
  /** How many messages of the next line were taken: a line may go to several topics. */
  readonly messages: number;
  /** The fingerprint of the first line. */
  readonly first: string;
  /** The fingerprint of all lines of which something was taken. */
  readonly all: string;
}

const FORM = /^midge publish (\d+) (\d+) ([0-9a-f]{16}) ([0-9a-f]{16})$/;

/** A place as the checkpoint that the store keeps. */
export function checkpointOf({ lines, messages, first, all }: Place): string {
  return `midge publish ${lines} ${messages} ${first} ${all}`;
}

/** The place that a checkpoint says; undefined where it is somebody else's. */
export function placeOf(checkpoint: string): Place | undefined {
  const [, lines, messages, first, all] = FORM.exec(checkpoint) ?? [];
  if (first === undefined || all === undefined) return undefined;
  return { lines: Number(lines), messages: Number(messages), first, all };
}
