/**
 * The machine at work: its wires, its one timer, its questions put to the hooks, its events told.
 *
 * @module
 */
import type { Wire } from "../transport/wire.ts";
import { BrokerWire, type BrokerWireOwner } from "./broker_wire.ts";
import { type BrokerClock, realClock } from "./clock.ts";
import type { BrokerConnection } from "./connection.ts";
import type { BrokerEvent } from "./event.ts";
import { type BrokerHooks, decide } from "./hooks.ts";
import type { BrokerMachine } from "./machine.ts";
import type { BrokerDecision, BrokerQuestion } from "./question.ts";

/** What a driver is made from. */
export interface BrokerDriverOptions {
  readonly machine: BrokerMachine;
  readonly clock: BrokerClock;
  readonly hooks: BrokerHooks;
  /** Told each event. It may give the broker something to do. */
  readonly onEvent: (event: BrokerEvent) => void;
  /** Called when all that an input has set going is done: not all that changes is an event. */
  readonly onRest?: () => void;
}

/** How long the clients may take, in real time, to hear of the end. */
const CLOSE_MS = 500;

/** "Server shutting down" (MQTT 5, 3.14.2.1). */
const SERVER_SHUTTING_DOWN = 0x8b;

/** Runs a machine. */
export class BrokerDriver {
  #machine: BrokerMachine;
  readonly #clock: BrokerClock;
  readonly #hooks: BrokerHooks;
  readonly #onEvent: (event: BrokerEvent) => void;
  readonly #onRest: () => void;
  readonly #owner: BrokerWireOwner;
  readonly #wires = new Map<BrokerConnection, BrokerWire>();
  #alarmAt = Infinity;
  #cancelAlarm: () => void = () => {};
  #isTurning = false;
  #hasMore = false;
  #isClosed = false;
  #onNoWires: () => void = () => {};

  /** Makes a driver that has no wire. */
  constructor(
    { machine, clock, hooks, onEvent, onRest = () => {} }: BrokerDriverOptions,
  ) {
    this.#machine = machine;
    this.#clock = clock;
    this.#hooks = hooks;
    this.#onEvent = onEvent;
    this.#onRest = onRest;
    this.#owner = {
      onRead: (connection, bytes) =>
        this.input((machine, now) => machine.receive(connection, bytes, now)),
      onWritten: (connection) =>
        this.input((machine, now) => machine.written(connection, now)),
      onClosed: (connection) => {
        this.#wires.delete(connection);
        this.input((machine, now) => machine.lost(connection, now));
        if (this.#wires.size === 0) this.#onNoWires();
      },
    };
  }

  /** The protocol. What changes it goes through `input()`. */
  get machine(): BrokerMachine {
    return this.#machine;
  }

  /** Serves a client at the other end of a wire. `peer` names it in events. */
  attach(wire: Wire, peer: string): void {
    if (this.#isClosed) return wire.close();
    this.input((machine, now) => {
      const connection = machine.connect(now, peer);
      const served = new BrokerWire({
        wire,
        connection,
        owner: this.#owner,
        clock: this.#clock,
      });
      this.#wires.set(connection, served);
      served.start();
    });
  }

  /** Gives the machine one input; then all its doors are emptied. */
  input<Result>(
    give: (machine: BrokerMachine, now: number) => Result,
  ): Result {
    const now = this.#clock.now();
    const result = give(this.machine, now);
    this.#turn(now);
    return result;
  }

  /** Drops every wire, without a word to the clients, and goes on: with another machine, where there is one. */
  restart(machine: BrokerMachine = this.#machine): void {
    this.#machine = machine;
    this.#cancelAlarm();
    this.#alarmAt = Infinity;
    // A machine that never had the connection does not miss it.
    for (const wire of [...this.#wires.values()]) wire.close();
    this.input(() => {});
  }

  /** Tells the clients that it is over, and resolves when every wire is gone. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const gone = new Promise<void>((resolve) => this.#onNoWires = resolve);
    this.input((machine, now) => {
      for (const [connection, wire] of this.#wires) {
        if (connection.isConnected) {
          machine.disconnect(connection.clientId, SERVER_SHUTTING_DOWN, now);
        } else wire.close();
      }
    });
    const cancel = realClock.schedule(() => {
      for (const wire of this.#wires.values()) wire.close();
    }, CLOSE_MS);
    if (this.#wires.size > 0) await gone;
    cancel();
    this.#cancelAlarm();
  }

  #turn(now: number): void {
    // A listener to events, or a wire that ends while it is flushed, gives its input to the turn that is under way.
    this.#hasMore = true;
    if (this.#isTurning) return;
    this.#isTurning = true;
    try {
      while (this.#hasMore) this.#emptyDoors();
    } finally {
      this.#isTurning = false;
    }
    this.#arm(now);
    this.#onRest();
  }

  #emptyDoors(): void {
    this.#hasMore = false;
    for (const question of this.machine.takeQuestions()) this.#ask(question);
    for (const event of this.machine.takeEvents()) this.#tell(event);
    for (const connection of this.machine.takeDirty()) {
      this.#wires.get(connection)?.flush();
    }
  }

  #ask(question: BrokerQuestion): void {
    const decision = decide(question, this.#hooks);
    if (decision instanceof Promise) {
      void decision.then((decision) => this.#answer(question, decision));
    } else this.#answer(question, decision);
  }

  /** An answer that cannot be said ends the connection that it is for, and nothing else. */
  #answer(question: BrokerQuestion, decision: BrokerDecision): void {
    try {
      this.input((machine, now) => machine.answer(question, decision, now));
    } catch (error) {
      reportError(error);
      this.#wires.get(question.connection)?.close();
    }
  }

  #tell(event: BrokerEvent): void {
    try {
      this.#onEvent(event);
    } catch (error) {
      // It is the listener's own, and nobody else's: not that of the wire that is being read.
      reportError(error);
    }
  }

  /** The alarm is never set anew for a deadline that moves to later: it rings too early then, and looks again. */
  #arm(now: number): void {
    const { deadline } = this.machine;
    if (this.#isClosed || deadline >= this.#alarmAt) return;
    this.#cancelAlarm();
    this.#alarmAt = deadline;
    this.#cancelAlarm = this.#clock.schedule(() => {
      this.#alarmAt = Infinity;
      this.input((machine, now) => machine.wake(now));
    }, deadline - now);
  }
}
