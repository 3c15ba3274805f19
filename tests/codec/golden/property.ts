/**
 * The properties of MQTT 5 as table 2-4 has them (2.2.2.2), each with a valid value.
 *
 * @module
 */
import type { PropertyName } from "../../../src/codec/packet.ts";
import {
  bytesOf,
  packetBytes,
  type Sender,
  variableByteInteger,
} from "../golden.ts";

/** What carries properties: a packet, or the will within a CONNECT. */
export type Carrier = (typeof CARRIERS)[number];

/** A property in the packets where it has this name. */
export interface PropertyRow {
  readonly id: number;
  readonly name: PropertyName;
  /** A value as bytes; see {@linkcode bytesOf}. */
  readonly bytes: string;
  readonly value: unknown;
  readonly carriers: readonly Carrier[];
}

/** All that carry properties. */
export const CARRIERS = [
  "connect",
  "will",
  "connack",
  "publish",
  "puback",
  "pubrec",
  "pubrel",
  "pubcomp",
  "subscribe",
  "suback",
  "unsubscribe",
  "unsuback",
  "disconnect",
  "auth",
] as const;

/**
 * All properties. A Subscription Identifier stands once in SUBSCRIBE and any number of times in
 * PUBLISH, so it has two names.
 */
// deno-fmt-ignore
export const PROPERTIES: readonly PropertyRow[] = [
  row(0x01, "payloadFormatIndicator", "01", 1, "publish will"),
  row(0x02, "messageExpiryInterval", "00 01 51 80", 86_400, "publish will"),
  row(0x03, "contentType", "00 02 61 62", "ab", "publish will"),
  row(0x08, "responseTopic", "00 03 72 2f 31", "r/1", "publish will"),
  row(0x09, "correlationData", "00 02 00 ff", Uint8Array.of(0, 0xff), "publish will"),
  row(0x0b, "subscriptionIdentifier", "80 01", 128, "subscribe"),
  row(0x0b, "subscriptionIdentifiers", "80 01", [128], "publish"),
  row(0x11, "sessionExpiryInterval", "ff ff ff ff", 0xffff_ffff, "connect connack disconnect"),
  row(0x12, "assignedClientIdentifier", "00 02 63 31", "c1", "connack"),
  row(0x13, "serverKeepAlive", "01 02", 258, "connack"),
  row(0x15, "authenticationMethod", "00 01 6d", "m", "connect connack auth"),
  row(0x16, "authenticationData", "00 02 00 ff", Uint8Array.of(0, 0xff), "connect connack auth"),
  row(0x17, "requestProblemInformation", "00", false, "connect"),
  row(0x18, "willDelayInterval", "80 00 00 00", 0x8000_0000, "will"),
  row(0x19, "requestResponseInformation", "01", true, "connect"),
  row(0x1a, "responseInformation", "00 01 72", "r", "connack"),
  row(0x1c, "serverReference", "00 01 73", "s", "connack disconnect"),
  row(0x1f, "reasonString", "00 02 6e 6f", "no",
    "connack puback pubrec pubrel pubcomp suback unsuback disconnect auth"),
  row(0x21, "receiveMaximum", "ff ff", 65_535, "connect connack"),
  row(0x22, "topicAliasMaximum", "00 0a", 10, "connect connack"),
  row(0x23, "topicAlias", "00 01", 1, "publish"),
  row(0x24, "maximumQoS", "00", 0, "connack"),
  row(0x25, "retainAvailable", "01", true, "connack"),
  row(0x26, "userProperties", "00 01 61 00 01 62", [["a", "b"]], CARRIERS.join(" ")),
  row(0x27, "maximumPacketSize", "00 00 00 01", 1, "connect connack"),
  row(0x28, "wildcardSubscriptionAvailable", "00", false, "connack"),
  row(0x29, "subscriptionIdentifiersAvailable", "01", true, "connack"),
  row(0x2a, "sharedSubscriptionAvailable", "00", false, "connack"),
];

function row(
  id: number,
  name: PropertyName,
  bytes: string,
  value: unknown,
  carriers: string,
): PropertyRow {
  const words = carriers.split(" ");
  return {
    id,
    name,
    bytes,
    value,
    carriers: CARRIERS.filter((carrier) => words.includes(carrier)),
  };
}

/** A packet around its properties: its first byte, what stands before them and behind them. */
interface Frame {
  readonly first: number;
  readonly before: string;
  readonly behind: string;
  readonly from: Sender;
}

// deno-fmt-ignore
const FRAMES: Readonly<Record<Carrier, Frame>> = {
  connect: { first: 0x10, before: "00 04 4d 51 54 54 05 02 00 3c", behind: "00 00", from: "client" },
  will: { first: 0x10, before: "00 04 4d 51 54 54 05 06 00 3c 00 00 00", behind: "00 01 77 00 00", from: "client" },
  connack: { first: 0x20, before: "00 00", behind: "", from: "server" },
  publish: { first: 0x30, before: "00 01 61", behind: "68 69 68 69", from: "server" },
  puback: { first: 0x40, before: "00 01 00", behind: "", from: "server" },
  pubrec: { first: 0x50, before: "00 01 00", behind: "", from: "server" },
  pubrel: { first: 0x62, before: "00 01 00", behind: "", from: "server" },
  pubcomp: { first: 0x70, before: "00 01 00", behind: "", from: "server" },
  subscribe: { first: 0x82, before: "00 01", behind: "00 01 61 00", from: "client" },
  suback: { first: 0x90, before: "00 01", behind: "00 00 00", from: "server" },
  unsubscribe: { first: 0xa2, before: "00 01", behind: "00 01 61", from: "client" },
  unsuback: { first: 0xb0, before: "00 01", behind: "00 00 00", from: "server" },
  disconnect: { first: 0xe0, before: "82", behind: "", from: "server" },
  auth: { first: 0xf0, before: "18", behind: "", from: "server" },
};

/** Authentication Method "m": AUTH must have one, and Authentication Data goes with one alone. */
const METHOD = "15 00 01 6d";

/** A property as it stands among others. */
export function propertyBytes({ id, bytes }: PropertyRow): number[] {
  return [id, ...bytesOf(bytes)];
}

/** What must stand before a property, so that nothing but the property can be wrong. */
export function company(
  property: PropertyRow | undefined,
  carrier: Carrier,
): readonly number[] {
  if (property?.name === "authenticationMethod") return [];
  const needed = carrier === "auth" || property?.name === "authenticationData";
  const allowed = ["connect", "connack", "auth"].includes(carrier);
  return needed && allowed ? [...bytesOf(METHOD)] : [];
}

/** Only a client may send a Session Expiry Interval with DISCONNECT [MQTT-3.14.2-2]. */
export function senderOf(
  property: PropertyRow | undefined,
  carrier: Carrier,
): Sender {
  if (property?.name === "sessionExpiryInterval" && carrier === "disconnect") {
    return "client";
  }
  return FRAMES[carrier].from;
}

/** A packet whose properties are this block. */
export function packetWith(
  carrier: Carrier,
  block: readonly number[],
): Uint8Array {
  const { first, before, behind } = FRAMES[carrier];
  return packetBytes(first, [
    ...bytesOf(before),
    ...variableByteInteger(block.length),
    ...block,
    ...bytesOf(behind),
  ]);
}
