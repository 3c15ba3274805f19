/**
 * A message of QoS 1 or 2 on its way out, and the copy of its payload.
 *
 * @module
 */
import type { OutgoingPublish } from "../codec/packet.ts";
import type { Delivery } from "../errors.ts";

/** What a session is asked to publish. With QoS 1 or 2 the object is the session's from then on. */
export interface OutgoingMessage
  extends Omit<OutgoingPublish, "packetId" | "dup" | "payload"> {
  /** 0 until it is sent. */
  packetId: number;
  /** Set when it is sent again [MQTT-3.3.1-1]. */
  dup: boolean;
  /** Copied before the call returns. */
  payload: Uint8Array | string;
}

/** Where a flight is: waiting for its turn, waiting for PUBACK or PUBREC, waiting for PUBCOMP, at its end. */
export type FlightState = "queued" | "published" | "released" | "ended";

/** Small payloads are copied one behind the other into blocks of this size: a buffer for each costs more than all the rest. */
const BLOCK_SIZE = 65_536;

/** A payload above this size gets a buffer of its own, lest it keep a block alive. */
const SHARED_MAX = 4_096;

// Up to this many bytes a loop is quicker than set, with its fixed cost of a call.
const COPY_LOOP_MAX = 48;

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
    const { block, used } = this;
    if (length > COPY_LOOP_MAX) block.set(payload, used);
    else {
      for (let index = 0; index < length; index++) {
        block[used + index] = payload[index] ?? 0;
      }
    }
    this.used += length;
    return this.block;
  }
}

/** A message of QoS 1 or 2 with its request, from its acceptance to the end of its handshake. */
export class Flight<Request> {
  /** The packet it is written as. Its payload is here only while it is being written. */
  readonly message: OutgoingMessage;
  /** What the driver gave with it. */
  readonly request: Request;
  /** The number under which it was accepted. */
  readonly order: number;
  /** The number under which its PUBREC came. */
  releaseOrder = 0;
  /** Where it is. */
  state: FlightState = "queued";
  /** What is known of it while it is not settled: nothing any more from its first write on. */
  delivery: Delivery = "not-sent";
  /** Whether the present connection's send quota waits for it. */
  holdsQuota = false;
  /** Nobody waits for it any more; its handshake goes on until its identifier is free. */
  aborted = false;
  // The copy of the payload: a text, or the part of a block.
  #content: Uint8Array | string = "";
  #start = 0;
  #length = 0;

  /** Made by the session alone; the message is its own from now on, but for the payload. */
  constructor(message: OutgoingMessage, request: Request, order: number) {
    this.message = message;
    this.request = request;
    this.order = order;
  }

  /** Copies the payload: the caller may reuse what was handed in. */
  keepPayload(blocks: PayloadBlocks): void {
    const { payload } = this.message;
    if (typeof payload === "string") this.#content = payload;
    else {
      const isShared = payload.length <= SHARED_MAX;
      this.#content = isShared ? blocks.copy(payload) : payload.slice();
      this.#start = isShared ? blocks.used - payload.length : 0;
      this.#length = payload.length;
    }
    this.message.payload = "";
  }

  /** The message with its payload, to be written; `keepPayload` or `putAway` follows. */
  unpack(): OutgoingMessage {
    this.message.payload = this.payload;
    return this.message;
  }

  /** The message was written. */
  putAway(): void {
    this.message.payload = "";
  }

  /** The payload, from its copy. */
  get payload(): Uint8Array | string {
    const content = this.#content;
    return typeof content === "string"
      ? content
      : content.subarray(this.#start, this.#start + this.#length);
  }

  /** The payload is of no more use. */
  dropPayload(): void {
    this.#content = "";
    this.message.payload = "";
  }
}
