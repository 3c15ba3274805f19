/**
 * Where one attempt to connect goes, as whom, and in which versions.
 *
 * @module
 */
import {
  type ConnectPacket,
  NO_PROPERTIES,
  type ProtocolVersion,
  type WillPacket,
} from "../codec/packet.ts";
import type {
  AuthProperties,
  DisconnectProperties,
} from "../codec/property.ts";
import { checkConnect } from "../session/connect_check.ts";
import { topicNameFault } from "../topic/name.ts";
import type { Transport } from "../transport/wire.ts";
import { ask, type Asked, isAsked } from "./asked.ts";
import { checkInteger, checkNames, checkString } from "./checks.ts";
import { randomClientId } from "./client_id.ts";
import {
  type AuthenticationRequest,
  beginExchange,
  checkAuthenticate,
  Exchange,
} from "./exchange.ts";
import type { ConnectOptions, Will } from "./options.ts";
import { isAsAnnounced, payloadBytes } from "./payload.ts";
import {
  type Redirection,
  type Server,
  Servers,
  type ServerUrl,
} from "./servers.ts";

/** How many QoS 1 and 2 messages the server may have unacknowledged with us: below where reading pauses. */
const RECEIVE_MAXIMUM = 1_000;

/** The Session Expiry Interval of a session that never expires. */
const NEVER_EXPIRES = 0xffff_ffff;

/** How long the server keeps a session that nobody but us comes back to. */
const SESSION_EXPIRY_S = 300;

/** What a session that was kept for our return alone ends with. */
const END_OF_SESSION = { sessionExpiryInterval: 0 };

const KEEP_ALIVE_S = 60;

const WILL_OPTIONS: ReadonlySet<string> = new Set([
  "topic",
  "payload",
  "qos",
  "retain",
  "properties",
]);

/** What one attempt goes by. */
export interface Approach {
  /** For messages: where the server is. */
  readonly address: string;
  readonly transport: Transport;
  /** Whether the URL leads to a host without TLS. */
  readonly isPlain: boolean;
  /** The versions to try, in order. */
  readonly versions: readonly ProtocolVersion[];
  /** What keeps us from falling back to a lower version, for the error that says so. */
  readonly needsVersion5: string | undefined;
  /** The exchange of Authentication Data that begins with CONNECT. */
  readonly exchange: Exchange | undefined;
  /** The CONNECT packet for a version. */
  connectPacket(protocolVersion: ProtocolVersion): ConnectPacket;
}

/** Who we say we are. */
interface Identity {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly will: WillPacket | undefined;
}

/** What CONNECT says of us. */
interface Introduction extends Identity {
  /** What is said first in an exchange of Authentication Data. */
  readonly authentication: AuthProperties;
}

/** Makes the approach of each attempt of a client. */
export class Approaches {
  readonly #servers: Servers;
  readonly #options: ConnectOptions;
  #clientId: Asked<string>;
  readonly #password: Asked<string | Uint8Array> | undefined;
  readonly #will: Asked<Will> | WillPacket | undefined;
  /** What CONNACK has accepted last. */
  #accepted: Pick<ConnectPacket, "clientId" | "protocolVersion"> | undefined;

