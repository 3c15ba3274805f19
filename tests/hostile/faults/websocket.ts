// WebSocket frames that a server must not send (chapter 6, RFC 6455).

import type { ProtocolVersion } from "../../../src/codec/packet.ts";
import {
  bytes,
  closeFrame,
  frame,
  latin1,
} from "../../transport/websocket_frames.ts";
import type { Phase } from "../fault.ts";

/** A frame that ends the connection. */
export interface FrameFault {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What our close frame says (RFC 6455, 7.4.1). */
  readonly closeCode: number;
  readonly clause: string;
}

/** One of them in one version and phase. */
export interface FrameRow {
  readonly fault: FrameFault;
  readonly version: ProtocolVersion;
  readonly phase: Phase;
}

/** Behind CONNACK: what an answer to the upgrade may do wrong is tried in tests/transport/hostile_test.ts. */
const PHASES = ["connected", "with work under way"] as const;

/** The rows of a fault. */
export function frameRowsOf(fault: FrameFault): FrameRow[] {
  return ([3, 4, 5] as const).flatMap((version) =>
    PHASES.map((phase) => ({ fault, version, phase }))
  );
}

/** What would be right in a frame that is. */
const PINGRESP = bytes("d0 00");

// deno-fmt-ignore
const FAULTS: readonly (readonly [name: string, bytes: Uint8Array, closeCode: number, clause: string])[] = [
  ["a text frame", frame(1, PINGRESP), 1003, "MQTT-6.0.0-1"],
  ["a text frame of no length", frame(1, new Uint8Array(0)), 1003, "MQTT-6.0.0-1"],
  ["a text frame that begins a message in fragments", frame(1, latin1("a"), { fin: false }), 1003, "MQTT-6.0.0-1"],
  ["a masked frame", frame(2, PINGRESP, { mask: bytes("01 02 03 04") }), 1002, "RFC 6455, 5.1"],
  ["a frame with RSV1", bytes("c2 02 d0 00"), 1002, "RFC 6455, 5.2"],
  ["a frame with RSV2", bytes("a2 02 d0 00"), 1002, "RFC 6455, 5.2"],
  ["a frame with RSV3", bytes("92 02 d0 00"), 1002, "RFC 6455, 5.2"],
  ["a frame with a reserved data opcode", bytes("83 02 d0 00"), 1002, "RFC 6455, 5.2"],
  ["a frame with a reserved control opcode", bytes("8b 00"), 1002, "RFC 6455, 5.2"],
  ["a continuation of nothing", bytes("80 02 d0 00"), 1002, "RFC 6455, 5.4"],
  ["a message inside another", bytes("02 01 d0  82 01 00"), 1002, "RFC 6455, 5.4"],
  ["a ping in fragments", bytes("09 01 61"), 1002, "RFC 6455, 5.5"],
  ["a ping of 126 bytes", bytes("89 7e 00 7e"), 1002, "RFC 6455, 5.5"],
  ["a close frame of 126 bytes", bytes("88 7e 00 7e"), 1002, "RFC 6455, 5.5"],
  ["a length of two bytes that needs one", bytes("82 7e 00 02 d0 00"), 1002, "RFC 6455, 5.2"],
  ["a length of eight bytes that needs two", bytes("82 7f 00*6 01 00"), 1002, "RFC 6455, 5.2"],
  ["a length beyond 2^63", bytes("82 7f ff*8"), 1002, "RFC 6455, 5.2"],
  ["a close frame of one byte", bytes("88 01 03"), 1002, "RFC 6455, 5.5.1"],
  ["a close frame with a code that is none", closeFrame(999), 1002, "RFC 6455, 7.4"],
  ["a close frame with a code that must not be sent", closeFrame(1006), 1002, "RFC 6455, 7.4"],
  ["a close frame with a reason that is no UTF-8", bytes("88 03 03 e8 ff"), 1007, "RFC 6455, 8.1"],
];

/** All of them. */
export const frameFaults: readonly FrameFault[] = FAULTS.map(
  ([name, bytes, closeCode, clause]) => ({ name, bytes, closeCode, clause }),
);
