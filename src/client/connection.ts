/**
 * One wire of a client: the one read loop and the one write pump.
 *
 * @module
 */
import type { Session } from "../session/session.ts";
import type { Wire } from "../transport/wire.ts";
import type { Clock } from "./clock.ts";
import type { Trace } from "./trace.ts";
import type { Request } from "./wait.ts";

/**
 * Reads go into blocks of this size, one behind the other. A block is never written twice, so that
 * payloads can be views on it; 64 KiB is where larger ones bring little.
 */
const BLOCK_SIZE = 65_536;

/** What is left of a block when a new one is taken: less would cut packets for nothing. */
const BLOCK_REST_MIN = 4_096;

/** Who is told what happens on the wire. */
export interface ConnectionOwner {
  /** Whether reading is to wait. Asked before each read. */
  isPaused(): boolean;
  /** The session has been given bytes: its events wait. */
  onReceived(bytes: Uint8Array): void;
  /** All that was taken has been written. */
  onWritten(size: number): void;
  /** The wire is gone: by itself, with an error, or (undefined) because the peer closed it. */
  onLost(error: unknown): void;
}

/** What a connection is made from. */
export interface ConnectionOptions {
  readonly wire: Wire;
  readonly session: Session<Request>;
  readonly owner: ConnectionOwner;
  readonly clock: Clock;
  readonly trace: Trace | undefined;
}

/** Moves bytes between a wire and a session. Once closed it tells nobody anything. */
export class Connection {
  readonly #wire: Wire;
  readonly #session: Session<Request>;
  readonly #owner: ConnectionOwner;
  readonly #clock: Clock;
  readonly #trace: Trace | undefined;
  #closed = false;
  #writing: Promise<void> | undefined;
  #resume: (() => void) | undefined;

  /** Begins to read. */
  constructor(options: ConnectionOptions) {
    this.#wire = options.wire;
    this.#session = options.session;
    this.#owner = options.owner;
    this.#clock = options.clock;
    this.#trace = options.trace;
    void this.#read();
  }

  /** Whether a write is under way: what is flushed now leaves when it ends. */
  get writing(): boolean {
    return this.#writing !== undefined;
  }

  /** Writes what the session has, unless a write is under way: then that follows by itself. */
  flush(): void {
    if (
      this.#writing !== undefined || this.#closed ||
      this.#session.outgoingSize === 0
    ) return;
    this.#writing = this.#write();
  }

  /** Reading may go on. */
  resume(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  /** Drops the wire at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.resume();
    this.#wire.close();
  }

  /** Tells nobody anything any more, writes what the session still has, and drops the wire: after `graceMs` at the latest. */
  async part(graceMs: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.resume();
    // The session goes on with its buffers.
    const last = this.#session.takeBytes()?.slice();
    const cancel = this.#clock.schedule(() => this.#wire.close(), graceMs);
    try {
      await this.#writing;
      if (last !== undefined) {
        this.#trace?.sent(last);
        for (let written = 0; written < last.length;) {
          written += await this.#wire.write(last.subarray(written));
        }
      }
      this.#wire.close();
    } catch {
      // The wire was closed, by the peer or because the time was over: nothing more can be said on it.
    } finally {
      cancel();
    }
  }

  /** Ends our side, so that the peer reads to the end of what was written. */
  async closeWrite(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#wire.closeWrite?.();
    } catch {
      // The peer was faster: the read loop has told it, or will.
    }
  }

  async #read(): Promise<void> {
    let block = new Uint8Array(BLOCK_SIZE);
    let used = 0;
    try {
      while (!this.#closed) {
        if (this.#owner.isPaused()) {
          await new Promise<void>((resolve) => this.#resume = resolve);
          continue;
        }
        if (block.length - used < BLOCK_REST_MIN) {
          block = new Uint8Array(BLOCK_SIZE);
          used = 0;
        }
        const size = await this.#wire.read(block.subarray(used));
        if (this.#closed) return;
        if (size === null) return this.#lost(undefined);
        const bytes = block.subarray(used, used + size);
        used += size;
        this.#trace?.received(bytes);
        this.#session.receive(bytes, this.#clock.now());
        this.#owner.onReceived(bytes);
      }
    } catch (error) {
      this.#lost(error);
    }
  }

  async #write(): Promise<void> {
    try {
      for (
        let bytes = this.#session.takeBytes();
        bytes !== undefined;
        bytes = this.#session.takeBytes()
      ) {
        this.#trace?.sent(bytes);
        await this.#writeAll(bytes);
        if (this.#closed) return;
        this.#owner.onWritten(bytes.length);
      }
      this.#writing = undefined;
    } catch (error) {
      this.#lost(error);
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let written = await this.#wire.write(bytes);
    while (written < bytes.length && !this.#closed) {
      this.#session.written(this.#clock.now(), "part");
      written += await this.#wire.write(bytes.subarray(written));
    }
    if (!this.#closed) this.#session.written(this.#clock.now(), "all");
  }

  #lost(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#owner.onLost(error);
  }
}
