// The broker, the programs and the wires of one scenario, from the first step to the end in order.

import type { Packet, Sender } from "../../src/codec/packet.ts";
import { BrokerDriver } from "../../src/broker/driver.ts";
import type { BrokerEvent } from "../../src/broker/event.ts";
import { BrokerMachine } from "../../src/broker/machine.ts";
import { DEFAULT_SETTINGS } from "../../src/broker/settings.ts";
import type { Wire } from "../../src/transport/wire.ts";
import { Random } from "../fuzz/random.ts";
import { Ledger } from "./ledger.ts";
import { EndObserver, SessionView } from "./observer.ts";
import type { Process } from "./process.ts";
import { Program } from "./program.ts";
import type { Kill, Scenario, Step } from "./scenario.ts";
import { Time } from "./time.ts";
import { usurp } from "./usurper.ts";
import { type Fault, type FaultType, SimulatedWire } from "./wires.ts";

/** How long all may take to come to rest once nothing fails any more. */
const REST_MS = 300_000;

/** Whose wires these are, that take over what another has. */
const USURPER = "usurper";

/** More steps than this in a second, or in the time of all steps of a scenario, are a circle. */
const STEPS_MAX = 200_000;

/** A rule of the house that does not hold. */
export interface Violation {
  readonly rule: string;
  readonly why: string;
  readonly at: number;
}

/** What came of a scenario. */
export interface Report {
  readonly violation: Violation | undefined;
  readonly messages: number;
  readonly wires: number;
  readonly kills: number;
  readonly faults: number;
}

/** Is told what happens. */
export interface Tracer {
  packet(at: number, where: string, packet: Packet): void;
  note(at: number, what: string): void;
}

/** What must settle, unless its process is killed. */
interface Pending {
  readonly name: string;
  readonly process: Process;
}

