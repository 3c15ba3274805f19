/** What the parser is told about the flags; only what the command line uses of it. */
export interface ParseOptions {
  /** Flags whose value is text, also where it looks like a number. */
  readonly string?: readonly string[];
  /** Flags that are true or false. */
  readonly boolean?: readonly string[];
  /** Flags that may come several times: their values are gathered in an array. */
  readonly collect?: readonly string[];
}

/** What the parser gives back: the flags by name, and in `_` what is no flag. */
export interface Args {
  readonly _: readonly (string | number)[];
  readonly [flag: string]: unknown;
}

/** Parses command line flags. */
export declare function parseArgs(
  args: string[],
  options?: ParseOptions,
): Args;
