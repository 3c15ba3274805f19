/**
 * What of a session must be durable before the bytes of the same turn leave.
 *
 * @module
 */
import type { Properties, QoS } from "../codec/packet.ts";

/** One change of the session's state. `order` numbers outgoing messages as they were accepted. */
export type StoreRecord =
  /** An outgoing QoS 1 or 2 message was accepted. */
  | {
    readonly type: "accepted";
    readonly order: number;
    readonly topicName: string;
    readonly payload: Uint8Array | string;
    readonly qos: QoS;
    readonly retain: boolean;
    readonly properties: Properties;
    /** When its Message Expiry Interval ends, in ms of the driver's clock; 0 where it has none. */
    readonly expiresAt: number;
    /** What the program wants to know of it after a restart: the last one of all is what counts. */
    readonly checkpoint?: string | undefined;
  }
  /** It took a packet id: its PUBLISH may be on its way. */
  | { readonly type: "sent"; readonly order: number; readonly packetId: number }
  /** PUBREC came: PUBREL is all that is left to send. */
  | { readonly type: "released"; readonly order: number }
  /** Its handshake has ended, or it was given up. */
  | { readonly type: "settled"; readonly order: number }
  /** An incoming QoS 2 message is owned: its PUBREC may leave. */
  | { readonly type: "owned"; readonly packetId: number }
  /** Its id is free again: PUBREL came for it, or the server has given the id to another message. */
  | { readonly type: "completed"; readonly packetId: number }
  /**
   * The server has no session for us: no incoming id is known any more, and what was sent waits for its
   * turn again, unless it is settled in the records that follow.
   */
  | { readonly type: "session-lost" }
  /** A checkpoint that goes with no message that is kept; undefined where there is to be none any more. */
  | { readonly type: "checkpoint"; readonly checkpoint: string | undefined };
