// A process that speaks lines of JSON: the sink and the sides.

import { lines } from "./lines.ts";

/** No run takes so long: what has not answered by then never will. */
const ANSWER_MS = 60_000;

/** A running process. Disposed, its input is closed, which ends it, and it is waited for. */
export class Child implements AsyncDisposable {
  readonly #name: string;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: AsyncGenerator<string>;

  /** Starts a program. What it says on standard error is shown. */
  constructor(command: string, args: readonly string[]) {
    this.#name = [command, ...args].join(" ");
    this.#process = new Deno.Command(command, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = lines(this.#process.stdout);
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Gives it a line. */
  async tell(value: unknown): Promise<void> {
    const line = `${JSON.stringify(value)}\n`;
    await this.#input.write(new TextEncoder().encode(line));
  }

  /** The next line it says. Throws where it ends instead, or stays silent. */
  async hear(): Promise<unknown> {
    const timer = setTimeout(() => this.#process.kill(), ANSWER_MS);
    const { value, done } = await this.#output.next();
    clearTimeout(timer);
    if (done) throw new Error(`It ended without an answer: ${this.#name}`);
    return JSON.parse(value);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {}); // It may have ended before.
    await this.#process.status;
    await this.#output.return(undefined);
  }
}
