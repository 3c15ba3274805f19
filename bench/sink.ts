// The stand-in for a server: built from sink/*.c, started, and asked what it has counted.

import { Child } from "./child.ts";

/** What the sink has counted of one connection. */
export interface Counts {
  readonly clientId: string;
  readonly protocolVersion: number;
  /** PUBLISH packets that came, by QoS. */
  readonly published: readonly [number, number, number];
  /** The bytes of their payloads. */
  readonly publishedBytes: number;
  /** PUBREL packets that came. */
  readonly released: number;
  /** PUBLISH packets that were sent. */
  readonly sent: number;
  /** How many of them were acknowledged for good: by PUBACK, PUBCOMP, or a PUBREC that refuses. */
  readonly acknowledged: number;
}

const SOURCES = `${import.meta.dirname}/sink`;

/** A sink that listens on 127.0.0.1. */
export class Sink implements AsyncDisposable {
  readonly #child: Child;
  /** Where it listens. */
  readonly port: number;

  private constructor(child: Child, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Builds and starts it. */
  static async start(compiler: string): Promise<Sink> {
    const folder = await Deno.makeTempDir({ prefix: "midge-bench-" });
    try {
      const executable = `${folder}/sink`;
      await build(compiler, executable);
      const child = new Child(executable, []);
      // It says what sink/main.c prints.
      const { port } = await child.hear() as { port: number };
      return new Sink(child, port);
    } finally {
      // What runs needs its file no more.
      await Deno.remove(folder, { recursive: true });
    }
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** The counts of a connection that has ended, or ends now. */
  async counts(clientId: string): Promise<Counts> {
    for (;;) {
      const counts = await this.#child.hear() as Counts;
      // Others are of runs that have failed, and nobody asked for them.
      if (counts.clientId === clientId) return counts;
    }
  }

  /** Ends it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

async function build(compiler: string, executable: string): Promise<void> {
  const sources: string[] = [];
  for await (const { name } of Deno.readDir(SOURCES)) {
    if (name.endsWith(".c")) sources.push(`${SOURCES}/${name}`);
  }
  const { success } = await new Deno.Command(compiler, {
    args: ["-O2", "-o", executable, ...sources],
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`${compiler} could not build the sink`);
}
