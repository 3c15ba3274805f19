/**
 * The first half of parsing. The standard parser alone loses data (`-m -5` becomes an empty message,
 * `--typo x` eats x), so the arguments are rewritten to `--name=value`, a form that it reads exactly.
 * What is unknown, lacks its value or contradicts itself is found here.
 *
 * @module
 */
import { longName, type Table } from "./option.ts";
import { suggestion } from "./suggestion.ts";
import { UsageError } from "./usage_error.ts";
import type { Variables } from "./variables.ts";

/** What joins the arguments of an option that takes several: no argument can contain it. */
const JOINT = "\0";

/** Turns arguments into flags of the form `--name=value`. */
export class Rewriter {
  /** The flags, in the order in which they were given. */
  readonly flags: string[] = [];
  /** How each option that is given was spelled, by its key. */
  readonly given: Map<string, string> = new Map();
  readonly #table: Table;
  readonly #positional: string | undefined;
  readonly #keys: Map<string, string> = new Map();
  #args: readonly string[] = [];
  #at = 0;

  /** Knows the options of one command. */
  constructor(table: Table, positional: string | undefined) {
    this.#table = table;
    this.#positional = positional;
    for (const [key, option] of Object.entries(table)) {
      this.#keys.set(`--${longName(key)}`, key);
      for (const name of option.aliases ?? []) this.#keys.set(`--${name}`, key);
      for (const letter of option.letters ?? "") {
        this.#keys.set(`-${letter}`, key);
      }
    }
  }

  /** Takes the arguments of the command. */
  arguments(args: readonly string[]): void {
    this.#args = args;
    for (let arg = this.#next(); arg !== undefined; arg = this.#next()) {
      if (arg === "--") break;
      if (arg.startsWith("--")) this.#long(arg);
      else if (arg.startsWith("-") && arg !== "-") this.#short(arg);
      else this.#bare(arg);
    }
    for (const arg of this.#args.slice(this.#at)) this.#bare(arg);
    this.#refuseRivals();
  }

  /** What the command line says, or says in another way, no variable says again. */
  variables(valueOf: Variables): void {
    for (const key of Object.keys(this.#table)) {
      if (this.#isSaid(key) || key === "help" || key === "version") continue;
      const name = longName(key).toUpperCase().replaceAll("-", "_");
      const value = valueOf(`MIDGE_${name}`);
      if (value) this.#give(key, `MIDGE_${name}`, value);
    }
  }

  /** `--name`, `--name=value` and `--name value`. */
  #long(arg: string): void {
    const equals = arg.indexOf("=");
    const name = equals < 0 ? arg : arg.slice(0, equals);
    const value = equals < 0 ? undefined : arg.slice(equals + 1);
    this.#take(this.#find(name), name, value);
  }

  /** `-q`, `-q1`, `-q=1`, `-q 1`, and switches in a bundle: `-vd`. */
  #short(arg: string): void {
    const name = arg.slice(0, 2);
    const rest = arg.slice(2);
    if (arg === "-h" && !this.#valueFollows()) {
      this.#give("help", name, "true");
      return;
    }
    const key = this.#find(name);
    if (this.#isSwitch(key) && rest !== "" && !rest.startsWith("=")) {
      this.#give(key, name, "true");
      this.#short(`-${rest}`);
      return;
    }
    this.#take(key, name, rest === "" ? undefined : rest.replace(/^=/, ""));
  }

  /** An argument without a name. */
  #bare(arg: string): void {
    const isUrl = arg.includes("://") || arg.startsWith("unix:");
    const key = isUrl ? "url" : this.#positional;
    if (key === undefined || this.given.has(key)) {
      throw new UsageError(
        `unexpected argument ${
          JSON.stringify(arg)
        }. A value with spaces needs quotes`,
      );
    }
    this.#give(key, `--${longName(key)}`, arg);
  }

  /** Gives an option its value: what is attached to it, or as many arguments as it takes. */
  #take(key: string, name: string, attached: string | undefined): void {
    if (attached !== undefined) {
      this.#give(key, name, attached);
      return;
    }
    const { takes, argument } = this.#table[key] ?? {};
    const following = this.#args.slice(this.#at);
    const count = this.#isSwitch(key) ? 0 : takes?.(following) ?? 1;
    if (count > following.length) {
      throw new UsageError(`option ${name} needs a value: ${name} ${argument}`);
    }
    this.#at += count;
    const value = following.slice(0, count).join(JOINT);
    this.#give(key, name, count === 0 ? "true" : value);
  }

  #give(key: string, name: string, value: string): void {
    const checked = this.#isSwitch(key) ? switchValue(name, value) : value;
    // By its key: the parser would take the "no-" of a long name for a negation.
    this.flags.push(`--${key}=${checked}`);
    this.given.set(key, name);
  }

  #next(): string | undefined {
    return this.#args[this.#at++];
  }

  #find(name: string): string {
    const key = this.#keys.get(name.replaceAll("_", "-"));
    if (key === undefined) {
      const names = [...this.#keys.keys()];
      throw new UsageError(`unknown option ${name}${suggestion(name, names)}`);
    }
    return key;
  }

  #isSwitch(key: string): boolean {
    return this.#table[key]?.read === undefined;
  }

  /** Whether the next argument can be the host of a bare `-h`, which else asks for help. */
  #valueFollows(): boolean {
    const next = this.#args[this.#at];
    return next !== undefined && !next.startsWith("-");
  }

  #isSaid(key: string): boolean {
    return this.given.has(key) || this.#rivalsOf(key).length > 0;
  }

  /** The given options that contradict this one. */
  #rivalsOf(key: string): string[] {
    return [...this.given.keys()].filter((other) =>
      other !== key &&
      (this.#table[key]?.rivals?.includes(other) ||
        this.#table[other]?.rivals?.includes(key))
    );
  }

  #refuseRivals(): void {
    for (const [key, name] of this.given) {
      const [rival] = this.#rivalsOf(key);
      if (rival !== undefined) {
        throw new UsageError(
          `${name} and ${this.given.get(rival)} contradict each other`,
        );
      }
    }
  }
}

function switchValue(name: string, value: string): string {
  if (value === "1" || value === "true") return "true";
  if (value === "0" || value === "false") return "false";
  throw new UsageError(`option ${name} takes no value`);
}
