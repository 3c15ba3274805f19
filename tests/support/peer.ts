// A client library by another hand, as a process that does what lines of JSON say.

import { assert } from "@std/assert";

const FOLDER = new URL("../peers/", import.meta.url);

/** What it is to do, and where. */
export interface PeerTask {
  readonly url: string;
  readonly protocolVersion: 3 | 4 | 5;
  /** Nobody else's. */
  readonly topic: string;
}

/** A process that runs. Disposed, it has ended. */
export class Peer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** Starts MQTT.js. Its packages are those of its folder's own lock file. */
  constructor() {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--config", "deno.json", "mqttjs.mjs"],
      cwd: FOLDER,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    // Read when a line is wanted, and no sooner: a test must not find a read of another one under way.
    this.#output = this.#child.stdout.getReader();
  }

  /** Has it do something, and resolves with what came of it. One at a time. */
  async run(scenario: string, task: PeerTask): Promise<unknown> {
    const line = `${JSON.stringify({ scenario, task })}\n`;
    await this.#input.write(new TextEncoder().encode(line));
    const { result, error } = JSON.parse(await this.#line());
    assert(error === undefined, `MQTT.js: ${error}`);
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
    await this.#child.status;
  }

  async #line(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value } = await this.#output.read();
      assert(value !== undefined, "MQTT.js has ended without an answer");
      this.#rest += this.#decoder.decode(value, { stream: true });
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }
}
