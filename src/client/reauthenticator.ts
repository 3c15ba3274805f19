/**
 * Enhanced authentication on a connection that there is (MQTT 5, chapter 4.12.1).
 *
 * @module
 */
import { ConnectionLostError } from "../errors.ts";
import { checkNames, checkSignal } from "./checks.ts";
import { type Life, lostWith } from "./life.ts";
import type { Link } from "./link.ts";
import type { ReauthenticateOptions } from "./options.ts";
import type { Settings } from "./settings.ts";
import { aborted, rejected, Wait } from "./wait.ts";

const WHAT = "authenticate anew";

const OPTIONS: ReadonlySet<string> = new Set(["signal"]);

/** What a reauthenticator is made from. */
export interface ReauthenticatorOptions {
  readonly settings: Settings;
  readonly life: Life;
  readonly link: Link;
}

/** Authenticates anew, and tells those who wait what came of it. */
export class Reauthenticator {
  readonly #options: ReauthenticatorOptions;
  readonly #waits = new Set<Wait<void>>();

  /** Makes a reauthenticator that nobody has asked. */
  constructor(options: ReauthenticatorOptions) {
    this.#options = options;
  }

  /** See `Client.reauthenticate`. */
  authenticate(options: ReauthenticateOptions): Promise<void> {
    const { settings, life, link } = this.#options;
    try {
      checkNames(WHAT, options, OPTIONS);
      const { signal } = options;
      checkSignal(WHAT, signal);
      life.check(WHAT);
      if (signal?.aborted) throw aborted(WHAT, signal);
      const exchange = settings.approaches.exchangeAnew();
      if (exchange === undefined) {
        throw new TypeError(
          `Cannot ${WHAT}: connect() was given no function for authenticate`,
        );
      }
      if (!link.isConnected) {
        throw new ConnectionLostError(
          `Cannot ${WHAT}: there is no connection, and the next one begins with it`,
        );
      }
      const wait = new Wait<void>();
      this.#waits.add(wait);
      wait.abortWith(signal, WHAT);
      link.reauthenticate(exchange).then(
        () => wait.resolve(undefined),
        (error) => wait.reject(error),
      ).finally(() => this.#waits.delete(wait));
      return wait.promise;
    } catch (error) {
      return rejected(error);
    }
  }

  /** The connection is gone. */
  away(error: ConnectionLostError): void {
    this.#reject(lostWith(`Cannot ${WHAT}`, error));
  }

  /** The client has ended. */
  end(): void {
    this.#reject(this.#options.life.error(WHAT));
  }

  #reject(error: ConnectionLostError): void {
    for (const wait of this.#waits) wait.reject(error);
    this.#waits.clear();
  }
}
