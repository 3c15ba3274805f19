/**
 * An honest server with one client, as small as the specification lets it be: it keeps to every rule of
 * QoS 1 and 2 itself, and throws where its client does not.
 *
 * @module
 */
import { PacketDecoder } from "../../src/codec/decoder.ts";
import { encodePacket } from "../../src/codec/encoder.ts";
import { NO_PROPERTIES } from "../../src/codec/packet.ts";
import type {
  AckPacket,
  AckType,
  OutgoingPacket,
  Packet,
  ProtocolVersion,
  PublishPacket,
  SubackPacket,
  UnsubackPacket,
} from "../../src/codec/packet.ts";
import { ByteWriter } from "../../src/codec/writer.ts";

/** A message on its way to the client. */
interface Sent {
  readonly packetId: number;
  readonly payload: string;
  readonly qos: 1 | 2;
  state: "queued" | "published" | "released";
}

const decoder = new TextDecoder();

/** The server: bytes in, bytes out, and a log of what was published. */
export class ServerModel {
  readonly #version: ProtocolVersion;
  readonly #receiveMaximum: number;

  /** What the client has published, in the order in which it was processed. */
  readonly log: { qos: number; payload: string }[] = [];

  // valid for the session
  /** The Topic Filters of the client. */
  readonly filters = new Set<string>();
  #hasSession = false;
  readonly #received = new Set<number>();
  #sending: Sent[] = [];
  #lastId = 0;

  // valid for the connection
  #client = this.#newDecoder();
  #out = new ByteWriter();
  #isConnected = false;
  #clientMaximum = Infinity;
  /** The ids of PUBLISHes to which PUBACK or PUBCOMP has not been sent. */
  readonly #unanswered = new Set<number>();
  /** The ids of SUBSCRIBEs and UNSUBSCRIBEs to which nothing has been sent. */
  readonly #asked = new Set<number>();
  #pending: (AckPacket | SubackPacket | UnsubackPacket)[] = [];
  #expected: Record<"puback" | "pubrec", number[]> = { puback: [], pubrec: [] };

  /** Makes a server that knows no client. Under MQTT 3.x the client must know `receiveMaximum` by itself. */
  constructor(version: ProtocolVersion, receiveMaximum: number) {
    this.#version = version;
    this.#receiveMaximum = receiveMaximum;
  }

  /** How many messages the client has not acknowledged to the end. */
  get unfinished(): number {
    return this.#sending.length;
  }

  /** How many bytes and acknowledgements are still to be sent. */
  get outgoingSize(): number {
    return this.#out.length + this.#pending.length;
  }

