// A program that is started for the scenarios: in a folder of its own, by a user who may do little, and stopped by
// its process id.

/** What a program is started from. */
export interface ProgramOptions {
  readonly executable: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** Its working directory. */
  readonly folder: string;
  /** Who runs it; undefined: whoever runs the scenarios. */
  readonly user: User | undefined;
  /** What it prints once it is ready. */
  readonly ready: RegExp;
}

/** A user of this machine. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** A server that is not ready by then never is. */
const READY_MS = 60_000;

/** As much of what a program prints is kept. */
const LOG_MAX = 1 << 18;

/** As much of it is shown with an error. */
const SHOWN = 2_000;

/** How often a start is tried whose free port another process took first. */
const STARTS_MAX = 3;

/** How often a port is asked whether somebody listens. */
const ASK_MS = 5;

const running = new Set<Program>();
const folders = new Set<string>();

/** A program that runs. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<unknown>;
  readonly #ready = Promise.withResolvers<void>();
  #said = "";
  #ended = false;

  private constructor(
    { executable, args, env, folder, user, ready }: ProgramOptions,
  ) {
    this.#child = new Deno.Command(executable, {
      args: [...args],
      cwd: folder,
      ...(env === undefined ? {} : { env }),
      ...user,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { stdout, stderr, status } = this.#child;
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) {
        this.#said = (this.#said + text).slice(-LOG_MAX);
        if (ready.test(this.#said)) this.#ready.resolve();
      }
    };
    running.add(this);
    this.#read = Promise.all([read(stdout), read(stderr), status]).then(() => {
      running.delete(this);
      this.#ended = true;
      this.#ready.reject(
        new Error(
          `${executable} has ended at its start: ${this.#said.slice(-SHOWN)}`,
        ),
      );
    });
    // Behind its start it may end as it likes.
    this.#ready.promise.catch(() => {});
  }

  /** Starts it, and resolves when it says that it is ready. */
  static async start(options: ProgramOptions): Promise<Program> {
    const program = new Program(options);
    const late = setTimeout(() => program.kill("SIGKILL"), READY_MS);
    try {
      await program.#ready.promise;
    } finally {
      clearTimeout(late);
    }
    return program;
  }

  /** The last of what it has printed. */
  get said(): string {
    return this.#said;
  }

  /** Sends a signal, and to no other process. */
  kill(signal: Deno.Signal): void {
    if (!this.#ended) this.#child.kill(signal);
  }

  /** Resolves when somebody listens at each of the ports. */
  async listens(ports: readonly number[]): Promise<void> {
    for (const port of ports) {
      while (!this.#ended && !await accepts(port)) {
        await new Promise((resolve) => setTimeout(resolve, ASK_MS));
      }
    }
    if (!this.#ended) return;
    throw new Error(`A server has ended: ${this.#said.slice(-SHOWN)}`);
  }

  /** Ends it in order. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGTERM");
    await this.#read;
  }
}

/** Ends all programs and removes all folders, for a process that has to end itself. */
export async function endAll(): Promise<void> {
  await Promise.all(
    Array.from(running, (program) => program[Symbol.asyncDispose]()),
  );
  await Promise.all(Array.from(folders, removeFolder));
}

async function removeFolder(path: string): Promise<void> {
  if (folders.delete(path)) await Deno.remove(path, { recursive: true });
}

/** A folder that is removed with what was written into it; it belongs to the user who is to write there. */
export async function ownFolder(
  user: User | undefined,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "midge-interop-" });
  if (user !== undefined) await Deno.chown(path, user.uid, user.gid);
  folders.add(path);
  return { path, [Symbol.asyncDispose]: () => removeFolder(path) };
}

/** The user of a package where root runs the scenarios: no server needs as much. Undefined for anybody else. */
export async function userOf(name: string): Promise<User | undefined> {
  if (Deno.uid() !== 0) return undefined;
  const [uid, gid] = await Promise.all([id("-u", name), id("-g", name)]);
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

async function id(what: string, name: string): Promise<number | undefined> {
  const { success, stdout } = await new Deno.Command("id", {
    args: [what, name],
    stderr: "null",
  }).output();
  return success ? Number(new TextDecoder().decode(stdout)) : undefined;
}

/** A port of loopback that nobody listens at. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Starts something on free ports; again where another process was quicker to take one. */
export async function onFreePorts<Started>(
  start: () => Promise<Started>,
): Promise<Started> {
  for (let starts = 1;; starts++) {
    try {
      return await start();
    } catch (error) {
      if (starts === STARTS_MAX || !/in.?use/i.test(String(error))) throw error;
    }
  }
}

/** The first of some paths that is there. */
export async function firstFile(
  paths: readonly string[],
): Promise<string | undefined> {
  for (const path of paths) {
    const { isFile } = await Deno.stat(path).catch(() => ({ isFile: false }));
    if (isFile) return path;
  }
  return undefined;
}

/** The folders in a folder whose names begin so; none where there is no such folder. */
export async function foldersIn(
  folder: string,
  beginning: string,
): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.filter(({ name }) => name.startsWith(beginning))
      .map(({ name }) => `${folder}/${name}`).toSorted();
  } catch {
    return [];
  }
}

/** Waits for SIGINT or SIGTERM, for a server that somebody has started by hand. */
export async function untilInterrupted(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, resolve);
  await promise;
  for (const signal of signals) Deno.removeSignalListener(signal, resolve);
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
