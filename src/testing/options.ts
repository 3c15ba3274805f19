/**
 * What a broker can be asked for, and what holds where nothing is asked.
 *
 * @module
 */
import { realClock } from "../broker/clock.ts";
import type { BrokerEvent } from "../broker/event.ts";
import type { BrokerHooks } from "../broker/hooks.ts";
import type { Endpoint, ServerTls } from "../broker/listen.ts";
import {
  type BrokerLimits,
  type BrokerQuestions,
  type BrokerSettings,
  DEFAULT_SETTINGS,
} from "../broker/settings.ts";
import type { Clock, PublishProperties, QoS } from "../../mod.ts";

/** What a broker can be asked for. */
export interface BrokerOptions extends BrokerHooks, Partial<BrokerLimits> {
  /** Told each thing that happens, once it has happened. */
  readonly onEvent?: (event: BrokerEvent) => void;
  /** How many messages `messages` keeps, with 16 MiB of payload and properties at most; 1,000 by default, 0 keeps none. */
  readonly messagesMax?: number;
  /** A time of one's own, such as a {@linkcode VirtualClock}; clients of `connect()` live by it too. */
  readonly clock?: Clock;
}

/** Where a broker listens. */
export interface ListenOptions {
  /** The name or the address to listen at; by default `127.0.0.1`, which other machines do not reach. */
  readonly hostname?: string;
  /** The port for MQTT over TCP; 0, the default, takes one that is free. */
  readonly port?: number;
  /** The port for MQTT over WebSocket; 0 takes one that is free. Left out, there is none. */
  readonly websocketPort?: number;
  /** The path of WebSockets; `/mqtt` by default. */
  readonly websocketPath?: string;
  /** A certificate for the ports: all of them speak TLS then. */
  readonly tls?: ServerTls;
}

/** What `publish()` of a broker can be asked for. */
export interface BrokerPublishOptions {
  /** 0 by default. */
  readonly qos?: QoS;
  /** Whether the broker keeps the message for those who subscribe later; false by default. */
  readonly retain?: boolean;
  /** What goes with it under MQTT 5. */
  readonly properties?: PublishProperties;
}

/** What `seen()` of a broker can be asked for. */
export interface SeenOptions {
  /** How many messages are waited for; 1 by default. */
  readonly count?: number;
  /** Gives up waiting when it fires. */
  readonly signal?: AbortSignal;
}

/** What `waitFor()` of a broker can be asked for. */
export interface WaitForOptions {
  /** Gives up waiting when it fires. */
  readonly signal?: AbortSignal;
}

/** How `restart()` of a broker goes. */
export interface RestartOptions {
  /**
   * What becomes of sessions: `"kept"`, the default, or `"lost"` with all that they hold, and with the retained
   * messages.
   */
  readonly sessions?: "kept" | "lost";
  /** How long it takes no new wires, in ms; 0 by default. */
  readonly downMs?: number;
}

const NAMES: ReadonlySet<string> = new Set([
  ...["authenticate", "authorize", "authenticationMethods"],
  ...["onEvent", "messagesMax", "clock"],
  ...Object.keys(DEFAULT_SETTINGS).filter((name) => name !== "questions"),
]);

const LISTEN_NAMES: ReadonlySet<string> = new Set([
  ...["hostname", "port", "websocketPort", "websocketPath", "tls"],
]);

const HOSTNAME = "127.0.0.1";

/** The path that clients ask for where they are not told another. */
const WEBSOCKET_PATH = "/mqtt";

/**
 * Throws a TypeError for an option that does not exist: it would be a limit that does not hold. Throws a RangeError for
 * a number of messages that is none; the settings of the broker are checked where it is made.
 */
export function checkOptions(options: BrokerOptions): void {
  for (const name in options) {
    if (!NAMES.has(name)) {
      throw new TypeError(`Cannot make a broker: there is no option "${name}"`);
    }
  }
  const { messagesMax = 0 } = options;
  if (messagesMax >= 0) return;
  throw new RangeError(
    `Cannot make a broker: messagesMax must be 0 or more, not ${messagesMax}`,
  );
}

/** The options without those that say where to listen. */
export function withoutEndpoints(
  options: BrokerOptions & ListenOptions,
): BrokerOptions {
  const entries = Object.entries(options);
  return Object.fromEntries(
    entries.filter(([name]) => !LISTEN_NAMES.has(name)),
  );
}

/** The time to live by. */
export function clockOf({ clock }: BrokerOptions): Clock {
  return clock ?? {
    ...realClock,
    wallNow: () => Date.now(),
    afterTurn: (callback) => void setImmediate(callback),
  };
}

/** What the machine is made with. */
export function settingsOf(
  options: BrokerOptions,
  questions: BrokerQuestions,
): BrokerSettings {
  const asked = Object.entries(options).filter(([name, value]) =>
    Object.hasOwn(DEFAULT_SETTINGS, name) && value !== undefined
  );
  return {
    ...DEFAULT_SETTINGS,
    ...Object.fromEntries(asked),
    makeClientId: () => `made-${crypto.randomUUID().slice(0, 13)}`,
    questions,
  };
}

/** Where to listen, in the order in which it is told. */
export function endpointsOf(options: ListenOptions): Endpoint[] {
  const {
    hostname = HOSTNAME,
    port = 0,
    websocketPort,
    websocketPath = WEBSOCKET_PATH,
    tls,
  } = options;
  const mqtt = { hostname, port, websocketPath: undefined, tls };
  return websocketPort === undefined
    ? [mqtt]
    : [mqtt, { hostname, port: websocketPort, websocketPath, tls }];
}
