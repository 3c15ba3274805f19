/**
 * The properties of MQTT 5 (chapter 2.2.2.2): one table that says all there is to know of each, and
 * the properties of each packet as types.
 *
 * @module
 */
import type { PacketTypeName, Properties, PropertyName } from "./packet.ts";

/** What may carry properties: every packet but PINGREQ and PINGRESP, and the will in a CONNECT. */
export type PropertyCarrier =
  | Exclude<PacketTypeName, "pingreq" | "pingresp">
  | "will";

/**
 * How a property's value stands on the wire. A `bit` is a byte of 0 or 1, a `boolean` the same in
 * the sense of false or true; a `topicName` is a string without wildcards.
 */
export type PropertyKind =
  | "bit"
  | "boolean"
  | "uint16"
  | "uint32"
  | "variableByteInteger"
  | "string"
  | "topicName"
  | "binary"
  | "stringPair";

/** A row of the table. */
export interface Property {
  /** The identifier: one byte, as none is above 127. */
  readonly id: number;
  /** The name that it has in a packet's properties. */
  readonly name: PropertyName;
  /** How its value stands on the wire. */
  readonly kind: PropertyKind;
  /** What may carry it. */
  readonly carriers: readonly PropertyCarrier[];
  /** The lowest value that a number may have. */
  readonly min: 0 | 1;
  /** Whether it may come more than once: then its value is an array. */
  readonly repeats: boolean;
  /** A bit of its own, to remember which properties have been there. */
  readonly bit: number;
}

const MESSAGE = ["publish", "will"] as const;
const ACKNOWLEDGEMENTS = [
  "puback",
  "pubrec",
  "pubrel",
  "pubcomp",
  "suback",
  "unsuback",
] as const;
const ALL = [
  ...MESSAGE,
  ...ACKNOWLEDGEMENTS,
  "connect",
  "connack",
  "subscribe",
  "unsubscribe",
  "disconnect",
  "auth",
] as const;

type Row = readonly [
  id: number,
  name: PropertyName,
  kind: PropertyKind,
  carriers: readonly PropertyCarrier[],
  rule?: "not 0" | "repeats" | "repeats, not 0",
];

// deno-fmt-ignore
const ROWS: readonly Row[] = [
  [0x01, "payloadFormatIndicator", "bit", MESSAGE],
  [0x02, "messageExpiryInterval", "uint32", MESSAGE],
  [0x03, "contentType", "string", MESSAGE],
  [0x08, "responseTopic", "topicName", MESSAGE],
  [0x09, "correlationData", "binary", MESSAGE],
  [0x0B, "subscriptionIdentifier", "variableByteInteger", ["subscribe"], "not 0"],
  [0x0B, "subscriptionIdentifiers", "variableByteInteger", ["publish"], "repeats, not 0"],
  [0x11, "sessionExpiryInterval", "uint32", ["connect", "connack", "disconnect"]],
  [0x12, "assignedClientIdentifier", "string", ["connack"]],
  [0x13, "serverKeepAlive", "uint16", ["connack"]],
  [0x15, "authenticationMethod", "string", ["connect", "connack", "auth"]],
  [0x16, "authenticationData", "binary", ["connect", "connack", "auth"]],
  [0x17, "requestProblemInformation", "boolean", ["connect"]],
  [0x18, "willDelayInterval", "uint32", ["will"]],
  [0x19, "requestResponseInformation", "boolean", ["connect"]],
  [0x1A, "responseInformation", "string", ["connack"]],
  [0x1C, "serverReference", "string", ["connack", "disconnect"]],
  [0x1F, "reasonString", "string", ["connack", ...ACKNOWLEDGEMENTS, "disconnect", "auth"]],
  [0x21, "receiveMaximum", "uint16", ["connect", "connack"], "not 0"],
  [0x22, "topicAliasMaximum", "uint16", ["connect", "connack"]],
  [0x23, "topicAlias", "uint16", ["publish"], "not 0"],
  [0x24, "maximumQoS", "bit", ["connack"]],
  [0x25, "retainAvailable", "boolean", ["connack"]],
  [0x26, "userProperties", "stringPair", ALL, "repeats"],
  [0x27, "maximumPacketSize", "uint32", ["connect", "connack"], "not 0"],
  [0x28, "wildcardSubscriptionAvailable", "boolean", ["connack"]],
  [0x29, "subscriptionIdentifiersAvailable", "boolean", ["connack"]],
  [0x2A, "sharedSubscriptionAvailable", "boolean", ["connack"]],
];

