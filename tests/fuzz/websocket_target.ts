// Any bytes into the reader of WebSocket frames: payload never grows, and what breaks a rule is told.

import { assert } from "@std/assert";
import { MqttError } from "../../src/errors.ts";
import { FrameReader } from "../../src/transport/websocket_reader.ts";
import { closeFrame, frame } from "../transport/websocket_frames.ts";
import type { Input } from "./input.ts";
import { mutate, split } from "./mutate.ts";
import { Random } from "./random.ts";

const MASK = Uint8Array.of(1, 2, 3, 4);

/** The most frames of a conversation. */
const FRAMES_MAX = 6;

/** Frames with faults; see `inputOf`. */
export function framesOf(seed: number): Input {
  const random = new Random(seed);
  const from = random.of(["server", "client"] as const);
  const mask = from === "client" ? { mask: MASK } : {};
  const frames = Array.from({ length: 1 + random.below(FRAMES_MAX) }, () => {
    const payload = new Uint8Array(random.of([0, 1, 2, 125, 126, 300]));
    const opcode = random.of([0, 2, 2, 2, 9, 10, 8]);
    if (opcode === 8 && mask.mask === undefined) return closeFrame(1000, "end");
    const isControl = opcode >= 8;
    return frame(opcode, isControl ? payload.subarray(0, 125) : payload, {
      fin: isControl || random.once(2),
      ...mask,
    });
  });
  const pieces = split(mutate(frames, random), random);
  return { version: 5, from, phase: "new", pieces };
}

/** Feeds one input. Throws where a rule is broken. */
export function feedFrames({ from, pieces }: Input): void {
  const reader = new FrameReader(from);
  for (const piece of pieces) {
    const size = reader.unwrap(piece.slice());
    assert(size <= piece.length, "More payload than bytes");
    const ping = reader.takePing();
    assert(ping === undefined || ping.length <= 125, "A ping beyond its limit");
  }
  const error = reader.end?.error;
  assert(error === undefined || error instanceof MqttError);
}
