/**
 * SUBSCRIBE and UNSUBSCRIBE and their answers (3.8 - 3.11). What is asked for is asked again on the
 * next connection, whatever the server remembers, until it is answered. What was granted is asked for
 * again where the server has lost the session.
 *
 * @module
 */
import type { SubackPacket, UnsubackPacket } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { ProtocolError } from "../errors.ts";
import type { Doors } from "./doors.ts";
import { mismatched } from "./misconduct.ts";
import type { PacketIds } from "./packet_ids.ts";
import {
  checkRequest,
  type RequestPacket,
  writeRequest,
} from "./request_packet.ts";
import { type SubscribeAgain, Subscriptions } from "./subscriptions.ts";

/** What somebody waits for. */
type Wish<Request> = RequestPacket & {
  readonly request: Request;
  /** The number under which it was asked for. */
  readonly order: number;
  /** Whether a server may have it. */
  wasSent: boolean;
};

type Asked<Request> = Wish<Request> | SubscribeAgain;

/** The requests that wait for an answer. */
export class Requests<Request> {
  readonly #doors: Doors<Request>;
  readonly #ids: PacketIds;

  // valid for the session
  readonly #subscriptions: Subscriptions<Request>;
  #waiting = new Set<Asked<Request>>();
  #order = 0;

  // valid for the connection
  #connected = false;
  readonly #sent = new Map<number, Asked<Request>>();

  /** Makes the requests of a session: none. */
  constructor(doors: Doors<Request>, ids: PacketIds) {
    this.#doors = doors;
    this.#ids = ids;
    this.#subscriptions = new Subscriptions(doors);
  }

  /** How many are unanswered. */
  get unanswered(): number {
    return this.#waiting.size + this.#sent.size;
  }

  /** How many Topic Filters the server has granted, or is asked for again. */
  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  /** Asks. What cannot be sent throws a TypeError, a RangeError or an MqttError, and changes nothing. */
  ask(packet: RequestPacket, request: Request): void {
    checkRequest(this.#doors, packet);
    const order = ++this.#order;
    if (packet.type === "unsubscribe") {
      this.#subscriptions.leave(packet.topicFilters, order);
    }
    this.#waiting.add({ ...packet, request, order, wasSent: false });
    this.send();
  }

  /** Nobody waits for this one any more. True where no server can have it: then it is never sent. */
  withdraw(request: Request): boolean {
    for (const asked of this.#waiting) {
      if (isAgain(asked) || asked.request !== request) continue;
      return !asked.wasSent && this.#waiting.delete(asked);
    }
    return false;
  }

  /** CONNACK has accepted: what the server lacks is asked for again, and behind it what is unanswered. */
  connected(sessionPresent: boolean): void {
    this.#connected = true;
    if (!sessionPresent) this.#subscriptions.lost();
    this.#waiting = new Set([
      ...this.#subscriptions.missing(),
      ...this.#waiting,
    ]);
  }

  /** The connection is gone. */
  lost(): void {
    this.#connected = false;
    const unanswered = [...this.#sent.values(), ...this.#waiting];
    for (const packetId of this.#sent.keys()) this.#ids.free(packetId);
    this.#sent.clear();
    // What was asked for again, and is not answered, is missing still.
    this.#waiting = new Set(unanswered.filter((asked) => !isAgain(asked)));
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
    if (asked === undefined) return this.#tellStray(packet);
    this.#checkAnswer(asked, packet);
    this.#sent.delete(packet.packetId);
    this.#ids.free(packet.packetId);
    if (packet.type === "suback") this.#onSuback(asked, packet);
    else this.#onUnsuback(asked, packet);
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

  /** Harmless, but where a message of ours has the identifier. */
  #tellStray(packet: SubackPacket | UnsubackPacket): void {
    if (this.#ids.has(packet.packetId)) throw mismatched(packet);
    this.#doors.tellStray(packet);
  }

  #onSuback(asked: Asked<Request>, packet: SubackPacket): void {
    if (isAgain(asked)) return this.#subscriptions.answer(asked, packet);
    if (asked.type !== "subscribe") return;
    const { request, order } = asked;
    this.#subscriptions.grant(asked, packet, order);
    this.#doors.events.push({ type: "subscribed", request, packet });
  }

  #onUnsuback(asked: Asked<Request>, packet: UnsubackPacket): void {
    if (asked.type !== "unsubscribe") return;
    const { request, topicFilters, order } = asked;
    // The SUBACK of a SUBSCRIBE before it may have come only after it was asked.
    this.#subscriptions.leave(topicFilters, order);
    this.#doors.events.push({ type: "unsubscribed", request, packet });
  }

  /** What was asked of another server, and this one cannot be asked, is given up: it holds up no other. */
  #trySend(asked: Asked<Request>, packetId: number): void {
    try {
      writeRequest(this.#doors, asked, packetId);
      this.#sent.set(packetId, asked);
      if (!isAgain(asked)) asked.wasSent = true;
    } catch (cause) {
      this.#ids.free(packetId);
      this.#abandon(asked, cause);
    }
  }

  #abandon(asked: Asked<Request>, cause: unknown): void {
    if (isAgain(asked)) return;
    const { request } = asked;
    const delivery = undefined;
    this.#doors.events.push({ type: "abandoned", request, delivery, cause });
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

function isAgain<Request>(asked: Asked<Request>): asked is SubscribeAgain {
  return "held" in asked;
}
