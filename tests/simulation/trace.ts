// What happened in a simulation, for people.

import { describePacket } from "../../src/codec/describe.ts";
import type { Packet } from "../../src/codec/packet.ts";
import type { Tracer } from "./world.ts";

/** Keeps a line for each packet at each end, and for each step. */
export class Trace implements Tracer {
  readonly lines: string[] = [];

  packet(at: number, where: string, packet: Packet): void {
    // While nothing comes to rest there are thousands of them, and they say nothing.
    if (packet.type === "pingreq" || packet.type === "pingresp") return;
    this.#add(at, `${where} ${describePacket(packet)}`);
  }

  note(at: number, what: string): void {
    this.#add(at, `* ${what}`);
  }

  #add(at: number, text: string): void {
    this.lines.push(`${at.toFixed(1).padStart(9)}  ${text}`);
  }
}
