/**
 * The whole error family. What is the caller's fault is a TypeError or a RangeError;
 * everything else that leaves the module extends {@linkcode MqttError}.
 *
 * This file imports nothing.
 *
 * @module
 */

/**
 * What is known of a message whose publish did not succeed.
 *
 * - `"not-sent"`: no byte of it was handed to the network.
 * - `"unknown"`: it may have reached the server, in whole or not at all.
 * - `"refused"`: the server has it and said no.
 */
export type Delivery = "not-sent" | "unknown" | "refused";

/** A User Property of MQTT 5: a name and a value. Order and duplicates are kept. */
export type UserProperty = readonly [name: string, value: string];

/** What every error that is not the caller's fault has in common. */
export class MqttError extends Error {
  /** The name of the class. */
  override name = "MqttError";
}

/** What the errors of refusals are told of the server's answer; each says itself what it is. */
export interface RefusalOptions extends ErrorOptions {
  /** The Reason Code. */
  reasonCode?: number | undefined;
  /** That code in the specification's words. */
  reasonName?: string | undefined;
  /** What the server adds for people. */
  reasonString?: string | undefined;
  /** The server's User Properties, in order. */
  userProperties?: readonly UserProperty[] | undefined;
}

/**
 * How far connecting came: `"wire"` until there was a connection to the server, `"tls"` in the TLS
 * handshake, `"websocket"` in the WebSocket's opening handshake, `"connack"` from then on, while the
 * server's answer was awaited or looked at. What is wrong with a certificate is always `"tls"`, even
 * where the server tells it only behind the handshake.
 */
export type ConnectStage = "wire" | "tls" | "websocket" | "connack";

/** What {@linkcode ConnectError} is told besides its message. */
export interface ConnectErrorOptions extends RefusalOptions {
  /** See {@linkcode ConnectError.stage}; left out, there was no wire. */
  stage?: ConnectStage | undefined;
  /** See {@linkcode ConnectError.peerProtocol}. */
  peerProtocol?: "HTTP" | "TLS" | undefined;
  /** See {@linkcode ConnectError.refusal}. */
  refusal?: string | undefined;
  /** See {@linkcode ConnectError.serverReference}. */
  serverReference?: string | undefined;
  /** See {@linkcode ConnectError.protocolVersion}. */
  protocolVersion?: 3 | 4 | 5 | undefined;
}

/** Whatever keeps `connect()` from resolving, other than an abort or a wrong option. */
export class ConnectError extends MqttError {
  /** The name of the class. */
  override name = "ConnectError";
  /** How far connecting came. A timeout is the `cause` in any stage. */
  readonly stage: ConnectStage;
  /** What the port speaks in place of MQTT, where its first bytes gave it away. */
  readonly peerProtocol: "HTTP" | "TLS" | undefined;
  /** What the server's refusal says, as the end of the message has it: `not authorized (135)`. */
  readonly refusal: string | undefined;
  /**
   * Why the server refused: a Reason Code of 128 or more under MQTT 5, a return code of 1 to 5
   * under MQTT 3.x (chapter 3.2.2). Undefined where no CONNACK came: then `cause` says why.
   */
  readonly reasonCode: number | undefined;
  /** That code in the specification's words, such as "not authorized". */
  readonly reasonName: string | undefined;
  /** What the server adds for people (MQTT 5, 3.2.2.3.9). */
  readonly reasonString: string | undefined;
  /** The server's User Properties, in order. */
  readonly userProperties: readonly UserProperty[];
  /** The server to use instead, with Reason Codes 0x9C and 0x9D (MQTT 5, 3.2.2.3.16). */
  readonly serverReference: string | undefined;
  /** The protocol version that was asked for when the server refused: 3, 4 (3.1.1) or 5. */
  readonly protocolVersion: 3 | 4 | 5 | undefined;

  /** Makes a ConnectError. */
  constructor(message: string, options: ConnectErrorOptions = {}) {
    super(message, options);
    this.stage = options.stage ?? "wire";
    this.peerProtocol = options.peerProtocol;
    this.refusal = options.refusal;
    this.reasonCode = options.reasonCode;
    this.reasonName = options.reasonName;
    this.reasonString = options.reasonString;
    this.userProperties = options.userProperties ?? [];
    this.serverReference = options.serverReference;
    this.protocolVersion = options.protocolVersion;
  }
}

/**
 * What is wrong with TLS, as far as a person can do something about it.
 *
 * - `"no-tls"`: the port does not speak TLS, or has closed in the handshake, as those do.
 * - `"untrusted"`: nobody whom we trust vouches for the server's certificate.
 * - `"wrong-name"`: the server's certificate is for another host.
 * - `"out-of-date"`: the server's certificate is not valid now.
 * - `"client-certificate"`: the server requires a certificate of ours, or refused the one it was shown.
 */
export type TlsFault =
  | "no-tls"
  | "untrusted"
  | "wrong-name"
  | "out-of-date"
  | "client-certificate";

