// Valid conversations: what a server and a client say, with every packet and every property in it.

import { encodePacket } from "../../src/codec/encoder.ts";
import {
  type AckType,
  NO_PROPERTIES,
  type OutgoingPacket,
  type Properties,
  type ProtocolVersion,
  type QoS,
  type Sender,
} from "../../src/codec/packet.ts";
import { PROPERTIES, type PropertyCarrier } from "../../src/codec/property.ts";
import { ByteWriter } from "../../src/codec/writer.ts";
import type { Random } from "./random.ts";

/** All three versions of the protocol. */
export const VERSIONS: readonly ProtocolVersion[] = [3, 4, 5];

/** The most packets behind the first. */
const LENGTH_MAX = 8;

/** Few, so that acknowledgements often meet what they acknowledge. */
const IDS = [1, 2, 3, 4, 5, 6] as const;

interface Pool {
  readonly first: readonly Uint8Array[];
  readonly rest: readonly Uint8Array[];
}

const pools = new Map(
  VERSIONS.flatMap((version) => [
    [`server${version}`, pool(version, fromServer(version))],
    [`client${version}`, pool(version, fromClient(version))],
  ]),
);

/** A conversation as one side holds it: mostly it begins as it should. */
export function conversation(
  version: ProtocolVersion,
  from: Sender,
  random: Random,
): Uint8Array[] {
  const { first, rest } = poolOf(version, from);
  const packets = random.once(12) ? [] : [random.of(first)];
  let more = random.below(LENGTH_MAX);
  do packets.push(random.of(rest)); while (more-- > 0);
  return packets;
}

/** The packets behind the first: those of a connection that stands. */
export function talk(
  version: ProtocolVersion,
  from: Sender,
  random: Random,
): Uint8Array[] {
  const { rest } = poolOf(version, from);
  return Array.from(
    { length: 1 + random.below(LENGTH_MAX) },
    () => random.of(rest),
  );
}

function poolOf(version: ProtocolVersion, from: Sender): Pool {
  const found = pools.get(`${from}${version}`);
  if (found === undefined) throw new RangeError(`No version ${version}`);
  return found;
}

function pool(
  version: ProtocolVersion,
  { first, rest }: Record<keyof Pool, readonly OutgoingPacket[]>,
): Pool {
  const bytes = (packet: OutgoingPacket) => encoded(packet, version);
  return { first: first.map(bytes), rest: rest.map(bytes) };
}

function encoded(
  packet: OutgoingPacket,
  version: ProtocolVersion,
): Uint8Array {
  const writer = new ByteWriter();
  encodePacket(writer, packet, version);
  return writer.take()?.slice() ?? new Uint8Array(0);
}

/** Every property that a packet may carry; those that `sender` must not send are left out. */
function all(
  version: ProtocolVersion,
  carrier: PropertyCarrier,
  without: readonly string[] = [],
): Properties {
  if (version < 5) return NO_PROPERTIES;
  const carried = PROPERTIES.filter(({ name, carriers }) =>
    carriers.includes(carrier) && !without.includes(name)
  );
  return Object.fromEntries(carried.map(({ name, kind, repeats }) => {
    const value = valueOf(kind);
    return [name, repeats ? [value, value] : value];
  }));
}

function valueOf(kind: string): unknown {
  switch (kind) {
    case "bit":
      return 1;
    case "boolean":
      return true;
    case "string":
      return "tëxt";
    case "topicName":
      return "reply/to";
    case "binary":
      return Uint8Array.of(1, 2, 3);
    case "stringPair":
      return ["name", "välue"];
    case "uint32":
      return 1_000;
    default:
      return 3;
  }
}

