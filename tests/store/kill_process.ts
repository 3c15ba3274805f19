// Processes that are killed by SIGKILL around a certain packet.

import type { KillProxy, Trigger } from "./kill_proxy.ts";

/** How a process is killed, and what its store promises. */
export interface KillOptions {
  /** Where mosquitto is. */
  readonly executable: string;
  readonly protocolVersion: 4 | 5;
  readonly durability: "flush" | "sync";
  /** How often. */
  readonly times: number;
}

/** What came of all runs. */
export interface KillOutcome {
  /** How often the process was killed. */
  readonly kills: number;
  /** How many different messages have arrived. */
  readonly arrived: number;
  /** How many messages the kills have left in the middle of their way, one kill after the other. */
  readonly left: number;
  /** How often one has arrived again, by its QoS. */
  readonly again: Readonly<Record<1 | 2, number>>;
  /** How many of QoS 2 the server has sent again that it must not send again; 0 where it was the one to receive. */
  readonly againByServer: number;
  /** How many have not arrived, and had to. */
  readonly lost: number;
  /** How many have come before one that they had to come behind. */
  readonly outOfOrder: number;
  /** Whatever breaks a promise, one sentence each. */
  readonly faults: readonly string[];
}

/** A packet around which a process is killed. */
export type KilledAt = Pick<Trigger, "direction" | "type">;

/** Where a run kills: each packet before it goes on and right after it has, early in the life of a process and later. */
export function triggerOf(packets: readonly KilledAt[], run: number): Trigger {
  const kind = run % (2 * packets.length);
  const packet = packets[kind >> 1];
  if (packet === undefined) throw new RangeError("There is no such packet");
  return { ...packet, passes: kind % 2 === 1, count: 1 + run * 37 % 150 };
}

/** One process from its start to its end by SIGKILL: the lines it has printed. */
export async function killOnce(
  proxy: KillProxy,
  trigger: Trigger,
  start: () => Deno.ChildProcess,
): Promise<string[]> {
  const child = start();
  proxy.arm(trigger, () => child.kill("SIGKILL"));
  const lines = await linesOf(child);
  const { signal } = await child.status;
  if (signal !== "SIGKILL") throw new Error("The process ended by itself");
  return lines;
}

/** All whole lines that a process prints until it ends. */
export async function linesOf(child: Deno.ChildProcess): Promise<string[]> {
  const output = await new Response(child.stdout).text();
  return output.split("\n").slice(0, -1);
}

/** Starts one of the programs beside this file. */
export function startProgram(
  name: string,
  args: readonly (string | number)[],
): Deno.ChildProcess {
  const { pathname } = new URL(name, import.meta.url);
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", pathname, ...args.map(String)],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}