/** What {@linkcode WireError} is told besides its message. */
export interface WireErrorOptions extends ErrorOptions {
  /** See {@linkcode WireError.stage}. */
  stage: WireError["stage"];
  /** See {@linkcode WireError.fault}. */
  fault?: TlsFault | undefined;
}

/** What stands between TCP and MQTT has failed: `cause` of a ConnectError or ConnectionLostError. */
export class WireError extends MqttError {
  /** The name of the class. */
  override name = "WireError";
  /** Which of the two it was. */
  readonly stage: "tls" | "websocket";
  /** What is wrong with TLS, where that is known. */
  readonly fault: TlsFault | undefined;

  /** Makes a WireError. */
  constructor(message: string, options: WireErrorOptions) {
    super(message, options);
    this.stage = options.stage;
    this.fault = options.fault;
  }
}

/** What {@linkcode ConnectionLostError} is told besides its message. */
export interface ConnectionLostErrorOptions extends RefusalOptions {
  /** See {@linkcode ConnectionLostError.serverReference}. */
  serverReference?: string | undefined;
  /** See {@linkcode ConnectionLostError.delivery}. */
  delivery?: Delivery | undefined;
}

/**
 * The connection has ended while something waited for it, or before something was asked of it, and with it,
 * it may be, the session that a publish was sent in.
 * `cause` says what ended it: the wire's own error, a {@linkcode ProtocolError}, a
 * {@linkcode KeepAliveError}, the reason given to `close()`, or nothing where the peer just closed.
 */
export class ConnectionLostError extends MqttError {
  /** The name of the class. */
  override name = "ConnectionLostError";
  /** The Reason Code of the server's DISCONNECT, where it sent one (MQTT 5, 3.14.2.1). */
  readonly reasonCode: number | undefined;
  /** That code in the specification's words, such as "session taken over". */
  readonly reasonName: string | undefined;
  /** What the server's DISCONNECT adds for people. */
  readonly reasonString: string | undefined;
  /** The User Properties of the server's DISCONNECT, in order. */
  readonly userProperties: readonly UserProperty[];
  /** The server to use instead, with Reason Codes 0x9C and 0x9D. */
  readonly serverReference: string | undefined;
  /** For a publish: what is known of its delivery. */
  readonly delivery: Delivery | undefined;

  /** Makes a ConnectionLostError. */
  constructor(message: string, options: ConnectionLostErrorOptions = {}) {
    super(message, options);
    this.reasonCode = options.reasonCode;
    this.reasonName = options.reasonName;
    this.reasonString = options.reasonString;
    this.userProperties = options.userProperties ?? [];
    this.serverReference = options.serverReference;
    this.delivery = options.delivery;
  }
}

/** The server has ended the connection by DISCONNECT, and says why (MQTT 5, chapter 3.14). */
export class DisconnectedError extends ConnectionLostError {
  /** The name of the class. */
  override name = "DisconnectedError";
}

/** No sign of life came from the server in answer to a PINGREQ (3.1.2.10 Keep Alive). */
export class KeepAliveError extends MqttError {
  /** The name of the class. */
  override name = "KeepAliveError";
}

/** The peer has broken the specification. The connection ends with it, never the process. */
export class ProtocolError extends MqttError {
  /** The name of the class. */
  override name = "ProtocolError";
  /** The Reason Code that DISCONNECT carries to the peer under MQTT 5, such as 0x81 Malformed Packet. */
  readonly reasonCode: number;
  /** The clause or chapter that was broken, such as `MQTT-3.3.1-4` or `2.2.2.2`; of MQTT 5.0, whatever the version. */
  readonly clause: string;

  /** Makes a ProtocolError; the message is given the clause. */
  constructor(message: string, reasonCode: number, clause: string) {
    super(`${message} [${clause}]`);
    this.reasonCode = reasonCode;
    this.clause = clause;
  }
}

/** What {@linkcode PublishError} is told besides its message. */
export interface PublishErrorOptions extends RefusalOptions {
  /** See {@linkcode PublishError.delivery}. */
  delivery: Delivery;
}

/**
 * A publish was refused: by the server, by a limit that it has announced, or here, where the message had
 * no room to wait for a connection, gave way to a newer one, or expired before it could be sent.
 */
export class PublishError extends MqttError {
  /** The name of the class. */
  override name = "PublishError";
  /**
   * `"refused"` where the server said no, `"not-sent"` where something kept it from being sent, `"unknown"`
   * where that had happened once already, on an earlier connection.
   */
  readonly delivery: Delivery;
  /** The Reason Code of PUBACK or PUBREC, or the one that a limit stands for: 128 or more; else undefined. */
  readonly reasonCode: number | undefined;
  /** That code in the specification's words, such as "quota exceeded". */
  readonly reasonName: string | undefined;
  /** What the server adds for people. */
  readonly reasonString: string | undefined;
  /** The server's User Properties, in order. */
  readonly userProperties: readonly UserProperty[];

