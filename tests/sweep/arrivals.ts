// What came to one side, checked against what was sent: numbers from 0 on, of QoS 1 and of QoS 2.

import type { QoS } from "../../mod.ts";

/** What follows each number: with it 20 messages of each QoS are more than 2 KiB. */
const PADDING = ".".repeat(40);

/** The payload of a message. */
export function payloadOf(qos: QoS, number: number): string {
  return `${qos} ${number} ${PADDING}`;
}

/** The number in a payload. */
export function numberIn(payload: string): number {
  return Number(payload.split(" ")[1]);
}

/** Whether numbers, each taken the first time that it comes, rise. */
export function isOrdered(numbers: readonly number[]): boolean {
  const first = [...new Set(numbers)];
  return first.every((number, at) => number > (first[at - 1] ?? -1));
}

/** Counts what comes, up to a last number of each QoS. */
export class Arrivals {
  readonly #what: string;
  readonly #last: number;
  readonly #numbers = new Map<number, number[]>([[1, []], [2, []]]);

  constructor(what: string, last: number) {
    this.#what = what;
    this.#last = last;
  }

  /** How many messages of QoS 1 came again. */
  get repeated(): number {
    const numbers = this.of(1);
    return numbers.length - new Set(numbers).size;
  }

  /** Reads until the last of each QoS has come. */
  async read(messages: AsyncIterable<{ text(): string }>): Promise<void> {
    for await (const message of messages) {
      const [qos = 0, number = 0] = message.text().split(" ").map(Number);
      this.of(qos).push(number);
      if ([1, 2].every((qos) => this.of(qos).includes(this.#last))) return;
    }
  }

  /** Lost, doubled at QoS 2, or out of order: a line each. */
  faults(): string[] {
    return [1, 2].flatMap((qos) => this.#faultsOf(qos));
  }

  /** The numbers that did not come. */
  lost(qos: number): number[] {
    const came = new Set(this.of(qos));
    const all = Array.from({ length: this.#last + 1 }, (_, number) => number);
    return all.filter((number) => !came.has(number));
  }

  /** The numbers that came, in order. */
  of(qos: number): number[] {
    const numbers = this.#numbers.get(qos);
    if (numbers === undefined) throw new RangeError(`No QoS ${qos} was sent`);
    return numbers;
  }

  #faultsOf(qos: number): string[] {
    const numbers = this.of(qos);
    const faults = this.lost(qos).map((number) => `lost: number ${number}`);
    if (qos === 2 && new Set(numbers).size < numbers.length) {
      faults.push(`doubled: ${numbers.join(" ")}`);
    }
    if (!isOrdered(numbers)) {
      faults.push(`out of order: ${numbers.join(" ")}`);
    }
    return faults.map((fault) => `${this.#what}, QoS ${qos}: ${fault}`);
  }
}
