/**
 * What is told and recorded of the messages on their way out: each is settled once.
 *
 * @module
 */
import type { AckPacket } from "../codec/packet.ts";
import type { PublishError, StoreError } from "../errors.ts";
import type { Doors } from "./doors.ts";
import type { Flight } from "./flight.ts";
import { refused, unkept } from "./publish_fault.ts";

/** Takes the ends of flights to the doors. Their identifiers are free by then, or never were taken. */
export class Settlement<Request> {
  readonly #doors: Doors<Request>;

  /** Makes the settlement of a session. */
  constructor(doors: Doors<Request>) {
    this.#doors = doors;
  }

  /** It was accepted, and is kept from now on. */
  accepted(flight: Flight<Request>): void {
    const { order, message } = flight;
    const { topicName, qos, retain, properties, expiresAt, checkpoint } =
      message;
    this.#doors.records?.push({
      type: "accepted",
      order,
      topicName,
      payload: flight.payload,
      qos,
      retain,
      properties,
      expiresAt,
      checkpoint,
    });
  }

  /** It has its identifier: its PUBLISH may be on its way. */
  sent({ order, message }: Flight<Request>): void {
    const { packetId } = message;
    this.#doors.records?.push({ type: "sent", order, packetId });
  }

  /** Its PUBREC has come. */
  released({ order }: Flight<Request>): void {
    this.#doors.records?.push({ type: "released", order });
  }

  /** Its handshake has ended. */
  complete(flight: Flight<Request>, packet: AckPacket): void {
    const { request, message, aborted } = flight;
    // A PUBCOMP ends the handshake well whatever it says: the server does not know the id any more.
    if (packet.reasonCode >= 0x80 && packet.type !== "pubcomp") {
      return this.refuse(flight, refused(message.topicName, packet));
    }
    this.end(flight);
    if (aborted) return;
    this.#doors.events.push({ type: "published", request, packet });
  }

  /** It was refused, by the server or here. */
  refuse(flight: Flight<Request>, error: PublishError): void {
    this.end(flight);
    this.tellRefused(flight, error);
  }

  /** Its sender need not wait any longer. */
  tellRefused(
    { request, aborted }: Flight<Request>,
    error: PublishError,
  ): void {
    if (aborted) return;
    this.#doors.events.push({ type: "publish-refused", request, error });
  }

  /** It is given up: what it was sent in is gone, or it could not be kept, and then `cause` says why. */
  abandon(flight: Flight<Request>, cause?: StoreError): void {
    this.end(flight);
    const { request, delivery, aborted } = flight;
    if (aborted) return;
    this.#doors.events.push({ type: "abandoned", request, delivery, cause });
  }

  /** The store could not keep it, so that no byte of it has left. */
  refuseUnkept(flight: Flight<Request>, cause: StoreError): void {
    flight.delivery = "not-sent";
    this.abandon(flight, unkept(flight, cause));
  }

  /** It has come to its end. What never had room was never accepted. */
  end(flight: Flight<Request>): void {
    const wasAccepted = flight.state !== "outside";
    flight.state = "ended";
    flight.dropPayload();
    if (!wasAccepted) return;
    this.#doors.records?.push({ type: "settled", order: flight.order });
  }
}
