// What a scenario is: something that users do, with clients of midge at both ends and a server between them.

import type { ProtocolVersion } from "../../../mod.ts";
import type { Stage } from "./stage.ts";

/** Something that users do. */
export interface Scenario {
  /** A sentence that holds where it passes. It is unlike any other's. */
  readonly name: string;
  /** The first version that has it. */
  readonly since: ProtocolVersion;
  /**
   * Rejects with {@linkcode NotOffered} where the server says that it has no such thing, and with anything else
   * where it departs from the specification or midge does.
   */
  readonly run: (stage: Stage) => Promise<void>;
}

/** Scenarios about one thing. */
export interface ScenarioGroup {
  /** What they are about. */
  readonly title: string;
  readonly scenarios: readonly Scenario[];
}

/** The server has no such thing, and may. */
export class NotOffered extends Error {
  override name = "NotOffered";
}

type Run = Scenario["run"];

/** Scenarios by their names, which begin with one version. */
export function since(
  version: ProtocolVersion,
  scenarios: Readonly<Record<string, Run>>,
): Scenario[] {
  return Object.entries(scenarios).map(([name, run]) => ({
    name,
    since: version,
    run,
  }));
}

/** Says that the server does not offer something, unless it does. */
export function offered(
  isOffered: unknown,
  otherwise = "",
): asserts isOffered {
  if (!isOffered) throw new NotOffered(otherwise);
}
