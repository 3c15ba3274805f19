/**
 * What the one who drives the broker knows of a wire.
 *
 * @module
 */
import type { ConnectPacket, ProtocolVersion } from "../codec/packet.ts";

/** One wire and what the broker has for it. Given by `connect()`, and given back with each input. */
export interface BrokerConnection {
  /** Who is at the other end, as the driver has it. */
  readonly peer: string;
  /** The Client Identifier; empty until CONNECT has come. */
  readonly clientId: string;
  /** What the client has sent first; undefined until it has come. */
  readonly connectPacket: ConnectPacket | undefined;
  /** The version that CONNECT named; undefined until it has come. */
  readonly protocolVersion: ProtocolVersion | undefined;
  /** Whether CONNACK has accepted, and nothing has ended the connection since. */
  readonly isConnected: boolean;
  /** The wire is to be closed once the bytes that wait are written. Nothing more is looked at. */
  readonly isEnding: boolean;
  /**
   * Nothing more is to be read for now: a question is open, or the client does not read what it is
   * sent. What comes all the same waits, up to `incomingSizeMax`. The connection is among the dirty ones when this ends.
   */
  readonly isPaused: boolean;
  /** How many bytes wait to be taken, or were taken and are not known to be written. */
  readonly outgoingSize: number;
  /**
   * The bytes to be written, valid until they are asked for again; undefined where there are none.
   * They are all written before `written()` is called and this is asked again.
   */
  takeBytes(): Uint8Array | undefined;
}
