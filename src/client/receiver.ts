/**
 * The receiving side of a client: consumers, their loops and handlers, and when reading pauses.
 *
 * @module
 */
import { NO_PROPERTIES, type PublishPacket } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import type { IncomingDelivery } from "../session/delivery.ts";
import { Backlog } from "./backlog.ts";
import { Consumer, type ConsumerEnd } from "./consumer.ts";
import { runHandler } from "./handler.ts";
import { Identifiers } from "./identifiers.ts";
import type { Life } from "./life.ts";
import type { Link } from "./link.ts";
import { type Acknowledger, Message } from "./message.ts";
import { isAsAnnounced } from "./payload.ts";
import { Router } from "./router.ts";
import type { ReceiveSettings, Settings } from "./settings.ts";
import { StallWatch } from "./stall_watch.ts";

/** How long a connection on which messages had no room may go on for the answers that are awaited on it. */
const ANSWERS_MS = 10_000;

/** What a receiver is made from. */
export interface ReceiverOptions {
  readonly settings: Settings;
  readonly life: Life;
  readonly link: Link;
  readonly acknowledger: Acknowledger;
  /** Whether an answer of the server is awaited. */
  readonly awaitsAnswer: () => boolean;
  /** Told of a handler's error that is to end the client. */
  readonly fail: (error: unknown) => void;
}

/** Takes what comes to whom it is for. */
export class Receiver {
  /** Which consumer gets what. */
  readonly router: Router;
  /** The consumer of the client's own loop. */
  readonly client: Consumer;
  readonly #options: ReceiverOptions;
  readonly #backlog: Backlog;
  readonly #consumers = new Set<Consumer>();
  readonly #stallWatch: StallWatch;
  #dropped = 0;
  #partsAt = Infinity;

