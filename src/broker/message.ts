/**
 * A message from its publisher to all who get it: taken once, kept once, and encoded as few times as the
 * differences between its receivers allow.
 *
 * @module
 */
import {
  NO_PROPERTIES,
  type Properties,
  type ProtocolVersion,
  type QoS,
} from "../codec/packet.ts";
import { encodePublish } from "../codec/publish.ts";
import type { ByteWriter } from "../codec/writer.ts";
import { MessageForm } from "./message_form.ts";
import { owned, ownedProperties } from "./owned.ts";

/** What is published. */
export interface BrokerMessage {
  /** The Topic Name: no wildcards. */
  readonly topicName: string;
  /** The Application Message. */
  readonly payload: Uint8Array;
  /** How its delivery is assured. */
  readonly qos: QoS;
  /** Whether it is retained. */
  readonly retain: boolean;
  /** What is forwarded with it under MQTT 5. */
  readonly properties: Properties;
}

/**
 * A larger payload is written anew for each who gets it: that is a copy too, and of a retained message there would be
 * one more of it for each version and QoS, which no limit counts.
 */
const FORM_PAYLOAD_MAX = 4_096;

/** What an object costs beside the bytes and characters in it, roughly. */
const OVERHEAD = 256;

/** A message that was published. */
export class Message implements BrokerMessage {
  /** Tells it from the other events. */
  readonly type = "message";
  /** Who published it; undefined where it was the broker itself. */
  readonly clientId: string | undefined;
  /** When it came: ms of the driver's clock. */
  readonly arrivedAt: number;
  readonly topicName: string;
  readonly qos: QoS;
  readonly retain: boolean;
  #payload: Uint8Array;
  #properties: Properties;
  /** What it costs to keep it; 0 until it is kept. */
  #size = 0;
  /** Its encoded forms, by version, QoS and RETAIN; null stands for one that was needed once. */
  #forms: (MessageForm | null | undefined)[] | undefined;

  /** Takes a message. The payload and the properties may be views of what was read. */
  constructor(
    message: BrokerMessage,
    clientId: string | undefined,
    arrivedAt: number,
  ) {
    this.clientId = clientId;
    this.arrivedAt = arrivedAt;
    this.topicName = message.topicName;
    this.qos = message.qos;
    this.retain = message.retain;
    this.#payload = message.payload;
    this.#properties = message.properties;
  }

  /** The Application Message: a view of what was read, until it is kept. */
  get payload(): Uint8Array {
    return this.#payload;
  }

  /** What is forwarded with it under MQTT 5, as the publisher set it. */
  get properties(): Properties {
    return this.#properties;
  }

  /** When it expires: ms of the driver's clock; Infinity where it does not. */
  get expiresAt(): number {
    const { messageExpiryInterval } = this.#properties;
    return messageExpiryInterval === undefined
      ? Infinity
      : this.arrivedAt + messageExpiryInterval * 1000;
  }

  /**
   * The Message Expiry Interval that is left, less each whole second that it has waited
   * [MQTT-3.3.2-6]; undefined where it has none.
   */
  remainingInterval(now: number): number | undefined {
    const { messageExpiryInterval } = this.#properties;
    if (messageExpiryInterval === undefined) return undefined;
    const waited = Math.floor((now - this.arrivedAt) / 1000);
    return Math.max(0, messageExpiryInterval - waited);
  }

  /**
   * It will be needed after this input: what views a larger block is copied, once. Returns what it costs
   * to keep it, in bytes.
   */
  keep(): number {
    if (this.#size > 0) return this.#size;
    this.#payload = owned(this.#payload);
    this.#properties = ownedProperties(this.#properties);
    this.#size = OVERHEAD + this.topicName.length +
      this.#payload.length + sizeOf(this.#properties);
    return this.#size;
  }

  /** Writes it as it came, but for QoS and RETAIN. From the second time on, one that is small is copied, not encoded. */
  write(
    writer: ByteWriter,
    protocolVersion: ProtocolVersion,
    qos: QoS,
    retain: boolean,
    packetId: number,
  ): void {
    const index = (protocolVersion === 5 ? 6 : 0) + qos * 2 + (retain ? 1 : 0);
    const forms = this.#forms ??= [];
    let form = forms[index];
    if (!form) {
      const packet = {
        type: "publish",
        topicName: this.topicName,
        payload: this.#payload,
        qos,
        retain,
        dup: false,
        packetId,
        properties: protocolVersion === 5 ? this.#properties : NO_PROPERTIES,
      } as const;
      if (form === undefined || this.#payload.length > FORM_PAYLOAD_MAX) {
        encodePublish(writer, packet, protocolVersion);
        forms[index] = null;
        return;
      }
      form = forms[index] = new MessageForm(packet, protocolVersion);
    }
    form.write(writer, packetId);
  }
}

/** What it costs to keep properties, in bytes, roughly. */
export function sizeOf(properties: Properties): number {
  if (properties === NO_PROPERTIES) return 0;
  const { contentType, responseTopic, correlationData, userProperties } =
    properties;
  let size = OVERHEAD + lengthOf(contentType) + lengthOf(responseTopic) +
    (correlationData?.length ?? 0);
  for (const [name, value] of userProperties ?? []) {
    size += OVERHEAD + lengthOf(name) + lengthOf(value);
  }
  return size;
}

function lengthOf(text: string | undefined): number {
  return (text?.length ?? 0);
}
