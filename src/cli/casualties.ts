/**
 * The messages that a loss has cost a command which goes on after it.
 *
 * @module
 */
import { ConnectionLostError } from "../../mod.ts";
import { CODE } from "./failure.ts";
import { sentence } from "./sentence.ts";
import { writeError } from "./terminal.ts";

/** Counts them, and tells of those that one loss has cost in one line. */
export class Casualties {
  readonly #quiet: boolean;
  #errors: ConnectionLostError[] = [];
  #has = false;
  #ended = false;

  /** There are none yet. */
  constructor({ quiet }: { readonly quiet: boolean }) {
    this.#quiet = quiet;
  }

  /** The exit code of a command that has done all else. */
  get code(): number {
    return this.#has ? CODE.connectionLost : 0;
  }

  /** A publish has failed; throws what was not the connection's fault. */
  add(error: unknown): void {
    if (!(error instanceof ConnectionLostError)) throw error;
    this.#has = true;
    // Those that a loss costs are told of at once.
    if (this.#errors.push(error) === 1) setTimeout(() => this.tell());
  }

  /** The client has ended: what ended it is told, and that stands for them all. */
  ended(): void {
    this.#ended = true;
  }

  /** Tells of those that were not told of yet. */
  tell(): void {
    const [first] = this.#errors;
    const others = this.#errors.length - 1;
    this.#errors = [];
    if (first === undefined || this.#ended || this.#quiet) return;
    const more = others > 0 ? `; and ${others} more` : "";
    writeError(`midge: ${sentence(first)}${more}`);
  }
}
