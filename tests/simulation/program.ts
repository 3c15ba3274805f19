// A program that may be killed and started again: what outlives its processes.

import type { Client } from "../../mod.ts";
import type { Account } from "./account.ts";
import { Process } from "./process.ts";
import type { ClientPlan, Kill, Step } from "./scenario.ts";
import { Shelf } from "./shelf.ts";
import type { World } from "./world.ts";

type StepOf<Type extends Step["type"]> = Step & { readonly type: Type };

/** Its client id, its store, and one process after the other. */
export class Program {
  readonly clientId: string;
  readonly plan: ClientPlan;
  readonly account: Account;
  /** Where its stores are; undefined where it has none. */
  readonly shelf: Shelf | undefined;
  /** How many sessions the client has been told of. */
  sessions = 0;
  /** No wire can be had until then. */
  outageUntil = 0;
  /** How often it was killed. */
  kills = 0;
  readonly #world: World;
  /** What it is subscribed to, which each process asks for anew. */
  readonly #subscriptions = new Map<number, StepOf<"subscribe">>();
  #process: Process;
  #isDown = false;
  #isUnaware = false;
  #hasHeard = false;
  /** How its process is to end, once it comes to that. */
  #kill: Kill | undefined;
  #postponed: Kill | undefined;
  /** What it is to do when it is started again. */
  #steps: Step[] = [];

  constructor(world: World, index: number, plan: ClientPlan) {
    this.#world = world;
    this.clientId = `c${index}`;
    this.plan = plan;
    this.account = world.ledger.account(this.clientId);
    if (plan.maximumPacketSize > 0) {
      // Some room for all that stands in a PUBLISH besides the payload.
      this.account.sizeMax = plan.maximumPacketSize - 40;
    }
    this.shelf = plan.store === null ? undefined : new Shelf({
      time: world.time,
      plan: plan.store,
      seed: world.scenario.seed * 131 + index,
      onBound: () => this.#onBound(),
      fail: (rule, why) => this.fail(rule, why),
    });
    this.#process = new Process(world, this);
  }

  /** The client of the present process. */
  get client(): Client | undefined {
    return this.#isDown ? undefined : this.#process.client;
  }

  /** Whether the client has ended before its time. */
  get hasEnded(): boolean {
    return !this.#isDown && this.#process.hasEnded;
  }

  /** Whether the program has a session to be forgotten by the broker. */
  get hasSession(): boolean {
    return this.client !== undefined || this.#isDown;
  }

  /**
   * Whether the broker's session is another than the one that the client, and its store, know of: nobody could
   * tell them later.
   */
  get isUnaware(): boolean {
    return this.#isUnaware;
  }

  /** The broker's session is another now. */
  sessionEnded(): void {
    this.#isUnaware = true;
    this.#hasHeard = false;
    this.#postponed = this.#kill ?? this.#postponed;
    this.#disarm();
  }

  /** CONNACK without Session Present has come. */
  sessionTold(): void {
    this.sessions++;
    this.#hasHeard = true;
    if (this.shelf === undefined) this.#isUnaware = false;
  }

  /** Takes a step, when there is a client. */
  take(step: Step): void {
    if (this.#isDown) this.#steps.push(step);
    else if (step.type === "kill") this.#arm(step.kill);
    else this.#process.take(step);
  }

  /** It subscribes to this from now on. */
  subscribed(step: StepOf<"subscribe">): void {
    this.#subscriptions.set(step.slot, step);
  }

  /** And to this no more. */
  unsubscribed(slot: number): void {
    this.#subscriptions.delete(slot);
  }

  /** What it has not done yet, as far as it can tell. */
  get whatIsLeft(): string | undefined {
    if (this.#isDown) return "it is down";
    return this.#process.whatIsLeft ?? this.shelf?.whatIsLeft;
  }

  /** An event has passed: what must hold at any time. */
  check(): void {
    if (!this.#isDown) this.#process.check();
    this.#count("event", 1);
  }

  /** What must hold at rest. */
  checkRest(): void {
    if (this.hasEnded) return;
    this.#process.checkRest();
    const { lostQos1, policy } = this.plan;
    const { maximumPacketSize } = this.#world.scenario.broker;
    for (const each of this.#world.ledger.missing(this.clientId)) {
      const { key, qos, size, restoredIn = 0 } = each;
      // Besides the payload some more stands in a PUBLISH.
      if (size + 60 > maximumPacketSize || policy === "drop-oldest") continue;
      const isGivenUp = qos === 2 || lostQos1 === "reject";
      if (isGivenUp && this.sessions > restoredIn) continue;
      this.fail("what is kept arrives", key);
    }
  }

  /** Takes what nobody has claimed. */
  takeInbox(): void {
    if (!this.#isDown) this.#process.takeInbox();
  }

  /** Ends in order. */
  disconnect(): void {
    this.#process.disconnect();
  }

  /** So many bytes have left, or are about to. How many of them may. */
  allows(bytes: number): number {
    return this.#kill?.point === "wire"
      ? Math.min(bytes, this.#kill.after)
      : bytes;
  }

  /** Bytes have left. */
  wrote(bytes: number): void {
    this.#count("wire", bytes);
  }

  /** The process ends now, without a word. */
  killed(): void {
    const kill = this.#kill;
    this.#disarm();
    if (kill === undefined || this.#isDown || this.#process.hasEnded) return;
    this.kills++;
    this.#isDown = true;
    this.#process.kill();
    this.account.killed();
    this.shelf?.killed(kill);
    this.#world.onKilled(this, kill);
    this.#world.time.schedule(() => this.#start(), kill.downMs);
  }

  /** Nothing fails any more. */
  calm(): void {
    this.#postponed = undefined;
    this.#disarm();
  }

  fail(rule: string, why: string): void {
    this.#world.fail(rule, `${this.clientId}: ${why}`);
  }

  /** A kill comes nearer. */
  #count(point: Kill["point"], passed: number): void {
    if (this.#kill?.point !== point) return;
    const after = this.#kill.after - passed;
    this.#kill = { ...this.#kill, after };
    if (after <= 0) this.killed();
  }

  #arm(kill: Kill): void {
    if (this.#kill !== undefined || this.#world.isSound) return;
    if (this.#isUnaware) {
      this.#postponed = kill;
      return;
    }
    this.#kill = kill;
    if (kill.point === "disk") this.shelf?.arm(kill);
  }

  /** The store has it whose session this is, with what that changes. */
  #onBound(): void {
    if (!this.#isUnaware || !this.#hasHeard) return;
    this.#isUnaware = false;
    const postponed = this.#postponed;
    this.#postponed = undefined;
    if (postponed !== undefined) this.#arm(postponed);
  }

  #disarm(): void {
    this.#kill = undefined;
    this.shelf?.disarm();
  }

  #start(): void {
    this.#isDown = false;
    this.#process = new Process(this.#world, this);
    const again = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    const steps = this.#steps;
    this.#steps = [];
    this.#process.goOn(again);
    for (const step of steps) this.take(step);
  }
}
