/**
 * One wire of a client: the one read loop and the one write pump.
 *
 * @module
 */
import { StoreError } from "../errors.ts";
import type { Session } from "../session/session.ts";
import type { Wire } from "../transport/wire.ts";
import type { Clock } from "./clock.ts";
import type { Keeper } from "./keeper.ts";
import type { Trace } from "./trace.ts";
import type { Request } from "./wait.ts";

/** One write costs 4 us whatever it holds: from this many bytes on more in it brings little. */
export const WRITE_SIZE = 65_536;

/**
 * Reads go into blocks, one behind the other. A block is never written twice, so that payloads can be
 * views on it. It is this small while the wire is quiet, since a payload that is kept keeps its block.
 */
const BLOCK_SIZE = 65_536;

/** The size of a block while reads fill one after the other. */
const BUSY_BLOCK_SIZE = 262_144;

/** What is left of a block when a new one is taken: less would cut packets for nothing. */
const BLOCK_REST_MIN = 4_096;

/**
 * How many packets are looked at before the consumers have their turn: what waits as bytes costs the
 * garbage collector nothing, what waits as messages does.
 */
const PACKETS_A_TURN = 64;

/** How long a wire that can no longer be written may still bring what the server said last. */
const LAST_READ_MS = 1_000;

/** Who is told what happens on the wire. */
export interface ConnectionOwner {
  /** Whether reading is to wait. Asked before each read, and before what was read is looked at. */
  isPaused(): boolean;
  /** Bytes have come. */
  onRead(bytes: Uint8Array): void;
  /** The session has looked at packets: its events wait. */
  onTurn(now: number): void;
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
  /** Who keeps what is recorded with the bytes; undefined where nobody does. */
  readonly keeper: Keeper | undefined;
}

/** Moves bytes between a wire and a session. Once closed it tells nobody anything. */
export class Connection {
  readonly #wire: Wire;
  readonly #session: Session<Request>;
  readonly #owner: ConnectionOwner;
  readonly #clock: Clock;
  readonly #trace: Trace | undefined;
  readonly #keeper: Keeper | undefined;
  #phase: "open" | "parting" | "closed" = "open";
  #writeError: unknown;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #resume: (() => void) | undefined;

  /** Begins to read. */
  constructor(options: ConnectionOptions) {
    this.#wire = options.wire;
    this.#session = options.session;
    this.#owner = options.owner;
    this.#clock = options.clock;
    this.#trace = options.trace;
    this.#keeper = options.keeper;
    void this.#read();
  }

  /** Whether a write is under way: what is flushed now leaves when it ends. */
  get writing(): boolean {
    return this.#writing !== undefined;
  }

  /** Whether the session has something to write or to keep. */
  get isDue(): boolean {
    return this.#session.outgoingSize > 0 || this.#keeper?.isDue === true;
  }

  /** Writes what the session has, unless a write is under way: then that follows by itself. */
  flush(): void {
    if (this.#writing !== undefined || this.#phase !== "open" || !this.isDue) {
      return;
    }
    this.#writing = this.#write();
  }

