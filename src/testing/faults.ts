/**
 * What can be made to go wrong between a broker and its clients.
 *
 * @module
 */
import type { RefusalOptions, RefusedAction } from "../broker/refusals.ts";
import { Refusals } from "../broker/refusals.ts";
import type { Clock, Wire } from "../../mod.ts";
import { FaultyWire } from "./faulty_wire.ts";
import { checkFaults, type CutKind, type WireFaults } from "./wire_faults.ts";

/**
 * Has things go wrong as a test says: on the wires, and in the broker's answers. It works on wires in memory, and
 * on ports as far as a system can.
 *
 * @example
 * ```ts ignore
 * import { Broker } from "./testing.ts";
 *
 * await using broker = new Broker();
 * broker.faults.next({ cut: { from: "broker", before: "puback" } });
 * await using client = await broker.connect({ reconnect: { initialMs: 1 } });
 * await client.publish("a", "twice on the wire", { qos: 1 });
 * console.log(broker.stats.messagesReceived);
 * ```
 */
export interface Faults {
  /** What goes wrong on the next wire that comes; each further one, and each further call, is for the wire after. */
  next(...faults: WireFaults[]): void;
  /** What goes wrong on each wire that comes from now on, but for those of `next()`; `every({})` ends it. */
  every(faults: WireFaults): void;
  /**
   * What goes wrong from now on, in place of what did before, on the wire that a client has. False where it has
   * none, or one that was cut or is silent.
   */
  inflict(clientId: string, faults: WireFaults): boolean;
  /** Cuts the wire that a client has; by `"reset"`, where nothing else is said. False where it has none. */
  cut(clientId: string, how?: CutKind): boolean;
  /**
   * Nothing gets through any more on the wire that a client has, in either direction, and it stays open. False where
   * it has none.
   */
  silence(clientId: string): boolean;
  /**
   * Refuses the next CONNECT, PUBLISH of QoS 1 or 2, or Topic Filter of a SUBSCRIBE, or several, with a Reason Code of
   * MQTT 5; a client of MQTT 3.x is told what its version can tell. It comes before the hooks. Throws a RangeError for
   * a Reason Code that does not refuse it.
   */
  refuse(
    action: RefusedAction,
    reasonCode: number,
    options?: RefusalOptions,
  ): void;
  /** Takes no new wires for so many ms, or until `clear()`: in memory they do not open, on a port they are closed. */
  refuseWires(ms?: number): void;
  /** Takes back what has not happened yet, but for faults on wires that are there. */
  clear(): void;
}

/** The faults of one broker. */
export class ScriptedFaults implements Faults {
  /** What is refused. */
  readonly refusals: Refusals = new Refusals();
  readonly #clock: Clock;
  readonly #wires = new Map<string, FaultyWire>();
  readonly #byClient = new Map<string, FaultyWire>();
  readonly #clientIds = new Map<FaultyWire, string>();
  #next: WireFaults[] = [];
  #every: WireFaults = {};
  #refusedUntil = -Infinity;

  /** Has nothing go wrong. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(...faults: WireFaults[]): void {
    faults.forEach(checkFaults);
    this.#next.push(...faults);
  }

  every(faults: WireFaults): void {
    checkFaults(faults);
    this.#every = faults;
  }

  inflict(clientId: string, faults: WireFaults): boolean {
    checkFaults(faults);
    return this.#byClient.get(clientId)?.inflict(faults) ?? false;
  }

  cut(clientId: string, how: CutKind = "reset"): boolean {
    return this.#byClient.get(clientId)?.cut(how) ?? false;
  }

  silence(clientId: string): boolean {
    return this.inflict(clientId, {
      silence: { from: "client", afterBytes: 0 },
    });
  }

  refuse(
    action: RefusedAction,
    reasonCode: number,
    options: RefusalOptions = {},
  ): void {
    this.refusals.add(action, reasonCode, options);
  }

  refuseWires(ms = Infinity): void {
    if (!(ms >= 0)) {
      throw new RangeError(`Cannot refuse wires: ${ms} is no number of ms`);
    }
    this.#refusedUntil = this.#clock.now() + ms;
  }

  clear(): void {
    this.#next = [];
    this.#every = {};
    this.#refusedUntil = -Infinity;
    this.refusals.clear();
  }

  /** Whether new wires are refused now. */
  get refusesWires(): boolean {
    return this.#clock.now() < this.#refusedUntil;
  }

  /** A wire has come: as it is from now on. */
  wrap(below: Wire, peer: string): Wire {
    const wire: FaultyWire = new FaultyWire({
      below,
      clock: this.#clock,
      onGone: () => this.#forget(wire, peer),
    });
    this.#wires.set(peer, wire);
    const faults = this.#next.shift() ?? this.#every;
    if (Object.keys(faults).length > 0) wire.inflict(faults);
    return wire;
  }

  /** A client is connected over the wire of that name. */
  connected(clientId: string, peer: string): void {
    const wire = this.#wires.get(peer);
    if (wire === undefined) return;
    this.#byClient.set(clientId, wire);
    this.#clientIds.set(wire, clientId);
  }

  /** Every wire breaks. */
  cutAll(): void {
    for (const wire of this.#wires.values()) wire.cut("reset");
  }

  /** The broker is about to end, or has ended: nothing holds it up, or stays behind. */
  end(): void {
    for (const wire of this.#wires.values()) wire.end();
  }

  #forget(wire: FaultyWire, peer: string): void {
    if (this.#wires.get(peer) === wire) this.#wires.delete(peer);
    const clientId = this.#clientIds.get(wire);
    if (clientId === undefined) return;
    this.#clientIds.delete(wire);
    // The client may be back on another one.
    if (this.#byClient.get(clientId) === wire) this.#byClient.delete(clientId);
  }
}
