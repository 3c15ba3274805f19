/**
 * The bench on which a Session is tried: hexadecimal bytes go in and come out, the time is a number.
 *
 * @module
 */
import { NO_PROPERTIES } from "../../src/codec/packet.ts";
import type {
  ConnectPacket,
  OutgoingPacket,
  Packet,
  Properties,
  ProtocolVersion,
  QoS,
} from "../../src/codec/packet.ts";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import { encodePacket } from "../../src/codec/encoder.ts";
import { ByteWriter } from "../../src/codec/writer.ts";
import type { IncomingDelivery } from "../../src/session/delivery.ts";
import type { SessionEvent } from "../../src/session/event.ts";
import type { OutgoingMessage } from "../../src/session/flight.ts";
import type { OfflineLimits } from "../../src/session/offline.ts";
import type { SessionLost } from "../../src/session/options.ts";
import type { Inflight } from "../../src/session/send_limits.ts";
import { Session } from "../../src/session/session.ts";

/** When the tests begin, in ms of a clock that nobody else has. */
export const NOW = 1_000_000;

/** All three versions of the protocol. */
export const VERSIONS: readonly ProtocolVersion[] = [3, 4, 5];

/** What the versions are called. */
export const VERSION_NAMES: Readonly<Record<ProtocolVersion, string>> = {
  3: "MQTT 3.1",
  4: "MQTT 3.1.1",
  5: "MQTT 5",
};

/** A Topic Filter to subscribe to. */
export const FILTER = {
  topicFilter: "f",
  qos: 0,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
} as const;

/** What a session and its connection are made from; see {@linkcode connectedSession} for the defaults. */
export interface Given {
  protocolVersion?: ProtocolVersion;
  cleanStart?: boolean;
  keepAlive?: number;
  /** The rest of CONNECT. */
  connect?: Partial<ConnectPacket>;
  /** The properties of CONNACK. */
  connack?: Properties;
  sessionPresent?: boolean;
  inflight?: Inflight;
  sessionLost?: Partial<SessionLost>;
  offline?: Partial<OfflineLimits>;
  recording?: boolean;
  now?: number;
}

/** The bytes that a text of hexadecimal numbers stands for. */
export function bytes(text: string): Uint8Array {
  const numbers = text.split(/\s+/).filter((word) => word !== "");
  return Uint8Array.from(numbers, (word) => parseInt(word, 16));
}

