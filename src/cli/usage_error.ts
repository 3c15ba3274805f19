/**
 * What a command throws when it was asked for something that cannot be.
 *
 * @module
 */

/** The command line itself is wrong: told in one line, exit code 1. */
export class UsageError extends Error {
  override name = "UsageError";
}
