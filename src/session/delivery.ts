/**
 * A message that has come and waits for its acknowledgement.
 *
 * @module
 */
import {
  NO_PROPERTIES,
  type Properties,
  type PublishPacket,
} from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";

const NO_PAYLOAD = new Uint8Array(0);

/** A message of QoS 1 or 2 that is to be acknowledged once it is owned. */
export class IncomingDelivery {
  /** Tells it from the other session events. */
  readonly type = "delivery";
  /** The message; without its payload once nobody took it. */
  packet: PublishPacket;
  /** When it came, or came again: ms of the driver's clock. */
  arrivedAt: number;
  /** The number of the connection it came on last. */
  connection: number;
  /** Whether nobody took it from the driver: when it comes again, it is delivered again. */
  dropped = false;
  /** Whether its acknowledgement is due. */
  acknowledged = false;
  /** What the acknowledgement says. */
  reasonCode: number = ReasonCode.success;
  /** What the acknowledgement carries under MQTT 5. */
  properties: Properties = NO_PROPERTIES;

  /** Made by the session alone. */
  constructor(packet: PublishPacket, arrivedAt: number, connection: number) {
    this.packet = packet;
    this.arrivedAt = arrivedAt;
    this.connection = connection;
  }

  /** Nobody took it from the driver. It is as good as never come, but that the server counts on an answer. */
  drop(): void {
    this.dropped = true;
    this.packet = {
      ...this.packet,
      payload: NO_PAYLOAD,
      properties: NO_PROPERTIES,
    };
  }
}
