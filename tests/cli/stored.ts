/**
 * What tests of `--store` share: the file, a subscriber that remembers all, a way to the server on which the command
 * is killed.
 *
 * @module
 */
import { type Client, connect } from "../../mod.ts";
import { startKillProxy, type Trigger } from "../store/kill_proxy.ts";
import { address } from "../support/mosquitto_tests.ts";
import { type Ended, Midge, type Settings } from "./process.ts";

/** A file of its own for one test. */
export class StoreFile implements AsyncDisposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "midge-cli-store-" });
  /** Where it is. */
  readonly path = `${this.#folder}/jobs.log`;

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** All that comes to a filter at QoS 2, in its order. */
export class Collector implements AsyncDisposable {
  /** The payloads. */
  readonly payloads: string[] = [];
  readonly #client: Client;
  #more = Promise.withResolvers<void>();

  private constructor(client: Client) {
    this.#client = client;
  }

  /** Resolves when it is subscribed. */
  static async start(port: number, filter: string): Promise<Collector> {
    const client = await connect(address(port));
    const collector = new Collector(client);
    await client.subscribe(filter, {
      qos: 2,
      onMessage: (message) => collector.#add(message.text()),
    });
    return collector;
  }

  /** Resolves when nothing that was published before this can still be on its way. */
  async all(topic: string): Promise<string[]> {
    const last = `last ${crypto.randomUUID()}`;
    await this.#client.publish(topic, last, { qos: 2 });
    while (!this.payloads.includes(last)) await this.#more.promise;
    return this.payloads.filter((payload) => !payload.startsWith("last "));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.disconnect();
  }

  #add(payload: string): void {
    this.payloads.push(payload);
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }
}

/** A way to a server that always has the same address. */
export class Way implements Disposable {
  readonly #proxy;

  constructor(serverPort: number) {
    this.#proxy = startKillProxy(serverPort);
  }

  /** Where it begins. */
  get port(): string {
    return `${this.#proxy.port}`;
  }

  /** Runs a command until a packet comes by, and kills it then. */
  async killed(
    trigger: Partial<Trigger> & Pick<Trigger, "type">,
    args: readonly string[],
    settings: Settings,
  ): Promise<Ended> {
    await using running = new Midge(args, settings);
    const direction = "to-client";
    const full = { direction, count: 1, passes: false, ...trigger } as const;
    this.#proxy.arm(full, () => running.kill("SIGKILL"));
    return await running.ended();
  }

  /** Ends the connection when a packet comes by. */
  cut(trigger: Partial<Trigger> & Pick<Trigger, "type">): void {
    const direction = "to-client";
    const full = { direction, count: 1, passes: false, ...trigger } as const;
    this.#proxy.arm(full, () => {});
  }

  [Symbol.dispose](): void {
    this.#proxy[Symbol.dispose]();
  }
}

/** So many lines, numbered. */
export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `line ${index + 1}`);
}