/** Every property. */
export const PROPERTIES: readonly Property[] = ROWS.map(
  ([id, name, kind, carriers, rule = ""], row) => ({
    id,
    name,
    kind,
    carriers,
    min: rule.includes("not 0") ? 1 : 0,
    repeats: rule.includes("repeats"),
    bit: 1 << row,
  }),
);

/** The properties that one carrier may have, by what they are looked up with. */
export interface PropertySet {
  /** Whose properties these are. */
  readonly carrier: PropertyCarrier;
  /** By identifier, for decoding. */
  readonly byId: readonly (Property | undefined)[];
  /** By name, for encoding. */
  readonly byName: ReadonlyMap<string, Property>;
}

/** The properties that `carrier` may have. */
export function propertiesOf(carrier: PropertyCarrier): PropertySet {
  const byId = Array<Property | undefined>(128).fill(undefined);
  const byName = new Map<string, Property>();
  for (const property of PROPERTIES) {
    if (!property.carriers.includes(carrier)) continue;
    byId[property.id] = property;
    byName.set(property.name, property);
  }
  return { carrier, byId, byName };
}

/** The properties of CONNECT (3.1.2.11). */
export type ConnectProperties = Pick<
  Properties,
  | "sessionExpiryInterval"
  | "receiveMaximum"
  | "maximumPacketSize"
  | "topicAliasMaximum"
  | "requestResponseInformation"
  | "requestProblemInformation"
  | "userProperties"
  | "authenticationMethod"
  | "authenticationData"
>;

/** The properties of a will (3.1.3.2). */
export type WillProperties = Pick<
  Properties,
  | "willDelayInterval"
  | "payloadFormatIndicator"
  | "messageExpiryInterval"
  | "contentType"
  | "responseTopic"
  | "correlationData"
  | "userProperties"
>;

/** The properties of PUBLISH (3.3.2.3). */
export type PublishProperties = Pick<
  Properties,
  | "payloadFormatIndicator"
  | "messageExpiryInterval"
  | "topicAlias"
  | "responseTopic"
  | "correlationData"
  | "userProperties"
  | "subscriptionIdentifiers"
  | "contentType"
>;

/** The properties of CONNACK (3.2.2.3). */
export type ConnackProperties = Pick<
  Properties,
  | "sessionExpiryInterval"
  | "receiveMaximum"
  | "maximumQoS"
  | "retainAvailable"
  | "maximumPacketSize"
  | "assignedClientIdentifier"
  | "topicAliasMaximum"
  | "reasonString"
  | "userProperties"
  | "wildcardSubscriptionAvailable"
  | "subscriptionIdentifiersAvailable"
  | "sharedSubscriptionAvailable"
  | "serverKeepAlive"
  | "responseInformation"
  | "serverReference"
  | "authenticationMethod"
  | "authenticationData"
>;

/** The properties of PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK. */
export type AckProperties = Pick<Properties, "reasonString" | "userProperties">;

/** The properties of SUBSCRIBE (3.8.2.1). */
export type SubscribeProperties = Pick<
  Properties,
  "subscriptionIdentifier" | "userProperties"
>;

/** The properties of UNSUBSCRIBE (3.10.2.1). */
export type UnsubscribeProperties = Pick<Properties, "userProperties">;

/** The properties of DISCONNECT (3.14.2.2). */
export type DisconnectProperties = Pick<
  Properties,
  | "sessionExpiryInterval"
  | "reasonString"
  | "userProperties"
  | "serverReference"
>;

/** The properties of AUTH (3.15.2.2). */
export type AuthProperties = Pick<
  Properties,
  | "authenticationMethod"
  | "authenticationData"
  | "reasonString"
  | "userProperties"
>;
