/**
 * The packet types by the first byte that each begins with (chapter 2.1.2), and their names for people.
 *
 * @module
 */
import type { PacketTypeName } from "./packet.ts";

/** The first byte of each packet type. Its flags never vary, but for PUBLISH, which adds its own. */
export const Header = {
  connect: 0x10,
  connack: 0x20,
  publish: 0x30,
  puback: 0x40,
  pubrec: 0x50,
  pubrel: 0x62,
  pubcomp: 0x70,
  subscribe: 0x82,
  suback: 0x90,
  unsubscribe: 0xA2,
  unsuback: 0xB0,
  pingreq: 0xC0,
  pingresp: 0xD0,
  disconnect: 0xE0,
  auth: 0xF0,
} as const satisfies Record<PacketTypeName, number>;

/** The flags of PUBLISH (3.3.1), and where its QoS stands. */
export const PublishFlag = {
  retain: 0x01,
  qosShift: 1,
  qosMask: 0x03,
  dup: 0x08,
} as const;

// The numbers of the types run from 1 to 15 in the order above.
const NAMES: readonly string[] = [
  "a packet of type 0",
  ...Object.keys(Header).map((type) => type.toUpperCase()),
];

/** The specification's name for the type of a packet, such as PUBLISH, by its first byte. */
export function packetName(header: number): string {
  return NAMES[header >> 4] ?? "a packet";
}
