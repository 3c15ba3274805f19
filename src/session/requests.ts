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

  /** Asks. What cannot be sent throws a TypeError, a RangeError or an MqttError, and changes nothing. */
  ask(asked: Asked<Request>): void {
    const { writer } = this.#doors;
    const before = writer.length;
    this.#write(asked, 1);
    writer.rewind(before);
    this.#waiting.add(asked);
    this.send();
  }

  /** CONNACK has accepted: what is unanswered may be asked (again). */
  connected(): void {
    this.#connected = true;
  }

  /** The connection is gone. */
  lost(): void {
    this.#connected = false;
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
      this.#waiting.delete(asked);
      this.#trySend(asked, packetId);
    }
  }

  /** SUBACK or UNSUBACK has come. */
  answer(packet: SubackPacket | UnsubackPacket): void {
    const asked = this.#sent.get(packet.packetId);
    if (asked === undefined) return this.#doors.tellStray(packet);
    this.#checkAnswer(asked, packet);
    this.#sent.delete(packet.packetId);
    this.#ids.free(packet.packetId);
    const { request } = asked;
    this.#doors.events.push(
      packet.type === "suback"
        ? { type: "subscribed", request, packet }
        : { type: "unsubscribed", request, packet },
    );
  }

  /** Gives up all that is unanswered. */
  abandon(): void {
    for (const asked of [...this.#sent.values(), ...this.#waiting]) {
      this.#abandon(asked, undefined);
    }
    for (const packetId of this.#sent.keys()) this.#ids.free(packetId);
    this.#sent.clear();
    this.#waiting.clear();
  }

  /** What was asked of another server, and this one cannot be asked, is given up: it holds up no other. */
  #trySend(asked: Asked<Request>, packetId: number): void {
    try {
      this.#write(asked, packetId);
      this.#sent.set(packetId, asked);
    } catch (cause) {
      this.#ids.free(packetId);
      this.#abandon(asked, cause);
    }
  }

  #abandon({ request }: Asked<Request>, cause: unknown): void {
    const delivery = undefined;
    this.#doors.events.push({ type: "abandoned", request, delivery, cause });
  }

  #write(asked: Asked<Request>, packetId: number): void {
    const { writer, protocolVersion, limits } = this.#doors;
    const { type, properties } = asked;
    const before = writer.length;
    encodePacket(
      writer,
      type === "subscribe"
        ? { type, packetId, subscriptions: asked.subscriptions, properties }
        : { type, packetId, topicFilters: asked.topicFilters, properties },
      protocolVersion,
    );
    const size = writer.length - before;
    if (size <= limits.packetSizeMax) return;
    writer.rewind(before);
    throw new MqttError(
      `Cannot ${type}: the packet has ${size} bytes, and the server takes at most ${limits.packetSizeMax}`,
    );
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
