/**
 * What connect, publish and subscribe can be asked for, and what holds where nothing is asked.
 *
 * @module
 */
import type {
  ProtocolVersion,
  QoS,
  RetainHandling,
  UserProperty,
} from "../codec/packet.ts";
import type {
  ConnectProperties,
  DisconnectProperties,
  PublishProperties,
  SubscribeProperties,
  UnsubscribeProperties,
  WillProperties,
} from "../codec/property.ts";
import type { Store } from "../store/store.ts";
import type { Transport } from "../transport/wire.ts";
import type { Overflow } from "./backlog.ts";
import type { Clock } from "./clock.ts";
import type { Asked } from "./asked.ts";
import type { AckMode } from "./consumer.ts";
import type { Authenticate } from "./exchange.ts";
import type { MessageHandler, OnError } from "./handler.ts";
import type { Payload } from "./payload.ts";
import type { ReconnectOptions } from "./reconnect_options.ts";
import type { Restored } from "./restored.ts";
import type { OfflineOptions, SessionLostOptions } from "./session_options.ts";
import type { WireOptions } from "./wire_options.ts";

/** The message that the server publishes for a client whose connection ends without DISCONNECT (3.1.2.5). */
export interface Will {
  /** Where it goes. */
  readonly topic: string;
  /** Empty by default. */
  readonly payload?: Payload;
  /** 0 by default. */
  readonly qos?: QoS;
  /** False by default. */
  readonly retain?: boolean;
  /** MQTT 5. */
  readonly properties?: WillProperties;
}

/** How messages are taken; for the client as a whole, or for one subscription. */
export interface ReceiveOptions {
  /** The callback form of the receive loop: called with each message, in order. */
  readonly onMessage?: MessageHandler;
  /** How many calls of `onMessage` run at once; 1 by default. */
  readonly concurrency?: number;
  /** What happens where `onMessage` throws or rejects; `"close"` by default. */
  readonly onError?: OnError;
  /**
   * When messages of QoS 1 and 2 are acknowledged; `"processed"` by default. As with all four, what `connect()` is
   * given is for the client's own loop or handler: each subscription has its own.
   */
  readonly ack?: AckMode;
}

/** What `connect()` can be asked for. */
export interface ConnectOptions extends ReceiveOptions, WireOptions {
  /**
   * The Client Identifier; `midge` and 17 random letters and digits by default. Empty: the server gives one.
   * A function that gives another one begins another session.
   */
  readonly clientId?: Asked<string>;
  /** The User Name; it may stand in the URL instead. */
  readonly username?: Asked<string>;
  /** The Password; it may stand in the URL instead. */
  readonly password?: Asked<string | Uint8Array>;
  /**
   * Enhanced authentication by the method that `properties.authenticationMethod` names (MQTT 5, chapter 4.12):
   * holds the exchange with the server, at each attempt to connect and at `reauthenticate()`.
   */
  readonly authenticate?: Authenticate;
  /** Clean Start, under MQTT 3.x Clean Session: forget what the server knows of this client id. True by default. */
  readonly cleanStart?: boolean;
  /** Keep Alive in seconds, 0 to 65,535; 60 by default, 0 turns it off. */
  readonly keepAlive?: number;
  /** 5, 4 (3.1.1) or 3 (3.1); left out: 5, and where the server does not speak it 4, then 3. */
  readonly protocolVersion?: ProtocolVersion;
  /** The will. */
  readonly will?: Asked<Will>;
  /** MQTT 5. */
  readonly properties?: ConnectProperties;
  /** Gives up connecting when it fires, whatever `reconnect` says; of no effect once `connect()` has resolved. */
  readonly signal?: AbortSignal;
  /**
   * How long one attempt to connect may take, over functions among the options, name, wire, every version
   * tried and CONNACK; 10,000 by default.
   */
  readonly connectTimeoutMs?: number;
  /**
   * How many QoS 1 and 2 messages may be unacknowledged under MQTT 3.x, which has no Receive Maximum.
   * By default 1,000, and of QoS 2 no more than 19: Mosquitto closes on more.
   */
  readonly maxInflight?: number;
  /** How long a message that no filter of ours matches waits for the client's own loop; 30,000 by default. */
  readonly unclaimedMs?: number;
  /**
   * Above this many QoS 0 messages that wait in queues, reading pauses; 64 by default. More costs memory and
   * brings no speed: what is not read yet waits in the sockets.
   */
  readonly readAhead?: number;
  /** Above this many messages of any QoS that wait in queues, reading pauses; 4,096 by default. */
  readonly highWaterMessages?: number;
  /** Above this many bytes of payload that wait in queues, reading pauses; 16 MiB by default. */
  readonly highWaterBytes?: number;
  /**
   * What may wait, in bytes, where reading cannot pause because an answer is awaited; 64 MiB by default. More of
   * QoS 0 is dropped; more of QoS 1 and 2 ends the connection once the answers have come, after 10 s at the
   * latest, and a server that keeps the session sends it again.
   */
  readonly hardBoundBytes?: number;
  /**
   * What happens to QoS 0 messages above the mark: `"pause"` (the default) stops reading, and the
   * server may drop them or close; `"drop"` drops the oldest here, counted and told.
   */
  readonly overflow?: Overflow;
  /** What is published while there is no connection waits for the next one: how much of it, and what is done with more. */
  readonly offline?: OfflineOptions;
  /** What becomes of messages in flight where the server has lost the session. */
  readonly sessionLost?: SessionLostOptions;
  /**
   * Where the session outlives the process: what was published and not delivered, and what "exactly once" has
   * to remember. Without it the session ends with the process. It takes `cleanStart: false` for the server to
   * keep its side.
   */
  readonly store?: Store;
  /**
   * Called with what the store has brought back, before the first attempt to connect. Where it throws, nothing is
   * sent, what was kept stays in the store, and `connect()` rejects with what was thrown.
   */
  readonly onRestored?: (restored: Restored) => void;
  /** Called with a readable line for each packet sent and received; passwords are masked. */
  readonly debug?: (line: string) => void;
  /** A wire of one's own in place of the URL's. */
  readonly transport?: Transport;
  /** A time of one's own, for tests. */
  readonly clock?: Clock;
  /** A chance of one's own, from 0 to 1, for tests. */
  readonly random?: () => number;
  /**
   * Whether the client comes back when its connection is lost, and how; true by default. With false a loss
   * ends the client.
   */
  readonly reconnect?: boolean | ReconnectOptions;
}

