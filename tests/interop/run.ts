// Plays scenarios with a server, and says what came of each.

import { ConnectError, type ProtocolVersion } from "../../mod.ts";
import { NotOffered, type Scenario } from "./scenarios/scenario.ts";
import { Stage } from "./scenarios/stage.ts";
import type { Server } from "./servers/server.ts";

/** What came of a scenario. */
export interface Outcome {
  readonly type: "passed" | "not offered" | "departs";
  /** What the server said, or what went wrong; empty where it passed. */
  readonly seen: string;
  /** What went over the wires, in readable lines. */
  readonly lines: readonly string[];
}

/** A scenario that waits longer waits for something that never comes. */
const SCENARIO_MS = 20_000;

/** The versions of the protocol, as people call them. */
export const VERSIONS = { 3: "3.1", 4: "3.1.1", 5: "5" } as const;

/** Plays one scenario. */
export async function play(
  scenario: Scenario,
  server: Server,
  protocolVersion: ProtocolVersion,
): Promise<Outcome> {
  await using stage = new Stage(server, protocolVersion);
  const { lines } = stage;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error("what is waited for does not come")),
    SCENARIO_MS,
  );
  try {
    await Promise.race([scenario.run(stage), late.promise]);
    return { type: "passed", seen: "", lines };
  } catch (error) {
    const seen = error instanceof Error ? error.message : `${error}`;
    const type = error instanceof NotOffered ? "not offered" : "departs";
    return { type, seen, lines };
  } finally {
    clearTimeout(timer);
  }
}

/** What the server says to a client of a version: undefined where it lets it in. */
export async function refusalOf(
  server: Server,
  protocolVersion: ProtocolVersion,
): Promise<string | undefined> {
  await using stage = new Stage(server, protocolVersion);
  try {
    await stage.connect();
    return undefined;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return error.refusal ?? "it closes without CONNACK";
  }
}
