// One process of a program, with a client: it publishes, subscribes, takes messages and leaves, as its steps say,
// until it has ended or is killed.

import {
  AbortedError,
  type Client,
  connect,
  type ConnectionLostError,
  type ConnectOptions,
  MqttError,
  PublishError,
  type SubscribeOptions,
  type Subscription,
  type Wire,
} from "../../mod.ts";
import { KeepAliveError } from "../../src/errors.ts";
import { Random } from "../fuzz/random.ts";
import { optionsOf } from "./client_options.ts";
import { type Outcome, payloadOf, type Publication } from "./ledger.ts";
import type { Program } from "./program.ts";
import type { Step } from "./scenario.ts";
import type { StoreOwner } from "./shelf.ts";
import { CALM, Taker, type TakerHost, Whim } from "./taker.ts";
import { OwnClock } from "./time.ts";
import type { World } from "./world.ts";

type StepOf<Type extends Step["type"]> = Step & { readonly type: Type };

/** What a message costs beside its payload where it waits, and the largest payload there is. */
const MESSAGE_COST = 256;
const PAYLOAD_MAX = 600;

/** How long a wire may live on behind its client. */
const LAST_WORDS_MS = 1_500;

/** One client and what is done with it. */
export class Process implements StoreOwner, TakerHost {
  readonly clock: OwnClock;
  /** Whether the client has ended by itself. */
  hasEnded = false;
  /** Whether it was killed: what it does from now on reaches nobody. */
  isKilled = false;
  client: Client | undefined;
  readonly #world: World;
  readonly #program: Program;
  readonly #connected: Promise<Client | undefined>;
  /** What is subscribed to and not left, by the slot. */
  readonly #filters = new Map<number, string>();
  readonly #slots = new Map<number, "busy" | Subscription>();
  /** What is published and not settled. */
  readonly #underWay = new Set<Publication>();
  readonly #goOn: () => void;
  #consumers = 0;
  #hasInbox = false;
  /** How many messages of an earlier process were told to be published. */
  #restoredTold = 0;
  #restoredQos0 = 0;
  /** When it began to disconnect, and what was published before and rejected then. */
  #leftAt = Infinity;
  readonly #cutShort: string[] = [];

  constructor(world: World, program: Program) {
    this.#world = world;
    this.#program = program;
    this.clock = new OwnClock(world.time);
    // A store's side of a client is loaded when there is a store.
    this.#goOn = program.shelf === undefined ? () => {} : world.time.hold();
    this.#connected = this.#connect();
    this.#track(this.#connected, "connect");
  }

  get isSound(): boolean {
    return this.#world.isSound;
  }

