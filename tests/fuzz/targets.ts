// What can be fuzzed, by name.

import type { Input } from "./input.ts";
import { feedBroker } from "./broker_target.ts";
import { feedClient } from "./client_target.ts";
import { feedCodec } from "./codec_target.ts";
import { feedSession } from "./session_target.ts";
import { feedFrames, framesOf } from "./websocket_target.ts";
import { inputOf } from "./input.ts";

/** Something that takes bytes of a peer. */
export interface Target {
  /** The input of a seed. */
  readonly make: (seed: number) => Input;
  /** Feeds it. Throws, or rejects, where a rule is broken. */
  readonly feed: (input: Input) => void | Promise<void>;
}

/** All of them. */
export const TARGETS: Readonly<Record<string, Target>> = {
  codec: {
    make: (seed) => inputOf(seed, ["server", "client"]),
    feed: feedCodec,
  },
  session: { make: (seed) => inputOf(seed, ["server"]), feed: feedSession },
  client: { make: (seed) => inputOf(seed, ["server"]), feed: feedClient },
  broker: { make: (seed) => inputOf(seed, ["client"]), feed: feedBroker },
  websocket: { make: framesOf, feed: feedFrames },
};