/** Everything of one simulation. */
export class World {
  readonly scenario: Scenario;
  readonly time = new Time();
  readonly ledger: Ledger;
  /** Nothing fails any more, and nobody leaves. */
  isSound = false;
  readonly #tracer: Tracer | undefined;
  readonly #machine: BrokerMachine;
  readonly #driver: BrokerDriver;
  readonly #programs: Program[];
  readonly #wires: { wire: SimulatedWire; clientId: string }[] = [];
  readonly #views = new Map<string, SessionView>();
  readonly #ends: {
    readonly name: string;
    readonly role: Sender;
    readonly end: EndObserver;
    readonly program: Program | undefined;
  }[] = [];
  readonly #pending = new Map<Promise<unknown>, Pending>();
  #violation: Violation | undefined;
  #faults = 0;

  constructor(scenario: Scenario, tracer?: Tracer) {
    this.scenario = scenario;
    this.#tracer = tracer;
    this.ledger = new Ledger((rule, why) => this.fail(rule, why));
    if (tracer !== undefined) this.ledger.note = (what) => this.#note(what);
    this.ledger.onSessionEnded = (clientId) => this.#onSessionEnded(clientId);
    this.ledger.onDisconnected = ({ peer }) =>
      this.#ends.find(({ name, role }) => name === peer && role === "server")
        ?.end.ended();
    this.ledger.onConnected = (event) => this.#onConnected(event);
    this.#machine = new BrokerMachine({
      ...DEFAULT_SETTINGS,
      ...scenario.broker,
      connectTimeoutMs: 2_000,
      makeClientId: () => "none",
    });
    this.#driver = new BrokerDriver({
      machine: this.#machine,
      clock: {
        now: () => this.time.now,
        schedule: (...how) => this.time.schedule(...how),
      },
      hooks: {},
      onEvent: (event) => this.ledger.onEvent(event),
    });
    this.#programs = scenario.clients.map((plan, index) =>
      new Program(this, index, plan)
    );
  }

  /** Runs the scenario to its end. */
  async run(): Promise<Report> {
    const { steps } = this.scenario;
    for (const step of steps) {
      this.time.schedule(() => this.#take(step), step.at);
    }
    await this.#runUntil((steps.at(-1)?.at ?? 0) + 1_000);
    this.isSound = true;
    for (const program of this.#programs) program.calm();
    this.#note("nothing fails any more");
    await this.#rest(
      () => this.#whatIsLeft(),
      (passed) => {
        if (passed < 5_000) return;
        for (const program of this.#programs) program.takeInbox();
      },
    );
    this.ledger.check();
    for (const program of this.#programs) {
      program.checkRest();
      program.disconnect();
    }
    await this.#rest(() => {
      for (const { name, process } of this.#pending.values()) {
        if (!process.isKilled) return `${name} is not settled`;
      }
      return undefined;
    });
    await this.#checkEnd();
    return {
      violation: this.#violation,
      messages: this.ledger.publications.size,
      wires: this.#wires.length,
      kills: this.#programs.reduce((sum, { kills }) => sum + kills, 0),
      faults: this.#faults,
    };
  }

  /** A rule does not hold. The first time counts. */
  fail(rule: string, why: string): void {
    if (this.#violation !== undefined) return;
    this.#violation = { rule, why, at: this.time.now };
    this.#note(`VIOLATION of "${rule}": ${why}`);
  }

  /** What must settle before the end. What it throws that nobody expects is a violation. */
  track(promise: Promise<unknown>, name: string, process: Process): void {
    this.#pending.set(promise, { name, process });
    promise.then(
      () => this.#pending.delete(promise),
      (error) => {
        this.#pending.delete(promise);
        if (process.isKilled) return;
        this.fail("no surprise", `${name}: ${error?.stack ?? error}`);
      },
    );
  }

  /** Whether the last wire of a client has failed. */
  hasFailed(clientId: string): boolean {
    return this.#lastWire(clientId)?.hasFailed ?? false;
  }

  /** A wire for the client of a program's process. */
  async open(
    program: Program,
    process: Process,
    signal: AbortSignal,
  ): Promise<Wire> {
    const { clientId, plan } = program;
    await process.sleep(this.scenario.wires.delayMs / 2);
    signal.throwIfAborted();
    if (this.time.now < program.outageUntil && !this.isSound) {
      throw new Deno.errors.ConnectionRefused("There is an outage");
    }
    const count = this.#wires.filter((each) => each.clientId === clientId)
      .length;
    const wire = this.#connect(program, {
      clientId,
      fault: plan.faults[count] ?? undefined,
      mayFail: () => !program.isUnaware && !this.isSound,
    });
    return wire.client;
  }

  /** A process has ended without a word: its system closes its wire, or is down with it. */
  onKilled({ clientId }: Program, { isPowerCut }: Kill): void {
    this.#note(`${clientId} is killed${isPowerCut ? " by a power cut" : ""}`);
    this.#viewOf("client", clientId).killed();
    for (const each of this.#wires) {
      if (each.clientId !== clientId) continue;
      if (isPowerCut) each.wire.fail("silence");
      else each.wire.client.close();
    }
  }

  #connect(
    program: Program | undefined,
    { clientId, fault, mayFail }: {
      clientId: string;
      fault: Fault | undefined;
      mayFail: () => boolean;
    },
  ): SimulatedWire {
    const name = `${clientId}#${this.#wires.length}`;
    const seed = this.scenario.seed * 1_000 + this.#wires.length;
    const wire = new SimulatedWire({
      time: this.time,
      random: new Random(seed),
      manners: this.scenario.wires,
      fault,
      mayFail,
      onFailed: (type) => {
        this.#faults++;
        this.#note(`${name} ${type}`);
      },
      client: program === undefined
        ? { sent: () => {}, received: () => {}, ended: () => {} }
        : this.#observer("client", name, program),
      server: this.#observer("server", name, program),
    });
    this.#wires.push({ wire, clientId });
    this.#driver.attach(wire.server, name);
    return wire;
  }

  #observer(
    role: Sender,
    name: string,
    program: Program | undefined,
  ): EndObserver {
    const isClient = role === "client";
    const { inflightMax } = this.scenario.broker;
    const end = new EndObserver({
      role,
      name,
      viewOf: (clientId) => this.#viewOf(role, clientId),
      inflightMax: isClient
        ? program?.plan.receiveMaximum || 1_000
        : inflightMax,
      whyNotAcknowledged: (type, key) => {
        if (!isClient || program === undefined) return undefined;
        if (type === "pubrec") program.account.answered(key);
        return program.account.whyNotOwned(key);
      },
      whyNotKept: (type, packetId) =>
        isClient ? program?.shelf?.whyNot(type, packetId) : undefined,
      onPacket: (packet, direction) => {
        const arrow = direction === "sent" ? "->" : "<-";
        const who = isClient ? "client" : "broker";
        this.#tracer?.packet(this.time.now, `${name} ${who} ${arrow}`, packet);
        if (isClient && program !== undefined && direction === "received") {
          this.#onReceived(program, packet);
        }
      },
      fail: (rule, why) => this.fail(rule, why),
    });
    this.#ends.push({
      name,
      role,
      end,
      program: isClient ? program : undefined,
    });
    return end;
  }

  #onReceived(program: Program, packet: Packet): void {
    if (packet.type === "connack") {
      if (!packet.sessionPresent) program.sessionTold();
    } else if (packet.type === "publish") {
      // The key is found by the ledger's own words.
      program.account.arrived(this.#keyOf(packet.payload));
    }
  }

  #keyOf(payload: Uint8Array): string {
    return new TextDecoder().decode(payload).split("|")[0] ?? "";
  }

  #viewOf(role: Sender, clientId: string): SessionView {
    const key = `${role} ${clientId}`;
    const view = this.#views.get(key) ?? new SessionView();
    this.#views.set(key, view);
    return view;
  }

  /**
   * The client must hear that its session is another before its connection is lost again: if CONNACK
   * without Session Present is lost, the next one has it, and nobody can know. That hole is the protocol's.
   */
  #onSessionEnded(clientId: string): void {
    this.#note(`the session of ${clientId} has ended`);
    const program = this.#programs?.find((each) => each.clientId === clientId);
    if (program === undefined) return;
    const { protocolVersion, cleanStart } = program.plan;
    if (protocolVersion < 5 && cleanStart) return;
    program.sessionEnded();
    for (const each of this.#wires) {
      if (each.clientId === clientId && each.wire.hasFailed) {
        each.wire.fail("reset");
      }
    }
  }

  #onConnected(
    { clientId, peer, sessionPresent }: BrokerEvent & { type: "connected" },
  ): void {
    if (sessionPresent) return;
    this.#viewOf("server", clientId).forget();
    // A session that another client has begun would look like that of ours.
    if (!peer.startsWith(USURPER)) return;
    queueMicrotask(() =>
      this.#driver.input((machine, now) => machine.endSession(clientId, now))
    );
  }

  #take(step: Step): void {
    const program = this.#programs[step.client];
    if (program === undefined) return;
    this.#note(`c${step.client} ${JSON.stringify({ ...step, at: undefined })}`);
    const { clientId } = program;
    const { protocolVersion, cleanStart } = program.plan;
    // MQTT 3.1 cannot say that a session is gone.
    const mayForget = protocolVersion > 3 || cleanStart;
    switch (step.type) {
      case "cut":
        return this.#cut(program, step.fault);
      case "outage":
        program.outageUntil = this.time.now + step.ms;
        if (!program.isUnaware) this.#cut(program, "reset");
        return;
      case "dismiss":
        if (program.isUnaware) return;
        this.#driver.input((machine, now) =>
          machine.disconnect(clientId, 0x8B, now)
        );
        return;
      case "forget":
        if (!mayForget || !program.hasSession) return;
        this.#driver.input((machine, now) => machine.endSession(clientId, now));
        return;
      case "take over":
        if (program.isUnaware || !program.hasSession) return;
        return this.#takeOver(program, step.ms, step.clean && mayForget);
      default:
        return program.take(step);
    }
  }

  #cut(program: Program, type: FaultType): void {
    if (program.isUnaware) return;
    const wire = this.#lastWire(program.clientId);
    if (wire !== undefined && !wire.hasFailed) wire.fail(type);
  }

  #lastWire(clientId: string): SimulatedWire | undefined {
    return this.#wires.findLast((each) => each.clientId === clientId)?.wire;
  }

  /** Another client of the same id connects, reads and says nothing, and is gone. */
  #takeOver({ clientId, plan }: Program, ms: number, clean: boolean): void {
    const wire = this.#connect(undefined, {
      clientId: `${USURPER} of ${clientId}`,
      fault: undefined,
      mayFail: () => false,
    });
    void usurp(wire.client, { clientId, plan, clean });
    this.time.schedule(() => wire.fail("reset"), ms);
  }

  async #runUntil(until: number): Promise<void> {
    let steps = 0;
    while (this.#violation === undefined && await this.time.step(until)) {
      if (++steps > STEPS_MAX) {
        this.fail("time passes", `${steps} steps by ${this.time.now} ms`);
      }
      for (const program of this.#programs) program.check();
    }
  }

  /** Lets time pass until nothing is left to do. */
  async #rest(
    left: () => string | undefined,
    onSecond: (passedMs: number) => void = () => {},
  ): Promise<void> {
    const begun = this.time.now;
    while (this.#violation === undefined) {
      const passed = this.time.now - begun;
      await this.#runUntil(this.time.now + 1_000);
      onSecond(passed);
      const what = left();
      if (what === undefined && passed >= 6_000) return;
      if (passed > REST_MS) return this.fail("it comes to rest", what ?? "");
    }
  }

  /** What is unfinished anywhere, of those that have not ended. */
  #whatIsLeft(): string | undefined {
    for (const program of this.#programs) {
      const { clientId, hasEnded } = program;
      if (hasEnded) continue;
      const left = program.whatIsLeft ?? this.#unfinishedOf(clientId);
      if (left !== undefined) return `${clientId}: ${left}`;
    }
    return undefined;
  }

  /** What the wire and the broker have of a client that has nothing left to do. */
  #unfinishedOf(clientId: string): string | undefined {
    for (const role of ["client", "server"] as const) {
      const [left] = this.#viewOf(role, clientId).unfinished;
      if (left !== undefined) return `${role} has ${JSON.stringify(left)}`;
    }
    const last = this.#ends.findLast(({ program }) =>
      program?.clientId === clientId
    );
    if ((last?.end.unacknowledged ?? 0) > 0) return "not all is acknowledged";
    const { queued = 0, inFlight = 0 } =
      this.#machine.clients.find((each) => each.clientId === clientId) ?? {};
    if (queued + inFlight === 0) return undefined;
    return `the broker has ${queued} queued and ${inFlight} in flight`;
  }

  async #checkEnd(): Promise<void> {
    if (this.#violation !== undefined) return;
    for (const { clientId, hasEnded, shelf } of this.#programs) {
      if (!hasEnded) this.fail("every client ends", clientId);
      await shelf?.checkEnd();
    }
    const { connections } = this.#machine.stats;
    if (connections > 0) {
      this.fail("no connection is left", `${connections} in the broker`);
    }
  }

  #note(what: string): void {
    this.#tracer?.note(this.time.now, what);
  }
}
