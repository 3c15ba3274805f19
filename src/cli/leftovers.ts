/**
 * The messages that an earlier run has left in the store: what becomes of them is this run's business.
 *
 * @module
 */
import { type Client, type Restored, StoreError } from "../../mod.ts";
import type { Fate } from "./publish_stream.ts";

/** Follows them to their ends. */
export class Leftovers {
  readonly #client: Client;
  readonly #ended: AbortSignal;

  /** Begins to look, as soon as there is a connection: some may have come to their end already. */
  constructor(client: Client, { onFailed, ended }: Fate) {
    this.#client = client;
    this.#ended = ended;
    void this.#watch(onFailed);
  }

  /** Resolves when so many messages wait for their end at most, be it of this run or of an earlier one. */
  async atMost(count: number): Promise<void> {
    const ended = this.#ended;
    ended.throwIfAborted();
    const status = this.#client.status();
    const leave = () => void status.return?.();
    ended.addEventListener("abort", leave, { once: true });
    while (this.#count > count && !(await status.next()).done);
    ended.removeEventListener("abort", leave);
    leave();
    ended.throwIfAborted();
  }

  get #count(): number {
    const { inFlight, queued } = this.#client.stats();
    return inFlight + queued;
  }

  async #watch(onFailed: (error: unknown) => void): Promise<void> {
    for await (const event of this.#client.status()) {
      if (event.type === "publish-failed" && event.restored) {
        onFailed(event.error);
      }
      // Without its store it is of no use to wait for the server.
      const isAway = event.type === "lost" || event.type === "retry-failed";
      if (isAway && event.error.cause instanceof StoreError) {
        onFailed(event.error.cause);
      }
    }
  }
}

/** How many messages came back. */
export function leftIn({ queued, published, released }: Restored): number {
  return queued + published + released;
}