  /** Reading may go on. */
  resume(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  /** Drops the wire at once; one that is parting has its time. */
  close(): void {
    if (this.#phase !== "open") return;
    this.#cancel?.();
    this.#drop();
    this.resume();
  }

  /** Tells nobody anything any more, writes what the session still has, and drops the wire: after `graceMs` at the latest. */
  async part(graceMs: number): Promise<void> {
    if (this.#phase !== "open") return;
    this.#phase = "parting";
    this.resume();
    this.#cancel?.();
    // The session goes on with its buffers.
    const last = this.#session.takeBytes()?.slice();
    const cancel = this.#clock.schedule(() => this.#drop(), graceMs);
    try {
      // What is under way is written to its end: behind half a packet nothing would be understood.
      await Promise.all([this.#writing, this.#keeper?.keep()]);
      if (last !== undefined) {
        this.#trace?.sent(last);
        await this.#writeAll(last);
      }
    } catch {
      // The peer was faster, or the time is over: nothing more can be said on this wire.
    } finally {
      cancel();
      this.#drop();
    }
  }

  /** Ends our side, so that the peer reads to the end of what was written. */
  async closeWrite(): Promise<void> {
    if (this.#phase !== "open") return;
    try {
      await this.#wire.closeWrite?.();
    } catch {
      // The peer was faster: the read loop has told it, or will.
    }
  }

  async #read(): Promise<void> {
    let block = new Uint8Array(BLOCK_SIZE);
    let used = 0;
    let isBusy = false;
    try {
      while (this.#phase === "open") {
        if (this.#isPaused()) {
          await this.#resumed();
          continue;
        }
        if (block.length - used < BLOCK_REST_MIN) {
          block = new Uint8Array(isBusy ? BUSY_BLOCK_SIZE : BLOCK_SIZE);
          used = 0;
        }
        const end = isBusy ? block.length : used + BLOCK_SIZE;
        const size = await this.#wire.read(block.subarray(used, end));
        if (this.#phase !== "open") return;
        if (size === null) return this.#lost(this.#writeError);
        const bytes = block.subarray(used, used + size);
        used += size;
        this.#trace?.received(bytes);
        this.#owner.onRead(bytes);
        const looking = this.#look(bytes);
        // While reading pauses, it goes on in small steps.
        isBusy = used === block.length && looking === undefined &&
          !this.#isPaused();
        await looking;
      }
    } catch (error) {
      this.#lost(error);
    }
  }

  /** Has the session look at what was read, some packets at a time. */
  #look(bytes: Uint8Array): Promise<void> | undefined {
    const now = this.#clock.now();
    this.#session.feed(bytes, now);
    let hasMore = true;
    while (hasMore && this.#phase === "open") {
      if (this.#isPaused()) return this.#lookWithPauses();
      hasMore = this.#turn(now);
    }
    return undefined;
  }

  async #lookWithPauses(): Promise<void> {
    let hasMore = true;
    while (hasMore && this.#phase === "open") {
      if (this.#isPaused()) await this.#resumed();
      else hasMore = this.#turn(this.#clock.now());
    }
  }

  /** Looks at some packets. True where there may be more. */
  #turn(now: number): boolean {
    const hasMore = this.#session.proceed(now, PACKETS_A_TURN);
    this.#owner.onTurn(now);
    return hasMore;
  }

  /** A wire that can no longer be written is read to its end: the server may have said why. */
  #isPaused(): boolean {
    return this.#writeError === undefined && this.#owner.isPaused();
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => this.#resume = resolve);
  }

  /** Goes on by itself only with a whole write's worth: less is waited with until the turn has ended. */
  async #write(): Promise<void> {
    try {
      do {
        // What is recorded later goes with later bytes, however long the store takes.
        const bytes = this.#session.outgoingSize > 0
          ? this.#session.takeBytes()
          : undefined;
        const keeping = this.#keeper?.keep();
        if (keeping !== undefined || bytes === undefined) await keeping;
        if (this.#phase === "closed") return;
        if (bytes !== undefined) {
          this.#trace?.sent(bytes);
          await this.#writeAll(bytes);
        }
        if (this.#phase !== "open") return;
        if (this.#session.outgoingSize < WRITE_SIZE) this.#writing = undefined;
        this.#owner.onWritten(bytes?.length ?? 0);
      } while (this.#writing !== undefined && this.#phase === "open");
    } catch (error) {
      // What could not be kept must not leave, and what comes behind it would not be understood without it.
      if (error instanceof StoreError) this.#lost(error);
      else this.#cannotWrite(error);
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let written = await this.#wire.write(bytes);
    while (written < bytes.length && this.#phase !== "closed") {
      if (this.#phase === "open") {
        this.#session.written(this.#clock.now(), "part");
      }
      written += await this.#wire.write(bytes.subarray(written));
    }
    if (this.#phase === "open") {
      this.#session.written(this.#clock.now(), "all");
    }
  }

  #cannotWrite(error: unknown): void {
    if (this.#phase !== "open") return;
    this.#writeError = error;
    this.#cancel = this.#clock.schedule(() => this.#lost(error), LAST_READ_MS);
    this.resume();
  }

  #lost(error: unknown): void {
    if (this.#phase !== "open") return;
    this.close();
    this.#owner.onLost(error);
  }

  #drop(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    try {
      this.#wire.close();
    } catch {
      // It was closed by somebody else, whom a wire of the caller's own belongs to: that is all we want.
    }
  }
}
