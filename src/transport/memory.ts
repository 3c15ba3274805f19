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
  #fault: Error | undefined;
  #wake: (() => void)[] = [];

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#size === 0) {
      if (this.#fault !== undefined) throw this.#fault;
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

  /** The reader has gone, or the wire: what waits is lost. */
  break(fault: Error): void {
    this.#fault ??= fault;
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

/** One end of a wire in memory. */
export interface MemoryWire extends Wire {
  /** Breaks the wire: what is under way in either direction is lost, and both ends are told. */
  reset(): void;
}

/** Two ends of one wire. */
export function memoryWires(): [MemoryWire, MemoryWire] {
  const there = new Channel();
  const back = new Channel();
  return [end(back, there), end(there, back)];
}

function end(incoming: Channel, outgoing: Channel): MemoryWire {
  return {
    read: (into) => incoming.read(into),
    write: (bytes) => outgoing.write(bytes),
    closeWrite() {
      outgoing.end();
      return Promise.resolve();
    },
    close() {
      outgoing.end();
      incoming.break(new Deno.errors.Interrupted("The wire is closed"));
    },
    reset() {
      for (const channel of [incoming, outgoing]) {
        channel.break(new Deno.errors.ConnectionReset("The wire was reset"));
      }
    },
  };
}
