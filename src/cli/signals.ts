/**
 * The signals that ask a command to end: it says goodbye to the server first.
 *
 * @module
 */

type EndingSignal = "SIGINT" | "SIGTERM";

/** Windows knows no SIGTERM. */
const SIGNALS: readonly EndingSignal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];

/** Listens for SIGINT and SIGTERM until disposed. A second one ends the process at once. */
export class Signals implements Disposable {
  /** The signal that came. */
  received: EndingSignal | undefined;
  readonly #controller = new AbortController();
  readonly #listeners = SIGNALS.map((signal) =>
    [signal, () => this.#receive(signal)] as const
  );

  /** Begins to listen. */
  constructor() {
    for (const [signal, listener] of this.#listeners) {
      Deno.addSignalListener(signal, listener);
    }
  }

  /** Fires when a signal has come. */
  get stop(): AbortSignal {
    return this.#controller.signal;
  }

  /** Leaves the signals to their defaults. */
  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) {
      Deno.removeSignalListener(signal, listener);
    }
  }

  #receive(signal: EndingSignal): void {
    if (this.received !== undefined) {
      this[Symbol.dispose]();
      raise(signal);
    }
    this.received = signal;
    this.#controller.abort();
  }
}

/** How long a signal to ourselves may take to come. */
const RAISE_TIMEOUT_MS = 1_000;

/**
 * Ends the process by a signal of its own, so that whoever waits for it can tell an interruption
 * (130 or 143 in the shell) from the reason codes 0x82 and 0x8F. No listener may be left.
 */
export function raise(signal: EndingSignal): never {
  if (Deno.build.os !== "windows") {
    Deno.kill(Deno.pid, signal);
    // Another thread may be the one to take it: an exit meanwhile would be faster.
    const nobody = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(nobody, 0, 0, RAISE_TIMEOUT_MS);
  }
  Deno.exit(signal === "SIGINT" ? 130 : 143);
}
