// A way to a port of loopback on which every packet is seen, in both directions.

import { PacketDecoder } from "../../src/codec/decoder.ts";
import type { Packet, ProtocolVersion } from "../../src/codec/packet.ts";
import type { Transport, Wire } from "../../mod.ts";

/** Is told of each packet: one that is sent before it leaves, one that has come before the client has it. */
export interface PacketWatcher {
  sent(packet: Packet): void;
  received(packet: Packet): void;
}

/** Connects to the port, and tells of what goes over the wire. */
export function tappedTransport(
  port: number,
  protocolVersion: ProtocolVersion,
  watcher: PacketWatcher,
): Transport {
  return {
    async open(signal) {
      const connection = await Deno.connect({
        ...{ hostname: "127.0.0.1", port, signal },
      });
      connection.setNoDelay(true);
      return tapped(connection, protocolVersion, watcher);
    },
  };
}

function tapped(
  connection: Deno.TcpConn,
  protocolVersion: ProtocolVersion,
  watcher: PacketWatcher,
): Wire {
  const sent = new PacketDecoder({ protocolVersion, from: "client" });
  const received = new PacketDecoder({ protocolVersion, from: "server" });
  // A write may take less than it is given: what it left comes again, and was told.
  let told = 0;
  return {
    async read(into) {
      const size = await connection.read(into);
      if (size === null) return null;
      const tell = (packet: Packet) => watcher.received(packet);
      push(received, into.slice(0, size), tell);
      return size;
    },
    async write(bytes) {
      push(sent, bytes.slice(told), (packet) => watcher.sent(packet));
      const size = await connection.write(bytes);
      told = bytes.length - size;
      return size;
    },
    closeWrite: () => connection.closeWrite(),
    close: () => connection.close(),
  };
}

function push(
  decoder: PacketDecoder,
  bytes: Uint8Array,
  tell: (packet: Packet) => void,
): void {
  decoder.push(bytes);
  for (let packet = decoder.next(); packet; packet = decoder.next()) {
    tell(packet);
  }
}
