/**
 * The bench on which a BrokerMachine is tried: wires whose bytes are seen, the time a number.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import type { BrokerConnection } from "../../src/broker/connection.ts";
import type { BrokerEvent } from "../../src/broker/event.ts";
import { BrokerMachine } from "../../src/broker/machine.ts";
import type {
  BrokerDecision,
  BrokerQuestion,
} from "../../src/broker/question.ts";
import {
  type BrokerSettings,
  DEFAULT_SETTINGS,
} from "../../src/broker/settings.ts";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import { describePacket } from "../../src/codec/describe.ts";
import { encodePacket } from "../../src/codec/encoder.ts";
import {
  type AckPacket,
  type AckType,
  type ConnectPacket,
  NO_PROPERTIES,
  type OutgoingPacket,
  type Packet,
  type Properties,
  type ProtocolVersion,
  type PublishPacket,
  type QoS,
  type RetainHandling,
  type SubscribePacket,
  type UnsubscribePacket,
} from "../../src/codec/packet.ts";
import { ByteWriter } from "../../src/codec/writer.ts";
import { bytesOf } from "../codec/golden.ts";

export { VERSION_NAMES } from "../codec/golden.ts";

/** When the tests begin, in ms of a clock that nobody else has. */
export const NOW = 1_000_000;

/** All three versions of the protocol. */
export const VERSIONS: readonly ProtocolVersion[] = [3, 4, 5];

/** What a CONNECT has; see {@linkcode connectPacket} for the defaults. */
export type Given = Partial<Omit<ConnectPacket, "type">>;

/** A CONNECT with Clean Start and nothing else. */
export function connectPacket(given: Given = {}): ConnectPacket {
  return {
    type: "connect",
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 0,
    clientId: "c",
    username: undefined,
    password: undefined,
    will: undefined,
    properties: NO_PROPERTIES,
    ...given,
  };
}

/** What a message has besides its Topic Name and its payload. */
export interface MessageOptions {
  qos?: QoS;
  /** 1 where nothing else is said. */
  id?: number;
  retain?: boolean;
  dup?: boolean;
  properties?: Properties;
}

/** A PUBLISH. */
export function publishPacket(
  topicName: string,
  payload: string | Uint8Array = "x",
  options: MessageOptions = {},
): PublishPacket {
  const { qos = 0 } = options;
  return {
    type: "publish",
    topicName,
    payload: typeof payload === "string" ? utf8(payload) : payload,
    qos,
    retain: options.retain ?? false,
    dup: options.dup ?? false,
    packetId: qos === 0 ? 0 : options.id ?? 1,
    properties: options.properties ?? NO_PROPERTIES,
  };
}

/** The options of a subscription. */
export interface FilterOptions {
  qos?: QoS;
  noLocal?: boolean;
  retainAsPublished?: boolean;
  retainHandling?: RetainHandling;
  properties?: Properties;
  id?: number;
}

/** A SUBSCRIBE with one Topic Filter or more, all with the same options; QoS 2 where nothing is said. */
export function subscribePacket(
  topicFilters: string | readonly string[],
  options: FilterOptions = {},
): SubscribePacket {
  return {
    type: "subscribe",
    packetId: options.id ?? 1,
    subscriptions: [topicFilters].flat().map((topicFilter) => ({
      topicFilter,
      qos: options.qos ?? 2,
      noLocal: options.noLocal ?? false,
      retainAsPublished: options.retainAsPublished ?? false,
      retainHandling: options.retainHandling ?? 0,
    })),
    properties: options.properties ?? NO_PROPERTIES,
  };
}

/** An UNSUBSCRIBE. */
export function unsubscribePacket(
  ...topicFilters: string[]
): UnsubscribePacket {
  return {
    type: "unsubscribe",
    packetId: 1,
    topicFilters,
    properties: NO_PROPERTIES,
  };
}

/** PUBACK, PUBREC, PUBREL or PUBCOMP. */
export function ack(type: AckType, packetId = 1, reasonCode = 0): AckPacket {
  return { type, packetId, reasonCode, properties: NO_PROPERTIES };
}

/** A broker, its clients and its time. */
export class Bench {
  readonly machine: BrokerMachine;
  now = NOW;
  #peers = new Map<BrokerConnection, Peer>();
  #assigned = 0;

  /** Makes a broker that keeps to the default settings but for these. */
  constructor(settings: Partial<BrokerSettings> = {}) {
    this.machine = new BrokerMachine({
      ...DEFAULT_SETTINGS,
      makeClientId: () => `given-${++this.#assigned}`,
      ...settings,
    });
  }

  /** A new wire. */
  wire(protocolVersion: ProtocolVersion = 5): Peer {
    const connection = this.machine.connect(this.now, "peer");
    const peer = new Peer(this, connection, protocolVersion);
    this.#peers.set(connection, peer);
    return peer;
  }

  /** A client that CONNACK has accepted; what came with CONNACK and behind it is forgotten. */
  client(given: Given | string = {}): Peer {
    const connect = connectPacket(
      typeof given === "string" ? { clientId: given } : given,
    );
    const peer = this.wire(connect.protocolVersion);
    peer.send(connect);
    const [connack] = peer.packets();
    assert(connack?.type === "connack", `${connack?.type} for CONNACK`);
    assertEquals(connack.reasonCode, 0);
    return peer;
  }

