/**
 * A message on its way out, of QoS 1 or 2 or kept for the next connection, and the copy of its payload.
 *
 * @module
 */
import type { OutgoingPublish, Properties } from "../codec/packet.ts";
import type { Delivery } from "../errors.ts";

/** What a session is asked to publish. What it does not write at once is the session's from then on. */
export interface OutgoingMessage extends
  Omit<
    OutgoingPublish,
    "packetId" | "dup" | "payload" | "properties"
  > {
  /** 0 until it is sent. */
  packetId: number;
  /** Set when it is sent again [MQTT-3.3.1-1]. */
  dup: boolean;
  /** Copied before the call returns. */
  payload: Uint8Array | string;
  /** The Message Expiry Interval among them becomes what is left of it when it is sent. */
  properties: Properties;
  /** When its Message Expiry Interval ends, in ms of the driver's clock; 0 where it has none. */
  readonly expiresAt: number;
  /** What a store keeps with it, for the program that comes after this one. */
  readonly checkpoint?: string | undefined;
}

/**
 * Where a flight is: waiting for room among those that wait, waiting for its turn, waiting for PUBACK or
 * PUBREC, waiting for PUBCOMP, at its end.
 */
export type FlightState =
  | "outside"
  | "queued"
  | "published"
  | "released"
  | "ended";

/** Small payloads are copied one behind the other into blocks of this size: a buffer for each costs more than all the rest. */
const BLOCK_SIZE = 65_536;

/** A payload above this size gets a buffer of its own, lest it keep a block alive. */
const SHARED_MAX = 4_096;

// Up to this many bytes a loop is quicker than set, with its fixed cost of a call.
const COPY_LOOP_MAX = 48;

const NONE = new Uint8Array(0);

const encoder = new TextEncoder();

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

/** How many bytes a payload makes on the wire. */
export function payloadSize(payload: Uint8Array | string): number {
  if (typeof payload !== "string") return payload.length;
  let size = payload.length;
  for (let index = 0; index < payload.length; index++) {
    const unit = payload.charCodeAt(index);
    if (unit < 0x80) continue;
    // Two units of a surrogate pair make four bytes, and a lone one becomes U+FFFD of three.
    const isPair = unit >= 0xD800 && unit < 0xDC00 &&
      (payload.charCodeAt(index + 1) & 0xFC00) === 0xDC00;
    if (isPair) index++;
    size += unit < 0x800 ? 1 : 2;
  }
  return size;
}

/** A message on its way out with its request, from its acceptance to the end of its handshake. */
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
  /** The bytes of its Topic Name and payload; of a text that is kept as it is, its characters. */
  size = 0;
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
    const { topicName, payload } = this.message;
    this.size = topicName.length + payload.length;
    if (typeof payload === "string") this.#content = payload;
    else {
      const isShared = payload.length <= SHARED_MAX;
      this.#content = isShared ? blocks.copy(payload) : payload.slice();
      this.#start = isShared ? blocks.used - payload.length : 0;
      this.#length = payload.length;
    }
    this.message.payload = "";
  }

  /** The same for one that may wait long: a text too becomes bytes, lest it keep alive what it was cut from. */
  encodePayload(blocks: PayloadBlocks): void {
    const { message } = this;
    if (typeof message.payload === "string") {
      message.payload = encoder.encode(message.payload);
      // These bytes are nobody else's: a copy would be one too many.
      if (message.payload.length > SHARED_MAX) {
        return this.adoptPayload(message.payload);
      }
    }
    this.keepPayload(blocks);
  }

  /** The payload is in bytes that nobody writes over: they are kept as they are. */
  adoptPayload(payload: Uint8Array): void {
    this.#content = payload;
    this.#length = payload.length;
    this.size = this.message.topicName.length + payload.length;
    this.putAway();
  }

  /** The message with its payload, and with what is left of its time, to be written; `putAway` follows. */
  unpack(now: number): OutgoingMessage {
    const { message } = this;
    message.payload = this.payload;
    if (message.expiresAt > 0) message.properties = this.#propertiesAt(now);
    return message;
  }

  /** Whether its Message Expiry Interval has passed before anything of it was sent. */
  hasExpired(now: number): boolean {
    const { expiresAt } = this.message;
    return expiresAt > 0 && now >= expiresAt && this.delivery === "not-sent";
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

  /** What was sent before is sent again however old it is: 1 s is the least that is left of it. */
  #propertiesAt(now: number): Properties {
    const { properties, expiresAt } = this.message;
    const { messageExpiryInterval = 0 } = properties;
    const left = Math.max(1, Math.floor((expiresAt - now) / 1000));
    if (left >= messageExpiryInterval) return properties;
    return { ...properties, messageExpiryInterval: left };
  }
}