/** What `publish()` can be asked for. */
export interface PublishOptions {
  /** 0 by default. */
  readonly qos?: QoS;
  /** Whether the server is to keep the message for those who subscribe later; false by default. */
  readonly retain?: boolean;
  /** MQTT 5. */
  readonly properties?: PublishProperties;
  /**
   * How far the program has come with this message, in words of its own: up to 1,024 bytes of UTF-8. The store
   * keeps the last one, in one piece with the message, so that a program that is killed knows which messages the
   * store has taken over: `client.restored.checkpoint`. At QoS 0, where the store keeps no message, it is kept
   * before the message leaves. Without a store it is of no effect.
   *
   * @example
   * ```ts ignore
   * import { connect, memoryStore } from "./mod.ts";
   *
   * const readings = ["20.5", "20.7", "21.1"];
   * const client = await connect("mqtt://localhost", {
   *   cleanStart: false,
   *   store: memoryStore(), // a program that may be killed has fileStore("state.log")
   * });
   * const taken = Number(client.restored?.checkpoint ?? 0);
   * for (let next = taken; next < readings.length; next++) {
   *   const checkpoint = `${next + 1}`;
   *   await client.publish("t", readings[next] ?? "", { qos: 2, checkpoint });
   * }
   * await client.disconnect({ checkpoint: undefined }); // the next run begins anew
   * ```
   */
  readonly checkpoint?: string;
  /** Gives up waiting when it fires. A message that was sent may arrive all the same. */
  readonly signal?: AbortSignal;
}

/** What the server said to a message of QoS 1 or 2. */
export interface PublishResult {
  /** 0, or 16 where nobody subscribes (MQTT 5); 0 under MQTT 3.x. */
  readonly reasonCode: number;
  /** What the server adds for people. */
  readonly reasonString: string | undefined;
  /** The server's User Properties, in order. */
  readonly userProperties: readonly UserProperty[];
}

/** What `subscribe()` can be asked for. */
export interface SubscribeOptions extends ReceiveOptions {
  /** The highest QoS in which messages are wanted; 0 by default. */
  readonly qos?: QoS;
  /**
   * MQTT 5: the group to share the subscription with: each message goes to one of its members. The filters become
   * `$share/group/filter`, which may be asked for by that name as well.
   */
  readonly shared?: string;
  /** MQTT 5: do not send what this very client publishes. */
  readonly noLocal?: boolean;
  /** MQTT 5: keep the RETAIN flag as the publisher set it. */
  readonly retainAsPublished?: boolean;
  /** MQTT 5: 0 send retained messages (the default), 1 only for a new subscription, 2 never. */
  readonly retainHandling?: RetainHandling;
  /** MQTT 5. A Subscription Identifier of your own stands for that which the client gives each filter by itself. */
  readonly properties?: SubscribeProperties;
  /** Resolve even where some filters are refused: `granted` says which. */
  readonly partial?: boolean;
  /** Gives up waiting when it fires; later it ends the loop and leaves the filters. */
  readonly signal?: AbortSignal;
}

/** What `unsubscribe()` can be asked for. */
export interface UnsubscribeOptions {
  /** MQTT 5. */
  readonly properties?: UnsubscribeProperties;
  /** Gives up waiting when it fires. */
  readonly signal?: AbortSignal;
}

/** What `reauthenticate()` can be asked for. */
export interface ReauthenticateOptions {
  /** Gives up waiting when it fires; the exchange goes on. */
  readonly signal?: AbortSignal;
}

/** What `disconnect()` can be asked for. */
export interface DisconnectOptions {
  /** How long to wait for publishes that were accepted; 5,000 by default. */
  readonly timeoutMs?: number;
  /** What DISCONNECT says under MQTT 5: 0 by default; 4 has the server publish the will. */
  readonly reasonCode?: number;
  /**
   * MQTT 5: what the server is told besides. `sessionExpiryInterval` says how long it keeps the session from now
   * on; where it was 0 at CONNECT it cannot be raised. Left out, a session that was begun with `cleanStart` and
   * kept only for our own return ends.
   */
  readonly properties?: Omit<DisconnectProperties, "serverReference">;
  /**
   * The checkpoint that the store keeps last of all, when all that was accepted is settled: undefined, where it
   * is named, for none any more. Where something is not settled by then, the last one stays.
   */
  readonly checkpoint?: string | undefined;
}
