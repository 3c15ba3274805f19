/**
 * One client's wire at the broker: the one read loop and the one write pump.
 *
 * @module
 */
import type { Wire } from "../transport/wire.ts";
import type { BrokerClock } from "./clock.ts";
import type { BrokerConnection } from "./connection.ts";

/**
 * Reads go into blocks, one behind the other. A block is never written twice, so that payloads can be views on
 * it. It is this small while the wire is quiet: there may be many.
 */
const BLOCK_SIZE = 16_384;

/** The size of a block while reads fill one after the other: one read costs 4 us whatever it brings. */
const BUSY_BLOCK_SIZE = 65_536;

/** What is left of a block when a new one is taken: less would cut packets for nothing. */
const BLOCK_REST_MIN = 2_048;

/**
 * How long the last bytes may take to leave, the client to close its side then, and a wire that cannot be written
 * any more to bring what the client said last.
 */
const PART_MS = 1_000;

/** Who is told what happens on the wire. */
export interface BrokerWireOwner {
  /** Bytes have come. */
  onRead(connection: BrokerConnection, bytes: Uint8Array): void;
  /** All that was taken has been written. */
  onWritten(connection: BrokerConnection): void;
  /** The wire is gone. */
  onClosed(connection: BrokerConnection): void;
}

/** What a wire of the broker is made from. */
export interface BrokerWireOptions {
  readonly wire: Wire;
  readonly connection: BrokerConnection;
  readonly owner: BrokerWireOwner;
  readonly clock: BrokerClock;
}

/** Moves bytes between a wire and its connection in the machine. */
export class BrokerWire {
  readonly #wire: Wire;
  readonly #connection: BrokerConnection;
  readonly #owner: BrokerWireOwner;
  readonly #clock: BrokerClock;
  #phase: "open" | "parting" | "closed" = "open";
  #isWriting = false;
  #isWritable = true;
  #cancel: (() => void) | undefined;
  #resume: (() => void) | undefined;

  /** Has nothing to do before `start()`. */
  constructor(options: BrokerWireOptions) {
    this.#wire = options.wire;
    this.#connection = options.connection;
    this.#owner = options.owner;
    this.#clock = options.clock;
  }

  /** Begins to read. */
  start(): void {
    void this.#read();
  }

  /** Something has changed for the connection: it has bytes to write, may be read again, or is to end. */
  flush(): void {
    if (this.#phase !== "open") return;
    if (!this.#connection.isPaused) this.#resumeReading();
    // A client that does not read its last bytes is not waited for.
    if (this.#connection.isEnding) this.#dropLater();
    if (!this.#isWriting && this.#isWritable) {
      this.#isWriting = true;
      void this.#write();
    }
  }

  /** Drops the wire at once. */
  close(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#cancel?.();
    this.#resumeReading();
    this.#wire.close();
    this.#owner.onClosed(this.#connection);
  }

  async #read(): Promise<void> {
    let block = new Uint8Array(BLOCK_SIZE);
    let used = 0;
    let isBusy = false;
    try {
      while (this.#phase !== "closed") {
        if (this.#isPaused) await this.#whilePaused();
        if (block.length - used < BLOCK_REST_MIN) {
          block = new Uint8Array(isBusy ? BUSY_BLOCK_SIZE : BLOCK_SIZE);
          used = 0;
        }
        const size = await this.#wire.read(block.subarray(used));
        if (size === null) break;
        const bytes = block.subarray(used, used + size);
        used += size;
        isBusy = used === block.length;
        this.#owner.onRead(this.#connection, bytes);
      }
    } catch {
      // The client, or this broker, has dropped the wire: that is one of its ends.
    }
    this.close();
  }

  /** A wire that can no longer be written is read to its end: the client may have said DISCONNECT. */
  get #isPaused(): boolean {
    return this.#phase === "open" && this.#isWritable &&
      this.#connection.isPaused;
  }

  async #whilePaused(): Promise<void> {
    while (this.#isPaused) {
      await new Promise<void>((resolve) => this.#resume = resolve);
    }
  }

  #resumeReading(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  async #write(): Promise<void> {
    const connection = this.#connection;
    try {
      for (
        let bytes = connection.takeBytes();
        bytes !== undefined;
        bytes = connection.takeBytes()
      ) {
        for (let at = 0; at < bytes.length;) {
          at += await this.#wire.write(bytes.subarray(at));
        }
        if (this.#phase !== "open") return;
        this.#owner.onWritten(connection);
      }
      this.#isWriting = false;
      if (connection.isEnding) await this.#part();
    } catch {
      if (this.#phase === "closed") return;
      this.#isWritable = false;
      this.#dropLater();
      this.#resumeReading();
    }
  }

  /** To close with bytes unread would reset the wire, and what was written last might be lost with it. */
  async #part(): Promise<void> {
    this.#phase = "parting";
    this.#resumeReading();
    await this.#wire.closeWrite?.();
  }

  #dropLater(): void {
    this.#cancel ??= this.#clock.schedule(() => this.close(), PART_MS);
  }
}
