/**
 * A message of QoS 1 or 2 on its way out, and the copy of its payload.
 *
 * @module
 */
import type { OutgoingPublish, Properties, QoS } from "../codec/packet.ts";

/** What a session is asked to publish. The packet id is the session's to write. */
export interface OutgoingMessage extends Omit<OutgoingPublish, "packetId"> {
  /** 0 when it comes. */
  packetId: number;
}

/** Where a flight is: waiting for its turn, waiting for PUBACK or PUBREC, waiting for PUBCOMP, at its end. */
export type FlightState = "queued" | "published" | "released" | "ended";

/** Small payloads are copied one behind the other into blocks of this size: a buffer for each costs more than all the rest. */
const BLOCK_SIZE = 65_536;

/** A payload above this size gets a buffer of its own, lest it keep a block alive. */
const SHARED_MAX = 4_096;

const NONE = new Uint8Array(0);

/** Where payloads are copied to. */
export class PayloadBlocks {
  /** The block in use. */
  block: Uint8Array = NONE;
  /** How much of it is taken. */
  used = 0;

  /** Copies a payload; what is returned holds it, ending at `used`. */
  copy(payload: Uint8Array): Uint8Array {
    const { length } = payload;
    if (this.used + length > this.block.length) {
      this.block = new Uint8Array(BLOCK_SIZE);
      this.used = 0;
    }
    this.block.set(payload, this.used);
    this.used += length;
    return this.block;
  }
}

/** A message of QoS 1 or 2 with its request, from its acceptance to the end of its handshake. */
export class Flight<Request> implements OutgoingPublish {
  /** The packet it is written as. */
  readonly type = "publish";
  /** Where it goes. */
  readonly topicName: string;
  /** 1 or 2. */
  readonly qos: QoS;
  /** Whether the server is to keep it. */
  readonly retain: boolean;
  /** Set when it is sent again [MQTT-3.3.1-1]. */
  dup = false;
  /** 0 until it is sent. */
  packetId = 0;
  /** MQTT 5 properties. */
  readonly properties: Properties;
  /** What the driver gave with it. */
  readonly request: Request;
  /** The number under which it was accepted. */
  readonly order: number;
  /** The number under which its PUBREC came. */
  releaseOrder = 0;
  /** Where it is. */
  state: FlightState = "queued";
  /** Nobody waits for it any more; its handshake goes on until its identifier is free. */
  aborted = false;
  // A text, or the part of a block.
  #content: Uint8Array | string;
  #start = 0;
  #length = 0;

  /** Made by the session alone. */
  constructor(
    message: OutgoingMessage,
    request: Request,
    order: number,
    blocks: PayloadBlocks,
  ) {
    this.topicName = message.topicName;
    this.qos = message.qos;
    this.retain = message.retain;
    this.properties = message.properties;
    this.request = request;
    this.order = order;
    const { payload } = message;
    if (typeof payload === "string") this.#content = payload;
    else if (payload.length > SHARED_MAX) {
      this.#content = payload.slice();
      this.#length = payload.length;
    } else {
      this.#content = blocks.copy(payload);
      this.#start = blocks.used - payload.length;
      this.#length = payload.length;
    }
  }

  /** Its own copy: the caller may reuse what was handed in. */
  get payload(): Uint8Array | string {
    const content = this.#content;
    return typeof content === "string"
      ? content
      : content.subarray(this.#start, this.#start + this.#length);
  }

  /** The payload is of no more use. */
  dropPayload(): void {
    this.#content = "";
  }
}
