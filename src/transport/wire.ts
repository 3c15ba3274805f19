/**
 * What a wire is: bytes out, bytes in, an end. It knows no MQTT.
 *
 * @module
 */

/**
 * A two-way stream of bytes. A `Deno.Conn` is one as it stands; whoever brings a wire of their own
 * gives these methods.
 */
export interface Wire {
  /**
   * Fills the front of `into` with what has come, waiting for the first byte. Resolves with the
   * number of bytes, or null where the peer has ended its side. One read at a time.
   */
  read(into: Uint8Array): Promise<number | null>;
  /**
   * Writes the front of `bytes`: at least one byte, maybe all. `bytes` is not touched before the
   * promise resolves with the number written. One write at a time.
   */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends our side: the peer reads to the end of what was written, then null. Optional. */
  closeWrite?(): Promise<void>;
  /** Drops the wire at once. A pending read or write rejects or resolves with null. */
  close(): void;
}

/** How a wire is had. */
export interface Transport {
  /** Opens a new wire. It gives up, and rejects, as soon as the signal fires. */
  open(signal: AbortSignal): Promise<Wire>;
}