  /** Takes a step, when there is a client. */
  take(step: Step): void {
    void this.#connected.then((client) => {
      if (client !== undefined && !this.hasEnded) this.#take(client, step);
    });
  }

  /**
   * Subscribes to what the process before was subscribed to. One after the other: of two handlers that match the
   * same message the first may be through with it before the second is there.
   */
  goOn(subscriptions: readonly StepOf<"subscribe">[]): void {
    void this.#connected.then(async (client) => {
      for (const step of subscriptions) {
        if (client === undefined || this.hasEnded || this.isKilled) return;
        await this.#subscribe(client, step);
        await this.sleep(1);
      }
    });
  }

  /** Ends without a word. */
  kill(): void {
    this.isKilled = true;
    this.clock.stop();
    for (const publication of this.#underWay) {
      this.#world.ledger.settle(publication, { type: "vanished" });
    }
  }

  onOpening(): void {
    this.#goOn();
  }

  onStopped(): void {
    if (!this.isKilled) this.#program.killed();
  }

  onRestored(keys: readonly string[]): void {
    const { publications } = this.#world.ledger;
    this.#restoredQos0 = keys.filter((key) => publications.get(key)?.qos === 0)
      .length;
    this.#world.ledger.restored(
      this.clientId,
      keys,
      this.#program.sessions,
    );
  }

  schedule(callback: () => void, ms: number): void {
    this.#world.time.schedule(() => {
      if (!this.isKilled) callback();
    }, ms);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.schedule(resolve, ms));
  }

  get clientId(): string {
    return this.#program.clientId;
  }

  /** Whether all that it had to do is done, as far as the client can tell. */
  get whatIsLeft(): string | undefined {
    const { client } = this;
    const { account } = this.#program;
    if (this.hasEnded) return undefined;
    if (client === undefined) return "it has not connected";
    if (!client.connected) return "it is not connected";
    const { inFlight, queued, waiting, outgoingBytes, unclaimed } = client
      .stats();
    const left = { inFlight, queued, waiting, outgoingBytes, unclaimed };
    if (Object.values(left).some((count) => count > 0)) {
      return JSON.stringify(left);
    }
    for (const topicFilter of this.#filters.values()) {
      if (!account.filters.has(topicFilter)) {
        return `the broker does not know of ${topicFilter}`;
      }
    }
    const [due] = account.due;
    return due && `${due}, which the broker has taken, was never had`;
  }

  /** What must hold at any time. */
  check(): void {
    if (this.client === undefined || this.hasEnded) return;
    const { waiting, waitingBytes, unclaimed } = this.client.stats();
    const size = waitingBytes + MESSAGE_COST * Math.max(waiting, unclaimed);
    // The last message that finds room may wait in several queues.
    const last = (MESSAGE_COST + PAYLOAD_MAX) * (this.#consumers + 1);
    const max = this.#program.plan.hardBoundBytes + last;
    if (size > max) {
      this.#world.fail(
        "the inbox is within its bound",
        `${this.clientId}: ${size} of ${max} bytes`,
      );
    }
  }

  /** What must hold at rest: it was told what became of each message that its store had given back. */
  checkRest(): void {
    const { restored } = this.client ?? {};
    if (this.client === undefined || restored === undefined) return;
    const { queued, published, released } = restored;
    // QoS 0 has no handshake, and nothing is told of its end.
    const count = queued + published + released - this.#restoredQos0;
    const told = this.#restoredTold;
    const { publishesFailed } = this.client.stats();
    if (told <= count && told + publishesFailed >= count) return;
    this.#fail(
      "what came back is settled by status",
      `${count} came back, ${told} were told to be published, ${publishesFailed} have failed`,
    );
  }

  /** Takes what nobody has claimed. */
  takeInbox(): void {
    const { client } = this;
    const { plan, account } = this.#program;
    if (this.#hasInbox || client === undefined || this.hasEnded) return;
    if (plan.onMessage !== null) return;
    this.#hasInbox = true;
    const consumer = account.consumer(`${this.clientId} inbox`, false);
    this.#track(new Taker(this, CALM, consumer).loop(client), "own loop");
  }

  /** Ends in order. */
  disconnect(): void {
    const { client } = this;
    if (client === undefined || this.hasEnded) return;
    this.#leftAt = this.#world.time.now;
    this.#track(client.disconnect(), "disconnect");
  }

  async #connect(): Promise<Client | undefined> {
    try {
      const client = await connect("mqtt://broker.invalid", this.#options());
      if (this.isKilled) return undefined;
      this.client = client;
      this.#checkRestored(client);
      this.#track(this.#watch(client), "status");
      this.#track(
        client.closed.then((cause) => this.#onClosed(cause)),
        "closed",
      );
      return client;
    } catch (error) {
      this.#goOn();
      if (this.isKilled) return undefined;
      this.hasEnded = true;
      this.#fail("it connects", `${error}`);
      return undefined;
    }
  }

  /** A kill, or a power cut, damages nothing that was promised. */
  #checkRestored({ restored }: Client): void {
    if (restored === undefined) return;
    const { lost, unknown } = restored;
    if (lost + unknown.length === 0) return;
    this.#fail(
      "a kill damages nothing",
      `${lost} messages are lost, ${unknown.length} unknown`,
    );
  }

  #options(): ConnectOptions {
    const { plan, clientId, shelf } = this.#program;
    const random = new Random(this.#world.scenario.seed * 31 + clientId.length);
    return {
      clientId,
      transport: { open: (signal) => this.#open(signal) },
      clock: this.clock,
      random: () => random.below(1_000) / 1_000,
      ...optionsOf(plan),
      ...this.#onMessage,
      ...(shelf !== undefined && { store: shelf.store(this) }),
    };
  }

  /** A wire that is killed with the process. */
  async #open(signal: AbortSignal): Promise<Wire> {
    const program = this.#program;
    const wire = await this.#world.open(program, this, signal);
    return {
      ...wire,
      write: async (bytes) => {
        if (this.isKilled) return await new Promise(() => {});
        const size = program.allows(bytes.length);
        const written = await wire.write(bytes.subarray(0, size));
        if (!this.isKilled) program.wrote(written);
        return written;
      },
    };
  }

  /** The handler of the whole client, if it has one. */
  get #onMessage(): ConnectOptions {
    const { account, plan: { onMessage: plan } } = this.#program;
    if (plan === null) return {};
    // What others have had no use for may be of any age.
    const consumer = account.consumer(`${this.clientId} itself`, false);
    const taker = new Taker(this, plan, consumer);
    if (plan.ack === "receipt") account.receiptFilters.add("#");
    return {
      onMessage: (message) => taker.handle(message),
      concurrency: plan.concurrency,
      onError: plan.onError,
      ack: plan.ack,
    };
  }

  /** Only the wire may have a timer still: it is given a second to write what was said last. */
  #onClosed(cause: MqttError | undefined): void {
    if (this.isKilled) return;
    this.hasEnded = true;
    const { now } = this.#world.time;
    const [cut] = this.#cutShort;
    // Its timeout is 5 s; before that nothing that was accepted is given up in order.
    if (cause === undefined && now - this.#leftAt < 4_000 && cut) {
      this.#fail("disconnect waits for what was accepted", cut);
    }
    this.#program.account.hasEnded = true;
    this.#world.time.schedule(() => {
      const { timers } = this.clock;
      if (timers > 0) this.#fail("no timer is left", `${timers}`);
    }, LAST_WORDS_MS);
  }

  /** What an honest broker over honest wires gives no reason for. */
  async #watch(client: Client): Promise<void> {
    for await (const event of client.status()) {
      if (this.isKilled) return;
      if (event.type === "restored-published") this.#restoredTold++;
      else if (event.type === "stray") {
        this.#fail("no stray acknowledgement", JSON.stringify(event));
      } else if (event.type === "lost") {
        this.#checkLoss(event.error);
      } else if (event.type === "subscription-refused") {
        this.#fail("no refusal", event.error.message);
      } else if (event.type === "unclaimed") {
        this.#fail("nothing unclaimed", event.topic);
      }
    }
  }

  #checkLoss({ cause, message }: ConnectionLostError): void {
    if (!(cause instanceof MqttError)) return;
    // Nobody lives at the other end of a wire that has failed.
    const isDead = cause instanceof KeepAliveError &&
      this.#world.hasFailed(this.clientId);
    if (!isDead) this.#fail("no broken rules", message);
  }

  #fail(rule: string, why: string): void {
    if (!this.isKilled) this.#program.fail(rule, why);
  }

  #track(promise: Promise<unknown>, name: string): void {
    this.#world.track(promise, `${name} of ${this.clientId}`, this);
  }

  #take(client: Client, step: Step): void {
    switch (step.type) {
      case "publish":
        return this.#track(this.#publish(client, step), "publishing");
      case "subscribe":
        return void this.#subscribe(client, step);
      case "unsubscribe":
        return this.#unsubscribe(step);
      case "disconnect":
        return this.disconnect();
      case "close":
        return client.close(new Whim("closed"));
    }
  }

  async #publish(client: Client, step: StepOf<"publish">): Promise<void> {
    for (let index = 0; index < step.count && !this.isKilled; index++) {
      const promise = this.#publishOne(client, step);
      this.#track(promise, "a publish");
      if (step.awaits) await promise;
    }
  }

  async #publishOne(
    client: Client,
    { topic, qos, size, abortMs }: StepOf<"publish">,
  ): Promise<void> {
    const publication = this.#world.ledger.publish(this.clientId, {
      topic: `t/${topic}`,
      qos,
      size,
    });
    const { sessions } = this.#program;
    const isInTime = this.#leftAt === Infinity;
    const giveUp = new AbortController();
    if (abortMs > 0) this.schedule(() => giveUp.abort(), abortMs);
    this.#underWay.add(publication);
    try {
      await client.publish(
        publication.topic,
        payloadOf(publication.key, size),
        abortMs > 0 ? { qos, signal: giveUp.signal } : { qos },
      );
      this.#settle(publication, { type: "resolved" });
    } catch (error) {
      if (this.isKilled) return;
      if (!(error instanceof MqttError)) throw error;
      const isAborted = error instanceof AbortedError;
      const delivery = "delivery" in error &&
          (error.delivery === "not-sent" || error.delivery === "unknown" ||
            error.delivery === "refused")
        ? error.delivery
        : undefined;
      const why = `${error.name}: ${error.message}`;
      this.#settle(publication, {
        type: "rejected",
        delivery,
        isAborted,
        why,
      });
      const isLost = this.#program.sessions > sessions;
      // What the next server does not take is an answer, and nothing that was given up.
      const isGivenUp = !isAborted && !isLost &&
        !(error instanceof PublishError);
      if (isInTime && this.#leftAt < Infinity && isGivenUp) {
        this.#cutShort.push(`${publication.key}: ${why}`);
      }
      if (
        qos > 0 && delivery !== "not-sent" && !isAborted && !isLost &&
        client.connected
      ) this.#fail("no publish is given up", `${publication.key}: ${why}`);
    }
  }

  #settle(publication: Publication, outcome: Outcome): void {
    if (this.isKilled) return;
    this.#underWay.delete(publication);
    this.#world.ledger.settle(publication, outcome);
  }

  async #subscribe(client: Client, step: StepOf<"subscribe">): Promise<void> {
    const { account, plan: { overlaps, onMessage } } = this.#program;
    const { slot, qos, consumer: plan, abortMs } = step;
    if (this.#slots.has(slot) && !overlaps) return;
    this.#slots.set(slot, "busy");
    const topicFilter = overlaps
      ? ["t/#", "t/+", "t/1"][slot] ?? "t/2"
      : `t/${slot}`;
    const name = `${this.clientId} ${plan.form} ${++this.#consumers}`;
    const consumer = account.consumer(
      name,
      // Where others match as well, one inherits what another leaves, however old that is.
      !overlaps && onMessage === null,
    );
    const taker = new Taker(this, plan, consumer);
    if (plan.ack === "receipt") account.receiptFilters.add(topicFilter);
    if (abortMs === 0) this.#program.subscribed(step);
    const giveUp = new AbortController();
    if (abortMs > 0) this.schedule(() => giveUp.abort(), abortMs);
    const options: SubscribeOptions = {
      qos,
      ack: plan.ack,
      ...(abortMs > 0 && { signal: giveUp.signal }),
      ...(plan.form === "handler" && {
        onMessage: (message) => taker.handle(message),
        concurrency: plan.concurrency,
        onError: plan.onError,
      }),
    };
    const subscribing = client.subscribe(topicFilter, options).then(
      (subscription) => {
        if (abortMs === 0) {
          this.#slots.set(slot, subscription);
          this.#filters.set(slot, topicFilter);
        }
        if (plan.form === "handler") return;
        this.#track(taker.loop(subscription), plan.form);
      },
      (error) => {
        if (!(error instanceof MqttError)) throw error;
        if (abortMs === 0 && client.connected && this.#leftAt === Infinity) {
          this.#fail("no refusal", `${topicFilter}: ${error}`);
        }
      },
    );
    this.#track(subscribing, "subscribe");
    await subscribing;
  }

  #unsubscribe({ slot }: StepOf<"unsubscribe">): void {
    const subscription = this.#slots.get(slot);
    if (subscription === undefined || subscription === "busy") return;
    this.#slots.set(slot, "busy");
    this.#filters.delete(slot);
    this.#program.unsubscribed(slot);
    const leaving = subscription.unsubscribe().then(
      () => void this.#slots.delete(slot),
      (error) => {
        if (!(error instanceof MqttError)) throw error;
      },
    );
    this.#track(leaving, "unsubscribe");
  }
}
