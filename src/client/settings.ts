/**
 * The options of `connect()`, checked once and with every default in its place.
 *
 * @module
 */
import type { Inflight } from "../session/send_limits.ts";
import type { Store } from "../store/store.ts";
import { Approaches } from "./approach.ts";
import {
  type BacklogOptions,
  HARD_BOUND_BYTES,
  HIGH_WATER_BYTES,
  HIGH_WATER_MESSAGES,
  READ_AHEAD,
} from "./backlog.ts";
import { checkInteger, checkMs, checkNames, checkSignal } from "./checks.ts";
import { type Clock, realClock } from "./clock.ts";
import type { AckMode } from "./consumer.ts";
import type { MessageHandler, OnError } from "./handler.ts";
import type { ConnectOptions, ReceiveOptions } from "./options.ts";
import {
  makeReconnectSettings,
  type ReconnectSettings,
} from "./reconnect_options.ts";
import type { Restored } from "./restored.ts";
import type { ServerUrl } from "./servers.ts";
import {
  makeSessionSettings,
  type SessionSettings,
} from "./session_options.ts";
import { checkWireOptions, INSECURE_WARNING } from "./wire_options.ts";
import { heedful } from "./wires.ts";

const CONNECT_TIMEOUT_MS = 10_000;
const MAX_INFLIGHT = 1_000;

/**
 * Mosquitto closes a client of MQTT 3.x that has 20 QoS 2 messages unfinished and sends one more of QoS 1 or 2. That
 * of QoS 1 it acknowledges all the same, and drops.
 */
const MAX_INFLIGHT_QOS2 = 19;

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
  /** Where each attempt to connect goes, and as whom. */
  readonly approaches: Approaches;
  /** What is told of each connection that is made. */
  readonly warning: string | undefined;
  readonly clock: Clock;
  readonly receive: ReceiveSettings;
  readonly backlog: Omit<BacklogOptions, "onEased" | "onDropped">;
  readonly connectTimeoutMs: number;
  /** How the client comes back; undefined where it does not. */
  readonly reconnect: ReconnectSettings | undefined;
  /** From 0 to 1, by chance. */
  readonly random: () => number;
  readonly inflight: Inflight;
  readonly session: SessionSettings;
  readonly store: Store | undefined;
  readonly onRestored: ((restored: Restored) => void) | undefined;
  readonly unclaimedMs: number;
  readonly signal: AbortSignal | undefined;
  readonly debug: ((line: string) => void) | undefined;
}

const RECEIVE_OPTIONS = ["onMessage", "concurrency", "onError", "ack"] as const;
const CONNECT_OPTIONS: ReadonlySet<string> = new Set([
  ...RECEIVE_OPTIONS,
  "clientId",
  "username",
  "password",
  "authenticate",
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
  "random",
  "reconnect",
  "offline",
  "sessionLost",
  "store",
  "onRestored",
]);

/** Checks what `connect()` was asked for. Throws a TypeError or a RangeError. */
export function makeSettings(
  url: ServerUrl,
  options: ConnectOptions,
): Settings {
  const what = "connect";
  checkNames(what, options, CONNECT_OPTIONS);
  const { transport } = options;
  checkWireOptions(options, transport !== undefined);
  const settings: Settings = {
    approaches: new Approaches(
      url,
      transport === undefined
        ? options
        : { ...options, transport: heedful(transport) },
    ),
    warning: options.tls?.insecure === "everything"
      ? INSECURE_WARNING
      : undefined,
    clock: options.clock ?? realClock,
    random: options.random ?? Math.random,
    receive: makeReceiveSettings(what, options),
    backlog: makeBacklogSettings(what, options),
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    reconnect: makeReconnectSettings(options.reconnect),
    inflight: {
      max: options.maxInflight ?? MAX_INFLIGHT,
      qos2Max: options.maxInflight ?? MAX_INFLIGHT_QOS2,
    },
    session: makeSessionSettings(what, options),
    store: options.store,
    onRestored: options.onRestored,
    unclaimedMs: options.unclaimedMs ?? UNCLAIMED_MS,
    signal: options.signal,
    debug: options.debug,
  };
  checkInteger(what, "maxInflight", settings.inflight.max, 1, 65_535);
  checkMs(what, "connectTimeoutMs", settings.connectTimeoutMs);
  checkMs(what, "unclaimedMs", settings.unclaimedMs);
  checkSignal(what, options.signal);
  checkStore(options.store);
  return settings;
}

/** A path in place of a store is the likely mistake. */
function checkStore(store: unknown): void {
  if (store === undefined) return;
  const isStore = typeof store === "object" && store !== null &&
    "open" in store && "append" in store && "close" in store;
  if (isStore) return;
  throw new TypeError(
    "Cannot connect: store must have open(), append() and close(), as fileStore(path) does",
  );
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
