// The packets of one client in the order in which they went, for scenarios that ask what was really sent.

import type { Packet } from "../../../src/codec/packet.ts";
import type { PacketWatcher } from "../../support/tapped_transport.ts";

/** A packet, and who has sent it. */
export interface LoggedPacket {
  readonly from: "client" | "server";
  readonly packet: Packet;
}

type PacketOf<Type extends Packet["type"]> = Extract<Packet, { type: Type }>;

/** Keeps all packets. */
export class PacketLog implements PacketWatcher {
  readonly packets: LoggedPacket[] = [];
  #changed = Promise.withResolvers<void>();

  sent(packet: Packet): void {
    this.#add({ from: "client", packet });
  }

  received(packet: Packet): void {
    this.#add({ from: "server", packet });
  }

  /** All of one type that one side has sent. */
  all<Type extends Packet["type"]>(
    from: LoggedPacket["from"],
    type: Type,
  ): PacketOf<Type>[] {
    return this.packets.flatMap(({ from: sender, packet }) =>
      sender === from && isOf(packet, type) ? [packet] : []
    );
  }

  /** Resolves when the server has sent so many of one type. */
  async hasCome(type: Packet["type"], count: number): Promise<void> {
    while (this.all("server", type).length < count) await this.#changed.promise;
  }

  /** How many messages of QoS 1 one side has had unacknowledged at once. */
  peak(from: LoggedPacket["from"]): number {
    let unacknowledged = 0;
    let peak = 0;
    for (const { from: sender, packet } of this.packets) {
      if (sender === from && packet.type === "publish" && packet.qos === 1) {
        peak = Math.max(peak, ++unacknowledged);
      }
      if (sender !== from && packet.type === "puback") unacknowledged--;
    }
    return peak;
  }

  #add(logged: LoggedPacket): void {
    this.packets.push(logged);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

function isOf<Type extends Packet["type"]>(
  packet: Packet,
  type: Type,
): packet is PacketOf<Type> {
  return packet.type === type;
}
