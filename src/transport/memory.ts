/**
 * Wires inside one process, for tests: what one end writes, the other reads.
 *
 * @module
 */
import type { Wire } from "./wire.ts";

/** How many bytes one direction holds before a write waits: about what a socket's buffers hold. */
const CAPACITY = 1 << 20;

/** One direction of a pair of wires. */
class Channel {
  #chunks: Uint8Array[] = [];
  #size = 0;
  #ended = false;
  #broken = false;
  #wake: (() => void)[] = [];

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#size === 0) {
      if (this.#broken) throw new Deno.errors.Interrupted("The wire is closed");
      if (this.#ended) return null;
      await this.#change();
    }
    let filled = 0;
    for (let chunk = this.#chunks[0]; chunk && filled < into.length;) {
      const part = chunk.subarray(0, into.length - filled);
      into.set(part, filled);
      filled += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
      chunk = this.#chunks[0];
    }
    this.#size -= filled;
    this.#notify();
    return filled;
  }

  async write(bytes: Uint8Array): Promise<number> {
    while (this.#size >= CAPACITY && !this.#ended) await this.#change();
    if (this.#ended) throw new Deno.errors.BrokenPipe("The wire is closed");
    const part = bytes.slice(0, CAPACITY);
    this.#chunks.push(part);
    this.#size += part.length;
    this.#notify();
    return part.length;
  }

  /** What was written can still be read. */
  end(): void {
    this.#ended = true;
    this.#notify();
  }

  /** The reader has gone: what waits is lost. */
  break(): void {
    this.#broken = true;
    this.#chunks = [];
    this.#size = 0;
    this.end();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}

/** Two ends of one wire. */
export function memoryWires(): [Wire, Wire] {
  const there = new Channel();
  const back = new Channel();
  return [end(back, there), end(there, back)];
}

function end(incoming: Channel, outgoing: Channel): Wire {
  return {
    read: (into) => incoming.read(into),
    write: (bytes) => outgoing.write(bytes),
    closeWrite() {
      outgoing.end();
      return Promise.resolve();
    },
    close() {
      outgoing.end();
      incoming.break();
    },
  };
}