  /** Makes the receiving side. */
  constructor(options: ReceiverOptions) {
    const { settings, life, link } = options;
    this.#options = options;
    this.#backlog = new Backlog({
      ...settings.backlog,
      onEased: () => link.resume(),
      onDropped: () => this.#tellDropped(1),
    });
    this.client = new Consumer(settings.receive.ack, this.#backlog);
    this.router = new Router({
      client: this.client,
      identifiers: new Identifiers(settings.clock.wallNow()),
      backlog: this.#backlog,
      unclaimedMs: settings.unclaimedMs,
      onDropped: (count) => this.#tellDropped(count),
      onUnclaimed: ({ topic }) => {
        life.stats.messagesUnclaimed++;
        life.status.tell({ type: "unclaimed", topic });
      },
    });
    this.#stallWatch = new StallWatch(life, link, this.router);
    this.#consumers.add(this.client);
    this.#handle(this.client, settings.receive);
    if (settings.receive.onMessage !== undefined) {
      this.router.attach(this.client);
    }
  }

  /** Whether the consumers are so far behind that the server is to be slowed down. */
  get isBehind(): boolean {
    return this.#backlog.isHigh;
  }

  /** When `wake()` has something to do, as things are at `now`. */
  deadline(now: number): number {
    return Math.min(
      this.router.deadline,
      this.#stallWatch.deadline(now),
      this.#partsAt,
    );
  }

  /** The deadline has come, or it may have. */
  wake(now: number): void {
    this.router.sweep(now);
    this.#stallWatch.look(now);
    if (this.#partsAt < Infinity) this.#part(now);
  }

  /** The connection is gone. */
  away(): void {
    this.#partsAt = Infinity;
  }

  /** Makes a consumer with its handler, if there is one. It is attached by whoever has it. */
  addConsumer(settings: ReceiveSettings): Consumer {
    const consumer = new Consumer(settings.ack, this.#backlog);
    this.#consumers.add(consumer);
    this.#handle(consumer, settings);
    return consumer;
  }

  /** A message has come. */
  receive(
    packet: PublishPacket,
    delivery: IncomingDelivery | undefined,
    now: number,
  ): void {
    const { acknowledger, life } = this.#options;
    life.stats.messagesReceived++;
    // What comes behind the end of the client is not ours to take.
    if (life.end !== undefined) return;
    // What had no room comes again: what follows it must not be handed out before it.
    const isParting = this.#partsAt < Infinity && delivery !== undefined;
    if (isParting || this.#backlog.isBursting) {
      return this.#refuse(delivery, now);
    }
    if (!isAsAnnounced(packet.payload, packet.properties)) {
      return this.#refusePayload(packet, delivery);
    }
    const { properties } = packet;
    const message = new Message(
      packet,
      life.stats.messagesReceived,
      delivery,
      acknowledger,
      // What has no properties at all costs no look.
      properties === NO_PROPERTIES
        ? undefined
        : this.router.identifiers.read(properties),
    );
    this.router.route(message, now);
  }

  /** A loop over the consumer begins. */
  attach(consumer: Consumer): void {
    const { link, settings: { clock } } = this.#options;
    this.router.attach(consumer);
    clock.afterTurn(() => {
      this.router.endTurn(clock.now());
      link.arm();
    });
    link.scheduleFlush();
  }

  /** A loop over the consumer was left. */
  detach(consumer: Consumer): void {
    this.router.detach(consumer, this.#options.settings.clock.now());
    this.#options.link.resume();
    this.#options.link.arm();
  }

  /** The consumer's filters are left, or lost with an error: its loop gets what came before, then ends. */
  leave(consumer: Consumer, error?: Error): void {
    consumer.finishWith({ drain: "all", error });
    this.router.end(consumer, this.#options.settings.clock.now());
    this.#consumers.delete(consumer);
    this.#options.link.arm();
  }

  /** All loops end. */
  end(end: ConsumerEnd): void {
    for (const consumer of this.#consumers) consumer.finishWith(end);
  }

  /** Puts what waits into the counters. */
  count(): void {
    const { stats } = this.#options.life;
    stats.waiting = this.#backlog.messages;
    stats.waitingBytes = this.#backlog.bytes;
    stats.unclaimed = this.router.waiting;
  }

  /** Reading could not pause, and memory has its bound: what the server will not send again is dropped. */
  #refuse(delivery: IncomingDelivery | undefined, now: number): void {
    if (delivery === undefined) return this.#tellDropped(1);
    // Not acknowledged, it is sent again to a session that is kept.
    delivery.drop();
    this.#partsAt = Math.min(this.#partsAt, now + ANSWERS_MS);
    this.#part(now);
  }

  /**
   * Ends a connection on which messages had no room. The answers that are awaited come first: behind the
   * same messages they would be found no sooner on the next one, and what waits for them never ends.
   */
  #part(now: number): void {
    const { awaitsAnswer, link } = this.#options;
    if (now < this.#partsAt && awaitsAnswer()) return;
    this.#partsAt = Infinity;
    link.refuse(
      ReasonCode.quotaExceeded,
      "the program is too far behind with what has come",
    );
  }

  /** It is not what it was announced to be: it alone is refused (3.3.2.3.2). */
  #refusePayload(
    { topicName }: PublishPacket,
    delivery: IncomingDelivery | undefined,
  ): void {
    const { acknowledger, life: { stats, status } } = this.#options;
    if (delivery !== undefined) {
      acknowledger.acknowledge(delivery, ReasonCode.payloadFormatInvalid);
    }
    stats.messagesDropped++;
    status.tell({ type: "payload-refused", topic: topicName });
  }

  /** What is dropped in one turn is told at once, as one. */
  #tellDropped(count: number): void {
    const { stats, status } = this.#options.life;
    stats.messagesDropped += count;
    this.#dropped += count;
    if (this.#dropped > count) return;
    queueMicrotask(() => {
      status.tell({ type: "dropped", count: this.#dropped });
      this.#dropped = 0;
    });
  }

  #handle(consumer: Consumer, settings: ReceiveSettings): void {
    const { onMessage, onError, concurrency } = settings;
    if (onMessage === undefined) return;
    const { fail } = this.#options;
    runHandler(consumer, { onMessage, onError, concurrency, fail });
  }
}
