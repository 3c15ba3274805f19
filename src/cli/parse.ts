/**
 * From the arguments of a command to its values, by its option table.
 *
 * @module
 */
import type { Option, Table, Values } from "./option.ts";
import { Rewriter } from "./rewrite.ts";
import { parseArgs } from "./std/parse_args.ts";
import { UsageError } from "./usage_error.ts";
import type { Variables } from "./variables.ts";

/** What parsing is told besides the arguments. */
export interface ParseSettings {
  /** The option that an argument without a name stands for. A URL always stands for `url`. */
  readonly positional?: string;
  /** `MIDGE_WILL_TOPIC` stands in for `--will-topic` where that is not given. */
  readonly variables?: Variables;
}

/** Parses the arguments of a command; throws a {@linkcode UsageError}. */
export function parse<T extends Table>(
  args: readonly string[],
  table: T,
  settings: ParseSettings = {},
): Values<T> {
  const rewriter = new Rewriter(table, settings.positional);
  rewriter.arguments(args);
  if (settings.variables) rewriter.variables(settings.variables);
  return readValues(rewriter, table);
}

function readValues<T extends Table>(
  { flags, given }: Rewriter,
  table: T,
): Values<T> {
  const options = Object.entries(table);
  const present = options.filter(([key]) => given.has(key));
  const keys = (is: (option: Option) => boolean) =>
    present.filter(([, option]) => is(option)).map(([key]) => key);
  const parsed = parseArgs(flags, {
    string: keys((option) => option.read !== undefined),
    boolean: keys((option) => option.read === undefined),
    collect: keys((option) => option.repeat === true),
  });
  const values = Object.fromEntries(
    options.map(([key, option]) => [
      key,
      readValue(option, parsed[key], given.get(key) ?? ""),
    ]),
  );
  const [newer] = present.find(([, option]) => option.mqtt5) ?? [];
  const mqtt5Option = newer === undefined ? undefined : given.get(newer);
  // The table's own readers made the values: here text becomes types.
  return { ...values, mqtt5Option, spellings: given } as Values<T>;
}

function readValue(
  { read, repeat }: Option,
  value: unknown,
  name: string,
): unknown {
  if (read === undefined) return value === true;
  const one = (value: string) => {
    try {
      return read(value);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UsageError(
        `option ${name} needs ${error.message}, not ${JSON.stringify(value)}`,
      );
    }
  };
  if (Array.isArray(value)) return value.map(one);
  return typeof value === "string" ? one(value) : repeat ? [] : undefined;
}