  /** Time goes by, and the machine is woken whenever it wants to be. */
  pass(ms: number): void {
    const end = this.now + ms;
    let wakes = 0;
    while (this.machine.deadline <= end) {
      assert(++wakes < 100_000, "the deadline does not go on");
      this.now = Math.max(this.now, this.machine.deadline);
      this.machine.wake(this.now);
    }
    this.now = end;
  }

  /** What has happened, a line each. */
  told(): string[] {
    return this.machine.takeEvents().map(eventLine);
  }

  /** The questions that are open. */
  asked(): readonly BrokerQuestion[] {
    return this.machine.takeQuestions();
  }

  /** Answers the one question that is open. */
  answer(decision: BrokerDecision | number): BrokerQuestion {
    const [question, ...others] = this.asked();
    assert(question !== undefined, "there is no question");
    assertEquals(others, []);
    this.machine.answer(
      question,
      typeof decision === "number" ? { reasonCode: decision } : decision,
      this.now,
    );
    return question;
  }
}

/** One wire with its client. It reads at once what it is sent, unless `isReading` is false. */
export class Peer {
  readonly connection: BrokerConnection;
  /** Whether what is taken has been written. */
  isReading = true;
  readonly #bench: Bench;
  readonly #version: ProtocolVersion;
  readonly #decoder: PacketDecoder;

  constructor(
    bench: Bench,
    connection: BrokerConnection,
    protocolVersion: ProtocolVersion,
  ) {
    this.#bench = bench;
    this.connection = connection;
    this.#version = protocolVersion;
    this.#decoder = new PacketDecoder({ protocolVersion, from: "server" });
  }

  /** Whether the broker has ended the connection. */
  get isEnding(): boolean {
    return this.connection.isEnding;
  }

  /** Sends packets, in one go. */
  send(...packets: OutgoingPacket[]): void {
    this.push(encode(this.#version, ...packets));
  }

  /** Sends bytes; see {@linkcode bytesOf}. */
  sendBytes(text: string): void {
    this.push(bytesOf(text));
  }

  /** Sends bytes. */
  push(bytes: Uint8Array): void {
    const { machine, now } = this.#bench;
    machine.receive(this.connection, bytes, now);
  }

  /** The wire breaks. */
  lose(): void {
    this.#bench.machine.lost(this.connection, this.#bench.now);
  }

  /** All bytes that the broker has for the client. */
  take(): Uint8Array {
    const taken: Uint8Array[] = [];
    while (true) {
      const bytes = this.connection.takeBytes();
      if (bytes === undefined) return concat(taken);
      taken.push(bytes.slice());
      if (this.isReading) this.read();
    }
  }

  /** What was taken has been written. */
  read(): void {
    this.#bench.machine.written(this.connection, this.#bench.now);
  }

  /** All bytes that the broker has for the client, as hexadecimal numbers. */
  hex(): string {
    return hex(this.take());
  }

  /** All packets that the broker has for the client. */
  packets(): Packet[] {
    this.#decoder.push(this.take());
    const packets: Packet[] = [];
    while (true) {
      const packet = this.#decoder.next();
      if (packet === undefined) return packets;
      packets.push(packet);
    }
  }

  /** The same, a line each. */
  lines(): string[] {
    return this.packets().map(describePacket);
  }

  /** The payloads of the messages that the broker has for the client, acknowledged to the end. */
  messages(): string[] {
    const payloads: string[] = [];
    for (let packets = this.packets(); packets.length > 0;) {
      for (const packet of packets) {
        if (packet.type === "publish") {
          payloads.push(text(packet.payload));
          if (packet.qos === 1) this.send(ack("puback", packet.packetId));
          if (packet.qos === 2) this.send(ack("pubrec", packet.packetId));
        } else if (packet.type === "pubrel") {
          this.send(ack("pubcomp", packet.packetId));
        }
      }
      packets = this.packets();
    }
    return payloads;
  }
}

/** The bytes of packets in one version. */
export function encode(
  protocolVersion: ProtocolVersion,
  ...packets: OutgoingPacket[]
): Uint8Array {
  const writer = new ByteWriter();
  for (const packet of packets) encodePacket(writer, packet, protocolVersion);
  return writer.take()?.slice() ?? new Uint8Array(0);
}

/** Bytes as hexadecimal numbers; "" where there are none. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join(" ");
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A text as UTF-8. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** UTF-8 as a text. */
export function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function eventLine(event: BrokerEvent): string {
  switch (event.type) {
    case "message":
      return `message ${event.clientId} ${event.topicName} ${
        text(event.payload)
      }`;
    case "connected":
      return `connected ${event.clientId}${
        event.sessionPresent ? " session present" : ""
      }`;
    case "refused":
      return `refused ${event.clientId} ${code(event.reasonCode)}`;
    case "disconnected":
      return `disconnected ${event.clientId} ${event.cause} ${
        code(event.reasonCode)
      }`;
    case "session-ended":
      return `session-ended ${event.clientId}`;
    case "subscribed":
    case "unsubscribed":
      return `${event.type} ${event.clientId} ${event.topicFilter} ${
        code(event.reasonCode)
      }`;
    case "publish-refused":
      return `publish-refused ${event.clientId} ${event.topicName} ${
        code(event.reasonCode)
      }`;
    case "dropped":
      return `dropped ${event.clientId} ${event.topicName} ${event.cause}`;
  }
}

function code(reasonCode: number | undefined): string {
  return reasonCode?.toString(16).padStart(2, "0") ?? "-";
}
