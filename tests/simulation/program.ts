// A program with a client: it publishes, subscribes, takes messages and leaves, as its steps say.

import {
  AbortedError,
  type Client,
  connect,
  type ConnectionLostError,
  type ConnectOptions,
  MqttError,
  type SubscribeOptions,
  type Subscription,
  type Transport,
} from "../../mod.ts";
import { KeepAliveError } from "../../src/errors.ts";
import { Random } from "../fuzz/random.ts";
import type { Account } from "./account.ts";
import { payloadOf } from "./ledger.ts";
import type { ClientPlan, Step } from "./scenario.ts";
import { CALM, Taker, Whim } from "./taker.ts";
import { OwnClock } from "./time.ts";
import type { World } from "./world.ts";

type StepOf<Type extends Step["type"]> = Step & { readonly type: Type };

/** What a message costs beside its payload where it waits, and the largest payload there is. */
const MESSAGE_COST = 256;
const PAYLOAD_MAX = 600;

/** How long a wire may live on behind its client. */
const LAST_WORDS_MS = 1_500;

/** One client and what is done with it. */
export class Program {
  readonly clientId: string;
  readonly plan: ClientPlan;
  readonly clock: OwnClock;
  readonly account: Account;
  /** Whether the client has ended before its time. */
  hasEnded = false;
  /** Whether the broker's session is another than the one that the client knows of. */
  isUnaware = false;
  /** How many sessions the client has been told of. */
  sessions = 0;
  /** No wire can be had until then. */
  outageUntil = 0;
  client: Client | undefined;
  readonly #world: World;
  readonly #connected: Promise<Client | undefined>;
  /** What is subscribed to and not left, by the slot. */
  readonly #filters = new Map<number, string>();
  readonly #slots = new Map<number, "busy" | Subscription>();
  #consumers = 0;
  #hasInbox = false;
  /** When it began to disconnect, and what was published before and rejected then. */
  #leftAt = Infinity;
  readonly #cutShort: string[] = [];

