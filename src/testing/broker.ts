/**
 * The broker as programs and tests see it: made in a line, reached in memory or on a port, gone when disposed.
 *
 * @module
 */
import { BrokerDriver } from "../broker/driver.ts";
import type { BrokerEvent } from "../broker/event.ts";
import { Listener } from "../broker/listen.ts";
import { type BrokerClient, BrokerMachine } from "../broker/machine.ts";
import { memoryTransport } from "../broker/memory_transport.ts";
import { type SeenMessage, SeenMessages } from "../broker/seen.ts";
import type { BrokerSettings } from "../broker/settings.ts";
import type { BrokerStats } from "../broker/stats.ts";
import {
  type Client,
  connect,
  type ConnectOptions,
  type Payload,
  ReasonCode,
  type Transport,
  type Wire,
} from "../../mod.ts";
import { Conditions } from "./conditions.ts";
import { type Faults, ScriptedFaults } from "./faults.ts";
import {
  type BrokerOptions,
  type BrokerPublishOptions,
  checkOptions,
  clockOf,
  endpointsOf,
  type ListenOptions,
  type RestartOptions,
  type SeenOptions,
  settingsOf,
  type WaitForOptions,
  withoutEndpoints,
} from "./options.ts";

/** The URL of a broker that is reached in memory alone: the name leads nowhere (RFC 6761, 6.4). */
const MEMORY_URL = "mqtt://memory.invalid";

const MESSAGES_MAX = 1_000;

/**
 * An MQTT broker (3.1, 3.1.1 and 5.0) in this process, for tests, demos and development: sessions, retained
 * messages, wills, shared subscriptions and what else these versions have. It keeps nothing on disk, and is no
 * server for production.
 *
 * `new Broker()` is reached in memory, by {@linkcode Broker.connect} or over {@linkcode Broker.transport}, and
 * needs no permission. {@linkcode Broker.listen} opens ports as well.
 *
 * @example
 * ```ts ignore
 * import { Broker } from "./testing.ts";
 *
 * await using broker = new Broker();
 * await using client = await broker.connect();
 * await client.publish("greeting", "hello", { qos: 1 });
 * console.log(broker.messages[0]?.text());
 * ```
 */
export class Broker implements AsyncDisposable {
  /** Wires to this broker, in memory: for who calls `connect()` with options of their own. */
  readonly transport: Transport;
  /** What is to go wrong, on the wires and in the broker's answers. */
  readonly faults: Faults;
  readonly #options: BrokerOptions;
  readonly #settings: BrokerSettings;
  readonly #faults: ScriptedFaults;
  readonly #driver: BrokerDriver;
  readonly #seen: SeenMessages;
  readonly #conditions: Conditions = new Conditions();
  readonly #listeners: Listener[] = [];
  #closing: Promise<void> | undefined;

  /** Makes a broker. Throws a TypeError or a RangeError for an option that is unknown or out of range. */
  constructor(options: BrokerOptions = {}) {
    checkOptions(options);
    const { messagesMax = MESSAGES_MAX } = options;
    const clock = clockOf(options);
    const faults = new ScriptedFaults(clock);
    const questions = faults.refusals.questionsFor(options);
    this.faults = faults;
    this.#faults = faults;
    this.#options = options;
    this.#settings = settingsOf(options, questions);
    this.#seen = new SeenMessages(messagesMax);
    this.#driver = new BrokerDriver({
      machine: new BrokerMachine(this.#settings),
      clock,
      hooks: faults.refusals.before(options),
      onEvent: (event) => this.#tell(event),
      onRest: () => this.#conditions.look(),
    });
    const memory = memoryTransport((wire, peer) => this.#attach(wire, peer));
    this.transport = {
      open: (signal) =>
        faults.refusesWires
          ? Promise.reject(
            new Deno.errors.ConnectionRefused("The broker takes no wires now"),
          )
          : memory.open(signal),
    };
  }

  /**
   * Makes a broker that listens as well: on a free port of loopback where nothing else is asked for. Rejects
   * with an MqttError where the system is against it, which is its `cause`: `Deno.errors.AddrInUse`, say, or
   * `Deno.errors.NotCapable` without `--allow-net=127.0.0.1`.
   *
   * @example
   * ```ts ignore
   * import { connect } from "./mod.ts";
   * import { Broker } from "./testing.ts";
   *
   * await using broker = await Broker.listen();
   * await using client = await connect(broker.url);
   * ```
   */
  static async listen(
    options: BrokerOptions & ListenOptions = {},
  ): Promise<Broker> {
    const broker = new Broker(withoutEndpoints(options));
    try {
      for (const endpoint of endpointsOf(options)) {
        const listener = new Listener(endpoint, {
          clock: clockOf(options),
          onWire: (wire, peer) => broker.#attach(wire, peer),
        });
        broker.#listeners.push(listener);
      }
      return broker;
    } catch (error) {
      await broker.close();
      throw error;
    }
  }

  /**
   * What clients connect to: `mqtt://127.0.0.1:49152`. That of a broker that does not listen leads nowhere
   * without its `transport`.
   */
  get url(): string {
    return this.#listeners[0]?.url ?? MEMORY_URL;
  }

  /** What clients connect to over WebSocket, such as `ws://127.0.0.1:49153/mqtt`, where that was asked for. */
  get websocketUrl(): string | undefined {
    return this.#listeners[1]?.url;
  }