  /** Checks what can be checked before any function is asked. Throws a TypeError or a RangeError. */
  constructor(url: ServerUrl, options: ConnectOptions) {
    const { clientId, password, will } = options;
    this.#options = { ...options };
    this.#servers = new Servers(url, options);
    this.#clientId = clientId ?? randomClientId();
    // The caller may wipe what it gave once the call has returned.
    this.#password = password instanceof Uint8Array
      ? password.slice()
      : password;
    this.#will = will === undefined || isAsked(will) ? will : makeWill(will);
    checkInteger("connect", "keepAlive", this.#keepAlive, 0, 65_535);
    checkAuthenticate(options);
    const { protocolVersion } = options;
    if (protocolVersion !== undefined && ![3, 4, 5].includes(protocolVersion)) {
      throw new RangeError("Cannot connect: protocolVersion must be 3, 4 or 5");
    }
  }

  /** The Client Identifier that is known to be asked for; undefined where a function or the server gives it, or anyone will do. */
  get askedClientId(): string | undefined {
    const { clientId } = this.#options;
    return isAsked(clientId) || clientId === "" ? undefined : clientId;
  }

  /** See `Servers.addresses`. */
  get addresses(): readonly string[] | undefined {
    return this.#servers.addresses;
  }

  /** See `Servers.home`. */
  get home(): string {
    return this.#servers.home;
  }

  /** An earlier process had a session under this client id: it is ours where no other was asked for. */
  goOnAs(clientId: string): void {
    if (this.#options.clientId === undefined) this.#clientId = clientId;
  }

  /** How many attempts it takes to have tried all servers. */
  get serverCount(): number {
    return this.#servers.count;
  }

  /** Whether we are asked anew at each attempt who we are. */
  get asksIdentity(): boolean {
    const { username, password, authenticate } = this.#options;
    return [this.#clientId, username, password, authenticate].some(isAsked) ||
      this.#servers.isAsked;
  }

  /** What DISCONNECT says of the session: one that is to outlive losses alone, and is for nobody else, ends with it. */
  get farewell(): DisconnectProperties {
    const { cleanStart = true, reconnect, properties } = this.#options;
    return cleanStart && reconnect !== false &&
        this.#accepted?.protocolVersion === 5 &&
        properties?.sessionExpiryInterval === undefined
      ? END_OF_SESSION
      : NO_PROPERTIES;
  }

  /**
   * The approach of the next attempt. Functions are asked one after the other; one that throws rejects with a
   * ConnectError, what is wrong with its answer with a TypeError or a RangeError.
   */
  async next(signal: AbortSignal): Promise<Approach> {
    const server = await this.#servers.next(signal);
    const identity = await this.#identity(server, signal);
    const exchange = this.#makeExchange("connect");
    const authentication = await beginExchange(exchange, signal);
    const introduction = { ...identity, authentication };
    const { address, transport, isPlain } = server;
    try {
      const approach = {
        address,
        transport,
        isPlain,
        exchange,
        ...this.#versions(identity),
        connectPacket: (protocolVersion: ProtocolVersion) =>
          this.#connectPacket(introduction, protocolVersion),
      };
      for (const version of approach.versions) {
        checkConnect(approach.connectPacket(version));
      }
      return approach;
    } catch (error) {
      exchange?.drop();
      throw error;
    }
  }

  /** The exchange with which to authenticate anew; undefined where the options have no function for it. */
  exchangeAnew(): Exchange | undefined {
    return this.#makeExchange("reauthenticate");
  }

  /** CONNACK has accepted: further attempts go on in its version. */
  accepted(clientId: string, protocolVersion: ProtocolVersion): void {
    this.#accepted = { clientId, protocolVersion };
  }

  /** See `Servers.follow`. */
  follow(reference: string, how: Redirection): boolean {
    return this.#servers.follow(reference, how);
  }

  get #keepAlive(): number {
    return this.#options.keepAlive ?? KEEP_ALIVE_S;
  }

  #makeExchange(step: AuthenticationRequest["step"]): Exchange | undefined {
    const { authenticate, properties } = this.#options;
    const { authenticationMethod } = properties ?? {};
    return authenticate === undefined || authenticationMethod === undefined
      ? undefined
      : new Exchange(authenticate, { authenticationMethod, step });
  }

  async #identity(
    server: Server,
    signal: AbortSignal,
  ): Promise<Identity> {
    const clientId = await ask("clientId", this.#clientId, signal);
    checkString("clientId", clientId);
    const username = await ask("username", this.#options.username, signal);
    checkString("username", username);
    const password = await ask("password", this.#password, signal);
    const will = await ask("will", this.#will, signal);
    return {
      clientId,
      username: oneOf("username", username, server.username),
      password: bytesOf(oneOf("password", password, server.password)),
      will: will === undefined || "topicName" in will ? will : makeWill(will),
    };
  }

  #connectPacket(
    introduction: Introduction,
    protocolVersion: ProtocolVersion,
  ): ConnectPacket {
    const { cleanStart = true, reconnect, properties } = this.#options;
    const { clientId, username, password, will, authentication } = introduction;
    const isKnown = protocolVersion === 5 && this.#knows(clientId);
    return {
      type: "connect",
      protocolVersion,
      // Under MQTT 3.x a session that is not begun clean would not end with us (3.1.2.4).
      cleanStart: cleanStart && !isKnown,
      keepAlive: this.#keepAlive,
      clientId,
      username,
      password,
      will,
      properties: protocolVersion < 5 ? NO_PROPERTIES : {
        receiveMaximum: RECEIVE_MAXIMUM,
        ...(!cleanStart
          ? { sessionExpiryInterval: NEVER_EXPIRES }
          : reconnect === false
          ? {}
          : { sessionExpiryInterval: SESSION_EXPIRY_S }),
        ...properties,
        ...authentication,
      },
    };
  }

  /** Whether the session of a client id is the one that was accepted last; the server's own id stands for none. */
  #knows(clientId: string): boolean {
    return this.#accepted !== undefined &&
      (clientId === "" || clientId === this.#accepted.clientId);
  }

  #versions(
    identity: Identity,
  ): Pick<Approach, "versions" | "needsVersion5"> {
    const { protocolVersion, onError, properties } = this.#options;
    const { username, password, will } = identity;
    const needsVersion5 = named(properties, "properties") ??
      named(will?.properties, "will.properties") ??
      (password !== undefined && username === undefined
        ? "password without username"
        : onError === "reject"
        ? 'onError "reject"'
        : undefined);
    const version = this.#accepted?.protocolVersion ?? protocolVersion;
    if (version !== undefined && version < 5 && needsVersion5) {
      const why = this.#accepted === undefined
        ? `protocolVersion is ${version}`
        : "the server speaks less";
      throw new TypeError(
        `Cannot connect: ${needsVersion5} needs MQTT 5, and ${why}`,
      );
    }
    const versions: ProtocolVersion[] = version !== undefined
      ? [version]
      : needsVersion5 !== undefined
      ? [5]
      : [5, 4, 3];
    return { versions: this.#possible(versions, identity), needsVersion5 };
  }

  /** The server gives a client id only under MQTT 5, and under 3.1.1 to a Clean Session [MQTT-3.1.3-7]. */
  #possible(
    versions: readonly ProtocolVersion[],
    { clientId }: Identity,
  ): readonly ProtocolVersion[] {
    const { cleanStart = true } = this.#options;
    if (clientId !== "") return versions;
    const possible = versions.filter((version) =>
      version === 5 || (version === 4 && cleanStart)
    );
    if (possible.length > 0) return possible;
    throw new TypeError(
      "Cannot connect: an empty clientId needs MQTT 5, or MQTT 3.1.1 with cleanStart",
    );
  }
}

function oneOf<Value>(
  name: string,
  option: Value | undefined,
  fromUrl: string | undefined,
): Value | string | undefined {
  if (option !== undefined && fromUrl !== undefined && option !== fromUrl) {
    throw new TypeError(
      `Cannot connect: the URL has one ${name}, the options have another`,
    );
  }
  return option ?? fromUrl;
}

function bytesOf(
  password: string | Uint8Array | undefined,
): Uint8Array | undefined {
  return password === undefined ? undefined : payloadBytes(password);
}

function named(properties: object | undefined, name: string) {
  return properties !== undefined && Object.keys(properties).length > 0
    ? name
    : undefined;
}

function makeWill(will: Will): WillPacket {
  checkNames("connect", will, WILL_OPTIONS, "will");
  const { topic, payload = "", qos = 0, retain = false, properties } = will;
  const fault = topicNameFault(topic);
  if (fault !== undefined) {
    throw new TypeError(`Cannot connect with a will for "${topic}": ${fault}`);
  }
  checkInteger("connect", "will.qos", qos, 0, 2);
  if (!isAsAnnounced(payload, properties ?? NO_PROPERTIES)) {
    throw new TypeError(
      `Cannot connect with a will for "${topic}": the payload is not UTF-8, and payloadFormatIndicator says it is`,
    );
  }
  return {
    topicName: topic,
    payload: payloadBytes(payload).slice(),
    qos,
    retain,
    properties: properties ?? NO_PROPERTIES,
  };
}