  /** Makes a PublishError. */
  constructor(message: string, options: PublishErrorOptions) {
    super(message, options);
    this.delivery = options.delivery;
    this.reasonCode = options.reasonCode;
    this.reasonName = options.reasonName;
    this.reasonString = options.reasonString;
    this.userProperties = options.userProperties ?? [];
  }
}

/** What {@linkcode RequestError} is told besides its message. */
export interface RequestErrorOptions extends ErrorOptions {
  /** See {@linkcode RequestError.reasonCode}. */
  reasonCode?: number | undefined;
}

/** A request had no reply: its time is over, or the server knows of nobody who could answer. */
export class RequestError extends MqttError {
  /** The name of the class. */
  override name = "RequestError";
  /** 16 where the server said that nobody is subscribed to the request's topic; undefined where its time is over. */
  readonly reasonCode: number | undefined;

  /** Makes a RequestError. */
  constructor(message: string, options: RequestErrorOptions = {}) {
    super(message, options);
    this.reasonCode = options.reasonCode;
  }
}

/** What {@linkcode SubscribeError} and {@linkcode UnsubscribeError} are told besides their message. */
export interface SubscribeErrorOptions extends ErrorOptions {
  /** See {@linkcode SubscribeError.reasonCodes}. */
  reasonCodes: readonly number[];
  /** See {@linkcode SubscribeError.reasonName}. */
  reasonName?: string | undefined;
  /** See {@linkcode SubscribeError.reasonString}. */
  reasonString?: string | undefined;
  /** See {@linkcode SubscribeError.userProperties}. */
  userProperties?: readonly UserProperty[] | undefined;
}

/** Topic Filters were refused, by the server or by a limit that it has announced: what its two kinds have in common. */
export abstract class FiltersRefusedError extends MqttError {
  /** One Reason Code for each Topic Filter asked for, in order; 128 or more is a refusal. */
  readonly reasonCodes: readonly number[];
  /** The first Reason Code that is a refusal. */
  readonly reasonCode: number;
  /** That code in the specification's words, such as "not authorized"; undefined under MQTT 3.x, which says no more than no. */
  readonly reasonName: string | undefined;
  /** What the server adds for people. */
  readonly reasonString: string | undefined;
  /** The server's User Properties, in order. */
  readonly userProperties: readonly UserProperty[];

  /** Made as one of its kinds. */
  constructor(message: string, options: SubscribeErrorOptions) {
    super(message, options);
    this.reasonCodes = options.reasonCodes;
    this.reasonCode = options.reasonCodes.find((code) => code >= 128) ?? 128;
    this.reasonName = options.reasonName;
    this.reasonString = options.reasonString;
    this.userProperties = options.userProperties ?? [];
  }
}

/** The server, or a limit that it has announced, refused one Topic Filter or more of a SUBSCRIBE. */
export class SubscribeError extends FiltersRefusedError {
  /** The name of the class. */
  override name = "SubscribeError";
}

/** The server, or a limit that it has announced, refused one Topic Filter or more of an UNSUBSCRIBE. */
export class UnsubscribeError extends FiltersRefusedError {
  /** The name of the class. */
  override name = "UnsubscribeError";
}

/**
 * What keeps a store from its work: `"in-use"` another client has it open; `"not-a-store"` what is there is
 * none, or of a later version; `"full"` there is no room; `"forbidden"` it must not be read or written there;
 * `"removed"` it was removed while it was open; `"closed"` it is not open; `"failed"` anything else, as `cause`
 * says.
 */
export type StoreFault =
  | "in-use"
  | "not-a-store"
  | "full"
  | "forbidden"
  | "removed"
  | "closed"
  | "failed";

/** What {@linkcode StoreError} is told besides its message. */
export interface StoreErrorOptions extends ErrorOptions {
  /** See {@linkcode StoreError.fault}. */
  fault: StoreFault;
  /** See {@linkcode StoreError.delivery}. */
  delivery?: Delivery | undefined;
}

/** A store could not be opened, or could not keep what it was given; what it had kept before is not touched. */
export class StoreError extends MqttError {
  /** The name of the class. */
  override name = "StoreError";
  /** What kept the store from its work. */
  readonly fault: StoreFault;
  /** For a publish: what is known of its delivery. */
  readonly delivery: Delivery | undefined;

  /** Makes a StoreError. */
  constructor(message: string, options: StoreErrorOptions) {
    super(message, options);
    this.fault = options.fault;
    this.delivery = options.delivery;
  }
}

/**
 * The caller's AbortSignal fired while a call waited. `cause` is the signal's reason; `name` is
 * "AbortError", as the platform's own aborts have it.
 */
export class AbortedError extends MqttError {
  /** "AbortError", as with the aborts of the platform. */
  override name = "AbortError";
  /** For a publish: what is known of its delivery. */
  readonly delivery: Delivery | undefined;

  /** Makes an AbortedError. */
  constructor(
    message: string,
    options: ErrorOptions & { delivery?: Delivery | undefined } = {},
  ) {
    super(message, options);
    this.delivery = options.delivery;
  }
}
