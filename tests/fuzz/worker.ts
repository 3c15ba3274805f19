// Feeds one target with one seed after the other, and says where it is: a seed that never ends is a fault too.

/// <reference lib="webworker" />
import { formatInput } from "./input.ts";
import { TARGETS } from "./targets.ts";

/** What a worker is to do. */
export interface Order {
  readonly target: string;
  readonly from: number;
  /** How far apart its seeds are: the others are for other workers. */
  readonly step: number;
  /** How many inputs to feed at most. */
  readonly inputs: number;
  /** Three numbers, shared: the present seed, how many inputs were fed, and the most MiB of heap in use. */
  readonly progress: Int32Array;
}

/** What a worker tells of: an input that broke a rule, or (null) its end. */
export interface Finding {
  readonly seed: number;
  readonly input: string;
  readonly error: string;
}

/** A worker that finds more has met the same fault over and over. */
const FINDINGS_MAX = 5;

// Most inputs end in an error, and a stack costs more than all the rest. A replay shows it.
Error.stackTraceLimit = 0;

/** After how many inputs the heap is looked at. */
const HEAP_LOOK = 4_096;

function lookAtHeap(progress: Int32Array): void {
  const { heapUsed, external } = Deno.memoryUsage();
  const used = Math.ceil((heapUsed + external) / 2 ** 20);
  Atomics.store(progress, 2, Math.max(used, Atomics.load(progress, 2)));
}

self.onmessage = async ({ data }: MessageEvent<Order>) => {
  const { target: name, from, step, inputs, progress } = data;
  const target = TARGETS[name];
  if (target === undefined) throw new TypeError(`There is no target ${name}`);
  let findings = 0;
  for (let fed = 0; fed < inputs && findings < FINDINGS_MAX; fed++) {
    const seed = from + fed * step;
    Atomics.store(progress, 0, seed);
    const input = target.make(seed);
    try {
      const feeding = target.feed(input);
      if (feeding !== undefined) await feeding;
    } catch (error) {
      findings++;
      const text = error instanceof Error ? error.stack : String(error);
      self.postMessage({ seed, input: formatInput(input), error: text });
    }
    Atomics.add(progress, 1, 1);
    if (fed % HEAP_LOOK === 0) lookAtHeap(progress);
  }
  self.postMessage(null);
};
