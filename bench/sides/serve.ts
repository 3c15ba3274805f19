// A side in Deno: takes tasks from standard input, one a line, and answers each with its outcome.

import { lines } from "../lines.ts";
import type { Outcome, Task, Work } from "../task.ts";

/** The kinds of work that a side can do. */
export type Works = {
  readonly [Kind in Work]?: (task: Task) => Promise<Outcome> | Outcome;
};

/** Works until the input ends. */
export async function serve(works: Works): Promise<void> {
  for await (const line of lines(Deno.stdin.readable)) {
    // It comes from measure.ts.
    const task = JSON.parse(line) as Task;
    const work = works[task.work];
    if (work === undefined) throw new TypeError(`No such work: ${task.work}`);
    console.log(JSON.stringify(await work(task)));
  }
}