function fromServer(
  version: ProtocolVersion,
): Record<keyof Pool, OutgoingPacket[]> {
  const connack = (properties: Properties): OutgoingPacket => ({
    type: "connack",
    protocolVersion: version,
    sessionPresent: false,
    reasonCode: 0,
    properties,
  });
  const rest: OutgoingPacket[] = [
    ...publishes(version, ["subscriptionIdentifier"]),
    ...acknowledgements(version),
    { type: "pingresp" },
  ];
  for (const packetId of IDS) {
    const properties = all(version, "suback");
    rest.push(
      { type: "suback", packetId, reasonCodes: [0], properties },
      { type: "suback", packetId, reasonCodes: [1, 0x80], properties },
      {
        type: "unsuback",
        packetId,
        reasonCodes: version < 5 ? [] : [0],
        properties: all(version, "unsuback"),
      },
    );
  }
  if (version === 5) {
    const properties = all(version, "disconnect", ["sessionExpiryInterval"]);
    rest.push(
      { type: "disconnect", reasonCode: 0x8B, properties },
      { type: "auth", reasonCode: 0x18, properties: all(version, "auth") },
    );
  }
  return {
    first: [connack(NO_PROPERTIES), connack(all(version, "connack"))],
    rest,
  };
}

function fromClient(
  version: ProtocolVersion,
): Record<keyof Pool, OutgoingPacket[]> {
  const connect = {
    type: "connect",
    protocolVersion: version,
    cleanStart: true,
    keepAlive: 10,
    clientId: "fuzz",
    username: undefined,
    password: undefined,
    will: undefined,
    properties: NO_PROPERTIES,
  } as const;
  const will = {
    topicName: "will",
    payload: Uint8Array.of(1, 2, 3),
    qos: 1,
    retain: true,
    properties: all(version, "will"),
  } as const;
  const full = {
    ...connect,
    cleanStart: false,
    username: "user",
    password: Uint8Array.of(4, 5),
    will,
    properties: all(version, "connect", [
      "authenticationMethod",
      "authenticationData",
    ]),
  };
  const rest: OutgoingPacket[] = [
    ...publishes(version, [
      "subscriptionIdentifiers",
      "subscriptionIdentifier",
    ]),
    ...acknowledgements(version),
    { type: "pingreq" },
    {
      type: "disconnect",
      reasonCode: version < 5 ? 0 : 4,
      properties: all(version, "disconnect", ["serverReference"]),
    },
  ];
  for (const packetId of IDS) {
    rest.push(
      {
        type: "subscribe",
        packetId,
        subscriptions: ["#", "a/+/c", "$share/group/a"].map((topicFilter) => ({
          topicFilter,
          qos: 2,
          noLocal: false,
          retainAsPublished: version === 5,
          retainHandling: version === 5 ? 1 : 0,
        })),
        properties: all(version, "subscribe"),
      },
      {
        type: "unsubscribe",
        packetId,
        topicFilters: ["#", "a/+/c"],
        properties: all(version, "unsubscribe"),
      },
    );
  }
  return { first: [connect, full], rest };
}

function publishes(
  version: ProtocolVersion,
  without: readonly string[],
): OutgoingPacket[] {
  const properties = all(version, "publish", without);
  const packets: OutgoingPacket[] = [];
  for (const qos of [0, 1, 2] as const satisfies readonly QoS[]) {
    for (const packetId of qos === 0 ? [0] : IDS) {
      const packet = {
        type: "publish",
        topicName: "a/b/c",
        payload: "päyload",
        qos,
        retain: false,
        dup: false,
        packetId,
        properties: NO_PROPERTIES,
      } as const;
      packets.push(
        packet,
        { ...packet, retain: true, dup: qos > 0, payload: "" },
        { ...packet, properties },
      );
      if (version === 5) {
        packets.push({
          ...packet,
          topicName: "",
          properties: { topicAlias: 3 },
        });
      }
    }
  }
  return packets;
}

function acknowledgements(version: ProtocolVersion): OutgoingPacket[] {
  return IDS.flatMap((packetId) => [
    ...acks(version, { type: "puback", packetId, refusal: 0x80 }),
    ...acks(version, { type: "pubrec", packetId, refusal: 0x80 }),
    ...acks(version, { type: "pubrel", packetId, refusal: 0x92 }),
    ...acks(version, { type: "pubcomp", packetId, refusal: 0x92 }),
  ]);
}

function acks(
  version: ProtocolVersion,
  { type, packetId, refusal }: {
    type: AckType;
    packetId: number;
    refusal: number;
  },
): OutgoingPacket[] {
  return [
    { type, packetId, reasonCode: 0, properties: NO_PROPERTIES },
    {
      type,
      packetId,
      reasonCode: version < 5 ? 0 : refusal,
      properties: all(version, type),
    },
  ];
}
