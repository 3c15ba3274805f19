/**
 * A SUBSCRIBE or UNSUBSCRIBE that somebody waits for. It is one to whoever asks, though it may be sent in
 * several packets: one for each Subscription Identifier, or as the server's Maximum Packet Size asks for.
 *
 * @module
 */
import type { SubackPacket, UnsubackPacket } from "../codec/packet.ts";
import { type RequestPacket, sizeOf } from "./request_packet.ts";

type Answer = SubackPacket | UnsubackPacket;

/** One packet of a wish. */
export interface WishPart<Request> {
  readonly wish: Wish<Request>;
  readonly packet: RequestPacket;
  /** The place of its first Topic Filter among those of the wish. */
  readonly place: number;
}

/** What somebody waits for. */
export class Wish<Request> {
  /** What is asked for. */
  readonly asked: RequestPacket;
  /** Who asks. */
  readonly request: Request;
  /** The number under which it was asked for. */
  readonly order: number;
  /** Whether a server may have it, or a part of it. */
  wasSent = false;

  /** Of each Topic Filter, as far as they have come: those of a new connection take the place of older ones. */
  readonly #reasonCodes: number[] = [];

  // valid for the connection
  #unanswered = 0;
  #told: Answer | undefined;

  /** Makes a wish that was not sent yet. */
  constructor(asked: RequestPacket, request: Request, order: number) {
    this.asked = asked;
    this.request = request;
    this.order = order;
  }

  /** It is to be sent in these packets, whatever was answered on an earlier connection. */
  begin(packets: readonly RequestPacket[]): WishPart<Request>[] {
    this.#unanswered = packets.length;
    this.#told = undefined;
    let end = 0;
    return packets.map((packet) => {
      const place = end;
      end += sizeOf(packet);
      return { wish: this, packet, place };
    });
  }

  /** One of its packets is answered. The last answer makes that to the whole, with the words of one that refuses. */
  answer(place: number, packet: Answer): Answer | undefined {
    for (const [index, code] of packet.reasonCodes.entries()) {
      this.#reasonCodes[place + index] = code;
    }
    if (this.#told === undefined || !isRefusal(this.#told)) this.#told = packet;
    if (--this.#unanswered > 0) return undefined;
    return { ...this.#told, reasonCodes: this.#reasonCodes };
  }
}

function isRefusal({ reasonCodes }: Answer): boolean {
  return reasonCodes.some((code) => code >= 0x80);
}
