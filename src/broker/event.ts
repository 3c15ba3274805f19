/**
 * What the broker tells the one who drives it.
 *
 * @module
 */
import type { ProtocolVersion, QoS } from "../codec/packet.ts";
import type { BrokerMessage } from "./message.ts";

/** Why a connection has ended. */
export type EndCause =
  /** The client has sent DISCONNECT. */
  | "client"
  /** The wire is gone without one. */
  | "wire"
  /** Another connection uses the Client Identifier. */
  | "taken-over"
  /** Nothing came for one and a half times the Keep Alive. */
  | "keep-alive"
  /** The client has broken the specification. */
  | "protocol-error"
  /** It was refused while it was connected: re-authentication has failed, say. */
  | "refused"
  /** `disconnect()` was called. */
  | "administrative";

/** Why a message did not reach one who was to have it. */
export type DropCause =
  /** The client is slower than its messages come, and what a session may hold is held. */
  | "queue-full"
  /** Its Maximum Packet Size does not allow it. */
  | "too-large"
  /** Its Message Expiry Interval has passed while it waited. */
  | "expired"
  /** There are as many retained messages as may be: it is not retained. */
  | "retained-full";

/** A message was published: by a client, as its will, or by the broker itself. */
export interface PublishedEvent extends BrokerMessage {
  /** Tells it from the other events. */
  readonly type: "message";
  /** Who published it; undefined where it was the broker itself. */
  readonly clientId: string | undefined;
}

/** One thing that happened. */
export type BrokerEvent =
  | PublishedEvent
  /** CONNACK has accepted a client. */
  | {
    readonly type: "connected";
    readonly clientId: string;
    readonly protocolVersion: ProtocolVersion;
    readonly username: string | undefined;
    readonly peer: string;
    readonly cleanStart: boolean;
    readonly sessionPresent: boolean;
  }
  /** A wire ends before a client was accepted on it: by CONNACK, or without a word. */
  | {
    readonly type: "refused";
    readonly peer: string;
    readonly clientId: string;
    /** As MQTT 5 has it; undefined where the wire went by itself. */
    readonly reasonCode: number | undefined;
    /** Why, for people. */
    readonly reason: string;
  }
  /** An accepted client's connection has ended. */
  | {
    readonly type: "disconnected";
    readonly clientId: string;
    readonly peer: string;
    readonly cause: EndCause;
    /** Of the DISCONNECT that was received or, under MQTT 5, sent. */
    readonly reasonCode: number | undefined;
    /** Why, for people. */
    readonly reason: string;
  }
  /** A session has ended, and its subscriptions and messages with it. */
  | { readonly type: "session-ended"; readonly clientId: string }
  /** A Topic Filter was asked for. */
  | {
    readonly type: "subscribed";
    readonly clientId: string;
    readonly topicFilter: string;
    /** The QoS that was granted, or 0x80 and above: the refusal. */
    readonly reasonCode: number;
  }
  /** A Topic Filter was left. */
  | {
    readonly type: "unsubscribed";
    readonly clientId: string;
    readonly topicFilter: string;
    /** 0x00, or 0x11 where there was none. */
    readonly reasonCode: number;
  }
  /** A message was refused to its publisher, whether or not the protocol has a word for it. */
  | {
    readonly type: "publish-refused";
    readonly clientId: string;
    readonly topicName: string;
    readonly qos: QoS;
    readonly reasonCode: number;
  }
  /**
   * A message did not reach the client, or with `retained-full` was not retained. Of very many at once the first 10,000
   * are told; all are counted.
   */
  | {
    readonly type: "dropped";
    readonly clientId: string;
    readonly topicName: string;
    readonly qos: QoS;
    readonly cause: DropCause;
  };
