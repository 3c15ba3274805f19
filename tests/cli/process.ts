// The command line as a process, which the tests start, feed, watch and interrupt.

import { assert } from "@std/assert";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;

/** How a process has ended. */
export interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a process is started with. */
export interface Settings {
  /** What stands on its standard input; nothing by default, `"piped"` to write to it. */
  readonly stdin?: string | "piped";
  /** Its whole environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The folder where it starts; that of the tests by default. */
  readonly cwd?: string;
  /** Its permissions; all by default. */
  readonly permissions?: readonly string[];
  /** Its standard output is not read before this. */
  readonly readAfter?: Promise<void>;
  /** Run it under a pseudo-terminal, which shows stdout and stderr as one, with CR LF at line ends. */
  readonly terminal?: true;
}

/** Runs a command to its end. */
export async function midge(
  args: readonly string[],
  settings: Settings = {},
): Promise<Ended> {
  await using running = new Midge(args, settings);
  return await running.ended();
}

/** A command that runs. Its output is read as it comes. */
export class Midge implements AsyncDisposable {
  readonly stdout: Transcript;
  readonly stderr: Transcript;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #ended = false;

  constructor(args: readonly string[], settings: Settings = {}) {
    const { stdin, permissions = ["-A"], cwd, env, terminal } = settings;
    const command = [Deno.execPath(), ...commandLine(args, permissions)];
    const [program = "", ...rest] = terminal ? inTerminal(command) : command;
    this.#child = new Deno.Command(program, {
      args: rest,
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      ...(cwd !== undefined && { cwd }),
      ...(env && { env: { ...environment(), ...env }, clearEnv: true }),
    }).spawn();
    this.stdout = new Transcript(this.#child.stdout, settings.readAfter);
    this.stderr = new Transcript(this.#child.stderr);
    void this.#child.status.then(() => this.#ended = true);
    if (stdin === undefined) return;
    this.#stdin = this.#child.stdin.getWriter();
    if (stdin === "piped") return;
    void this.write(stdin).then(() => this.closeStdin());
  }

  /** Writes to its standard input. */
  async write(text: string): Promise<void> {
    await this.#stdin?.write(new TextEncoder().encode(text));
  }

  /** Ends its standard input. */
  async closeStdin(): Promise<void> {
    await this.#stdin?.close();
  }

  /** Sends it a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Resolves when it has ended. */
  async ended(): Promise<Ended> {
    const { code, signal } = await this.#child.status;
    const stdout = await this.stdout.all();
    const stderr = await this.stderr.all();
    return { code, signal, stdout, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.stdout.all();
    await this.stderr.all();
    await this.#stdin?.abort().catch(() => {});
  }
}

/** Starts a subscriber and resolves when it is subscribed. It shows its packets, so stderr is not empty. */
export async function subscribed(
  args: readonly string[],
  settings: Settings = {},
): Promise<Midge> {
  const running = new Midge(["subscribe", "-d", ...args], settings);
  try {
    await running.stderr.until("received SUBACK");
    return running;
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
}

/** What a process has written so far. */
class Transcript {
  #text = "";
  #ended = false;
  #more = Promise.withResolvers<void>();
  readonly #read: Promise<void>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(stream: ReadableStream<Uint8Array>, after?: Promise<void>) {
    this.#reader = stream.getReader();
    this.#read = this.#readAll(after);
  }

  /** Resolves with all so far when the text has come; rejects when the process ends without it. */
  async until(text: string): Promise<string> {
    while (!this.#text.includes(text)) {
      assert(!this.#ended, `"${text}" did not come. What came: ${this.#text}`);
      await this.#more.promise;
    }
    return this.#text;
  }

  /** Everything, once it has ended. */
  async all(): Promise<string> {
    await this.#read;
    return this.#text;
  }

  /** Reads no more, as `head` does. */
  async close(): Promise<void> {
    await this.#reader.cancel();
  }

  async #readAll(after: Promise<void> | undefined): Promise<void> {
    await after;
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    for (;;) {
      const { value } = await this.#reader.read();
      this.#ended = value === undefined;
      this.#text += decoder.decode(value, { stream: !this.#ended });
      this.#more.resolve();
      this.#more = Promise.withResolvers();
      if (this.#ended) return;
    }
  }
}

/** The arguments of deno. Nothing is checked or looked up anew: that belongs to other tests. */
export function commandLine(
  args: readonly string[],
  permissions: readonly string[] = ["-A"],
): string[] {
  return ["run", "--quiet", "--no-lock", ...permissions, CLI, ...args];
}

/** `script` of util-linux is on every Linux. */
function inTerminal(command: readonly string[]): string[] {
  const quoted = command.map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`);
  return ["script", "-qefc", quoted.join(" "), "/dev/null"];
}

/** What deno itself needs to find its cache. */
function environment(): Record<string, string> {
  const names = ["HOME", "PATH", "DENO_DIR", "XDG_CACHE_HOME"];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}
