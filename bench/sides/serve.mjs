// A side on Node: takes tasks from standard input, one a line, and answers each with its outcome.

import process from "node:process";
import { createInterface } from "node:readline";

/** Works until the input ends. */
export async function serve(works) {
  for await (const line of createInterface({ input: process.stdin })) {
    const task = JSON.parse(line);
    console.log(JSON.stringify(await works[task.work](task)));
  }
}