  /** The messages that were published, the oldest first: the latest `messagesMax` of them. */
  get messages(): readonly SeenMessage[] {
    return this.#seen.messages;
  }

  /** The sessions: of clients that are connected, and of those that may come back. */
  get clients(): readonly BrokerClient[] {
    return this.#driver.machine.clients;
  }

  /** A snapshot of the counters. */
  get stats(): BrokerStats {
    return this.#driver.machine.stats;
  }

  /**
   * Connects a client over a wire in memory, which lives by the clock that the broker was given; else as `connect()`
   * of the module does.
   */
  connect(options: Omit<ConnectOptions, "transport"> = {}): Promise<Client> {
    const { clock } = this.#options;
    const { transport } = this;
    return connect(this.url, {
      ...(clock && { clock }),
      ...options,
      transport,
    });
  }

  /**
   * Publishes a message of the broker's own. Throws a TypeError for what is no Topic Name. The payload is copied:
   * the caller may reuse it.
   */
  publish(
    topic: string,
    payload: Payload,
    options: BrokerPublishOptions = {},
  ): void {
    const { qos = 0, retain = false, properties = {} } = options;
    const message = {
      topicName: topic,
      payload: copyOf(payload),
      qos,
      retain,
      properties,
    };
    this.#driver.input((machine, now) => machine.publish(message, now));
  }

  /**
   * Resolves with the first messages to a Topic Filter as soon as there are so many, those that `messages` has
   * already included: so it is no matter which comes first, the message or the call. Rejects with an
   * {@linkcode AbortedError} when the signal fires or the broker is closed.
   *
   * @example
   * ```ts ignore
   * import { Broker } from "./testing.ts";
   *
   * await using broker = new Broker();
   * await using client = await broker.connect();
   * for (const state of ["on", "off"]) client.publish("lamp/state", state);
   * const [first, second] = await broker.seen("lamp/+", { count: 2 });
   * console.log(first?.text(), second?.text());
   * ```
   */
  seen(
    topicFilter: string,
    { count = 1, signal }: SeenOptions = {},
  ): Promise<SeenMessage[]> {
    return this.#seen.first(topicFilter, count, signal);
  }

  /**
   * Resolves as soon as the condition holds, which is looked at now, behind each event, and whenever a wire has
   * brought or taken something; rejects with what it throws, and with an {@linkcode AbortedError} when the signal fires or the broker is closed.
   *
   * @example
   * ```ts ignore
   * import { Broker } from "./testing.ts";
   *
   * await using broker = new Broker();
   * await using client = await broker.connect({ clientId: "lamp" });
   * void client.subscribe("lamp/set");
   * await broker.waitFor(() => broker.stats.subscriptions === 1);
   * console.log(broker.clients[0]?.topicFilters);
   * ```
   */
  waitFor(
    condition: () => boolean,
    { signal }: WaitForOptions = {},
  ): Promise<void> {
    return this.#conditions.wait(condition, signal);
  }

  /**
   * Breaks every wire as a broker does that is killed, and goes on as one that was started again: with the sessions,
   * or without them. Ports stay its own. `messages` and `faults` stay as they are.
   */
  restart({ sessions = "kept", downMs = 0 }: RestartOptions = {}): void {
    if (sessions !== "kept" && sessions !== "lost") {
      throw new TypeError(
        'Cannot restart the broker: sessions are "kept" or "lost"',
      );
    }
    if (downMs !== 0) this.#faults.refuseWires(downMs);
    this.#faults.cutAll();
    this.#driver.restart(
      sessions === "lost" ? new BrokerMachine(this.#settings) : undefined,
    );
    this.#conditions.look();
  }

  /**
   * Ends a client's connection; its session stays, and its will is published. Under MQTT 5 it gets DISCONNECT
   * with the Reason Code (0x98, Administrative action, by default). Returns false where it is not connected.
   */
  disconnect(
    clientId: string,
    reasonCode: number = ReasonCode.administrativeAction,
  ): boolean {
    return this.#driver.input((machine, now) =>
      machine.disconnect(clientId, reasonCode, now)
    );
  }

  /**
   * Ends every connection, under MQTT 5 with DISCONNECT (0x8B, Server shutting down), and gives the ports back.
   * Resolves when all that is done.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // Who is turned away by a closed port does not come as a client that is about to be disconnected.
    const closing = this.#listeners.map((listener) =>
      listener[Symbol.asyncDispose]()
    );
    this.#faults.end();
    await this.#driver.close();
    this.#faults.end();
    await Promise.all(closing);
    this.#seen.end();
    this.#conditions.end();
  }

  #attach(wire: Wire, peer: string): void {
    if (this.#faults.refusesWires) return wire.close();
    this.#driver.attach(this.#faults.wrap(wire, peer), peer);
  }

  #tell(event: BrokerEvent): void {
    if (event.type === "message") this.#seen.add(event, event.clientId);
    if (event.type === "connected") {
      this.#faults.connected(event.clientId, event.peer);
    }
    this.#conditions.look();
    this.#options.onEvent?.(event);
  }
}

function copyOf(payload: Payload): Uint8Array {
  if (typeof payload === "string") return new TextEncoder().encode(payload);
  return ArrayBuffer.isView(payload)
    ? new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
      .slice()
    : new Uint8Array(payload).slice();
}
