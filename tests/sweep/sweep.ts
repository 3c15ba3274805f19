// Many cuts, several at a time, and the sum of what they did.

import type { ProtocolVersion } from "../../mod.ts";
import { type Outcome, run, type Scenario } from "./run.ts";

/** The cuts are made where connecting, subscribing and most of the messages are. */
export const OFFSET_MAX = 2_048;

const VERSIONS = [4, 5] as const satisfies readonly ProtocolVersion[];
const DIRECTIONS = ["to-server", "to-client"] as const;
const WAYS = ["fin", "rst"] as const;

/** Every version, direction and way of ending, at every `step`th byte. */
export function scenarios(step: number): Scenario[] {
  const all: Scenario[] = [];
  for (let offset = 0; offset < OFFSET_MAX; offset += step) {
    for (const protocolVersion of VERSIONS) {
      for (const direction of DIRECTIONS) {
        for (const by of WAYS) {
          all.push({ protocolVersion, direction, offset, by });
        }
      }
    }
  }
  return all;
}

/** Runs them all, `concurrency` at a time, and tells of each as it ends. */
export async function sweep(
  serverPort: number,
  { scenarios, concurrency, onOutcome }: {
    scenarios: readonly Scenario[];
    concurrency: number;
    onOutcome: (outcome: Outcome) => void;
  },
): Promise<void> {
  const waiting = scenarios.values();
  const work = async () => {
    for (const scenario of waiting) onOutcome(await run(serverPort, scenario));
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}
