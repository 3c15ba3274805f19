/**
 * What a session tells the one who drives it.
 *
 * @module
 */
import type {
  KeepAliveError,
  ProtocolError,
  PublishError,
  SubscribeError,
} from "../errors.ts";
import type {
  AckPacket,
  AuthPacket,
  ConnackPacket,
  DisconnectPacket,
  PublishPacket,
  SubackPacket,
  UnsubackPacket,
} from "../codec/packet.ts";
import type { Delivery } from "../errors.ts";
import type { IncomingDelivery } from "./delivery.ts";

/**
 * One thing that happened. A QoS 0 PUBLISH is its own event; one of QoS 1 or 2 comes as a
 * delivery, which is given back to `acknowledge()`.
 */
export type SessionEvent<Request> =
  | PublishPacket
  | IncomingDelivery
  /** CONNACK has accepted. */
  | { readonly type: "connected"; readonly packet: ConnackPacket }
  /**
   * The server has said something in an exchange of AUTH packets: it wants to know more (0x18), or ends the
   * exchange. CONNACK ends it as well; the connection is not begun before `accept()`.
   */
  | { readonly type: "auth"; readonly packet: AuthPacket | ConnackPacket }
  /** CONNACK has refused: the connection is of no more use. */
  | { readonly type: "refused"; readonly packet: ConnackPacket }
  /**
   * The server has lost the session of an earlier connection: so many messages of QoS 1 and 2 are sent
   * anew, so many are given up though they were sent, and so many Topic Filters are asked for again.
   */
  | {
    readonly type: "session-lost";
    readonly resent: number;
    readonly unknown: number;
    readonly filters: number;
  }
  /** A message that waited for room among those that wait for a connection has it. */
  | { readonly type: "accepted"; readonly request: Request }
  /** A publish of QoS 1 or 2 has completed its handshake. */
  | {
    readonly type: "published";
    readonly request: Request;
    readonly packet: AckPacket;
  }
  /** A publish was refused by the server, or cannot be sent to it: for a limit it has announced, say. */
  | {
    readonly type: "publish-refused";
    readonly request: Request;
    readonly error: PublishError;
  }
  /**
   * A request that will have no answer: the session it belonged to is gone, or this connection cannot
   * carry it, or the store cannot keep it, and then `cause` says why. `delivery` is told of a publish alone.
   */
  | {
    readonly type: "abandoned";
    readonly request: Request;
    readonly delivery: Delivery | undefined;
    readonly cause: unknown;
  }
  /** SUBACK has answered. */
  | {
    readonly type: "subscribed";
    readonly request: Request;
    readonly packet: SubackPacket;
  }
  /** What became of a Topic Filter that was asked for again: the server's code for it, and why it is refused. */
  | {
    readonly type: "resubscribed";
    readonly topicFilter: string;
    readonly reasonCode: number;
    readonly error: SubscribeError | undefined;
  }
  /** UNSUBACK has answered. */
  | {
    readonly type: "unsubscribed";
    readonly request: Request;
    readonly packet: UnsubackPacket;
  }
  /** An acknowledgement of nothing that is in flight: harmless, but worth telling. */
  | {
    readonly type: "stray";
    readonly packet: AckPacket | SubackPacket | UnsubackPacket;
  }
  /** The server has sent DISCONNECT: the connection is of no more use. */
  | { readonly type: "disconnected"; readonly packet: DisconnectPacket }
  /** The connection must end, once the bytes that wait have been written. */
  | {
    readonly type: "failed";
    readonly error: ProtocolError | KeepAliveError;
  };
