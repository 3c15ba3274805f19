/**
 * What the broker asks before it decides, and what it is answered.
 *
 * @module
 */
import type {
  ConnectPacket,
  Properties,
  SubscriptionRequest,
} from "../codec/packet.ts";
import type { BrokerConnection } from "./connection.ts";
import type { BrokerMessage } from "./message.ts";

/** Whether a client may connect: its user name, its password, its Client Identifier. */
export interface ConnectQuestion {
  /** Tells it from the other questions. */
  readonly type: "connect";
  /** Who asks; its Client Identifier is there, even where CONNECT had none. */
  readonly connection: BrokerConnection;
  /** What it has sent. */
  readonly packet: ConnectPacket;
}

/** One step of enhanced authentication (4.12). */
export interface AuthenticateQuestion {
  /** Tells it from the other questions. */
  readonly type: "authenticate";
  /** Who is to be authenticated. */
  readonly connection: BrokerConnection;
  /** `connect` and `re-authenticate` begin an exchange, `continue` goes on with it. */
  readonly step: "connect" | "continue" | "re-authenticate";
  /** The method: one of those that the settings name. */
  readonly authenticationMethod: string;
  /** What the client says in it. */
  readonly authenticationData: Uint8Array | undefined;
}

/** Whether a message may be published. A will is asked about when its client connects. */
export interface PublishQuestion {
  /** Tells it from the other questions. */
  readonly type: "publish";
  /** Who publishes. */
  readonly connection: BrokerConnection;
  /** What. Its payload is a view of what was read: copy it to keep it. */
  readonly message: BrokerMessage;
  /** Whether it is the will. */
  readonly isWill: boolean;
}

/** Which Topic Filters may be subscribed to. Those that are not valid or not available are not asked about. */
export interface SubscribeQuestion {
  /** Tells it from the other questions. */
  readonly type: "subscribe";
  /** Who subscribes. */
  readonly connection: BrokerConnection;
  /** To what, in order. */
  readonly subscriptions: readonly SubscriptionRequest[];
}

/** A question. While it is open, what else its client sends waits. */
export type BrokerQuestion =
  | ConnectQuestion
  | AuthenticateQuestion
  | PublishQuestion
  | SubscribeQuestion;

/** The answer to a question, in Reason Codes of MQTT 5; a client of MQTT 3.x is told what it can be told. */
export interface BrokerDecision {
  /**
   * 0x80 and above is a refusal, with the Reason Code that the client is given: 0x86 or 0x87 to a CONNECT,
   * 0x87 to a PUBLISH, say. Below, it is allowed. To `authenticate`, 0x18 goes on with the exchange.
   * To `subscribe`, below 0x80 it is the highest QoS that is granted.
   */
  readonly reasonCode: number;
  /** To `subscribe`: a Reason Code for each Topic Filter, where they differ. */
  readonly reasonCodes?: readonly number[];
  /**
   * What goes with it on CONNACK, AUTH, PUBACK, PUBREC, SUBACK or DISCONNECT: `reasonString`,
   * `userProperties`, `authenticationData`, `serverReference`, as the packet may carry it.
   */
  readonly properties?: Properties;
}
