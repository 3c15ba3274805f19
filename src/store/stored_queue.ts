/**
 * Messages that a store has given back, kept as the bytes that they are until each has its turn.
 *
 * They stand one behind the other in large blocks, so that a million of them are a few hundred objects.
 *
 * @module
 */
import type { RestoredMessage, RestoredQueue } from "../session/restored.ts";
import { MessageDecoder, type MessageValue } from "./record_codec.ts";

/** Blocks grow with what there is, up to this size; a message that is larger has one of its own. */
const BLOCK_SIZE_MAX = 1 << 20;
const BLOCK_SIZE_MIN = 4_096;

/** Before each message stand its order, in six bytes, and its size. */
const HEAD_SIZE = 10;

const TWO_32 = 2 ** 32;

/** Some of the messages. */
interface Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** How many of its bytes are taken. */
  end: number;
}

/** Where a message stands. */
interface Place {
  readonly block: Block;
  readonly start: number;
}

/** Messages by their order. */
export class StoredQueue implements RestoredQueue {
  readonly #wallAhead: number;
  readonly #decoder = new MessageDecoder();
  #blocks: Block[] = [];
  /** How many bytes of the first block have been taken out. */
  #taken = 0;
  #length = 0;
  #size = 0;
  #lastOrder = 0;
  #isSorted = true;
  /** Those that stand here and have been taken out of their turn. */
  readonly #absent = new Set<number>();

  /** Makes an empty queue. `wallAhead` is what the wall clock has more than the driver's. */
  constructor(wallAhead: number) {
    this.#wallAhead = wallAhead;
  }

  /** How many are left. */
  get length(): number {
    return this.#length;
  }

  /** How many bytes they are. */
  get size(): number {
    return this.#size;
  }

  /** The highest order of all that were added. */
  get lastOrder(): number {
    return this.#lastOrder;
  }

  /**
   * Adds one, in any order, before the first is taken, and gives back what it is. Its bytes are copied. Throws
   * where they are no message.
   */
  add(order: number, bytes: Uint8Array): MessageValue {
    const value = this.#decoder.decode(bytes);
    if (order > this.#lastOrder) this.#lastOrder = order;
    else this.#isSorted = false;
    this.#put(order, bytes);
    this.#length++;
    this.#size += bytes.length;
    return value;
  }

  /** Takes those out of their turn that are wanted, by their order first, and gives them in their order. */
  takeOut(
    isWantedOrder: (order: number) => boolean,
    isWanted: (message: RestoredMessage) => boolean = () => true,
  ): RestoredMessage[] {
    this.#sort();
    const found: RestoredMessage[] = [];
    for (const place of this.#places()) {
      const order = orderAt(place);
      if (this.#absent.has(order) || !isWantedOrder(order)) continue;
      const message = this.#message(place);
      if (!isWanted(message)) continue;
      found.push(message);
      this.#absent.add(order);
      this.#count(place);
    }
    return found;
  }

  /** Takes the first; undefined where none is left. */
  shift(): RestoredMessage | undefined {
    this.#sort();
    for (let place = this.#next(); place !== undefined; place = this.#next()) {
      if (this.#absent.delete(orderAt(place))) continue;
      this.#count(place);
      return this.#message(place);
    }
    return undefined;
  }

  #next(): Place | undefined {
    const [block] = this.#blocks;
    if (block === undefined) return undefined;
    if (this.#taken === block.end) {
      // Its bytes are held by the payloads that are views on them, and by nothing else.
      this.#blocks.shift();
      this.#taken = 0;
      return this.#next();
    }
    const place = { block, start: this.#taken };
    this.#taken += HEAD_SIZE + sizeAt(place);
    return place;
  }

  *#places(): Generator<Place> {
    for (const block of this.#blocks) {
      for (let start = 0; start < block.end;) {
        const place = { block, start };
        yield place;
        start += HEAD_SIZE + sizeAt(place);
      }
    }
  }

  /** A store may give its entries in any order; most give them as they were appended. */
  #sort(): void {
    if (this.#isSorted) return;
    this.#isSorted = true;
    const places = [...this.#places()];
    places.sort((one, other) => orderAt(one) - orderAt(other));
    this.#blocks = [];
    for (const place of places) this.#put(orderAt(place), bytesAt(place));
  }

  #put(order: number, bytes: Uint8Array): void {
    const block = this.#room(HEAD_SIZE + bytes.length);
    const { view, end } = block;
    view.setUint16(end, order / TWO_32);
    view.setUint32(end + 2, order % TWO_32);
    view.setUint32(end + 6, bytes.length);
    block.bytes.set(bytes, end + HEAD_SIZE);
    block.end += HEAD_SIZE + bytes.length;
  }

  #room(size: number): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.end + size <= last.bytes.length) return last;
    const grown = Math.min(BLOCK_SIZE_MAX, 2 * (last?.bytes.length ?? 0));
    const bytes = new Uint8Array(Math.max(BLOCK_SIZE_MIN, grown, size));
    const block = { bytes, view: new DataView(bytes.buffer), end: 0 };
    this.#blocks.push(block);
    return block;
  }

  #count(place: Place): void {
    this.#length--;
    this.#size -= sizeAt(place);
  }

  /** Long ago is not never, which is 0. */
  #driverTime(wallTime: number): number {
    return Math.max(1, wallTime - this.#wallAhead);
  }

  #message(place: Place): RestoredMessage {
    const { packet, expiresAt } = this.#decoder.decode(bytesAt(place));
    const { topicName, payload, qos, retain, properties } = packet;
    return {
      order: orderAt(place),
      topicName,
      payload,
      qos,
      retain,
      properties,
      expiresAt: expiresAt === 0 ? 0 : this.#driverTime(expiresAt),
    };
  }
}

function orderAt({ block, start }: Place): number {
  const { view } = block;
  return view.getUint16(start) * TWO_32 + view.getUint32(start + 2);
}

function sizeAt({ block, start }: Place): number {
  return block.view.getUint32(start + 6);
}

function bytesAt(place: Place): Uint8Array {
  const { block, start } = place;
  const from = start + HEAD_SIZE;
  return block.bytes.subarray(from, from + sizeAt(place));
}