/** Bytes as hexadecimal numbers; "" where there are none. */
export function hex(bytes: Uint8Array | undefined): string {
  return Array.from(
    bytes ?? [],
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join(" ");
}

/** The bytes of packets in one version. */
export function packets(
  protocolVersion: ProtocolVersion,
  ...packets: OutgoingPacket[]
): Uint8Array {
  const writer = new ByteWriter();
  for (const packet of packets) encodePacket(writer, packet, protocolVersion);
  return writer.take()?.slice() ?? new Uint8Array(0);
}

/** A CONNECT without Clean Start, keep alive or anything else. */
export function connectPacket(given: Given = {}): ConnectPacket {
  return {
    type: "connect",
    protocolVersion: given.protocolVersion ?? 5,
    cleanStart: given.cleanStart ?? false,
    keepAlive: given.keepAlive ?? 0,
    clientId: "c",
    username: undefined,
    password: undefined,
    will: undefined,
    properties: NO_PROPERTIES,
    ...given.connect,
  };
}

/** The bytes of a CONNACK that accepts. */
export function connack(given: Given = {}): Uint8Array {
  const { protocolVersion = 5, sessionPresent = false } = given;
  return packets(protocolVersion, {
    type: "connack",
    protocolVersion,
    // MQTT 3.1 has no such flag.
    sessionPresent: sessionPresent && protocolVersion > 3,
    reasonCode: 0,
    properties: given.connack ?? NO_PROPERTIES,
  });
}

/** A session that has no connection yet. */
export function newSession(given: Given = {}): Session<string> {
  return new Session({
    inflight: given.inflight ?? { max: 1_000, qos2Max: 1_000 },
    sessionLost: { qos1: "resend", qos2: "reject", ...given.sessionLost },
    offline: {
      messagesMax: Infinity,
      bytesMax: Infinity,
      policy: "reject",
      qos0: false,
      ...given.offline,
    },
    recording: given.recording ?? false,
  });
}

/** Opens a connection and has it accepted. CONNECT is taken; what follows CONNACK is not. */
export function connect(session: Session<string>, given: Given = {}): void {
  const { now = NOW } = given;
  session.open(now, connectPacket(given));
  session.takeBytes();
  session.written(now, "all");
  session.receive(connack(given), now);
}

/** A session that is connected at `NOW`, by MQTT 5 where nothing else is given, all its doors empty. */
export function connectedSession(given: Given = {}): Session<string> {
  const session = newSession(given);
  connect(session, given);
  session.takeBytes();
  session.takeEvents();
  session.takeRecords();
  return session;
}

/**
 * Loses the connection and opens the next one, on which the server has kept the session or lost it. Of
 * MQTT 3.1, which cannot say so, the one is a CONNECT with Clean Session 0, the other one with 1.
 */
export function reconnect(
  session: Session<string>,
  kept: "kept" | "lost",
  given: Given = {},
): void {
  session.lost();
  connect(session, {
    cleanStart: given.protocolVersion === 3 && kept === "lost",
    sessionPresent: kept === "kept",
    ...given,
  });
}

/** A message to publish. */
export function message(
  topicName: string,
  payload: string | Uint8Array,
  options: {
    qos?: QoS;
    retain?: boolean;
    properties?: Properties;
    expiresAt?: number;
  } = {},
): OutgoingMessage {
  return {
    type: "publish",
    topicName,
    payload,
    qos: options.qos ?? 0,
    retain: options.retain ?? false,
    dup: false,
    packetId: 0,
    properties: options.properties ?? NO_PROPERTIES,
    expiresAt: options.expiresAt ?? 0,
  };
}

/** The bytes of a PUBLISH of the server: topic "t", its packet id its payload where none is given. */
export function publish(
  protocolVersion: ProtocolVersion,
  qos: QoS,
  packetId: number,
  options: { dup?: boolean; payload?: string; topicName?: string } = {},
): Uint8Array {
  return packets(protocolVersion, {
    type: "publish",
    topicName: options.topicName ?? "t",
    payload: options.payload ?? String(packetId),
    qos,
    retain: false,
    dup: options.dup ?? false,
    packetId,
    properties: NO_PROPERTIES,
  });
}

/** What the session has for the wire. */
export function written(session: Session<string>): string {
  return hex(session.takeBytes());
}

/** What the session has for the wire, as packets. */
export function writtenPackets(
  session: Session<string>,
  protocolVersion: ProtocolVersion = 5,
): Packet[] {
  const decoder = new PacketDecoder({ protocolVersion, from: "client" });
  const bytes = session.takeBytes()?.slice();
  if (bytes !== undefined) decoder.push(bytes);
  const packets: Packet[] = [];
  for (
    let packet = decoder.next();
    packet !== undefined;
    packet = decoder.next()
  ) packets.push(packet);
  return packets;
}

/** The same, a line for each packet. */
export function writtenLines(
  session: Session<string>,
  protocolVersion: ProtocolVersion = 5,
): string[] {
  return writtenPackets(session, protocolVersion).map((packet) => {
    switch (packet.type) {
      case "publish": {
        const { topicName, payload, qos, dup, packetId } = packet;
        const again = dup ? " dup" : "";
        return `publish ${packetId} ${topicName} ${
          decoder.decode(payload)
        } qos ${qos}${again}`;
      }
      case "subscribe": {
        const filters = packet.subscriptions.map(({ topicFilter }) =>
          topicFilter
        );
        return `subscribe ${packet.packetId} ${filters.join(" ")}`;
      }
      case "unsubscribe":
        return `unsubscribe ${packet.packetId} ${
          packet.topicFilters.join(" ")
        }`;
      default:
        return "packetId" in packet
          ? `${packet.type} ${packet.packetId}`
          : packet.type;
    }
  });
}

/** What the session has to tell, a line for each event, but for what it sums up of a lost session. */
export function told(session: Session<string>): string[] {
  return session.takeEvents().filter(({ type }) => type !== "session-lost")
    .map(line);
}

/** What the session has to tell, with what it sums up of a lost session. */
export function allTold(session: Session<string>): string[] {
  return session.takeEvents().map(line);
}

/** The QoS 1 and 2 messages that the session hands out; what else it has to tell is dropped. */
export function deliveries(session: Session<string>): IncomingDelivery[] {
  return session.takeEvents().filter((event) => event.type === "delivery");
}

const decoder = new TextDecoder();

function line(event: SessionEvent<string>): string {
  switch (event.type) {
    case "publish":
      return `message ${event.topicName} ${decoder.decode(event.payload)}`;
    case "delivery": {
      const { qos, packetId, topicName, payload } = event.packet;
      const text = decoder.decode(payload);
      return `delivery ${topicName} ${text} qos ${qos} id ${packetId}`;
    }
    case "connected":
      return "connected";
    case "session-lost": {
      const { resent, unknown, filters } = event;
      return `session-lost ${resent} resent ${unknown} unknown ${filters} filters`;
    }
    case "accepted":
      return `accepted ${event.request}`;
    case "resubscribed":
      return `resubscribed ${event.topicFilter} ${code(event.reasonCode)}`;
    case "auth": {
      const { type, reasonCode, properties } = event.packet;
      const { authenticationData } = properties;
      return `auth ${type} ${code(reasonCode)} ${
        decoder.decode(authenticationData)
      }`.trimEnd();
    }
    case "refused":
    case "disconnected":
      return `${event.type} ${code(event.packet.reasonCode)}`;
    case "published":
      return `published ${event.request} ${code(event.packet.reasonCode)}`;
    case "publish-refused": {
      const { delivery, reasonCode = 0 } = event.error;
      return `publish-refused ${event.request} ${delivery} ${code(reasonCode)}`;
    }
    case "abandoned":
      return `abandoned ${event.request} ${event.delivery}`;
    case "subscribed":
    case "unsubscribed": {
      const codes = event.packet.reasonCodes.map(code).join(" ");
      return `${event.type} ${event.request} ${codes}`.trimEnd();
    }
    case "stray":
      return `stray ${event.packet.type} ${event.packet.packetId}`;
    case "failed":
      return "reasonCode" in event.error
        ? `failed ${code(event.error.reasonCode)} ${event.error.clause}`
        : `failed ${event.error.name}`;
  }
}

function code(reasonCode: number): string {
  return reasonCode.toString(16).padStart(2, "0");
}
