/**
 * The session of `midge subscribe --store`: the next run goes on with it.
 *
 * @module
 */
import type { Client, ConnectOptions, Restored } from "../../mod.ts";
import type { Values } from "./option.ts";
import type { Reception } from "./receive.ts";
import type { SHARED } from "./shared_options.ts";
import { storeOptions } from "./stored.ts";
import { writeError } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";

/** What the store is told: `midge publish` would drop what the session brings. */
const CHECKPOINT = "midge subscribe";

type StoredValues = Values<typeof SHARED> & {
  readonly store: string | undefined;
};

/** Where a session is kept, and what is subscribed to. */
export interface StoredSessionOptions {
  readonly path: string;
  readonly values: StoredValues;
  readonly address: string;
  readonly subscriptions: Reception["subscriptions"];
}

/** A session that outlives the command. */
export class StoredSession {
  /** What `connect()` is asked for. */
  readonly connect: ConnectOptions;
  readonly #options: StoredSessionOptions;
  #restored: Restored | undefined;

  /** Throws a UsageError for what contradicts a store. */
  constructor(options: StoredSessionOptions) {
    const { path, values, address, subscriptions } = options;
    const isOfQos0 = subscriptions.every(({ options: { qos } }) => qos === 0);
    if (subscriptions.length > 0 && isOfQos0) {
      throw new UsageError(
        "--store is of no use at QoS 0, which a server does not keep: add -q 2, exactly once, or -q 1",
      );
    }
    this.#options = options;
    this.connect = storeOptions(path, values, {
      address,
      onRestored: (restored) => this.#onRestored(restored),
    });
  }

  /** There is a connection. */
  async begin(client: Client): Promise<void> {
    const { path, values: { quiet } } = this.#options;
    const isKnown = this.#restored?.clientId !== undefined;
    if (isKnown && !client.connection.sessionPresent && !quiet) {
      writeError(
        `midge: the server has lost the session of ${path}: what was published meanwhile does not come`,
      );
    }
    if (this.#restored?.checkpoint !== CHECKPOINT) {
      await client.checkpoint(CHECKPOINT);
    }
  }

  #onRestored(restored: Restored): void {
    const { checkpoint } = restored;
    if ((checkpoint ?? CHECKPOINT) !== CHECKPOINT) {
      const { path } = this.#options;
      throw new UsageError(
        `${path} belongs to another command or program. Take another --store`,
      );
    }
    this.#restored = restored;
  }
}
