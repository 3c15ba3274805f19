/**
 * The options of `connect()`, checked once and with every default in its place.
 *
 * @module
 */
import {
  type ConnectPacket,
  NO_PROPERTIES,
  type ProtocolVersion,
  type WillPacket,
} from "../codec/packet.ts";
import type { ConnectProperties } from "../codec/property.ts";
import { checkConnect } from "../session/connect_check.ts";
import type { Inflight } from "../session/send_limits.ts";
import { topicNameFault } from "../topic/name.ts";
import type { Transport } from "../transport/wire.ts";
import {
  type BacklogOptions,
  HARD_BOUND_BYTES,
  HIGH_WATER_BYTES,
  HIGH_WATER_MESSAGES,
  READ_AHEAD,
} from "./backlog.ts";
import { checkInteger, checkMs, checkNames, checkString } from "./checks.ts";
import { randomClientId } from "./client_id.ts";
import { type Clock, realClock } from "./clock.ts";
import type { AckMode } from "./consumer.ts";
import type { MessageHandler, OnError } from "./handler.ts";
import type { ConnectOptions, ReceiveOptions } from "./options.ts";
import { payloadBytes } from "./payload.ts";
import { parseTarget } from "./url.ts";
import { checkWireOptions, INSECURE_WARNING } from "./wire_options.ts";

/** How many QoS 1 and 2 messages the server may have unacknowledged with us: below where reading pauses. */
export const RECEIVE_MAXIMUM = 1_000;

/** The Session Expiry Interval of a session that never expires. */
const NEVER_EXPIRES = 0xffff_ffff;

const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_S = 60;
const MAX_INFLIGHT = 1_000;

/** Mosquitto closes a client of MQTT 3.x that has more QoS 2 messages unfinished than this. */
const MAX_INFLIGHT_QOS2 = 20;

const UNCLAIMED_MS = 30_000;

/** How messages are taken, with every default in its place. */
export interface ReceiveSettings {
  readonly onMessage: MessageHandler | undefined;
  readonly concurrency: number;
  readonly onError: OnError;
  readonly ack: AckMode;
}

/** What a client lives by. */
export interface Settings {
  /** For messages: where the server is. */
  readonly address: string;
  readonly transport: Transport;
  /** Whether the URL leads to a host without TLS. */
  readonly isPlain: boolean;
  /** What is told of each connection that is made. */
  readonly warning: string | undefined;
  readonly clock: Clock;
  readonly receive: ReceiveSettings;
  readonly backlog: Omit<BacklogOptions, "onEased" | "onDropped">;
  /** The versions to try, in order. */
  readonly versions: readonly ProtocolVersion[];
  /** The option that keeps us from falling back to a lower version, for the error that says so. */
  readonly needsVersion5: string | undefined;
  readonly connectTimeoutMs: number;
  readonly inflight: Inflight;
  readonly unclaimedMs: number;
  readonly signal: AbortSignal | undefined;
  readonly debug: ((line: string) => void) | undefined;
  /** The CONNECT packet for a version. */
  connectPacket(protocolVersion: ProtocolVersion): ConnectPacket;
}

const RECEIVE_OPTIONS = ["onMessage", "concurrency", "onError", "ack"] as const;
const CONNECT_OPTIONS: ReadonlySet<string> = new Set([
  ...RECEIVE_OPTIONS,
  "clientId",
  "username",
  "password",
  "cleanStart",
  "keepAlive",
  "protocolVersion",
  "will",
  "properties",
  "signal",
  "connectTimeoutMs",
  "maxInflight",
  "unclaimedMs",
  "readAhead",
  "highWaterMessages",
  "highWaterBytes",
  "hardBoundBytes",
  "overflow",
  "debug",
  "transport",
  "tls",
  "headers",
  "clock",
]);
const WILL_OPTIONS: ReadonlySet<string> = new Set([
  "topic",
  "payload",
  "qos",
  "retain",
  "properties",
]);

