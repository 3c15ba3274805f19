// A mosquitto that is stopped and started again on the same port, with what it keeps on disk or without.

/** What such a broker is made from. */
export interface RestartedOptions {
  readonly executable: string;
  /** Whether sessions and messages outlive a stop. */
  readonly persistence: boolean;
}

/** How often a broker that starts is asked whether it listens. */
const ASK_MS = 5;

/** A broker on one port of loopback. It does not run before it is started. */
export class RestartedMosquitto implements AsyncDisposable {
  /** Where it listens while it runs. */
  readonly port = freePort();
  readonly #options: RestartedOptions;
  readonly #folder = Deno.makeTempDirSync({ prefix: "midge-restarted-" });
  #process: Deno.ChildProcess | undefined;

  constructor(options: RestartedOptions) {
    this.#options = options;
    Deno.writeTextFileSync(`${this.#folder}/mosquitto.conf`, this.#config());
  }

  /** Where a client finds it. */
  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Starts it, and waits until it accepts. */
  async start(): Promise<void> {
    const process = this.#process = new Deno.Command(this.#options.executable, {
      args: ["-c", `${this.#folder}/mosquitto.conf`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let died = false;
    process.status.then(() => died = true);
    while (!await accepts(this.port)) {
      if (died) throw new Error("mosquitto died at its start");
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
  }

  /** Ends it: in order, so that it writes what it keeps, or by SIGKILL as a crash does. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    this.#process?.kill(signal);
    await this.#process?.status;
    this.#process = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.#folder, { recursive: true });
  }

  #config(): string {
    const { persistence } = this.#options;
    return [
      `listener ${this.port} 127.0.0.1`,
      "allow_anonymous true",
      "set_tcp_nodelay true",
      "max_queued_messages 0",
      `persistence ${persistence}`,
      `persistence_location ${this.#folder}/`,
      "autosave_on_changes true",
      "autosave_interval 1",
      "log_type none",
      // Started by root, it would change to a user who cannot write to the folder.
      ...(Deno.uid() === 0 ? ["user root"] : []),
      "",
    ].join("\n");
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
