/**
 * Any packet that a peer may send, for properties. Which properties a packet may carry is asked of the
 * table: the golden bytes check the table itself.
 *
 * @module
 */
import fc, { type Arbitrary } from "fast-check";
import type {
  AckType,
  Packet,
  Properties,
  ProtocolVersion,
  QoS,
  RetainHandling,
  Sender,
} from "../../src/codec/packet.ts";
import {
  PROPERTIES,
  type Property,
  type PropertyCarrier,
} from "../../src/codec/property.ts";
import {
  isReasonCode,
  type ReasonPacket,
} from "../../src/codec/reason_code.ts";

/** A packet, with the version it is sent in and who may send it. */
export interface Sent {
  /** The version of the connection. */
  readonly version: ProtocolVersion;
  /** One who may send the packet. */
  readonly from: Sender;
  /** The packet. */
  readonly packet: Packet;
}

/** Any text that MQTT can carry: all of Unicode but U+0000, in all lengths of UTF-8. */
const text: Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 120 }),
  fc.string({ unit: "binary", maxLength: 40 }),
).map((value) => value.replaceAll("\0", ""));

const topicName = text.map((value) => value.replaceAll(/[+#]/g, ""));
const someTopicName = topicName.filter((value) => value !== "");
const topicFilter = text.filter((value) => value !== "");
const bytes = fc.uint8Array({ maxLength: 300 });
const packetId = fc.integer({ min: 1, max: 0xFFFF });
const qos = fc.constantFrom<QoS>(0, 1, 2);

function valueOf({ kind, min }: Property): Arbitrary<unknown> {
  switch (kind) {
    case "bit":
      return fc.constantFrom(0, 1);
    case "boolean":
      return fc.boolean();
    case "uint16":
      return fc.integer({ min, max: 0xFFFF });
    case "uint32":
      return fc.integer({ min, max: 0xFFFFFFFF });
    case "variableByteInteger":
      return fc.integer({ min, max: 268_435_455 });
    case "string":
      return text;
    case "topicName":
      return someTopicName;
    case "binary":
      return bytes;
    case "stringPair":
      return fc.tuple(text, text);
  }
}

/** Any properties that `carrier` may have, but for those that `from` must not send. */
function properties(
  version: ProtocolVersion,
  carrier: PropertyCarrier,
  without: readonly string[] = [],
): Arbitrary<Properties> {
  if (version < 5) return fc.constant({});
  const allowed = PROPERTIES.filter(({ carriers, name }) =>
    carriers.includes(carrier) && !without.includes(name)
  );
  const values = allowed.map((property) => {
    const value = valueOf(property);
    return [
      property.name,
      property.repeats
        ? fc.array(value, { minLength: 1, maxLength: 4 })
        : value,
    ] as const;
  });
  return fc.record(Object.fromEntries(values), {
    requiredKeys: [],
    noNullPrototype: true,
  });
}

function reasonCode(
  packet: ReasonPacket,
  from: Sender,
): Arbitrary<number> {
  const codes = Array.from({ length: 256 }, (_, code) => code)
    .filter((code) => isReasonCode(code, packet, from));
  return fc.constantFrom(...codes);
}

function connect(
  version: ProtocolVersion,
): Arbitrary<Packet> {
  const will = fc.record({
    topicName: someTopicName,
    payload: bytes,
    qos,
    retain: fc.boolean(),
    properties: properties(version, "will"),
  });
  return fc.record({
    type: fc.constant("connect" as const),
    protocolVersion: fc.constant(version),
    cleanStart: fc.boolean(),
    keepAlive: fc.integer({ min: 0, max: 0xFFFF }),
    clientId: text,
    username: fc.option(text, { nil: undefined }),
    password: fc.option(bytes, { nil: undefined }),
    will: fc.option(will, { nil: undefined }),
    properties: properties(version, "connect"),
  }).filter(({ username, password, properties }) =>
    (version === 5 || username !== undefined || password === undefined) &&
    (properties.authenticationMethod !== undefined ||
      properties.authenticationData === undefined)
  );
}

function connack(version: ProtocolVersion): Arbitrary<Packet> {
  return fc.record({
    type: fc.constant("connack" as const),
    protocolVersion: fc.constant(version),
    // MQTT 3.1 does not have it.
    sessionPresent: version === 3 ? fc.constant(false) : fc.boolean(),
    reasonCode: version === 5
      ? reasonCode("connack", "server")
      : fc.integer({ min: 0, max: 5 }),
    properties: properties(version, "connack"),
  }).filter(({ sessionPresent, reasonCode }) =>
    !sessionPresent || reasonCode === 0
  );
}

function publish(version: ProtocolVersion, from: Sender): Arbitrary<Packet> {
  return fc.record({
    type: fc.constant("publish" as const),
    topicName,
    payload: bytes,
    qos,
    retain: fc.boolean(),
    dup: fc.boolean(),
    packetId,
    properties: properties(
      version,
      "publish",
      from === "client" ? ["subscriptionIdentifiers"] : [],
    ),
  }).filter(({ topicName, properties }) =>
    topicName !== "" || properties.topicAlias !== undefined
  ).map((packet) =>
    packet.qos === 0 ? { ...packet, dup: false, packetId: 0 } : packet
  );
}

function ack(
  version: ProtocolVersion,
  from: Sender,
  type: AckType,
): Arbitrary<Packet> {
  return fc.record({
    type: fc.constant(type),
    packetId,
    reasonCode: version === 5 ? reasonCode(type, from) : fc.constant(0),
    properties: properties(version, type),
  });
}

function subscribe(version: ProtocolVersion): Arbitrary<Packet> {
  const option = version === 5 ? fc.boolean() : fc.constant(false);
  const subscription = fc.record({
    topicFilter,
    qos,
    noLocal: option,
    retainAsPublished: option,
    retainHandling: version === 5
      ? fc.constantFrom<RetainHandling>(0, 1, 2)
      : fc.constant<RetainHandling>(0),
  }).filter(({ topicFilter, noLocal }) =>
    !(noLocal && topicFilter.startsWith("$share/"))
  );
  return fc.record({
    type: fc.constant("subscribe" as const),
    packetId,
    subscriptions: fc.array(subscription, { minLength: 1, maxLength: 5 }),
    properties: properties(version, "subscribe"),
  });
}

function suback(version: ProtocolVersion): Arbitrary<Packet> {
  const code = version === 5
    ? reasonCode("suback", "server")
    : fc.constantFrom(0, 1, 2, 0x80);
  return fc.record({
    type: fc.constant("suback" as const),
    packetId,
    reasonCodes: fc.array(code, { minLength: 1, maxLength: 9 }),
    properties: properties(version, "suback"),
  });
}

function unsubscribe(version: ProtocolVersion): Arbitrary<Packet> {
  return fc.record({
    type: fc.constant("unsubscribe" as const),
    packetId,
    topicFilters: fc.array(topicFilter, { minLength: 1, maxLength: 5 }),
    properties: properties(version, "unsubscribe"),
  });
}

function unsuback(version: ProtocolVersion): Arbitrary<Packet> {
  return fc.record({
    type: fc.constant("unsuback" as const),
    packetId,
    reasonCodes: version === 5
      ? fc.array(reasonCode("unsuback", "server"), {
        minLength: 1,
        maxLength: 9,
      })
      : fc.constant([]),
    properties: properties(version, "unsuback"),
  });
}

function disconnect(version: ProtocolVersion, from: Sender): Arbitrary<Packet> {
  return fc.record({
    type: fc.constant("disconnect" as const),
    reasonCode: version === 5 ? reasonCode("disconnect", from) : fc.constant(0),
    properties: properties(
      version,
      "disconnect",
      from === "server" ? ["sessionExpiryInterval"] : [],
    ),
  });
}

function auth(from: Sender): Arbitrary<Packet> {
  return fc.record({
    type: fc.constant("auth" as const),
    reasonCode: reasonCode("auth", from),
    properties: properties(5, "auth"),
  }).filter(({ properties }) => properties.authenticationMethod !== undefined);
}

/** Any packet that `from` may send in this version. */
export function anyPacket(
  version: ProtocolVersion,
  from: Sender,
): Arbitrary<Packet> {
  const both = [
    publish(version, from),
    ack(version, from, "puback"),
    ack(version, from, "pubrec"),
    ack(version, from, "pubrel"),
    ack(version, from, "pubcomp"),
    ...(version === 5 ? [auth(from)] : []),
    ...(version === 5 || from === "client" ? [disconnect(version, from)] : []),
  ];
  return from === "server"
    ? fc.oneof(
      ...both,
      connack(version),
      suback(version),
      unsuback(version),
      fc.constant<Packet>({ type: "pingresp" }),
    )
    : fc.oneof(
      ...both,
      connect(version),
      subscribe(version),
      unsubscribe(version),
      fc.constant<Packet>({ type: "pingreq" }),
    );
}

/** Any packet from anyone in any version. */
export const sent: Arbitrary<Sent> = fc.record({
  version: fc.constantFrom<ProtocolVersion>(3, 4, 5),
  from: fc.constantFrom<Sender>("server", "client"),
}).chain(({ version, from }) =>
  anyPacket(version, from).map((packet) => ({ version, from, packet }))
);

/** Any number of packets from one sender on one connection. */
export const conversation: Arbitrary<
  { version: ProtocolVersion; from: Sender; packets: Packet[] }
> = fc.record({
  version: fc.constantFrom<ProtocolVersion>(3, 4, 5),
  from: fc.constantFrom<Sender>("server", "client"),
}).chain(({ version, from }) =>
  fc.array(anyPacket(version, from), { minLength: 1, maxLength: 12 })
    .map((packets) => ({ version, from, packets }))
);
