// Any bytes of a client into the broker, beside an honest client: it must be served all the same.

import { assert } from "@std/assert";
import type { BrokerConnection } from "../../src/broker/connection.ts";
import { BrokerMachine } from "../../src/broker/machine.ts";
import { DEFAULT_SETTINGS } from "../../src/broker/settings.ts";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import { encodePacket } from "../../src/codec/encoder.ts";
import {
  NO_PROPERTIES,
  type OutgoingPacket,
  type Packet,
  type ProtocolVersion,
} from "../../src/codec/packet.ts";
import { ByteWriter } from "../../src/codec/writer.ts";
import { ProtocolError } from "../../src/errors.ts";
import { VERSIONS } from "./conversation.ts";
import type { Input } from "./input.ts";

const NOW = 1_000_000;

/** Longer than any expiry and delay of an input, but for those that never end. */
const LATER = NOW + 2_000_000;

/** Feeds one input. Throws where a rule is broken. */
export function feedBroker({ version, phase, pieces }: Input): void {
  const machine = new BrokerMachine({
    ...DEFAULT_SETTINGS,
    makeClientId: () => "given",
  });
  const honest = join(machine, "honest", 5);
  machine.receive(honest, encode(SUBSCRIBE, 5), NOW);
  const hostile = phase === "connected"
    ? join(machine, "fuzz", version)
    : machine.connect(NOW, "hostile");
  const told = new Map([[honest, new Answers()], [hostile, new Answers()]]);
  for (const piece of pieces) {
    machine.receive(hostile, piece.slice(), NOW);
    drive(machine, told);
  }
  machine.lost(hostile, NOW);
  drive(machine, told);
  machine.wake(LATER);
  drive(machine, told);
  machine.publish(ALIVE, LATER);
  const topics = drive(machine, told).filter((packet) =>
    packet.type === "publish"
  ).map(({ topicName }) => topicName);
  assert(topics.at(-1) === "alive", "The honest client is not served");
}

/** Empties all doors, as a driver does. What the broker says must be whole and valid. */
function drive(
  machine: BrokerMachine,
  told: ReadonlyMap<BrokerConnection, Answers>,
): Packet[] {
  const packets: Packet[] = [];
  for (
    let dirty = machine.takeDirty();
    dirty.length > 0;
    dirty = machine.takeDirty()
  ) {
    for (const connection of dirty) {
      const bytes = connection.takeBytes();
      if (bytes === undefined) continue;
      packets.push(...told.get(connection)?.read(bytes) ?? []);
      machine.written(connection, NOW);
    }
  }
  machine.takeEvents();
  return packets;
}

/** What the broker says on one connection. It speaks the version of a CONNECT whose bytes may be broken: any of the three will do, but one. */
class Answers {
  #decoders = VERSIONS.map((protocolVersion) =>
    new PacketDecoder({ protocolVersion, from: "server" })
  );

  read(bytes: Uint8Array): Packet[] {
    let packets: Packet[] = [];
    this.#decoders = this.#decoders.filter((decoder) => {
      decoder.push(bytes.slice());
      try {
        packets = whole(decoder);
        return true;
      } catch (error) {
        if (error instanceof ProtocolError) return false;
        throw error;
      }
    });
    assert(this.#decoders.length > 0, "No version has such packets");
    return packets;
  }
}

function whole(decoder: PacketDecoder): Packet[] {
  const packets: Packet[] = [];
  for (
    let packet = decoder.next();
    packet !== undefined;
    packet = decoder.next()
  ) packets.push(packet);
  assert(decoder.atBoundary, "Half a packet");
  return packets;
}

function join(
  machine: BrokerMachine,
  clientId: string,
  version: ProtocolVersion,
): BrokerConnection {
  const connection = machine.connect(NOW, clientId);
  const packet = {
    type: "connect",
    protocolVersion: version,
    cleanStart: true,
    keepAlive: 0,
    clientId,
    username: undefined,
    password: undefined,
    will: undefined,
    properties: NO_PROPERTIES,
  } as const;
  machine.receive(connection, encode(packet, version), NOW);
  drive(machine, new Map());
  return connection;
}

const ALIVE = {
  topicName: "alive",
  payload: new Uint8Array(0),
  qos: 0,
  retain: false,
  properties: NO_PROPERTIES,
} as const;

const SUBSCRIBE: OutgoingPacket = {
  type: "subscribe",
  packetId: 1,
  subscriptions: [{
    topicFilter: "alive",
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
  }],
  properties: NO_PROPERTIES,
};

function encode(packet: OutgoingPacket, version: ProtocolVersion): Uint8Array {
  const writer = new ByteWriter();
  encodePacket(writer, packet, version);
  return writer.take()?.slice() ?? new Uint8Array(0);
}
