/**
 * SUBSCRIBE and UNSUBSCRIBE and their answers (3.8 - 3.11). What is asked for is asked again on the
 * next connection, whatever the server remembers, until it is answered.
 *
 * @module
 */
import { encodePacket } from "../codec/encoder.ts";
import type {
  Properties,
  SubackPacket,
  SubscriptionRequest,
  UnsubackPacket,
} from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { ByteWriter } from "../codec/writer.ts";
import { MqttError, ProtocolError } from "../errors.ts";
import type { Doors } from "./doors.ts";
import type { PacketIds } from "./packet_ids.ts";

/** What SUBSCRIBE asks for. */
export interface SubscribeRequest {
  /** The Topic Filters with their options; at least one. */
  readonly subscriptions: readonly SubscriptionRequest[];
  /** MQTT 5 properties. */
  readonly properties: Properties;
}

/** What UNSUBSCRIBE asks for. */
export interface UnsubscribeRequest {
  /** The Topic Filters; at least one. */
  readonly topicFilters: readonly string[];
  /** MQTT 5 properties. */
  readonly properties: Properties;
}

type Asked<Request> =
  & { readonly request: Request }
  & (
    | ({ readonly type: "subscribe" } & SubscribeRequest)
    | ({ readonly type: "unsubscribe" } & UnsubscribeRequest)
  );

/** The requests that wait for an answer. */
export class Requests<Request> {
  readonly #doors: Doors<Request>;
  readonly #ids: PacketIds;

  // valid for the session
  readonly #waiting = new Set<Asked<Request>>();

  // valid for the connection
  #connected = false;
  #packetSizeMax = Infinity;
  readonly #sent = new Map<number, Asked<Request>>();

  /** Makes the requests of a session: none. */
  constructor(doors: Doors<Request>, ids: PacketIds) {
    this.#doors = doors;
    this.#ids = ids;
  }

  /** How many are unanswered. */
  get unanswered(): number {
    return this.#waiting.size + this.#sent.size;
  }

  /** Asks. What cannot be encoded throws and changes nothing. */
  ask(asked: Asked<Request>): void {
    const scratch = new ByteWriter();
    this.#encode(scratch, asked, 1);
    if (scratch.length > this.#packetSizeMax) {
      throw new MqttError(
        `Cannot ${asked.type}: the packet has ${scratch.length} bytes, and the server takes at most ${this.#packetSizeMax}`,
      );
    }
    this.#waiting.add(asked);
    this.send();
  }

  /** CONNACK has accepted: what is unanswered is asked (again). */
  connected(packetSizeMax: number): void {
    this.#connected = true;
    this.#packetSizeMax = packetSizeMax;
    this.send();
  }

  /** The connection is gone. */
  lost(): void {
    this.#connected = false;
    this.#packetSizeMax = Infinity;
    const later = [...this.#waiting];
    this.#waiting.clear();
    for (const [packetId, asked] of this.#sent) {
      this.#ids.free(packetId);
      this.#waiting.add(asked);
    }
    this.#sent.clear();
    for (const asked of later) this.#waiting.add(asked);
  }

  /** Sends what waits, as far as identifiers are free. */
  send(): void {
    if (!this.#connected) return;
    for (const asked of this.#waiting) {
      const packetId = this.#ids.take();
      if (packetId === 0) return;
      this.#encode(this.#doors.writer, asked, packetId);
      this.#waiting.delete(asked);
      this.#sent.set(packetId, asked);
    }
  }

  /** SUBACK or UNSUBACK has come. False where nothing of the kind was asked. */
  answer(packet: SubackPacket | UnsubackPacket): boolean {
    const asked = this.#sent.get(packet.packetId);
    if (asked === undefined) return false;
    this.#checkAnswer(asked, packet);
    this.#sent.delete(packet.packetId);
    this.#ids.free(packet.packetId);
    const { request } = asked;
    this.#doors.events.push(
      packet.type === "suback"
        ? { type: "subscribed", request, packet }
        : { type: "unsubscribed", request, packet },
    );
    this.send();
    return true;
  }

  /** Gives up all that is unanswered. */
  abandon(): void {
    for (const { request } of [...this.#sent.values(), ...this.#waiting]) {
      this.#doors.events.push({
        type: "abandoned",
        request,
        delivery: undefined,
      });
    }
    for (const packetId of this.#sent.keys()) this.#ids.free(packetId);
    this.#sent.clear();
    this.#waiting.clear();
  }

  #encode(writer: ByteWriter, asked: Asked<Request>, packetId: number): void {
    const { protocolVersion } = this.#doors;
    if (asked.type === "subscribe") {
      const { type, subscriptions, properties } = asked;
      encodePacket(
        writer,
        { type, packetId, subscriptions, properties },
        protocolVersion,
      );
    } else {
      const { type, topicFilters, properties } = asked;
      encodePacket(
        writer,
        { type, packetId, topicFilters, properties },
        protocolVersion,
      );
    }
  }

  #checkAnswer(
    asked: Asked<Request>,
    packet: SubackPacket | UnsubackPacket,
  ): void {
    const name = packet.type.toUpperCase();
    const fits = (asked.type === "subscribe") === (packet.type === "suback");
    if (!fits) {
      throw new ProtocolError(
        `The server answered ${asked.type.toUpperCase()} ${packet.packetId} with ${name}`,
        ReasonCode.protocolError,
        asked.type === "subscribe" ? "MQTT-3.8.4-1" : "MQTT-3.10.4-4",
      );
    }
    const count = asked.type === "subscribe"
      ? asked.subscriptions.length
      : this.#doors.protocolVersion < 5
      ? 0
      : asked.topicFilters.length;
    if (packet.reasonCodes.length === count) return;
    throw new ProtocolError(
      `${name} ${packet.packetId} has ${packet.reasonCodes.length} reason codes for ${count} filters`,
      ReasonCode.protocolError,
      asked.type === "subscribe" ? "MQTT-3.8.4-6" : "MQTT-3.11.3-1",
    );
  }
}
