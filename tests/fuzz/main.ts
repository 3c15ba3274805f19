// `deno task fuzz`: feeds broken bytes to all that takes bytes of a peer, until a time or a number is reached.
//
//   deno task fuzz --minutes 5
//   deno task fuzz --target session --inputs 1000000
//   deno task fuzz --target session --seed 123

import { parseArgs } from "node:util";
import { formatInput } from "./input.ts";
import { TARGETS } from "./targets.ts";
import type { Finding, Order } from "./worker.ts";

/** An input that is under way for longer hangs. */
const HUNG_MS = 10_000;

/** How often the workers are looked after. */
const LOOK_MS = 500;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    inputs: { type: "string", default: "2000000000" },
    target: { type: "string", multiple: true },
    seed: { type: "string" },
    from: { type: "string", default: "1" },
  },
});
const names = values.target ?? Object.keys(TARGETS);

if (values.seed !== undefined) await replay(Number(values.seed));
else {
  const minutes = Number(values.minutes) / names.length;
  let faults = 0;
  for (const name of names) faults += await fuzz(name, minutes * 60_000);
  Deno.exit(faults === 0 ? 0 : 1);
}

/** Feeds the input of one seed to the named targets, in this thread: a debugger can look on. */
async function replay(seed: number): Promise<void> {
  for (const name of names) {
    const target = TARGETS[name];
    if (target === undefined) throw new TypeError(`There is no target ${name}`);
    const input = target.make(seed);
    console.log(`${name} ${formatInput(input)}`);
    await target.feed(input);
  }
}

/** Feeds one target by as many workers as there are processors. Resolves with the number of faults. */
async function fuzz(name: string, ms: number): Promise<number> {
  const workers = navigator.hardwareConcurrency;
  const begun = performance.now();
  let faults = 0;
  const counts = Array.from({ length: workers }, (_, at) => {
    const progress = new Int32Array(new SharedArrayBuffer(12));
    const order: Order = {
      target: name,
      from: Number(values.from) + at,
      step: workers,
      inputs: Math.ceil(Number(values.inputs) / workers),
      progress,
    };
    const ended = work(order, {
      until: begun + ms,
      onFault(finding) {
        faults++;
        console.log(`deno task fuzz --target ${name} --seed ${finding.seed}`);
        console.log(`  ${name} ${finding.input}\n  ${finding.error}`);
      },
    });
    return { progress, ended };
  });
  await Promise.all(counts.map(({ ended }) => ended));
  const inputs = counts.reduce(
    (sum, { progress }) => sum + Atomics.load(progress, 1),
    0,
  );
  const heap = Math.max(...counts.map(({ progress }) => progress[2] ?? 0));
  const seconds = (performance.now() - begun) / 1000;
  console.log(
    `${name}: ${inputs} inputs in ${seconds.toFixed(0)} s, ${faults} faults, ` +
      `at most ${heap} MiB of heap a worker`,
  );
  return faults;
}

/** One worker, until its inputs or its time are over. */
function work(
  order: Order,
  { until, onFault }: { until: number; onFault: (finding: Finding) => void },
): Promise<void> {
  const worker = new Worker(import.meta.resolve("./worker.ts"), {
    type: "module",
  });
  return new Promise((resolve, reject) => {
    let fed = -1;
    let fedAt = performance.now();
    const end = () => {
      clearInterval(watch);
      worker.terminate();
      resolve();
    };
    const watch = setInterval(() => {
      const now = performance.now();
      if (now >= until) return end();
      if (Atomics.load(order.progress, 1) !== fed) {
        fed = Atomics.load(order.progress, 1);
        fedAt = now;
      } else if (now - fedAt > HUNG_MS) {
        const seed = Atomics.load(order.progress, 0);
        onFault({ seed, input: "", error: `hung for ${HUNG_MS} ms` });
        end();
      }
    }, LOOK_MS);
    worker.onmessage = ({ data }: MessageEvent<Finding | null>) => {
      if (data === null) end();
      else onFault(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      clearInterval(watch);
      reject(new Error(event.message));
    };
    worker.postMessage(order);
  });
}
