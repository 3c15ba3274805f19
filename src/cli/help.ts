/**
 * `midge help`, `midge version`, and the help of each command: made from the option table.
 *
 * @module
 */
import { VERSION } from "../version.ts";
import { BROKER } from "./broker_options.ts";
import { longName, type Option, type Table } from "./option.ts";
import { PUBLISH } from "./publish_options.ts";
import { REQUEST } from "./request_options.ts";
import { SHARED } from "./shared_options.ts";
import { SUBSCRIBE } from "./subscribe_options.ts";
import { TEST } from "./test_options.ts";
import { writeAll } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";

/** What the help says of a command besides its options. */
interface Page {
  readonly usage: string;
  readonly about: string;
  readonly options: Table;
  /** Whether it has the options of those that connect to a server. */
  readonly connects: boolean;
}

const PAGES = {
  publish: {
    usage: "midge publish -t TOPIC -m TEXT [options] [URL]",
    about: "Publishes messages, and ends when the server has them.",
    options: PUBLISH,
    connects: true,
  },
  subscribe: {
    usage: "midge subscribe -t FILTER [options] [URL]",
    about: "Prints the messages that match a Topic Filter, a line each.",
    options: SUBSCRIBE,
    connects: true,
  },
  request: {
    usage: "midge request -t TOPIC -m TEXT [options] [URL]",
    about: "Sends a request, and prints the reply (MQTT 5).",
    options: REQUEST,
    connects: true,
  },
  test: {
    usage: "midge test [options] [HOST or URL]",
    about:
      "Publishes to test/1 each second, prints what comes on test/2, and ends when quit comes there.",
    options: TEST,
    connects: true,
  },
  broker: {
    usage: "midge broker [options]",
    about:
      "Runs a small broker for tests and development, until it is interrupted.",
    options: BROKER,
    connects: false,
  },
} as const satisfies Record<string, Page>;

const OVERVIEW = `midge ${VERSION}, an MQTT client

Usage: midge <command> [options]

  publish    (pub)  ${PAGES.publish.about}
  subscribe  (sub)  ${PAGES.subscribe.about}
  request           ${PAGES.request.about}
  test              Tries a server out: what comes on test/2 is printed.
  broker            ${PAGES.broker.about}
  help              Prints this, or the options of a command: midge help publish
  version           Prints the version.

Each option can be set by a variable as well: MIDGE_HOST stands for --host.
`;

/** The column at which the words on an option begin. */
const COLUMN = 34;

/** `midge help [command]`. */
export function help(args: readonly string[]): Promise<number> {
  const [typed] = args;
  if (typed === undefined || typed.startsWith("-")) {
    writeAll(Deno.stdout, OVERVIEW);
    return Promise.resolve(0);
  }
  const page = pageOf(typed);
  writeAll(Deno.stdout, render(page));
  return Promise.resolve(0);
}

/** `midge version`. */
export function version(): Promise<number> {
  writeAll(Deno.stdout, `midge ${VERSION}\n`);
  return Promise.resolve(0);
}

/** `midge` alone: the help, but nothing was done. */
export function usage(): Promise<number> {
  writeAll(Deno.stderr, OVERVIEW);
  return Promise.resolve(1);
}

/** What a command answers to --help and --version. */
export function inform(
  command: keyof typeof PAGES,
  asked: { readonly version: boolean },
): Promise<number> {
  return asked.version ? version() : help([command]);
}

function pageOf(typed: string): Page {
  const name = typed === "pub"
    ? "publish"
    : typed === "sub"
    ? "subscribe"
    : typed;
  const page = Object.entries(PAGES).find(([command]) => command === name);
  if (page === undefined) {
    throw new UsageError(`there is no help on ${typed}. Try: midge help`);
  }
  return page[1];
}

function render({ usage, about, options, connects }: Page): string {
  return [
    `Usage: ${usage}`,
    "",
    about,
    "",
    "Options:",
    ...optionLines(options),
    "",
    ...(connects
      ? ["Options of every command that connects:", ...optionLines(SHARED), ""]
      : []),
  ].join("\n");
}

function optionLines(table: Table): string[] {
  return Object.entries(table).map(([key, option]) => {
    const names = namesOf(key, option);
    // What is longer than its column stands on a line of its own.
    const gap = names.length < COLUMN - 1
      ? names.padEnd(COLUMN)
      : `${names}\n${" ".repeat(COLUMN)}`;
    return `${gap}${option.mqtt5 ? "MQTT 5: " : ""}${option.help}`;
  });
}

function namesOf(key: string, { letters = "", argument }: Option): string {
  const short = [...letters].map((letter) => `-${letter}, `).join("");
  const value = argument === undefined
    ? ""
    : argument.startsWith("[=")
    ? argument
    : ` ${argument}`;
  return `  ${short.padStart(4)}--${longName(key)}${value}`;
}
