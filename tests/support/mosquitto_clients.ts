// mosquitto_pub and mosquitto_sub as processes: the other end of an interop test.

import { concat, indexOfNeedle } from "@std/bytes";
import type { Mosquitto } from "./mosquitto.ts";

/** `-V` for each protocol version. */
const VERSION_NAMES = { 3: "mqttv31", 4: "mqttv311", 5: "mqttv5" } as const;

/** A protocol version as our own `protocolVersion` has it. */
export type Version = keyof typeof VERSION_NAMES;

/** All of them, for tests that run under each. */
export const VERSIONS: readonly Version[] = [3, 4, 5];

/** What stands retained here comes first to a subscriber once the broker knows its filters. */
const READY_TOPIC = "ready";

const NEWLINE = new Uint8Array([0x0a]);

/** What {@linkcode mosquittoSub} is told. */
export interface MosquittoSubOptions {
  readonly filters: readonly string[];
  readonly qos?: 0 | 1 | 2;
  /** It ends after so many messages. */
  readonly count: number;
  /** As for its option `-F`; the payload alone where left out. */
  readonly format?: string;
}

/** A mosquitto_sub that is subscribed. */
export interface MosquittoSub extends AsyncDisposable {
  /** Its output as lines, once it has ended. */
  lines(): Promise<string[]>;
  /** Its output as bytes without the last newline, once it has ended. */
  bytes(): Promise<Uint8Array>;
}

/** Publishes with mosquitto_pub; `stdin` is for its options `-s` and `-l`. */
export async function mosquittoPub(
  broker: Pick<Mosquitto, "tcp">,
  version: Version,
  args: readonly string[],
  stdin?: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const child = new Deno.Command("mosquitto_pub", {
    args: ["-p", `${broker.tcp}`, "-V", VERSION_NAMES[version], ...args],
    stdin: stdin ? "piped" : "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  if (stdin) await new Blob([stdin]).stream().pipeTo(child.stdin);
  const { success, stderr } = await child.output();
  if (!success) {
    throw new Error(`mosquitto_pub: ${new TextDecoder().decode(stderr)}`);
  }
}

/** Starts mosquitto_sub and resolves once the broker knows its filters. */
export async function mosquittoSub(
  broker: Pick<Mosquitto, "tcp">,
  version: Version,
  { filters, qos = 0, count, format = "%p" }: MosquittoSubOptions,
): Promise<MosquittoSub> {
  await mosquittoPub(broker, 4, ["-t", READY_TOPIC, "-m", "ready", "-r"]);
  const child = new Deno.Command("mosquitto_sub", {
    args: [
      ...["-p", `${broker.tcp}`, "-V", VERSION_NAMES[version]],
      ...[READY_TOPIC, ...filters].flatMap((filter) => ["-t", filter]),
      ...["-q", `${qos}`, "-C", `${count + 1}`, "-F", format],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  const output = readOutput(child.stdout);
  if (!await output.ready) {
    await child.status;
    throw new Error(`mosquitto_sub: ${await said}`);
  }
  let ended = false;
  const bytes = async () => {
    const all = await output.all;
    const { success } = await child.status;
    ended = true;
    if (!success) throw new Error(`mosquitto_sub: ${await said}`);
    return all.subarray(indexOfNeedle(all, NEWLINE) + 1, -1);
  };
  return {
    bytes,
    async lines() {
      return new TextDecoder().decode(await bytes()).split("\n");
    },
    async [Symbol.asyncDispose]() {
      if (!ended) child.kill();
      await Promise.all([child.status, output.all, said]);
    },
  };
}

/** Reads on whatever the caller does, so that the process never waits for its pipe. */
function readOutput(stdout: ReadableStream<Uint8Array>): {
  /** Whether a first line has come. */
  ready: Promise<boolean>;
  all: Promise<Uint8Array>;
} {
  const ready = Promise.withResolvers<boolean>();
  const read = async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of stdout) {
      chunks.push(chunk);
      if (chunk.includes(0x0a)) ready.resolve(true);
    }
    ready.resolve(false);
    return concat(chunks);
  };
  return { ready: ready.promise, all: read() };
}
