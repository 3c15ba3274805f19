/**
 * The messages of errors, as they stand in the middle of a line.
 *
 * @module
 */

/** An error's message, and what it quotes of its cause, as it goes on behind `midge: `. */
export function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(
    /(^|: )(Cannot|The|A)(?= )/g,
    (beginning) => beginning.toLowerCase(),
  );
}
