/**
 * Finds the command that is asked for, and loads it.
 *
 * @module
 */
import { publish } from "./publish.ts";
import { UsageError } from "./usage_error.ts";

/** A command takes its arguments and returns the exit code. */
type Command = (args: readonly string[]) => Promise<number>;

/**
 * What is loaded costs start-up, so a command is loaded when it is asked for. That it is loaded late
 * costs by itself, so the one that scripts call for each message is there from the beginning.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  publish: () => Promise.resolve(publish),
  subscribe: async () => (await import("./subscribe.ts")).subscribe,
  request: async () => (await import("./request.ts")).request,
  test: async () => (await import("./test.ts")).test,
  broker: async () => (await import("./broker.ts")).broker,
  help: async () => (await import("./help.ts")).help,
  version: async () => (await import("./help.ts")).version,
};

const ALIASES: Readonly<Record<string, string>> = {
  pub: "publish",
  sub: "subscribe",
  "--help": "help",
  "-h": "help",
  "--version": "version",
};

/** Runs the command that the arguments name, and returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const command = await load(args[0]);
    return await command(args.slice(1));
  } catch (error) {
    // `midge help | head -1`
    if (error instanceof Deno.errors.BrokenPipe) return 0;
    const { writeError } = await import("./terminal.ts");
    writeError(`midge: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

async function load(typed: string | undefined): Promise<Command> {
  if (typed === undefined) return (await import("./help.ts")).usage;
  const name = Object.hasOwn(ALIASES, typed) ? ALIASES[typed] ?? typed : typed;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return await command();
  if (typed.startsWith("-")) {
    throw new UsageError(
      `no command before ${typed}. Try: midge publish, midge subscribe or midge help`,
    );
  }
  const { suggestion } = await import("./suggestion.ts");
  const hint = suggestion(typed, Object.keys(COMMANDS)) || ". Try: midge help";
  throw new UsageError(`unknown command ${typed}${hint}`);
}
