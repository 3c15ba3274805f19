/**
 * Packets to bytes.
 *
 * @module
 */
import { encodeAck } from "./ack.ts";
import { writeAuth } from "./auth.ts";
import { writeConnack } from "./connack.ts";
import { writeConnect } from "./connect.ts";
import { writeDisconnect } from "./disconnect.ts";
import type { OutgoingPacket, ProtocolVersion } from "./packet.ts";
import { writePing } from "./ping.ts";
import { encodePublish } from "./publish.ts";
import { writeSuback } from "./suback.ts";
import { writeSubscribe, writeUnsubscribe } from "./subscribe.ts";
import type { ByteWriter } from "./writer.ts";

/**
 * Writes one packet behind what waits in the writer. CONNECT and CONNACK go by the version that they
 * name themselves.
 *
 * Throws a TypeError or a RangeError for what a packet cannot carry; then the writer is as before.
 */
export function encodePacket(
  writer: ByteWriter,
  packet: OutgoingPacket,
  protocolVersion: ProtocolVersion,
): void {
  const before = writer.length;
  try {
    writePacket(writer, packet, protocolVersion);
  } catch (error) {
    writer.rewind(before);
    throw error;
  }
}

function writePacket(
  writer: ByteWriter,
  packet: OutgoingPacket,
  protocolVersion: ProtocolVersion,
): void {
  switch (packet.type) {
    case "connect":
      return writeConnect(writer, packet);
    case "connack":
      return writeConnack(writer, packet);
    case "publish":
      return encodePublish(writer, packet, protocolVersion);
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return encodeAck(
        writer,
        packet.type,
        packet.packetId,
        packet.reasonCode,
        packet.properties,
        protocolVersion,
      );
    case "subscribe":
      return writeSubscribe(writer, packet, protocolVersion);
    case "unsubscribe":
      return writeUnsubscribe(writer, packet, protocolVersion);
    case "suback":
    case "unsuback":
      return writeSuback(writer, packet, protocolVersion);
    case "pingreq":
    case "pingresp":
      return writePing(writer, packet);
    case "disconnect":
      return writeDisconnect(writer, packet, protocolVersion);
    case "auth":
      return writeAuth(writer, packet, protocolVersion);
  }
}
