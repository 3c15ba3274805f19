// The command line of the benchmarks.

/** What was asked for. */
export interface Options {
  readonly quick: boolean;
  readonly list: boolean;
  readonly help: boolean;
  /** Where the figures are written as JSON. */
  readonly json: string | undefined;
  /** Parts of the names of rows; none: all rows. */
  readonly names: readonly string[];
}

/** What `--help` says. */
export const HELP =
  `Usage: deno task bench [--quick] [--json FILE] [--list] [NAME...]

Measures midge beside its peers, all rows or those whose names contain a NAME.

  --quick      fewer and shorter runs: about two minutes in place of ten
  --json FILE  write all figures to FILE
  --list       say the names of the rows
  --help       say this
`;

/** Reads the command line. Throws a TypeError that says what is wrong with it. */
export function parseOptions(args: readonly string[]): Options {
  const flags = new Set<string>();
  const names: string[] = [];
  let json: string | undefined;
  const rest = args.values();
  for (const arg of rest) {
    if (arg === "--json") {
      json = rest.next().value;
      if (json === undefined) throw new TypeError("--json needs a file");
    } else if (arg.startsWith("--json=")) json = arg.slice("--json=".length);
    else if (["--quick", "--list", "--help"].includes(arg)) flags.add(arg);
    else if (arg.startsWith("-")) throw new TypeError(`Unknown option ${arg}`);
    else names.push(arg);
  }
  return {
    quick: flags.has("--quick"),
    list: flags.has("--list"),
    help: flags.has("--help"),
    json,
    names,
  };
}