/** Checks what `connect()` was asked for. Throws a TypeError or a RangeError. */
export function makeSettings(
  url: string | URL,
  options: ConnectOptions,
): Settings {
  const what = "connect";
  checkNames(what, options, CONNECT_OPTIONS);
  checkWireOptions(options, options.transport !== undefined);
  const target = parseTarget(
    url,
    options.transport === undefined ? options : {},
  );
  const username = oneOf("username", options.username, target.username);
  const password = oneOf("password", options.password, target.password);
  const { protocolVersion, cleanStart = true } = options;
  const clientId = options.clientId ?? randomClientId();
  checkString("clientId", clientId);
  checkString("username", username);
  const keepAlive = options.keepAlive ?? KEEP_ALIVE_S;
  checkInteger(what, "keepAlive", keepAlive, 0, 65_535);
  if (protocolVersion !== undefined && ![3, 4, 5].includes(protocolVersion)) {
    throw new RangeError("Cannot connect: protocolVersion must be 3, 4 or 5");
  }
  const will = options.will === undefined ? undefined : makeWill(options.will);
  const needsVersion5 = named(options.properties, "properties") ??
    named(options.will?.properties, "will.properties") ??
    (password !== undefined && username === undefined
      ? "password without username"
      : options.onError === "reject"
      ? 'onError "reject"'
      : undefined);
  if (protocolVersion !== undefined && protocolVersion < 5 && needsVersion5) {
    throw new TypeError(
      `Cannot connect: ${needsVersion5} needs MQTT 5, and protocolVersion is ${protocolVersion}`,
    );
  }
  const versions = versionsToTry(protocolVersion, needsVersion5, {
    clientId,
    cleanStart,
  });
  // The caller may wipe it once the call has returned.
  const secret = password === undefined
    ? undefined
    : payloadBytes(password).slice();
  const settings: Settings = {
    address: target.address,
    transport: options.transport ?? target.transport,
    isPlain: options.transport === undefined && target.isPlain,
    warning: options.tls?.insecure === "everything"
      ? INSECURE_WARNING
      : undefined,
    clock: options.clock ?? realClock,
    receive: makeReceiveSettings(what, options),
    backlog: makeBacklogSettings(what, options),
    versions,
    needsVersion5,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    inflight: {
      max: options.maxInflight ?? MAX_INFLIGHT,
      qos2Max: options.maxInflight ?? MAX_INFLIGHT_QOS2,
    },
    unclaimedMs: options.unclaimedMs ?? UNCLAIMED_MS,
    signal: options.signal,
    debug: options.debug,
    connectPacket: (version) => ({
      type: "connect",
      protocolVersion: version,
      cleanStart,
      keepAlive,
      clientId,
      username,
      password: secret,
      will,
      properties: version < 5
        ? NO_PROPERTIES
        : connectProperties(options.properties, cleanStart),
    }),
  };
  checkInteger(what, "maxInflight", settings.inflight.max, 1, 65_535);
  checkMs(what, "connectTimeoutMs", settings.connectTimeoutMs);
  checkMs(what, "unclaimedMs", settings.unclaimedMs);
  for (const version of versions) {
    checkConnect(settings.connectPacket(version));
  }
  return settings;
}

function makeBacklogSettings(
  what: string,
  options: ConnectOptions,
): Settings["backlog"] {
  const {
    readAhead = READ_AHEAD,
    highWaterMessages = HIGH_WATER_MESSAGES,
    highWaterBytes = HIGH_WATER_BYTES,
    hardBoundBytes = HARD_BOUND_BYTES,
    overflow = "pause",
  } = options;
  const max = Number.MAX_SAFE_INTEGER;
  checkInteger(what, "readAhead", readAhead, 1, max);
  checkInteger(what, "highWaterMessages", highWaterMessages, 1, max);
  checkInteger(what, "highWaterBytes", highWaterBytes, 1, max);
  checkInteger(what, "hardBoundBytes", hardBoundBytes, 1, max);
  if (overflow !== "pause" && overflow !== "drop") {
    throw new TypeError(`Cannot ${what}: overflow must be "pause" or "drop"`);
  }
  return {
    readAhead,
    highWaterMessages,
    highWaterBytes,
    hardBoundBytes,
    overflow,
  };
}

/** The part of the options that says how messages are taken. */
export function makeReceiveSettings(
  what: string,
  options: ReceiveOptions,
): ReceiveSettings {
  const { onMessage, concurrency = 1, onError = "close", ack = "processed" } =
    options;
  if (onMessage !== undefined && typeof onMessage !== "function") {
    throw new TypeError(`Cannot ${what}: onMessage must be a function`);
  }
  checkInteger(what, "concurrency", concurrency, 1, 65_535);
  if (!["close", "reject", "acknowledge"].includes(onError)) {
    throw new TypeError(
      `Cannot ${what}: onError must be "close", "reject" or "acknowledge"`,
    );
  }
  if (!["processed", "receipt", "manual"].includes(ack)) {
    throw new TypeError(
      `Cannot ${what}: ack must be "processed", "receipt" or "manual"`,
    );
  }
  return { onMessage, concurrency, onError, ack };
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

function named(properties: object | undefined, name: string) {
  return properties !== undefined && Object.keys(properties).length > 0
    ? name
    : undefined;
}

function versionsToTry(
  asked: ProtocolVersion | undefined,
  needsVersion5: string | undefined,
  session: { clientId: string; cleanStart: boolean },
): readonly ProtocolVersion[] {
  const versions: ProtocolVersion[] = asked !== undefined
    ? [asked]
    : needsVersion5 !== undefined
    ? [5]
    : [5, 4, 3];
  if (session.clientId !== "") return versions;
  // The server gives a client id only under MQTT 5, and under 3.1.1 to a Clean Session [MQTT-3.1.3-7].
  const possible = versions.filter((version) =>
    version === 5 || (version === 4 && session.cleanStart)
  );
  if (possible.length > 0) return possible;
  throw new TypeError(
    "Cannot connect: an empty clientId needs MQTT 5, or MQTT 3.1.1 with cleanStart",
  );
}

function makeWill(will: NonNullable<ConnectOptions["will"]>): WillPacket {
  checkNames("connect", will, WILL_OPTIONS);
  const { topic, payload = "", qos = 0, retain = false, properties } = will;
  const fault = topicNameFault(topic);
  if (fault !== undefined) {
    throw new TypeError(`Cannot connect with a will for "${topic}": ${fault}`);
  }
  checkInteger("connect", "will.qos", qos, 0, 2);
  return {
    topicName: topic,
    payload: payloadBytes(payload).slice(),
    qos,
    retain,
    properties: properties ?? NO_PROPERTIES,
  };
}

function connectProperties(
  asked: ConnectProperties | undefined,
  cleanStart: boolean,
): ConnectProperties {
  return {
    receiveMaximum: RECEIVE_MAXIMUM,
    ...(cleanStart ? {} : { sessionExpiryInterval: NEVER_EXPIRES }),
    ...asked,
  };
}
