// What is fed to a target, and the text that a corpus keeps it as.

import type { ProtocolVersion, Sender } from "../../src/codec/packet.ts";
import { conversation, talk, VERSIONS } from "./conversation.ts";
import { join, mutate, noise, split } from "./mutate.ts";
import { Random } from "./random.ts";

/** The bytes of one side of a conversation, in the pieces in which they come. */
export interface Input {
  readonly version: ProtocolVersion;
  readonly from: Sender;
  /** Whether the connection stands already, where the target knows the difference. */
  readonly phase: "new" | "connected";
  readonly pieces: readonly Uint8Array[];
}

/** The input of a seed: the same one each time. */
export function inputOf(seed: number, senders: readonly Sender[]): Input {
  const random = new Random(seed);
  const version = random.of(VERSIONS);
  const from = random.of(senders);
  const phase = random.of(["new", "connected"] as const);
  const say = phase === "new" ? conversation : talk;
  const bytes = random.once(20)
    ? noise(random)
    : mutate(say(version, from, random), random);
  return { version, from, phase, pieces: split(bytes, random) };
}

/** An input as text: `5 server connected 30:0300,0161`. */
export function formatInput({ version, from, phase, pieces }: Input): string {
  const bytes = pieces.map((piece) => piece.toHex()).join(",");
  return `${version} ${from} ${phase} ${bytes}`;
}

/** The input that a text stands for. */
export function parseInput(text: string): Input {
  const [version, from, phase, bytes = ""] = text.split(" ");
  const found = VERSIONS.find((one) => String(one) === version);
  if (
    found === undefined || (from !== "server" && from !== "client") ||
    (phase !== "new" && phase !== "connected")
  ) throw new TypeError(`This is no input: ${text}`);
  const pieces = bytes.split(",").map((hex) => Uint8Array.fromHex(hex));
  return { version: found, from, phase, pieces };
}

/** The same input in one piece, and byte by byte. */
export function recut(input: Input): Input[] {
  const bytes = join(input.pieces);
  return [
    { ...input, pieces: [bytes] },
    { ...input, pieces: Array.from(bytes, (byte) => Uint8Array.of(byte)) },
  ];
}