  /** A message for the client. It is lost with the session, as all of it is. */
  publish(qos: 1 | 2, payload: string): void {
    do this.#lastId = this.#lastId % 20 + 1; while (
      this.#sending.some(({ packetId }) => packetId === this.#lastId)
    );
    const packetId = this.#lastId;
    this.#sending.push({ packetId, payload, qos, state: "queued" });
    this.#sendQueued();
  }

  /** Whether one more message for the client finds an identifier. */
  get hasRoom(): boolean {
    return this.#sending.length < 20;
  }

  /** Bytes have come from the client. */
  receive(bytes: Uint8Array): void {
    this.#client.push(bytes);
    for (
      let packet = this.#client.next();
      packet !== undefined;
      packet = this.#client.next()
    ) this.#handle(packet);
  }

  /** Sends the next `count` acknowledgements that it has put off. */
  answer(count: number): void {
    for (const packet of this.#pending.splice(0, count)) {
      if (packet.type === "suback" || packet.type === "unsuback") {
        this.#asked.delete(packet.packetId);
      } else if (packet.type !== "pubrec" || packet.reasonCode >= 0x80) {
        this.#unanswered.delete(packet.packetId);
      }
      this.#send(packet);
    }
  }

  /** The bytes for the client. */
  take(): Uint8Array {
    return this.#out.take()?.slice() ?? new Uint8Array(0);
  }

  /** The wire is gone. */
  lost(): void {
    this.#isConnected = false;
    this.#client = this.#newDecoder();
    this.#out = new ByteWriter();
    this.#pending = [];
    this.#unanswered.clear();
    this.#asked.clear();
    this.#expected = { puback: [], pubrec: [] };
  }

  /** Forgets the client. Returns what it will never get, by payload. */
  forget(): string[] {
    this.#hasSession = false;
    this.filters.clear();
    this.#received.clear();
    const lost = this.#sending.map(({ payload }) => payload);
    this.#sending = [];
    return lost;
  }

  #newDecoder(): PacketDecoder {
    return new PacketDecoder({ protocolVersion: 5, from: "client" });
  }

  #handle(packet: Packet): void {
    switch (packet.type) {
      case "connect": {
        const { properties, cleanStart } = packet;
        if (cleanStart) this.forget();
        this.#clientMaximum = properties.receiveMaximum ?? Infinity;
        return this.#accept();
      }
      case "publish":
        return this.#onPublish(packet);
      case "pubrel":
        this.#received.delete(packet.packetId);
        return this.#later("pubcomp", packet.packetId);
      case "puback":
        this.#expect("puback", packet.packetId);
        return this.#finish(packet.packetId, 1, "published");
      case "pubrec": {
        this.#expect("pubrec", packet.packetId);
        if (packet.reasonCode >= 0x80) {
          return this.#finish(packet.packetId, 2, "published");
        }
        const sent = this.#find(packet.packetId);
        check(sent?.qos === 2, "PUBREC of nothing");
        if (sent !== undefined) sent.state = "released";
        return this.#sendPubrel(packet.packetId);
      }
      case "pubcomp":
        return this.#finish(packet.packetId, 2, "released");
      case "subscribe": {
        const { packetId, subscriptions } = packet;
        for (const { topicFilter } of subscriptions) {
          this.filters.add(topicFilter);
        }
        const reasonCodes = subscriptions.map(({ qos }) => qos);
        return this.#grant({ type: "suback", packetId, reasonCodes });
      }
      case "unsubscribe": {
        const { packetId, topicFilters } = packet;
        const codes = topicFilters.map((topicFilter) =>
          this.filters.delete(topicFilter) ? 0 : 0x11
        );
        const reasonCodes = this.#version === 5 ? codes : [];
        return this.#grant({ type: "unsuback", packetId, reasonCodes });
      }
      default:
        throw new Error(`${packet.type} has no part in this`);
    }
  }

  #accept(): void {
    this.#send({
      type: "connack",
      protocolVersion: this.#version,
      sessionPresent: this.#hasSession && this.#version > 3,
      reasonCode: 0,
      properties: this.#version === 5
        ? { receiveMaximum: this.#receiveMaximum }
        : NO_PROPERTIES,
    });
    this.#hasSession = true;
    this.#isConnected = true;
    for (const sent of this.#sending) {
      if (sent.state === "released") this.#sendPubrel(sent.packetId);
      if (sent.state === "published") this.#sendPublish(sent, true);
    }
    this.#sendQueued();
  }

  #onPublish({ qos, packetId, dup, payload }: PublishPacket): void {
    const text = decoder.decode(payload);
    if (qos === 0) return void this.log.push({ qos, payload: text });
    const isUnanswered = this.#unanswered.has(packetId) ||
      this.#asked.has(packetId);
    check(!this.#isInUse(packetId) || dup, `packet id ${packetId} is in use`);
    check(!isUnanswered, `${packetId} came twice`);
    check(
      this.#unanswered.size < this.#receiveMaximum,
      "the Receive Maximum is exceeded",
    );
    this.#unanswered.add(packetId);
    const answer = qos === 1 ? "puback" : "pubrec";
    if (this.#received.has(packetId)) return this.#later(answer, packetId);
    // MQTT 5 alone can refuse. Which messages it is does not change when they come again.
    if (this.#version === 5 && Number(text) % 5 === 3) {
      return this.#later(answer, packetId, 0x97);
    }
    this.log.push({ qos, payload: text });
    if (qos === 2) this.#received.add(packetId);
    this.#later(answer, packetId);
  }

  #later(type: AckType, packetId: number, reasonCode = 0): void {
    this.#pending.push({
      type,
      packetId,
      reasonCode,
      properties: NO_PROPERTIES,
    });
  }

  #isInUse(packetId: number): boolean {
    return this.#unanswered.has(packetId) || this.#asked.has(packetId) ||
      this.#received.has(packetId);
  }

  #grant(
    packet: Omit<SubackPacket | UnsubackPacket, "properties">,
  ): void {
    const { packetId } = packet;
    check(!this.#isInUse(packetId), `packet id ${packetId} is in use`);
    this.#asked.add(packetId);
    this.#pending.push({ ...packet, properties: NO_PROPERTIES });
  }

  #sendQueued(): void {
    if (!this.#isConnected) return;
    for (const sent of this.#sending) {
      if (sent.state !== "queued") continue;
      const held = this.#sending.filter(({ state }) => state !== "queued");
      if (held.length >= this.#clientMaximum) return;
      sent.state = "published";
      this.#sendPublish(sent, false);
    }
  }

  #sendPublish({ packetId, payload, qos }: Sent, dup: boolean): void {
    this.#expected[qos === 1 ? "puback" : "pubrec"].push(packetId);
    this.#send({
      type: "publish",
      topicName: "t",
      payload,
      qos,
      retain: false,
      dup,
      packetId,
      properties: NO_PROPERTIES,
    });
  }

  #sendPubrel(packetId: number): void {
    this.#send({
      type: "pubrel",
      packetId,
      reasonCode: 0,
      properties: NO_PROPERTIES,
    });
  }

  #send(packet: OutgoingPacket): void {
    encodePacket(this.#out, packet, this.#version);
  }

  #find(packetId: number): Sent | undefined {
    return this.#sending.find((sent) => sent.packetId === packetId);
  }

  #finish(packetId: number, qos: number, state: Sent["state"]): void {
    const sent = this.#find(packetId);
    check(sent?.qos === qos && sent.state === state, `${packetId} is not due`);
    this.#sending = this.#sending.filter((each) => each !== sent);
    this.#sendQueued();
  }

  /** Acknowledgements come in the order of the PUBLISHes on this connection [MQTT-4.6.0-2, MQTT-4.6.0-3]. */
  #expect(type: "puback" | "pubrec", packetId: number): void {
    const [expected] = this.#expected[type];
    check(
      expected === packetId,
      `${type} ${packetId} where ${expected} is due`,
    );
    this.#expected[type].shift();
  }
}

function check(holds: boolean, why: string): void {
  if (!holds) throw new Error(`The client is wrong: ${why}`);
}
