/**
 * The properties of MQTT 5 as table 2-4 has them (2.2.2.2), each with a valid value.
 *
 * @module
 */
import type { PropertyName } from "../../../src/codec/packet.ts";

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
