// Which cores the processes of a row run on.

import type { Job } from "./task.ts";

const ALL = `0-${navigator.hardwareConcurrency - 1}`;

/** The window up to which a side waits for the sink more than it works. */
const TALK_WINDOW_MAX = 100;

/** Has a process, with all its threads, run where a row's processes are to. */
export async function place(pid: number, job: Job): Promise<void> {
  const cores = isTalk(job) ? "0" : ALL;
  const { success, stderr } = await new Deno.Command("taskset", {
    args: ["--all-tasks", "--cpu-list", "--pid", cores, String(pid)],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}

/**
 * Whether the two sides of the wire take turns, a few messages at a time. A turn takes 20 us where both
 * are on one core, and on some machines 60 where each has to wake another: which it is would be chance.
 */
function isTalk({ work, qos, window }: Job): boolean {
  return work === "round-trip" || qos > 0 && window <= TALK_WINDOW_MAX;
}
