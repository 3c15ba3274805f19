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
  sizeOf,
  writeRequest,
} from "./request_packet.ts";
import { type SubscribeAgain, Subscriptions } from "./subscriptions.ts";
import { Wish, type WishPart } from "./wish.ts";

/** A packet that is to be answered. */
type Part<Request> = WishPart<Request> | SubscribeAgain;

/** The requests that wait for an answer. */
export class Requests<Request> {
  readonly #doors: Doors<Request>;
  readonly #ids: PacketIds;

  // valid for the session
  readonly #subscriptions: Subscriptions<Request>;
  /** What is not wholly answered, in the order in which it was asked for. */
  readonly #wishes = new Set<Wish<Request>>();
  #order = 0;

  // valid for the connection
  #connected = false;
  readonly #waiting = new Set<Part<Request>>();
  readonly #sent = new Map<number, Part<Request>>();

  /** Makes the requests of a session: none. */
  constructor(doors: Doors<Request>, ids: PacketIds) {
    this.#doors = doors;
    this.#ids = ids;
    this.#subscriptions = new Subscriptions(doors);
  }

  /** How many are unanswered: packets, or while there is no connection what they are to be made of. */
  get unanswered(): number {
    return this.#connected
      ? this.#waiting.size + this.#sent.size
      : this.#wishes.size;
  }

  /** How many Topic Filters the server has granted, or is asked for again. */
  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  /** Asks. What cannot be sent throws a TypeError, a RangeError or an MqttError, and changes nothing. */
  ask(asked: RequestPacket, request: Request): void {
    const packets = checkRequest(this.#doors, asked);
    const wish = new Wish(asked, request, ++this.#order);
    if (asked.type === "unsubscribe") {
      this.#subscriptions.leave(asked.topicFilters, wish.order);
    }
    this.#wishes.add(wish);
    if (!this.#connected) return;
    for (const part of wish.begin(packets)) this.#waiting.add(part);
    this.send();
  }

  /** Nobody waits for this one any more. True where no server can have it: then it is never sent. */
  withdraw(request: Request): boolean {
    for (const wish of this.#wishes) {
      if (wish.request !== request) continue;
      if (wish.wasSent) return false;
      for (const part of this.#waiting) {
        if (!isAgain(part) && part.wish === wish) this.#waiting.delete(part);
      }
      return this.#wishes.delete(wish);
    }
    return false;
  }

  /** CONNACK has accepted: what the server lacks is asked for again, and behind it what is unanswered. */
  connected(sessionPresent: boolean): void {
    this.#connected = true;
    if (!sessionPresent) this.#subscriptions.lost();
    for (const again of this.#subscriptions.missing()) this.#waiting.add(again);
    for (const wish of this.#wishes) this.#begin(wish);
  }

  /** The connection is gone. What was asked for again, and is not answered, is missing still. */
  lost(): void {
    this.#connected = false;
    for (const packetId of this.#sent.keys()) this.#ids.free(packetId);
    this.#sent.clear();
    this.#waiting.clear();
  }

  /** Sends what waits, as far as identifiers are free. */
  send(): void {
    for (const part of this.#waiting) {
      const packetId = this.#ids.take();
      if (packetId === 0) return;
      this.#waiting.delete(part);
      writeRequest(this.#doors, part.packet, packetId);
      this.#sent.set(packetId, part);
      if (!isAgain(part)) part.wish.wasSent = true;
    }
  }

  /** SUBACK or UNSUBACK has come. */
  answer(packet: SubackPacket | UnsubackPacket): void {
    const part = this.#sent.get(packet.packetId);
    if (part === undefined) return this.#tellStray(packet);
    this.#checkAnswer(part.packet, packet);
    this.#sent.delete(packet.packetId);
    this.#ids.free(packet.packetId);
    if (!isAgain(part)) this.#onAnswer(part, packet);
    else if (packet.type === "suback") this.#subscriptions.answer(part, packet);
  }

  /** Gives up all that is unanswered. */
  abandon(): void {
    for (const wish of this.#wishes) this.#abandon(wish, undefined);
    this.lost();
  }

  /** What was asked of another server, and this one cannot be asked, is given up: it holds up no other. */
  #begin(wish: Wish<Request>): void {
    try {
      const packets = checkRequest(this.#doors, wish.asked);
      for (const part of wish.begin(packets)) this.#waiting.add(part);
    } catch (cause) {
      this.#abandon(wish, cause);
    }
  }

  /** Harmless, but where a message of ours has the identifier. */
  #tellStray(packet: SubackPacket | UnsubackPacket): void {
    if (this.#ids.has(packet.packetId)) throw mismatched(packet);
    this.#doors.tellStray(packet);
  }

  #onAnswer(
    { wish, place }: WishPart<Request>,
    answer: SubackPacket | UnsubackPacket,
  ): void {
    const packet = wish.answer(place, answer);
    if (packet === undefined) return;
    this.#wishes.delete(wish);
    const { asked, request, order } = wish;
    if (packet.type === "suback" && asked.type === "subscribe") {
      this.#subscriptions.grant(asked, packet, order);
      this.#doors.events.push({ type: "subscribed", request, packet });
    }
    if (packet.type === "unsuback" && asked.type === "unsubscribe") {
      // The SUBACK of a SUBSCRIBE before it may have come only after it was asked.
      this.#subscriptions.leave(asked.topicFilters, order);
      this.#doors.events.push({ type: "unsubscribed", request, packet });
    }
  }

  #abandon(wish: Wish<Request>, cause: unknown): void {
    this.#wishes.delete(wish);
    const { request } = wish;
    const delivery = undefined;
    this.#doors.events.push({ type: "abandoned", request, delivery, cause });
  }

  #checkAnswer(
    asked: RequestPacket,
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
    const count =
      asked.type === "unsubscribe" && this.#doors.protocolVersion < 5
        ? 0
        : sizeOf(asked);
    if (packet.reasonCodes.length === count) return;
    throw new ProtocolError(
      `${name} ${packet.packetId} has ${packet.reasonCodes.length} reason codes for ${count} filters`,
      ReasonCode.protocolError,
      asked.type === "subscribe" ? "MQTT-3.8.4-6" : "MQTT-3.11.3-1",
    );
  }
}

function isAgain<Request>(part: Part<Request>): part is SubscribeAgain {
  return "held" in part;
}
