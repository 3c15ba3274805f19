/**
 * What an option of the command line is. The tables of options are made of these, the parser and
 * the help read them, and the types of a command's values follow from them.
 *
 * @module
 */

/** One option. Its long name is its key in the table, in kebab case: `willTopic` is `--will-topic`. */
export interface Option {
  /** One-letter spellings: `"Hh"` stands for `-H` and `-h`. */
  readonly letters?: string;
  /** Other long spellings, in kebab case. */
  readonly aliases?: readonly string[];
  /** How the help shows its value. */
  readonly argument?: string;
  /** Makes a value of its text; throws a RangeError that says what it wants. Without it, a switch. */
  readonly read?: (text: string) => unknown;
  /** How many of the arguments that follow belong to it; else 1, and 0 for a switch. */
  readonly takes?: (following: readonly string[]) => number;
  /** It may come several times: all its values are kept, in order. */
  readonly repeat?: true;
  /** It says what MQTT 5 alone can: no lower version will do. */
  readonly mqtt5?: true;
  /** The options that say the same thing in another way: only one of them may be given. */
  readonly rivals?: readonly string[];
  /** What the help says of it. */
  readonly help: string;
}

/** The options of a command, in the order of its help. */
export type Table = Readonly<Record<string, Option>>;

/** What parsing gives for a table: a boolean for a switch, a list where it repeats, else the value. */
export type Values<T extends Table> =
  & {
    readonly [Name in keyof T]: T[Name] extends
      { readonly read: (text: string) => infer Value }
      ? T[Name] extends { readonly repeat: true } ? readonly Value[]
      : Value | undefined
      : boolean;
  }
  & {
    /** How an option that needs MQTT 5 was spelled, where there is one. */
    readonly mqtt5Option: string | undefined;
    /** How each option that is given was spelled, by its key: `-H`, `--cafile`, `MIDGE_CAFILE`. */
    readonly spellings: ReadonlyMap<string, string>;
  };

/** The long name of an option: `willTopic` gives `will-topic`. */
export function longName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Leaves out what is undefined: an option that is not given is not asked for. */
export function given<T extends object>(
  options: { readonly [Name in keyof T]: T[Name] | undefined },
): T {
  const entries = Object.entries(options);
  // What is left has the types that T wants.
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined),
  ) as T;
}