  constructor(world: World, index: number, plan: ClientPlan) {
    this.#world = world;
    this.clientId = `c${index}`;
    this.plan = plan;
    this.clock = new OwnClock(world.time);
    this.account = world.ledger.account(this.clientId);
    if (plan.maximumPacketSize > 0) {
      // Some room for all that stands in a PUBLISH besides the payload.
      this.account.sizeMax = plan.maximumPacketSize - 40;
    }
    this.#connected = this.#connect();
    world.track(this.#connected, `connect of ${this.clientId}`);
  }

  /** Takes a step, when there is a client. */
  take(step: Step): void {
    void this.#connected.then((client) => {
      if (client !== undefined && !this.hasEnded) this.#take(client, step);
    });
  }

  /** Whether all that it had to do is done, as far as the client can tell. */
  get whatIsLeft(): string | undefined {
    const { client, account } = this;
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
    const max = this.plan.hardBoundBytes + last;
    if (size > max) {
      this.#world.fail(
        "the inbox is within its bound",
        `${this.clientId}: ${size} of ${max} bytes`,
      );
    }
  }

  /** Takes what nobody has claimed. */
  takeInbox(): void {
    const { client } = this;
    if (this.#hasInbox || client === undefined || this.hasEnded) return;
    if (this.plan.onMessage !== null) return;
    this.#hasInbox = true;
    const consumer = this.account.consumer(`${this.clientId} inbox`, false);
    this.#world.track(
      new Taker(this.#world, CALM, consumer).loop(client),
      `${this.clientId}'s own loop`,
    );
  }

  /** Ends in order. */
  disconnect(): void {
    const { client } = this;
    if (client === undefined || this.hasEnded) return;
    this.#leftAt = this.#world.time.now;
    this.#world.track(client.disconnect(), `disconnect of ${this.clientId}`);
  }

  async #connect(): Promise<Client | undefined> {
    try {
      const client = await connect("mqtt://broker.invalid", this.#options());
      this.client = client;
      this.#world.track(this.#watch(client), `status of ${this.clientId}`);
      this.#world.track(
        client.closed.then((cause) => this.#onClosed(cause)),
        `closed of ${this.clientId}`,
      );
      return client;
    } catch (error) {
      this.hasEnded = true;
      this.#world.fail("it connects", `${this.clientId}: ${error}`);
      return undefined;
    }
  }

  #options(): ConnectOptions {
    const { plan, clientId } = this;
    const random = new Random(this.#world.scenario.seed * 31 + clientId.length);
    const transport: Transport = {
      open: (signal) => this.#world.open(this, signal),
    };
    const common: ConnectOptions = {
      clientId,
      transport,
      clock: this.clock,
      random: () => random.below(1_000) / 1_000,
      protocolVersion: plan.protocolVersion,
      cleanStart: plan.cleanStart,
      keepAlive: plan.keepAlive,
      connectTimeoutMs: 3_000,
      reconnect: { initialMs: 50, maxMs: 1_000, retryFirst: true },
      readAhead: plan.readAhead,
      hardBoundBytes: plan.hardBoundBytes,
      highWaterBytes: Math.min(plan.hardBoundBytes, 16 << 20),
      overflow: plan.overflow,
      unclaimedMs: 3_600_000,
      offline: {
        messagesMax: plan.offlineMax,
        policy: plan.policy,
        qos0: plan.offlineQos0,
      },
      sessionLost: { qos1: plan.lostQos1 },
    };
    return { ...common, ...this.#versionOptions, ...this.#onMessage };
  }

  /** The handler of the whole client, if it has one. */
  get #onMessage(): ConnectOptions {
    const plan = this.plan.onMessage;
    if (plan === null) return {};
    // What others have had no use for may be of any age.
    const consumer = this.account.consumer(`${this.clientId} itself`, false);
    const taker = new Taker(this.#world, plan, consumer);
    if (plan.ack === "receipt") this.account.receiptFilters.add("#");
    return {
      onMessage: (message) => taker.handle(message),
      concurrency: plan.concurrency,
      onError: plan.onError,
      ack: plan.ack,
    };
  }

  get #versionOptions(): ConnectOptions {
    const { plan } = this;
    const { receiveMaximum, maximumPacketSize, topicAliasMaximum } = plan;
    if (plan.protocolVersion < 5) {
      return receiveMaximum > 0 ? { maxInflight: receiveMaximum } : {};
    }
    return {
      properties: {
        sessionExpiryInterval: plan.sessionExpiryInterval,
        ...(receiveMaximum > 0 && { receiveMaximum }),
        ...(maximumPacketSize > 0 && { maximumPacketSize }),
        ...(topicAliasMaximum > 0 && { topicAliasMaximum }),
      },
    };
  }

  /** Only the wire may have a timer still: it is given a second to write what was said last. */
  #onClosed(cause: MqttError | undefined): void {
    this.hasEnded = true;
    const { now } = this.#world.time;
    const [cut] = this.#cutShort;
    // Its timeout is 5 s; before that nothing that was accepted is given up in order.
    if (cause === undefined && now - this.#leftAt < 4_000 && cut) {
      this.#fail("disconnect waits for what was accepted", cut);
    }
    this.account.hasEnded = true;
    this.#world.time.schedule(() => {
      const { timers } = this.clock;
      if (timers > 0) this.#fail("no timer is left", `${timers}`);
    }, LAST_WORDS_MS);
  }

  /** What an honest broker over honest wires gives no reason for. */
  async #watch(client: Client): Promise<void> {
    for await (const event of client.status()) {
      if (event.type === "stray") {
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
    this.#world.fail(rule, `${this.clientId}: ${why}`);
  }

  #take(client: Client, step: Step): void {
    switch (step.type) {
      case "publish":
        return this.#world.track(
          this.#publish(client, step),
          `publishing of ${this.clientId}`,
        );
      case "subscribe":
        return this.#subscribe(client, step);
      case "unsubscribe":
        return this.#unsubscribe(step);
      case "disconnect":
        return this.disconnect();
      case "close":
        return client.close(new Whim("closed"));
    }
  }

  async #publish(client: Client, step: StepOf<"publish">): Promise<void> {
    for (let index = 0; index < step.count; index++) {
      const promise = this.#publishOne(client, step);
      this.#world.track(promise, `a publish of ${this.clientId}`);
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
    const { sessions } = this;
    const isInTime = this.#leftAt === Infinity;
    const giveUp = new AbortController();
    if (abortMs > 0) this.#world.time.schedule(() => giveUp.abort(), abortMs);
    try {
      await client.publish(
        publication.topic,
        payloadOf(publication.key, size),
        abortMs > 0 ? { qos, signal: giveUp.signal } : { qos },
      );
      this.#world.ledger.settle(publication, { type: "resolved" });
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      const isAborted = error instanceof AbortedError;
      const delivery = "delivery" in error &&
          (error.delivery === "not-sent" || error.delivery === "unknown" ||
            error.delivery === "refused")
        ? error.delivery
        : undefined;
      const why = `${error.name}: ${error.message}`;
      this.#world.ledger.settle(publication, {
        type: "rejected",
        delivery,
        isAborted,
        why,
      });
      const isLost = this.sessions > sessions;
      if (isInTime && this.#leftAt < Infinity && !isAborted && !isLost) {
        this.#cutShort.push(`${publication.key}: ${why}`);
      }
      if (
        qos > 0 && delivery !== "not-sent" && !isAborted && !isLost &&
        client.connected
      ) this.#fail("no publish is given up", `${publication.key}: ${why}`);
    }
  }

  #subscribe(client: Client, step: StepOf<"subscribe">): void {
    const { overlaps } = this.plan;
    const { slot, qos, consumer: plan, abortMs } = step;
    if (this.#slots.has(slot) && !overlaps) return;
    this.#slots.set(slot, "busy");
    const topicFilter = overlaps
      ? ["t/#", "t/+", "t/1"][slot] ?? "t/2"
      : `t/${slot}`;
    const name = `${this.clientId} ${plan.form} ${++this.#consumers}`;
    const consumer = this.account.consumer(
      name,
      // Where others match as well, one inherits what another leaves, however old that is.
      !overlaps && this.plan.onMessage === null,
    );
    const taker = new Taker(this.#world, plan, consumer);
    if (plan.ack === "receipt") this.account.receiptFilters.add(topicFilter);
    const giveUp = new AbortController();
    if (abortMs > 0) this.#world.time.schedule(() => giveUp.abort(), abortMs);
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
        this.#world.track(taker.loop(subscription), name);
      },
      (error) => {
        if (!(error instanceof MqttError)) throw error;
        if (abortMs === 0 && client.connected && this.#leftAt === Infinity) {
          this.#fail("no refusal", `${topicFilter}: ${error}`);
        }
      },
    );
    this.#world.track(subscribing, `subscribe of ${name}`);
  }

  #unsubscribe({ slot }: StepOf<"unsubscribe">): void {
    const subscription = this.#slots.get(slot);
    if (subscription === undefined || subscription === "busy") return;
    this.#slots.set(slot, "busy");
    this.#filters.delete(slot);
    const leaving = subscription.unsubscribe().then(
      () => void this.#slots.delete(slot),
      (error) => {
        if (!(error instanceof MqttError)) throw error;
      },
    );
    this.#world.track(leaving, `unsubscribe of ${this.clientId}`);
  }
}
