/**
 * The course of an input that can be read again: what an earlier run has taken is skipped, if it is the same, and
 * of all that follows it is known how much was taken.
 *
 * @module
 */
import { count } from "./changes.ts";
import { Fingerprint } from "./fingerprint.ts";
import { checkpointOf, type Place } from "./place.ts";
import { UsageError } from "./usage_error.ts";

/** What is known of the next line. */
export interface Step {
  /** How many of its messages are to be left out: Infinity where it was taken as a whole. */
  readonly skipped: number;
  /** What the store is told with the message that is its `number`-th, of `count`. */
  checkpoint(number: number, count: number): string;
}

/** What is known before the first line. */
export interface CourseOptions {
  /** How far an earlier run has come; undefined where it has come to the end, or there was none. */
  readonly before: Place | undefined;
  /** What makes an input another one, though its lines are the same. */
  readonly identity: string;
  /** What a line is called: its plural has an s. */
  readonly noun: string;
  /** The input is not the one of which something was taken before: nothing is skipped. */
  readonly onOther: () => void;
}

/** Goes through the lines of an input. */
export class Course {
  readonly #options: CourseOptions;
  readonly #fingerprint = new Fingerprint();
  #before: Place | undefined;
  #first = "";
  #lines = 0;

  /** Begins before the first line. */
  constructor(options: CourseOptions) {
    this.#options = options;
    this.#before = options.before;
    this.#fingerprint.add(options.identity);
  }

  /** Takes the next line. Throws a UsageError where the lines that were taken before are not those that have come now. */
  next(line: Uint8Array | string): Step {
    const number = ++this.#lines;
    this.#fingerprint.add(line);
    const all = this.#fingerprint.toString();
    if (number === 1) this.#begin(all);
    const first = this.#first;
    const checkpoint = (message: number, count: number) =>
      message < count
        ? checkpointOf({ lines: number - 1, messages: message, first, all })
        : checkpointOf({ lines: number, messages: 0, first, all });
    return { skipped: this.#skipped(number, all), checkpoint };
  }

  /** The input has ended. Throws a UsageError where more than that was taken before. */
  end(): void {
    const taken = touched(this.#before);
    if (this.#lines >= taken) return;
    const { noun } = this.#options;
    throw new UsageError(
      `the input has ${
        count(this.#lines, noun)
      }, and ${taken} were taken before. Give it as it was, or take another --store`,
    );
  }

  #begin(first: string): void {
    this.#first = first;
    if (this.#before === undefined || this.#before.first === first) return;
    this.#before = undefined;
    this.#options.onOther();
  }

  #skipped(number: number, all: string): number {
    const before = this.#before;
    if (before === undefined || number > touched(before)) return 0;
    if (number === touched(before) && all !== before.all) {
      throw new UsageError(
        `the first ${number} ${this.#options.noun}s of the input are not those that were taken before: none was published. Give it as it was, or take another --store`,
      );
    }
    return number <= before.lines ? Infinity : before.messages;
  }
}

/** Of how many lines something was taken. */
function touched(place: Place | undefined): number {
  if (place === undefined) return 0;
  return place.messages > 0 ? place.lines + 1 : place.lines;
}
